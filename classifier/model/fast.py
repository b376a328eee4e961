"""The fast tier: hashed character n-grams, six bits a weight, no Kiwi.

A headline's score is the sum of the weights of its n-grams over the square root of their number. The
weights of up to eight sections are the bytes of one 64-bit word, so that one look-up fetches them all and
one addition adds them all: four times before a byte overflows, for a weight has six bits of it. Then the bytes are
spread over lanes of 16 bits, which hold the sum of 260 of those (SIMD within a register; Lamport 1975, "Multiple byte
processing with full-word instructions").
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from classifier.model.scoring import Scorer
from classifier.text.ngrams import Ngrams, hash_line, hash_lines, ngrams_of_line
from classifier.text.normalize import normalize_all

LANES = 8  #: weights in a word
ZERO = 32  #: the byte that stands for the weight 0; the others go from 1 to 63
CHUNK = 512  #: headlines at a time; what they take stays below what the allocator gives back to the system
_ROWS = 4  #: weights whose sum fits a byte, and so the most n-grams that may begin at a position
_LONGEST = 260  #: positions whose sums of four weights fit a lane of 16 bits
_HELD = 1040  #: weights whose sum fits a lane of 16 bits
_EVEN = np.uint64(0x00FF00FF00FF00FF)
_BYTE = np.uint64(8)
_SHIFTS = np.arange(0, 64, 16, dtype=np.uint64)
_LANE = np.uint64(0xFFFF)


#: What is read of a headline, by the name of the block that reads the same: from and to how many characters.
#: Without its spaces ("nospace"), and with them ("chars"), which tell where words begin.
NgramRanges = dict[str, tuple[int, int]]


class FastTier(Scorer):
    """A linear model over character n-grams, a byte a weight.

    Its scores are logits like those of :class:`~classifier.model.artefact.CompiledModel`.

    Args:
        sections: their names.
        table: (n_words, 2**bits + 1) uint64, words of eight weights; the last column holds zeros.
        step: (n_sections,) float32, what one unit of a byte is worth.
        intercept: (n_sections,) float32.
        views: its n-grams.
        threshold: the confidence from which its answer stands in a cascade.

    Raises:
        ValueError: the arrays do not fit each other.
    """

    def __init__(
        self,
        sections: tuple[str, ...],
        table: NDArray[np.uint64],
        step: NDArray[np.float32],
        intercept: NDArray[np.float32],
        views: NgramRanges,
        threshold: float = 1.0,
    ) -> None:
        self.sections, self.table, self.step, self.intercept = sections, table, step, intercept
        self.views, self.threshold = views, threshold
        self._steps, self._intercepts = step.tolist(), intercept.tolist()
        self.bits = (table.shape[1] - 1).bit_length() - 1
        if (
            table.dtype != np.uint64
            or table.shape != (-(-len(sections) // LANES), (1 << self.bits) + 1)
            or step.shape != (len(sections),)
            or intercept.shape != (len(sections),)
            or not views
            or not all(
                name in ("nospace", "chars") and 1 <= low <= high <= _ROWS for name, (low, high) in views.items()
            )
        ):
            raise ValueError(f"the fast tier's arrays do not fit {len(sections)} sections: {table.dtype} {table.shape}")

    @classmethod
    def quantize(
        cls,
        sections: tuple[str, ...],
        weights: NDArray[np.floating],
        intercept: NDArray[np.floating],
        views: NgramRanges,
        frequency: NDArray[np.integer],
    ) -> FastTier:
        """Make a tier of ``weights`` (2**bits, n_sections), six bits each, centred over the sections.

        The largest few are cut off, so that the rest is told apart more finely: where, is chosen for the smallest
        squared error, each weight counting by the ``frequency`` (2**bits,) of its column in the training rows.
        """
        weights = weights - weights.mean(axis=1, keepdims=True)
        used = frequency > 0
        size, often = np.abs(weights[used]), frequency[used]
        steps = np.ones(weights.shape[1])
        for j in range(weights.shape[1] if used.any() else 0):
            column = size[:, j]
            tries = np.maximum(np.quantile(column, [0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 1.0]), 1e-12) / (ZERO - 1)
            errors = [np.square(column - np.minimum(np.rint(column / step), ZERO - 1) * step) @ often for step in tries]
            steps[j] = tries[int(np.argmin(errors))]
        words = -(-weights.shape[1] // LANES)
        levels = np.full((len(weights) + 1, words * LANES), ZERO, np.uint64)
        quantized = np.clip(np.rint(weights / steps), 1 - ZERO, ZERO - 1).astype(np.int64) + ZERO
        levels[:-1, : weights.shape[1]] = quantized.astype(np.uint64)
        shifts = np.arange(0, 64, 8, dtype=np.uint64)
        table = np.bitwise_or.reduce(levels.reshape(len(levels), words, LANES) << shifts, axis=2)
        centred = np.asarray(intercept - np.mean(intercept), np.float32)
        return cls(sections, np.ascontiguousarray(table.T), steps.astype(np.float32), centred, views)

    def calibrated(self, temperature: float, threshold: float) -> FastTier:
        """Return the same tier with its logits divided by ``temperature``, and with a threshold."""
        step, intercept = (np.asarray(values / temperature, np.float32) for values in (self.step, self.intercept))
        return FastTier(self.sections, self.table, step, intercept, self.views, threshold)

    def _sums(self, normalized: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the summed levels (n_headlines, n_sections), zero for the weight zero, and the n-grams' numbers."""
        text = "\n".join(normalized)
        total = np.zeros((len(normalized), len(self.sections)), np.int64)
        number = np.zeros(len(normalized), np.int64)
        for view, (low, high) in self.views.items():
            bounds, columns = hash_lines(read_view(view, text), low, high, self.bits)
            size = bounds[1:] - bounds[:-1]
            number += ngrams_of_line(size, low, high)
            total += self._lane_sums(columns, bounds[:-1], size)
            total -= (ZERO * len(columns)) * size[:, None]
        return total, number

    def _lane_sums(
        self, columns: NDArray[np.int64], starts: NDArray[np.int64], size: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Return the sums of the bytes in ``columns`` (n up to 4, n_positions) by line, (n_lines, n_sections)."""
        pieces = starts
        if size.max() > _LONGEST:  # sum in pieces, which fit the lanes, and add those
            parts = -(-size // _LONGEST)
            first = np.cumsum(parts) - parts
            pieces = np.repeat(starts - first * _LONGEST, parts) + np.arange(parts.sum()) * _LONGEST
        words = []
        for plane in self.table:
            weights = plane.take(columns).sum(axis=0)
            even = weights & _EVEN
            weights >>= _BYTE
            weights &= _EVEN
            words.append(np.add.reduceat([even, weights], pieces, axis=1))
        lanes = (np.array(words)[..., None] >> _SHIFTS) & _LANE  # (words, even or odd, pieces, 4)
        sums = lanes.transpose(2, 0, 3, 1).reshape(len(pieces), -1)[:, : len(self.sections)].astype(np.int64)
        return sums if pieces is starts else np.add.reduceat(sums, first, axis=0)

    def scores(self, headlines: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return the logits (n_headlines, n_sections) and which headlines hold anything known."""
        logits = np.empty((len(headlines), len(self.sections)), np.float32)
        known = np.empty(len(headlines), np.bool_)
        for start in range(0, len(headlines), CHUNK):
            chunk = slice(start, start + CHUNK)
            normalized = normalize_all(headlines[chunk])
            sums, count = self._sums(normalized)
            filled = np.fromiter(map(bool, normalized), np.bool_, len(normalized))
            known[chunk] = filled & sums.any(axis=1)
            scaled = sums * self.step
            scaled /= np.sqrt(count)[:, None]
            scaled[~known[chunk]] = 0
            logits[chunk] = scaled + self.intercept
        return logits, known

    def score_one(self, headline: str) -> tuple[list[float], bool]:
        """Return the logits of one headline and whether it holds anything known, with few calls of NumPy."""
        (normalized,) = normalize_all([headline])
        found = [
            hash_line(read_view(view, normalized), low, high, self.bits) for view, (low, high) in self.views.items()
        ]
        columns = np.concatenate([column for line in found for column in line])
        count = len(columns)
        if count > _HELD or len(self.table) > 1 or not normalized:
            logits, known = self.scores([headline])
            return logits[0].tolist(), bool(known[0])
        weights = self.table[0].take(columns)
        even = int((weights & _EVEN).sum())
        weights >>= _BYTE
        odd = int((weights & _EVEN).sum())
        sums = [(lanes >> shift & 0xFFFF) - ZERO * count for shift in (0, 16, 32, 48) for lanes in (even, odd)]
        scale = 1 / math.sqrt(count)
        sums = sums[: len(self.sections)]
        if not any(sums):
            return list(self._intercepts), False
        return [
            s * step * scale + intercept for s, step, intercept in zip(sums, self._steps, self._intercepts, strict=True)
        ], True

    def occurrences(self, normalized: str, section: int) -> dict[str, tuple[Ngrams, NDArray[np.float32]]]:
        """Return each view's n-grams of one headline, and what each adds to the section's logit."""
        _, count = self._sums([normalized])
        result = {}
        for view, (low, high) in self.views.items():
            _, columns = hash_lines(read_view(view, normalized), low, high, self.bits)
            column, size = columns.ravel(), columns.shape[1]
            start = np.tile(np.arange(size, dtype=np.int32), len(columns))
            length = np.repeat(np.arange(low, high + 1, dtype=np.int32), size)
            level = (self.table[section // LANES, column] >> np.uint64(8 * (section % LANES))) & np.uint64(0xFF)
            share = (level.astype(np.float64) - ZERO) * float(self.step[section]) / np.sqrt(count[0])
            if not normalized:
                share[:] = 0
            found = Ngrams(np.zeros(len(column), np.int32), column.astype(np.int32), start, length)
            result[view] = (found, share.astype(np.float32))
        return result


def read_view(view: str, text: str) -> str:
    """Return what a view reads of a normalized text."""
    return text.replace(" ", "") if view == "nospace" else text
