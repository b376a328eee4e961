"""Feature blocks: each turns normalized headlines into counts of hashed or numbered features.

Counting is stateless: nothing is learned from the headlines here, so the counts of a corpus are
made once and sliced by every fold, and the same code serves training and prediction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from classifier.text.morphemes import WORDS, Morphemes, analyze
from classifier.text.ngrams import Ngrams, hash_ngrams, jamo, mix

if TYPE_CHECKING:
    from scipy import sparse

#: Columns of a hashed block: 2**22. YNAT's half million n-grams collide in one case of ten; the rare
#: ones among them are dropped by ``min_df`` anyway.
BITS = 22


class Batch:
    """Normalized headlines and, once something asks for them, their morphemes."""

    def __init__(self, normalized: Sequence[str]) -> None:
        self.normalized = normalized

    @cached_property
    def morphemes(self) -> Morphemes:
        """The batch's morphemes, analysed on first use and shared by the blocks that need them."""
        return analyze(self.normalized)


def _chars(batch: Batch) -> Ngrams:
    return hash_ngrams(batch.normalized, 1, 5, BITS)


def _jamo(batch: Batch) -> Ngrams:
    return hash_ngrams([jamo(text) for text in batch.normalized], 3, 8, BITS)


def _nospace(batch: Batch) -> Ngrams:
    return hash_ngrams([text.replace(" ", "") for text in batch.normalized], 2, 4, BITS)


def _morphemes(batch: Batch) -> Ngrams:
    """Morphemes (form and tag) and pairs of neighbours."""
    found = batch.morphemes
    key = found.key.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    pair = np.flatnonzero(found.row[1:] == found.row[:-1])
    paired = key[pair] * np.uint64(0x100000001B3) ^ key[pair + 1]
    pair_length = found.start[pair + 1] + found.length[pair + 1] - found.start[pair]
    return Ngrams(
        np.concatenate([found.row, found.row[pair]]),
        np.concatenate([mix(key, BITS), mix(paired, BITS)]),
        np.concatenate([found.start, found.start[pair]]) + 1,
        np.concatenate([found.length, pair_length]),
    )


def _words(batch: Batch) -> Ngrams:
    """Content words by Kiwi's number, which is also their row in the embeddings."""
    found = batch.morphemes
    known = found.word >= 0
    return Ngrams(found.row[known], found.word[known], found.start[known] + 1, found.length[known])


@dataclass(frozen=True)
class Block:
    """One kind of feature."""

    name: str
    find: Callable[[Batch], Ngrams]
    columns: int
    needs_kiwi: bool = False

    def count(self, batch: Batch) -> sparse.csr_array:
        """Return counts of shape (n_headlines, columns), float32."""
        from scipy import sparse  # for training; predicting does without

        found = self.find(batch)
        ones = np.ones(len(found.row), np.float32)
        shape = (len(batch.normalized), self.columns)
        return sparse.coo_array((ones, (found.row, found.column)), shape=shape).tocsr()


BLOCKS = {
    block.name: block
    for block in (
        Block("chars", _chars, 1 << BITS),
        Block("jamo", _jamo, 1 << BITS),
        Block("nospace", _nospace, 1 << BITS),
        Block("morphemes", _morphemes, 1 << BITS, needs_kiwi=True),
        Block("embeddings", _words, WORDS, needs_kiwi=True),
    )
}
