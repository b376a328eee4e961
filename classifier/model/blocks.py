"""Feature blocks: each turns normalized headlines into counts of hashed or numbered features.

Counting is stateless: nothing is learned from the headlines here, so the counts of a corpus are
made once and sliced by every fold, and the same code serves training and prediction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from classifier.text.morphemes import WORDS, Morphemes, analyze, hash_tokens, number_words, tokenize
from classifier.text.ngrams import Ngrams, hash_ngrams, hash_spans, jamo
from classifier.text.user_words import NO_WORDS, UserWords

if TYPE_CHECKING:
    from kiwipiepy import Token
    from scipy import sparse

#: Columns of a hashed block: 2**22. YNAT's half million n-grams collide in one case of ten; the rare
#: ones among them are dropped by ``min_df`` anyway.
BITS = 22
_LOWER = 32 - BITS  #: bits of a CRC-32 that a column leaves out


class Batch:
    """Normalized headlines and, once something asks for them, their morphemes, read with the user's words."""

    def __init__(self, normalized: Sequence[str], words: UserWords = NO_WORDS) -> None:
        self.normalized, self.words = normalized, words

    @cached_property
    def morphemes(self) -> Morphemes:
        """The batch's morphemes, analysed on first use and shared by the blocks that need them."""
        return analyze(self.normalized, self.words)


def without_spaces(normalized: str) -> str:
    """Return a normalized headline without its spaces."""
    return normalized.replace(" ", "")


def _morphemes(batch: Batch) -> Ngrams:
    """Morphemes (form and tag) and pairs of neighbours."""
    found = batch.morphemes
    second = np.flatnonzero(found.row[1:] == found.row[:-1]) + 1
    first = second - 1
    pair_length = found.start[second] + found.length[second] - found.start[first]
    return Ngrams(
        np.concatenate([found.row, found.row[second]]),
        (np.concatenate([found.key, found.pair[second]]) >> _LOWER).astype(np.int32),
        np.concatenate([found.start, found.start[first]]) + 1,
        np.concatenate([found.length, pair_length]),
    )


def _words(batch: Batch) -> Ngrams:
    """Content words by Kiwi's number, which is also their row in the embeddings."""
    found = batch.morphemes
    known = found.word >= 0
    return Ngrams(found.row[known], found.word[known], found.start[known] + 1, found.length[known])


def _morphemes_of_one(tokens: Sequence[Token]) -> list[int]:
    """Return the columns of :func:`_morphemes` for one headline."""
    keys, pairs = hash_tokens(tokens)
    return [key >> _LOWER for key in keys + pairs]


def _words_of_one(tokens: Sequence[Token]) -> list[int]:
    """Return the columns of :func:`_words` for one headline."""
    return [word for word in number_words(tokens) if word >= 0]


@dataclass(frozen=True)
class Block:
    """A feature block."""

    name: str
    find: Callable[[Batch], Ngrams]
    columns: int
    needs_kiwi: bool = False
    #: For a block of character n-grams inside words: what makes its text of a headline, and the smallest and largest n.
    span: tuple[Callable[[str], str], int, int] | None = None

    #: For any other block: one headline's columns, in any order, from its tokens.
    one: Callable[[Sequence[Token]], list[int]] | None = None

    def count(self, batch: Batch) -> sparse.csr_array:
        """Return counts of shape (n_headlines, columns), float32."""
        from scipy import sparse  # for training; predicting does without

        found = self.find(batch)
        ones = np.ones(len(found.row), np.float32)
        shape = (len(batch.normalized), self.columns)
        return sparse.coo_array((ones, (found.row, found.column)), shape=shape).tocsr()


def _ngrams(name: str, read: Callable[[str], str], n_min: int, n_max: int) -> Block:
    """Return a block of character n-grams inside the words of what ``read`` makes of a headline."""

    def find(batch: Batch) -> Ngrams:
        return hash_ngrams([read(text) for text in batch.normalized], n_min, n_max, BITS)

    return Block(name, find, 1 << BITS, span=(read, n_min, n_max))


BLOCKS = {
    block.name: block
    for block in (
        _ngrams("chars", str, 1, 5),
        _ngrams("jamo", jamo, 3, 8),
        _ngrams("nospace", without_spaces, 2, 4),
        Block("morphemes", _morphemes, 1 << BITS, needs_kiwi=True, one=_morphemes_of_one),
        Block("embeddings", _words, WORDS, needs_kiwi=True, one=_words_of_one),
    )
}


def columns_of_one(normalized: str, begins: Mapping[str, int], words: UserWords = NO_WORDS) -> NDArray[np.int64]:
    """Return the columns of one headline's features, in no order; each block's ``begins`` is added to its columns."""
    spans = []
    found: list[int] = []
    tokens = None
    for name, begin in begins.items():
        block = BLOCKS[name]
        if block.span is not None:
            read, n_min, n_max = block.span
            spans.append((read(normalized), n_min, n_max, begin))
        elif block.one is not None:
            tokens = tokenize(normalized, words) if tokens is None else tokens
            found += [column + begin for column in block.one(tokens)]
        else:
            raise NotImplementedError(f"the block {name} needs `span` or `one` to find the columns of one headline")
    columns = np.array(found, np.int64)
    return np.concatenate([columns, hash_spans(spans, BITS)]) if spans else columns
