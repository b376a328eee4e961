"""TF-IDF and the linear map behind it, for the blocks of a compiled model, in NumPy alone.

With counts c of a headline's features, a block adds ``sum(tf * idf * coefficient) / sqrt(sum((tf * idf)**2))``
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
_TINY = np.float32(1e-12)


@dataclass(frozen=True)
class Weights:
    """One block of a compiled model."""

    columns: NDArray[np.int32]  #: (n_kept,) the block's columns that count, ascending
    idf: NDArray[np.float32]  #: (n_kept,)
    coefficients: NDArray[np.float32]  #: (n_kept, n_sections)


class Tables:
    """The weights of all blocks of a model, laid out for look-ups: one after the other, in the order of ``blocks``.

    A *joint column* is a block's column plus the block's entry in ``begins``; a *place* is a row of ``table``.

    Args:
        blocks: their weights.
        columns: how many columns each block has.
    """

    def __init__(self, blocks: Mapping[str, Weights], columns: Mapping[str, int]) -> None:
        self.blocks = dict(blocks)
        sizes = [columns[name] for name in self.blocks]
        self.begins = dict(zip(self.blocks, np.cumsum([0, *sizes]).tolist(), strict=False))
        self._columns = sum(sizes)
        kept = [len(weights.columns) for weights in self.blocks.values()]
        self._starts = np.cumsum([0, *kept])  # of each block's places, and the end of the last
        self._calls = 0

    @cached_property
    def table(self) -> NDArray[np.float32]:
        """``idf * coefficients`` and, last, ``idf ** 2`` of every kept column: (n_places, n_sections + 1)."""
        n_sections = next(iter(self.blocks.values())).coefficients.shape[1]
        table = np.empty((self._starts[-1], n_sections + 1), np.float32)
        for weights, start, end in zip(self.blocks.values(), self._starts, self._starts[1:], strict=False):
            np.multiply(weights.coefficients, weights.idf[:, None], out=table[start:end, :-1])
            np.square(weights.idf, out=table[start:end, -1])
        return table

    @cached_property
    def places(self) -> NDArray[np.int32]:
        """The place of every joint column, -1 for those that are not kept."""
        places = np.full(self._columns, -1, np.int32)
        for (name, weights), start in zip(self.blocks.items(), self._starts, strict=False):
            places[weights.columns + self.begins[name]] = np.arange(start, start + len(weights.columns), dtype=np.int32)
        return places

    def add_scores(self, name: str, found: Ngrams, logits: NDArray[np.float32], known: NDArray[np.bool_]) -> None:
        """Add what a batch finds in a block to ``logits`` (n_rows, n_sections), and mark rows that have any."""
        place = self._kept(name, found.column)
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

    def add_counts(self, name: str, counts: csr_array, logits: NDArray[np.float32], known: NDArray[np.bool_]) -> None:
        """Do what :meth:`add_scores` does, from counts (n_rows, columns of the block)."""
        place = self._kept(name, counts.indices)
        inside = (place >= 0).nonzero()[0]
        if len(inside):
            row = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))[inside]
            count = counts.data[inside]
            repeated = (count > 1).nonzero()[0]
            self._add(row, place[inside], repeated, count[repeated], logits, known)

    def shares(self, name: str, found: Ngrams, section: int) -> NDArray[np.float32]:
        """Return what each occurrence of a block in one headline adds to the section's logit."""
        place = self._kept(name, found.column)
        feature, which, count = np.unique(place[place >= 0], return_inverse=True, return_counts=True)
        tf = 1 + np.log(count)
        values = self.table[feature]
        length = np.sqrt(np.square(tf) @ values[:, -1])
        value = tf * values[:, section] / np.maximum(length, _TINY) / count
        shares = np.zeros(len(place), np.float32)
        shares[place >= 0] = value[which]
        return shares

    def score_one(self, columns: NDArray[np.int64]) -> NDArray[np.float32] | None:
        """Return what one headline's occurrences add to the logits (n_sections,); None if none of them is known.

        The first few headlines are answered from the arrays as they are; a process that asks more often has
        the tables made that lists of headlines use.

        Args:
            columns: the joint columns of all occurrences, in any order.
        """
        self._calls += 1
        if self._calls <= _FEW:
            return self._score_by_bisection(columns)
        places = self.places.take(columns)
        places.sort()
        places = places[places.searchsorted(0) :]
        if not len(places):
            return None
        edge = np.empty(len(places) + 1, np.bool_)
        edge[0] = edge[-1] = True
        np.not_equal(places[1:], places[:-1], out=edge[1:-1])
        at = edge.nonzero()[0]
        if len(at) < len(edge):
            places = places.take(at[:-1])
            tf = (1 + np.log(at[1:] - at[:-1])).astype(np.float32)
            values = self.table.take(places, axis=0)
            values[:, -1] *= tf
            values *= tf[:, None]
        else:
            values = self.table.take(places, axis=0)
        bounds = places.searchsorted(self._starts)
        sums = np.add.reduceat(values, bounds[:-1][bounds[1:] > bounds[:-1]], axis=0)  # of the blocks that have any
        sums[:, :-1] /= np.maximum(np.sqrt(sums[:, -1:]), _TINY)
        return np.asarray(sums[:, :-1].sum(axis=0))

    def _score_by_bisection(self, columns: NDArray[np.int64]) -> NDArray[np.float32] | None:
        """Do what :meth:`score_one` does without the tables."""
        added = None
        features, counts = np.unique(columns, return_counts=True)
        begins = np.array([*self.begins.values(), self._columns])
        bounds = features.searchsorted(begins)
        for weights, begin, start, end in zip(self.blocks.values(), begins, bounds, bounds[1:], strict=False):
            if not len(weights.columns):
                continue
            column = features[start:end] - begin
            place = weights.columns.searchsorted(column)
            kept = weights.columns.take(place, mode="clip") == column
            place = place[kept]
            if len(place):
                values = weights.idf[place] * (1 + np.log(counts[start:end][kept])).astype(np.float32)
                said = values @ weights.coefficients[place] / np.maximum(np.sqrt(values @ values), _TINY)
                added = said if added is None else added + said
        return added

    def _kept(self, name: str, columns: NDArray[np.integer]) -> NDArray[np.int32]:
        """Return the places of a block's columns, -1 for those that are not kept."""
        return self.places[self.begins[name] :].take(columns)

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
        logits[rows] += sums[:, :-1] / np.maximum(np.sqrt(sums[:, -1:]), _TINY)
        known[rows] = True
