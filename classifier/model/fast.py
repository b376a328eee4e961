"""The fast scorer: hashed character n-grams, one byte per weight, no Kiwi.

A headline's score is the sum of the weights of its n-grams over the square root of their number. The weights of eight
sections are eight bytes side by side, so that one look-up fetches them all as one 64-bit word. For a list of headlines
the bytes of a word are spread over two words of four lanes of 16 bits, and one addition adds four weights (SIMD within
a register; Lamport 1975, "Multiple byte processing with full-word instructions").
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.model.calibration import Calibration
from classifier.model.scoring import Scorer
from classifier.text.ngrams import Ngrams, hash_line, hash_lines, ngrams_of_line
from classifier.text.normalize import normalize_all

LANES = 8  #: weights in a word
ZERO = 128  #: the byte that stands for the weight 0; the others go from 1 to 255
CHUNK = 512  #: headlines at a time; what they take stays below what the allocator gives back to the system
_MOST = 4  #: n-grams that begin at a position, at most
_LONGEST = 64  #: positions of which all weights together fit a lane: 4 * 64 * 255 < 2**16
_EVEN = np.uint64(0x00FF00FF00FF00FF)
_BYTE = np.uint64(8)

#: Which n-grams are read, from and to how many characters: of the headline without its spaces (``nospace``), and with
#: them (``chars``), which shows where words begin. The names are those of the feature blocks that read the same.
NgramRanges = dict[str, tuple[int, int]]


class FastModel(Scorer):
    """A linear model over character n-grams, one byte per weight.

    Its scores are logits like those of :class:`~classifier.model.linear.LinearModel`.

    Args:
        sections: their names.
        table: (n_words, 2**bits + 1, 8) uint8, the sections' weights, eight in a word; the last column holds zeros.
        step: (n_sections,) float32, what one unit of a byte is worth.
        intercept: (n_sections,) float32.
        ngram_ranges: the n-grams that it reads.
        threshold: the lowest confidence at which a cascade accepts its answer.
        calibration: of its logits.

    Raises:
        ValueError: the arrays do not fit each other.
    """

    def __init__(
        self,
        sections: tuple[str, ...],
        table: NDArray[np.uint8],
        step: NDArray[np.float32],
        intercept: NDArray[np.float32],
        ngram_ranges: NgramRanges,
        threshold: float = 1.0,
        calibration: Calibration = Calibration(),  # noqa: B008 - it does not change
    ) -> None:
        self.sections, self.table, self.step, self.intercept = sections, table, step, intercept
        self.ngram_ranges, self.threshold, self.calibration = ngram_ranges, threshold, calibration
        self.bits = (table.shape[1] - 1).bit_length() - 1 if table.ndim == 3 else 0
        if (
            table.dtype != np.uint8
            or table.shape != (-(-len(sections) // LANES), (1 << self.bits) + 1, LANES)
            or step.shape != (len(sections),)
            or intercept.shape != (len(sections),)
            or not ngram_ranges
            or not all(
                name in ("nospace", "chars") and 1 <= low <= high <= _MOST for name, (low, high) in ngram_ranges.items()
            )
        ):
            raise ValueError(f"the arrays do not fit {len(sections)} sections: {table.dtype} {table.shape}")
        self._words = table.view("<u8")[..., 0]
        self._steps, self._intercepts = step.tolist(), intercept.tolist()

    def __reduce__(self) -> tuple[Any, ...]:
        parts = (self.sections, self.table, self.step, self.intercept, self.ngram_ranges, self.threshold)
        return FastModel, (*parts, self.calibration)  # without what is derived from them

    @classmethod
    def quantize(
        cls,
        sections: tuple[str, ...],
        weights: NDArray[np.floating],
        intercept: NDArray[np.floating],
        ngram_ranges: NgramRanges,
        frequency: NDArray[np.integer],
    ) -> FastModel:
        """Make a model of ``weights`` (2**bits, n_sections), a byte each, centred over the sections.

        The largest few are clipped, so that a byte holds the others more exactly. The limit has the smallest squared
        error; a weight counts by the ``frequency`` (2**bits,) of its column in the training rows.
        """
        weights = weights - weights.mean(axis=1, keepdims=True)
        used = frequency > 0
        size, often = np.abs(weights[used]), frequency[used]
        most, quantiles = ZERO - 1, [0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999, 1.0]
        steps = np.ones(weights.shape[1])
        for j in range(weights.shape[1] if used.any() else 0):
            column = size[:, j]
            tries = np.maximum(np.quantile(column, quantiles), 1e-12) / most
            errors = [np.square(column - np.minimum(np.rint(column / step), most) * step) @ often for step in tries]
            steps[j] = tries[int(np.argmin(errors))]
        words = -(-weights.shape[1] // LANES)
        levels = np.full((len(weights) + 1, words * LANES), ZERO, np.uint8)
        levels[:-1, : weights.shape[1]] = np.clip(np.rint(weights / steps), -most, most) + ZERO
        table = np.ascontiguousarray(levels.reshape(len(levels), words, LANES).transpose(1, 0, 2))
        centred = np.asarray(intercept - np.mean(intercept), np.float32)
        return cls(sections, table, steps.astype(np.float32), centred, ngram_ranges)

    def calibrated(self, calibration: Calibration, threshold: float) -> FastModel:
        """Return the same model with another calibration and threshold."""
        return FastModel(
            self.sections, self.table, self.step, self.intercept, self.ngram_ranges, threshold, calibration
        )

    def _sums(self, normalized: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the summed levels (n_headlines, n_sections), zero for the weight zero, and the numbers of n-grams."""
        text = "\n".join(normalized)
        total = np.zeros((len(normalized), len(self.sections)), np.int64)
        number = np.zeros(len(normalized), np.int64)
        for name, (low, high) in self.ngram_ranges.items():
            bounds, columns = hash_lines(read_text(name, text), low, high, self.bits)
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
        lanes = np.empty((len(pieces), len(self._words), LANES), np.uint16)
        for i, plane in enumerate(self._words):
            odd = plane.take(columns)
            even = odd & _EVEN
            odd -= even
            odd >>= _BYTE
            for j, half in enumerate((even, odd)):
                sums = np.add.reduceat(half.sum(axis=0), pieces)
                lanes[:, i, j::2] = sums.astype("<u8", copy=False).view("<u2").reshape(-1, LANES // 2)
        levels = lanes.reshape(len(pieces), -1)[:, : len(self.sections)].astype(np.int64)
        return levels if pieces is starts else np.add.reduceat(levels, first, axis=0)

    def scores(self, headlines: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return the logits (n_headlines, n_sections) and which headlines have any feature of the model."""
        logits = np.empty((len(headlines), len(self.sections)), np.float32)
        has_features = np.empty(len(headlines), np.bool_)
        for start in range(0, len(headlines), CHUNK):
            chunk = slice(start, start + CHUNK)
            normalized = normalize_all(headlines[chunk])
            sums, count = self._sums(normalized)
            filled = np.fromiter(map(bool, normalized), np.bool_, len(normalized))
            has_features[chunk] = filled & sums.any(axis=1)
            scaled = sums * self.step
            scaled /= np.sqrt(count)[:, None]
            scaled[~has_features[chunk]] = 0
            logits[chunk] = self.calibration.apply(scaled + self.intercept)
        return logits, has_features

    @cached_property
    def _weightless(self) -> NDArray[np.bool_]:
        """Which columns have no weight, (2**bits + 1,)."""
        return np.asarray((self.table == ZERO).all(axis=(0, 2)), np.bool_)

    def unknown_share(self, headlines: Sequence[str]) -> NDArray[np.float32]:
        """Return the share of each headline's n-grams that have no weight, (n_headlines,)."""
        share = np.ones(len(headlines), np.float32)
        for i, normalized in enumerate(normalize_all(headlines)):
            if normalized:
                share[i] = self._weightless[self._columns_of_one(normalized)].mean()
        return share

    def _columns_of_one(self, normalized: str) -> NDArray[np.int64]:
        """Return the columns of all n-grams of one headline."""
        spans = [(read_text(name, normalized), low, high) for name, (low, high) in self.ngram_ranges.items()]
        return np.concatenate(hash_line(spans, self.bits))

    def score_one(self, headline: str) -> tuple[list[float], bool]:
        """Return the logits of one headline and whether it has any feature of the model, with few calls of NumPy."""
        (normalized,) = normalize_all([headline])
        if not normalized:
            return self.calibration.apply_one(self._intercepts), False
        columns = self._columns_of_one(normalized)
        count = len(columns)
        # A product with ones is NumPy's fastest sum, and exact in floats of 64 bits.
        levels = np.ones(count) @ self.table.take(columns, axis=1).astype(np.float64)
        sums = [level - ZERO * count for level in levels.ravel().tolist()[: len(self.sections)]]
        if not any(sums):
            return self.calibration.apply_one(self._intercepts), False
        scale = 1 / math.sqrt(count)
        logits = [
            s * step * scale + intercept for s, step, intercept in zip(sums, self._steps, self._intercepts, strict=True)
        ]
        return self.calibration.apply_one(logits), True

    def occurrences(self, normalized: str, section: int) -> dict[str, tuple[Ngrams, NDArray[np.float32]]]:
        """Return the n-grams of one headline by range, and what each adds to the section's logit."""
        _, count = self._sums([normalized])
        result = {}
        for name, (low, high) in self.ngram_ranges.items():
            _, columns = hash_lines(read_text(name, normalized), low, high, self.bits)
            column, size = columns.ravel(), columns.shape[1]
            start = np.tile(np.arange(size, dtype=np.int32), len(columns))
            length = np.repeat(np.arange(low, high + 1, dtype=np.int32), size)
            level = self.table[section // LANES, column, section % LANES].astype(np.float64)
            share = (level - ZERO) * float(self.step[section]) / np.sqrt(count[0])
            if not normalized:
                share[:] = 0
            found = Ngrams(np.zeros(len(column), np.int32), column.astype(np.int32), start, length)
            result[name] = (found, share.astype(np.float32))
        return result


def read_text(name: str, text: str) -> str:
    """Return what the n-grams of a range are read from: a normalized text, or the same without its spaces."""
    return text.replace(" ", "") if name == "nospace" else text
