"""The fast tier alone, fitted to the labels of tables of any length.

The rows go to the disk once (:mod:`~classifier.training.out_of_core.partitions`) and come back some ten thousand
at a time. A softmax regression over the hashed n-grams of the fast tier learns from them in small batches by AdaGrad
(Duchi, Hazan & Singer 2011, "Adaptive Subgradient Methods", figure 1), with one step size a column, larger for a rare
n-gram than for a usual one. Time grows with the rows; memory is that of the weights and of one of the files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from classifier.model.fast import FastModel, read_text
from classifier.model.reference import Reference, scored
from classifier.text.ngrams import hash_lines, ngrams_of_line
from classifier.training.config import Stream
from classifier.training.distill import NGRAM_RANGES
from classifier.training.out_of_core.partitions import FILES, Progress, RowPartitions, Rows

_BATCH = 1024
_SHUFFLED = 1 << 16  #: rows that are mixed with each other, at least, if there are so many
_CALIBRATION = 10  #: files of the 256 that only the temperature is fitted to
_CALIBRATION_ROWS = 50_000  #: rows that are enough for the temperature
_TEST_ROWS = 200_000  #: rows held out for the test at most


@dataclass(frozen=True)
class Streamed:
    """A fast tier that was fitted from a stream."""

    fast: FastModel
    rows: int  #: learned from: without repeats and contradictions, test and calibration
    digest: str  #: SHA-256 of all rows
    test: tuple[list[str], list[int]]  #: normalized headlines held out for the test, and their sections
    calibration: tuple[list[str], Reference]  #: normalized headlines held out for calibration, and their scores


class HashedSoftmaxRegression:
    """Softmax regression over hashed n-grams, by AdaGrad."""

    def __init__(self, n_sections: int, bits: int, rate: float) -> None:
        self.bits, self.rate = bits, np.float32(rate)
        # One row more, for positions where no n-gram begins: it stays zero.
        self.weights = np.zeros(((1 << bits) + 1, n_sections), np.float32)
        self.squares = np.full(1 << bits, 1e-8, np.float32)  # of a column's gradient, over all sections
        self.intercept = np.zeros(n_sections, np.float32)
        self.frequency = np.zeros(1 << bits, np.int64)
        self._position = np.zeros((1 << bits) + 1, np.int32)

    def features(self, normalized: Sequence[str]) -> sparse.csr_array:
        """Return each headline's n-grams, each with one over the square root of their number.

        The rows are those of the first n-gram range, then those of the second: (n_ranges * n_headlines, 2**bits + 1).
        """
        text = "\n".join(normalized)
        number = np.zeros(len(normalized), np.int64)
        columns, lengths = [], []
        for name, (low, high) in NGRAM_RANGES.items():
            bounds, found = hash_lines(read_text(name, text), low, high, self.bits)
            size = np.diff(bounds)
            number += ngrams_of_line(size, low, high)
            columns.append(found.T.ravel().astype(np.int32))
            lengths.append(len(found) * size)
        row_length = np.concatenate(lengths)
        value = np.tile((1 / np.sqrt(number)).astype(np.float32), len(NGRAM_RANGES))
        starts = np.concatenate([[0], np.cumsum(row_length)])
        shape = (len(row_length), (1 << self.bits) + 1)
        return sparse.csr_array((np.repeat(value, row_length), np.concatenate(columns), starts), shape=shape)

    def logits(self, values: sparse.csr_array) -> NDArray[np.float32]:
        """Return the scores (n_headlines, n_sections) of :meth:`features`."""
        by_range = np.asarray(values @ self.weights).reshape(len(NGRAM_RANGES), -1, self.weights.shape[1])
        return np.asarray(by_range.sum(axis=0) + self.intercept, np.float32)

    def learn(self, normalized: Sequence[str], target: NDArray[np.intp], weight: NDArray[np.float32]) -> None:
        """Take one step down the loss of a batch, each row weighing ``weight`` (n_rows,)."""
        values = self.features(normalized)
        logits = self.logits(values)
        error = np.exp(logits - logits.max(axis=1, keepdims=True))
        error /= error.sum(axis=1, keepdims=True)
        error[np.arange(len(target)), target] -= 1
        error *= (weight / weight.sum())[:, None]
        # The gradient of the columns that occur, and of no others.
        counts = np.bincount(values.indices, minlength=len(self.weights))
        counts[-1] = 0
        self.frequency += counts[:-1]
        occurring = (counts > 0).nonzero()[0]
        self._position[:] = len(occurring)
        self._position[occurring] = np.arange(len(occurring), dtype=np.int32)
        shape = (values.shape[0], len(occurring) + 1)
        narrow = sparse.csr_array((values.data, self._position[values.indices], values.indptr), shape=shape)
        gradient = np.asarray(narrow.T @ np.tile(error, (len(NGRAM_RANGES), 1)))[:-1]
        squares = self.squares.take(occurring) + np.square(gradient).sum(axis=1)
        self.squares[occurring] = squares
        gradient *= (self.rate / np.sqrt(squares))[:, None]
        self.weights[occurring] = self.weights.take(occurring, axis=0) - gradient
        self.intercept -= self.rate / 10 * error.sum(axis=0)

    def fast_model(self, sections: tuple[str, ...]) -> FastModel:
        """Return the weights as a fast tier, a byte each."""
        return FastModel.quantize(sections, self.weights[:-1], self.intercept, NGRAM_RANGES, self.frequency)


def fit_stream(
    rows: RowPartitions,
    sections: tuple[str, ...],
    settings: Stream,
    *,
    holdout: float,
    seed: int,
    progress: Progress,
) -> Streamed:
    """Fit a fast tier to rows on the disk.

    Args:
        rows: the rows.
        sections: those of the rows, in the order of the scores' columns.
        settings: passes, columns and step.
        holdout: share of the rows that nothing is learned from, for a test; 0 for none.
        seed: of the order of the rows.
        progress: called with how many rows are learned from, and of how many.
    """
    column = np.array([sections.index(name) for name in rows.sections])
    held_out = int(np.ceil(holdout * FILES))
    files = list(range(held_out + _CALIBRATION, FILES))
    total = np.zeros(len(sections))
    total[column] = rows.totals(files)
    balanced = (total.sum() / len(sections) / np.maximum(total, 1)).astype(np.float32)
    learner = HashedSoftmaxRegression(len(sections), settings.bits, settings.rate)
    dice = np.random.default_rng(seed)
    done = 0
    for _ in range(settings.passes):
        for headlines, numbers in _joined(rows.blocks(files, dice), _SHUFFLED):
            target = column[numbers]
            order = dice.permutation(len(target))
            for batch in np.array_split(order, -(-len(order) // _BATCH)):
                learner.learn([headlines[i] for i in batch], target[batch], balanced[target[batch]])
            done += len(target)
            progress(done, done, settings.passes * int(total.sum()))
    fast = learner.fast_model(sections)
    headlines, numbers = _gathered(rows.blocks(range(held_out, held_out + _CALIBRATION)), _CALIBRATION_ROWS)
    logits, unknown = fast.scores(headlines)[0], fast.unknown_share(headlines)
    held = scored(headlines, column[numbers], unknown, {"fast": logits})
    test, of_test = _gathered(rows.blocks(range(held_out)), _TEST_ROWS)
    return Streamed(
        fast, done // settings.passes, rows.digest.hexdigest(), (test, column[of_test].tolist()), (headlines, held)
    )


def _joined(blocks: Iterable[Rows], at_least: int) -> Iterator[Rows]:
    """Yield as many blocks of rows at a time as have ``at_least`` rows; at the end, the rows that are left."""
    headlines: list[str] = []
    parts: list[NDArray[np.intp]] = []
    for found, numbers in blocks:
        headlines += found
        parts.append(numbers)
        if len(headlines) >= at_least:
            yield headlines, np.concatenate(parts)
            headlines, parts = [], []
    if headlines:
        yield headlines, np.concatenate(parts)


def _gathered(blocks: Iterable[Rows], most: int) -> Rows:
    """Return the rows of some blocks, at most ``most`` of them."""
    headlines, numbers = next(_joined(blocks, most), ([], np.zeros(0, np.intp)))
    return headlines[:most], numbers[:most]
