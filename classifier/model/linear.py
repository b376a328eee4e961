"""The accurate scorer: TF-IDF and a linear map over all feature blocks of a headline, in NumPy alone.

With counts c of a headline's features, a block adds ``sum(tf * idf * coefficient) / sqrt(sum((tf * idf)**2))``
with ``tf = 1 + log(c)`` to the score. ``idf * coefficient`` and ``idf**2`` stand side by side in one table, so that a
single look-up fetches what a feature adds to all sums.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from classifier.model.blocks import BLOCKS, Batch, columns_of_one
from classifier.model.calibration import Calibration
from classifier.model.scoring import Scorer
from classifier.text.ngrams import Ngrams
from classifier.text.normalize import normalize_all
from classifier.text.user_words import NO_WORDS, UserWords

if TYPE_CHECKING:
    from scipy.sparse import csr_array

CHUNK = 2048  #: headlines at a time
_WORD = 64  # bits
_FEW = 8  # single headlines that are looked up before the array is made
_TINY = np.float32(1e-12)


@dataclass(frozen=True)
class Weights:
    """What a training found for one feature block."""

    columns: NDArray[np.int32]  #: (n_kept,) the block's columns that have weights, ascending
    idf: NDArray[np.float32]  #: (n_kept,)
    coefficients: NDArray[np.float32]  #: (n_kept, n_sections)


class ColumnIndex:
    """Finds which columns have weights: one bit a column, and how many bits are set before each word of 64 (its rank).

    Jacobson 1989, "Space-efficient static trees and graphs": a fiftieth of the memory of an array with an entry a
    column, and as fast for lists. For one headline the array is faster, so it is made after some single headlines.

    Args:
        columns: the columns that have weights, ascending.
        size: how many columns there are.
    """

    def __init__(self, columns: NDArray[np.integer], size: int) -> None:
        self._columns, self._size, self._asked = columns, size, 0
        self._bits = np.zeros(-(-size // _WORD), np.uint64)
        word = columns // _WORD
        starts = np.flatnonzero(np.diff(word, prepend=-1))
        bit = np.left_shift(np.uint64(1), (columns % _WORD).astype(np.uint64))
        if len(columns):
            self._bits[word[starts]] = np.bitwise_or.reduceat(bit, starts)
        ones = np.bitwise_count(self._bits)
        self._rank = np.cumsum(ones, dtype=np.int32) - ones - 1

    def find(self, columns: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
        """Return the positions in ``columns`` of those that have weights, and the number of each of these."""
        word = columns >> 6
        words = self._bits.take(word)
        words <<= (~columns & 63).view(np.uint64)  # the column's bit first, those before it behind
        inside = (words.view(np.int64) < 0).nonzero()[0]
        number = self._rank.take(word.take(inside))
        number += np.bitwise_count(words.take(inside))
        return inside, number

    def find_few(self, columns: NDArray[np.int64]) -> NDArray[np.int32]:
        """Return the numbers of the ``columns`` that have weights, ascending."""
        self._asked += 1
        number = self.find(columns)[1] if self._asked <= _FEW else self._numbers.take(columns)
        number.sort()
        return number[number.searchsorted(0) :]

    @cached_property
    def _numbers(self) -> NDArray[np.int32]:
        """The number of every column, -1 for those without weights."""
        numbers = np.full(self._size, -1, np.int32)
        numbers[self._columns] = np.arange(len(self._columns), dtype=np.int32)
        return numbers


@dataclass(frozen=True, eq=False)
class LinearModel(Scorer):
    """A linear headline model in plain arrays: the accurate tier.

    Scores are logits: their softmax is the calibrated probability, and over the sections they sum
    to zero, so that a positive contribution speaks for a section and a negative one against it.

    The blocks stand one after the other: a *feature* is a row of ``table``, and its *joint column* is its block's
    column plus the numbers of columns of the blocks before.

    Raises:
        ValueError: the arrays do not fit each other.
    """

    sections: tuple[str, ...]
    intercept: NDArray[np.float32]  #: (n_sections,)
    blocks: dict[str, int]  #: how many features each block has
    columns: NDArray[np.int32]  #: (n_features,) joint columns, ascending
    table: NDArray[np.float32]  #: (n_features, n_sections + 1): ``idf * coefficients`` and, last, ``idf ** 2``
    calibration: Calibration = field(default_factory=Calibration)
    words: UserWords = NO_WORDS  #: with which Kiwi reads

    def __post_init__(self) -> None:
        if (
            self.intercept.shape != (len(self.sections),)
            or self.columns.shape != (self._starts[-1],)
            or self.table.shape != (self._starts[-1], len(self.sections) + 1)
        ):
            raise ValueError(f"the arrays do not fit {len(self.sections)} sections and the blocks {self.blocks}")
        for start, end, name in zip(self._starts, self._starts[1:], self.blocks, strict=False):
            own = self.columns[start:end] - self.begins[name]
            if len(own) and (own[0] < 0 or own[-1] >= BLOCKS[name].columns or (np.diff(own) <= 0).any()):
                raise ValueError(f"columns that {name} does not have, or not in order")

    @classmethod
    def of_blocks(
        cls, sections: tuple[str, ...], intercept: NDArray[np.float32], blocks: Mapping[str, Weights]
    ) -> LinearModel:
        """Return the model of some blocks' weights."""
        begin, columns, tables = 0, [np.zeros(0, np.int32)], [np.zeros((0, len(sections) + 1), np.float32)]
        for name, weights in blocks.items():
            columns.append(weights.columns + np.int32(begin))
            idf = weights.idf[:, None]
            tables.append(np.hstack([weights.coefficients * idf, idf * idf]))
            begin += BLOCKS[name].columns
        sizes = {name: len(weights.columns) for name, weights in blocks.items()}
        return cls(sections, intercept, sizes, np.concatenate(columns), np.concatenate(tables))

    @cached_property
    def begins(self) -> dict[str, int]:
        """The first joint column of each block."""
        ends = np.cumsum([BLOCKS[name].columns for name in self.blocks]).tolist()
        return dict(zip(self.blocks, [0, *ends], strict=False))

    @cached_property
    def _starts(self) -> NDArray[np.int64]:
        """The first feature of each block, and the end of the last."""
        return np.cumsum([0, *self.blocks.values()])

    @cached_property
    def _index(self) -> ColumnIndex:
        return ColumnIndex(self.columns, sum(BLOCKS[name].columns for name in self.blocks))

    def block(self, name: str) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return a block's columns (n,) and ``idf * coefficients`` (n, n_sections)."""
        position = list(self.blocks).index(name)
        rows = slice(*self._starts[position : position + 2])
        return self.columns[rows] - np.int32(self.begins[name]), self.table[rows, :-1]

    def scores(self, headlines: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return the logits (n_headlines, n_sections) and which headlines have any feature of the model."""
        logits = np.empty((len(headlines), len(self.sections)), np.float32)
        logits[:] = self.intercept
        has_features = np.zeros(len(headlines), np.bool_)
        for start in range(0, len(headlines), CHUNK):
            chunk = slice(start, start + CHUNK)
            batch = Batch(normalize_all(headlines[chunk]), self.words)
            for name in self.blocks:
                self._add_occurrences(name, BLOCKS[name].find(batch), logits[chunk], has_features[chunk])
        return self.calibration.apply(logits), has_features

    def unknown_share(self, headlines: Sequence[str]) -> NDArray[np.float32]:
        """Return the share of each headline's features that have no weight, (n_headlines,)."""
        total, known = np.zeros((2, len(headlines)), np.int64)
        for start in range(0, len(headlines), CHUNK):
            batch = Batch(normalize_all(headlines[start : start + CHUNK]), self.words)
            for name in self.blocks:
                found = BLOCKS[name].find(batch)
                row = found.row + start
                total += np.bincount(row, minlength=len(total))
                known += np.bincount(row[self._find(name, found.column)[0]], minlength=len(total))
        return (1 - known / np.maximum(total, 1)).astype(np.float32)

    def scores_of_counts(self, counts: Mapping[str, csr_array]) -> NDArray[np.float32]:
        """Return the logits (n_headlines, n_sections) of headlines whose blocks are counted already."""
        first = counts[next(iter(self.blocks))]
        logits = np.empty((first.shape[0], len(self.sections)), np.float32)
        logits[:] = self.intercept
        has_features = np.zeros(len(logits), np.bool_)
        for name in self.blocks:
            for start in range(0, len(logits), CHUNK):
                chunk = slice(start, start + CHUNK)
                self._add_counts(name, counts[name][chunk], logits[chunk], has_features[chunk])
        return self.calibration.apply(logits)

    def occurrences(self, normalized: str, section: int) -> dict[str, tuple[Ngrams, NDArray[np.float32]]]:
        """Return each block's occurrences in one headline and what each adds to the section's logit."""
        batch = Batch([normalized], self.words)
        result = {}
        for name in self.blocks:
            found = BLOCKS[name].find(batch)
            inside, number = self._find(name, found.column)
            feature, which, count = np.unique(number, return_inverse=True, return_counts=True)
            tf = 1 + np.log(count)
            values = self.table[feature]
            length = np.sqrt(np.square(tf) @ values[:, -1])
            shares = np.zeros(len(found.column), np.float32)
            shares[inside] = (tf * values[:, section] / np.maximum(length, _TINY) / count)[which]
            result[name] = (found, shares)
        return result

    def _find(self, name: str, columns: NDArray[np.integer]) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
        """Return the positions in a block's ``columns`` of those that have weights, and their features."""
        return self._index.find(np.add(columns, self.begins[name], dtype=np.int64))

    def _add_occurrences(
        self, name: str, found: Ngrams, logits: NDArray[np.float32], has_features: NDArray[np.bool_]
    ) -> None:
        """Add what a batch finds in a block to ``logits`` (n_rows, n_sections), and mark rows that have any."""
        inside, feature = self._find(name, found.column)
        if not len(inside):
            return
        key = found.row.take(inside).astype(np.uint64)
        key <<= np.uint64(32)
        key |= feature.view(np.uint32)
        key.sort()  # by row, then feature: repeats become neighbours
        fresh = np.empty(len(key), np.bool_)
        fresh[0] = True
        np.not_equal(key[1:], key[:-1], out=fresh[1:])
        first = fresh.nonzero()[0]
        repeated, count = np.zeros(0, np.int64), np.zeros(0, np.int64)
        if len(first) < len(key):
            times = np.diff(first, append=len(key))
            repeated = (times > 1).nonzero()[0]
            count = times[repeated]
            key = key.take(first)
        row = (key >> np.uint64(32)).view(np.int64)
        self._add(row, key.astype(np.uint32), repeated, count, logits, has_features)

    def _add_counts(
        self, name: str, counts: csr_array, logits: NDArray[np.float32], has_features: NDArray[np.bool_]
    ) -> None:
        """Do what :meth:`_add_occurrences` does, from counts (n_rows, columns of the block)."""
        inside, feature = self._find(name, counts.indices)
        if len(inside):
            row = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))[inside]
            count = counts.data[inside]
            repeated = (count > 1).nonzero()[0]
            self._add(row, feature, repeated, count[repeated], logits, has_features)

    def _add(
        self,
        row: NDArray[np.int64],
        feature: NDArray[np.integer],
        repeated: NDArray[np.int64],
        count: NDArray[Any],
        logits: NDArray[np.float32],
        has_features: NDArray[np.bool_],
    ) -> None:
        """Add each ``feature`` to its ``row``; those at ``repeated`` occur ``count`` times there, the others once."""
        values = self.table.take(feature, axis=0)
        if len(repeated):
            tf = (1 + np.log(count)).astype(np.float32)[:, None]
            values[repeated, :-1] *= tf
            values[repeated, -1:] *= tf * tf
        starts = np.concatenate([[0], (row[1:] != row[:-1]).nonzero()[0] + 1])
        sums = np.add.reduceat(values, starts, axis=0)
        rows = row[starts]
        logits[rows] += sums[:, :-1] / np.maximum(np.sqrt(sums[:, -1:]), _TINY)
        has_features[rows] = True

    def score_one(self, headline: str) -> tuple[list[float], bool]:
        """Return the logits of one headline and whether it has any feature of the model, with few calls of NumPy."""
        feature = self._index.find_few(columns_of_one(normalize_all([headline])[0], self.begins, self.words))
        if not len(feature):
            return self.calibration.apply_one(self.intercept.tolist()), False
        edge = np.empty(len(feature) + 1, np.bool_)
        edge[0] = edge[-1] = True
        np.not_equal(feature[1:], feature[:-1], out=edge[1:-1])
        first = edge.nonzero()[0]
        if len(first) < len(edge):
            feature = feature.take(first[:-1])
            tf = (1 + np.log(first[1:] - first[:-1])).astype(np.float32)
            values = self.table.take(feature, axis=0)
            values[:, -1] *= tf
            values *= tf[:, None]
        else:
            values = self.table.take(feature, axis=0)
        bounds = feature.searchsorted(self._starts)
        sums = np.add.reduceat(values, bounds[:-1][bounds[1:] > bounds[:-1]], axis=0)  # of the blocks that have any
        sums[:, :-1] /= np.maximum(np.sqrt(sums[:, -1:]), _TINY)
        return self.calibration.apply_one((self.intercept + sums[:, :-1].sum(axis=0)).tolist()), True
