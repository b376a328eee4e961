"""TF-IDF and the linear map behind it, for one block of a compiled model, in NumPy alone.

With counts c of a headline's features, the block adds ``sum(tf * idf * coefficient) / sqrt(sum((tf * idf)**2))``
with ``tf = 1 + log(c)`` to the score. ``idf * coefficient`` and ``idf**2`` stand side by side in one table, so that a
single look-up fetches what a feature adds to all sums.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from classifier.text.ngrams import Ngrams

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_BITS = np.uint64(32)


@dataclass(frozen=True)
class Weights:
    """One block of a compiled model."""

    columns: NDArray[np.int32]  #: (n_kept,) the block's columns that count
    idf: NDArray[np.float32]  #: (n_kept,)
    coefficients: NDArray[np.float32]  #: (n_kept, n_sections)

    @cached_property
    def table(self) -> NDArray[np.float32]:
        """``idf * coefficients`` and, last, ``idf ** 2``: (n_kept, n_sections + 1)."""
        table = np.empty((len(self.idf), self.coefficients.shape[1] + 1), np.float32)
        self.fill(table)
        return table

    def fill(self, table: NDArray[np.float32]) -> None:
        """Write :attr:`table` into an array of its shape, and let it be that from now on."""
        np.multiply(self.coefficients, self.idf[:, None], out=table[:, :-1])
        np.square(self.idf, out=table[:, -1])
        self.__dict__["table"] = table

    @cached_property
    def place(self) -> NDArray[np.int32]:
        """Where each of the block's columns is among the kept ones, -1 for nowhere; as long as the last one needs."""
        table = np.full(int(self.columns.max(initial=-1)) + 2, -1, np.int32)
        table[self.columns] = np.arange(len(self.columns), dtype=np.int32)
        return table

    def kept(self, columns: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the place of each column among the kept ones, -1 for nowhere."""
        return self.place.take(columns, mode="clip")  # beyond the last kept column stands -1

    def add_scores(self, found: Ngrams, logits: NDArray[np.float32], known: NDArray[np.bool_]) -> None:
        """Add to ``logits`` (n_rows, n_sections) what a batch's occurrences say, and mark rows that have any."""
        place = self.kept(found.column)
        inside = (place >= 0).nonzero()[0]
        if not len(inside):
            return
        key = found.row.take(inside).astype(np.uint64)
        key <<= _BITS
        key |= place.take(inside).view(np.uint32)
        key.sort()  # by row, then feature: repeats stand side by side
        fresh = np.empty(len(key), np.bool_)
        fresh[0] = True
        np.not_equal(key[1:], key[:-1], out=fresh[1:])
        at = fresh.nonzero()[0]
        repeated, count = np.zeros(0, np.int64), np.zeros(0, np.int64)
        if len(at) < len(key):
            times = np.diff(at, append=len(key))
            repeated = (times > 1).nonzero()[0]
            count = times[repeated]
            key = key.take(at)
        self._add((key >> _BITS).view(np.int64), key.astype(np.uint32), repeated, count, logits, known)

    def add_counts(self, counts: csr_array, logits: NDArray[np.float32], known: NDArray[np.bool_]) -> None:
        """Do what :meth:`add_scores` does, from counts (n_rows, columns of the block)."""
        place = self.kept(counts.indices)
        inside = (place >= 0).nonzero()[0]
        if len(inside):
            row = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))[inside]
            count = counts.data[inside]
            repeated = (count > 1).nonzero()[0]
            self._add(row, place[inside], repeated, count[repeated], logits, known)

    def _add(
        self,
        row: NDArray[np.int64],
        place: NDArray[np.integer],
        repeated: NDArray[np.int64],
        count: NDArray[Any],
        logits: NDArray[np.float32],
        known: NDArray[np.bool_],
    ) -> None:
        values = self.table.take(place, axis=0)
        if len(repeated):
            tf = (1 + np.log(count)).astype(np.float32)[:, None]
            values[repeated, :-1] *= tf
            values[repeated, -1:] *= tf * tf
        starts = np.concatenate([[0], (row[1:] != row[:-1]).nonzero()[0] + 1])
        sums = np.add.reduceat(values, starts, axis=0)
        rows = row[starts]
        logits[rows] += sums[:, :-1] / np.maximum(np.sqrt(sums[:, -1:]), 1e-12)
        known[rows] = True

    def shares(self, found: Ngrams, section: int) -> NDArray[np.float32]:
        """Return what each occurrence in one headline adds to the section's logit."""
        place = self.kept(found.column)
        feature, which, count = np.unique(place[place >= 0], return_inverse=True, return_counts=True)
        tf = 1 + np.log(count)
        length = np.sqrt(np.square(tf * self.idf[feature]).sum())
        value = tf * self.table[feature, section] / np.maximum(length, 1e-12) / count
        shares = np.zeros(len(place), np.float32)
        shares[place >= 0] = value[which]
        return shares


class Joint:
    """All blocks of a model as one, for one headline at a time.

    Args:
        blocks: their weights; each one's table becomes a part of the joint one.
        columns: how many columns each block has, those included that do not count.
        n_sections: how many sections there are.
    """

    def __init__(self, blocks: Mapping[str, Weights], columns: Mapping[str, int], n_sections: int) -> None:
        ends = np.cumsum([len(weights.columns) for weights in blocks.values()]).tolist()
        self._starts = np.array([0, *ends])  # of each block's rows in the table
        self._table = np.empty((self._starts[-1], n_sections + 1), np.float32)
        self._places = np.full(sum(columns[name] for name in blocks), -1, np.int32)
        self._begins: dict[str, int] = {}  # of each block's columns among the places
        begin = 0
        for (name, weights), start, end in zip(blocks.items(), [0, *ends], ends, strict=False):
            weights.fill(self._table[start:end])
            self._begins[name] = begin
            self._places[begin + weights.columns] = np.arange(start, end, dtype=np.int32)
            begin += columns[name]

    def score_one(self, columns: Mapping[str, NDArray[np.int32]]) -> NDArray[np.float32] | None:
        """Return what a headline's occurrences, by block, add to the logits (n_sections,); None if it has none."""
        found = np.concatenate([column + self._begins[name] for name, column in columns.items()])
        features = self._places.take(found)
        features = features[features >= 0]
        if not len(features):
            return None
        features.sort()
        fresh = features[1:] != features[:-1]
        count = None
        if not fresh.all():
            at = np.concatenate([[0], fresh.nonzero()[0] + 1])
            count = np.diff(at, append=len(features))
            features = features[at]
        values = self._table.take(features, axis=0)
        if count is not None:
            tf = (1 + np.log(count)).astype(np.float32)[:, None]
            values[:, :-1] *= tf
            values[:, -1:] *= tf * tf
        bounds = features.searchsorted(self._starts)
        begins = bounds[:-1][bounds[:-1] < bounds[1:]]  # of the blocks that have any
        sums = np.add.reduceat(values, begins, axis=0)
        return np.asarray((sums[:, :-1] / np.maximum(np.sqrt(sums[:, -1:]), 1e-12)).sum(axis=0))
