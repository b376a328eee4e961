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
_FEW = 8  # headlines
_BLOCK = 32  # bits for a column, of those of its block


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
        np.multiply(self.coefficients, self.idf[:, None], out=table[:, :-1])
        np.square(self.idf, out=table[:, -1])
        return table

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

    The first few headlines look their columns up by bisection, which needs nothing made; a process that asks more
    often has the tables made that lists of headlines use.

    Args:
        blocks: their weights.
    """

    def __init__(self, blocks: Mapping[str, Weights]) -> None:
        self._blocks = dict(blocks)
        self._calls = 0
        parts = list(blocks.values())
        self._starts = np.cumsum([0, *(len(weights.columns) for weights in parts)])  # of each block's rows
        self._begins = {name: np.int64(i << _BLOCK) for i, name in enumerate(blocks)}  # of each block's columns
        self._columns = np.concatenate(
            [weights.columns.astype(np.int64) + (i << _BLOCK) for i, weights in enumerate(parts)]
        )
        self._idf = np.concatenate([weights.idf for weights in parts])
        self._coefficients = np.concatenate([weights.coefficients for weights in parts])

    def score_one(self, columns: Mapping[str, NDArray[np.int32]]) -> NDArray[np.float32] | None:
        """Return what a headline's occurrences, by block, add to the logits (n_sections,); None if it has none."""
        features = self._features(columns)
        if not len(features):
            return None
        features.sort()
        edge = np.empty(len(features) + 1, np.bool_)
        edge[0] = edge[-1] = True
        np.not_equal(features[1:], features[:-1], out=edge[1:-1])
        at = edge.nonzero()[0]
        if len(at) == len(edge):
            values = self._idf.take(features)
        else:
            features = features.take(at[:-1])
            values = self._idf.take(features)
            values *= 1 + np.log(at[1:] - at[:-1])
        bounds = features.searchsorted(self._starts)
        sizes = bounds[1:] - bounds[:-1]
        filled = sizes > 0  # the blocks that have any
        length = np.sqrt(np.add.reduceat(values * values, bounds[:-1][filled]))
        values /= np.maximum(length, 1e-12).repeat(sizes[filled])
        return np.asarray(values @ self._coefficients.take(features, axis=0))

    def _features(self, columns: Mapping[str, NDArray[np.int32]]) -> NDArray[np.int64]:
        """Return the rows in the joint tables of all occurrences that count, in any order."""
        self._calls += 1
        if self._calls > _FEW:
            parts = []
            for (name, weights), start in zip(self._blocks.items(), self._starts, strict=False):
                place = weights.kept(columns[name])
                parts.append(place[place >= 0] + start)
            return np.concatenate(parts)
        found = np.concatenate([column + self._begins[name] for name, column in columns.items()])
        found.sort()
        features = self._columns.searchsorted(found)
        return np.asarray(features[self._columns.take(features, mode="clip") == found])
