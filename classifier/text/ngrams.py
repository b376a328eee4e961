"""Character n-grams of many headlines at once, hashed with NumPy: no vocabulary, no Python loop.

:func:`hash_lines` is the fast tier's: every n-gram of a line, so that nothing has to be tested or left
out. :func:`hash_ngrams` makes the blocks of the accurate tier. Its n-grams are those of scikit-learn's
``analyzer="char_wb"``: inside a word, with one space as padding on either side.

The hash is multilinear, the sum of each character times a number that belongs to its position, modulo 2**64 (Lemire &
Kaser 2014, "Strongly universal string hashing is fast", section 2): the n-grams that begin at a character have its
running sums. The top bits are the column (feature hashing, Weinberger et al. 2009).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Increase it when the column of an n-gram or a morpheme changes: cached counts and models are of one version.
HASHING_VERSION = 2

_SPACE, _LINE = 32, 10
_LONGEST = 16  #: characters of the longest n-gram
#: Factors of the first character of an n-gram, of its second and so on: the powers of a number without a pattern
#: (2**64 divided by the golden ratio).
_FACTORS = np.cumprod(np.full(_LONGEST, 0x9E3779B97F4A7C15, np.uint64))[:, None]
_LENGTHS = np.arange(1, _LONGEST + 1, dtype=np.uint8)[:, None]
_DOWN = bytes(range(_LONGEST, 1, -1))


def jamo(normalized: str) -> str:
    """Split every Hangul syllable into its jamo (Unicode NFD): 한 becomes ㅎ, ㅏ, ㄴ."""
    return unicodedata.normalize("NFD", normalized)


@dataclass(frozen=True)
class Ngrams:
    """Where the n-grams of a batch stand: parallel arrays, one entry an occurrence."""

    row: NDArray[np.int32]  #: which headline
    column: NDArray[np.int32]  #: which hashed feature
    start: NDArray[np.int32]  #: first character in the (padded) text of that headline
    length: NDArray[np.int32]  #: characters


def hash_ngrams(texts: Sequence[str], n_min: int, n_max: int, bits: int) -> Ngrams:
    """Hash every n-gram of ``n_min`` to ``n_max`` characters of every text (single spaces only).

    ``start`` counts from the padding space, so a text's own character ``i`` is at ``i + 1``.
    """
    joined = " " + " ".join(texts) + " "
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    # Text r begins (with the space before it) at offsets[r]; the space after it is shared.
    lengths = np.fromiter((len(text) + 1 for text in texts), np.int64, len(texts))
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    space = codes == _SPACE
    spaces_before = np.concatenate([[0], np.cumsum(space, dtype=np.int32)])
    row_of = np.repeat(np.arange(len(texts), dtype=np.int32), lengths)
    code64 = codes.astype(np.uint64)

    rows, columns, starts, sizes = [], [], [], []
    hashed = np.zeros(len(codes), np.uint64)
    for n in range(1, n_max + 1):
        count = min(len(row_of), len(codes) - n + 1)
        if count <= 0:
            break
        hashed = hashed[:count] + code64[n - 1 : n - 1 + count] * _FACTORS[n - 1]
        if n < n_min:
            continue
        if n <= 2:  # no inside; a lone space is no n-gram
            valid = ~space[:count] if n == 1 else ~(space[:count] & space[1 : count + 1])
        else:  # no space strictly inside
            valid = spaces_before[n - 1 : n - 1 + count] == spaces_before[1 : 1 + count]
        where = np.flatnonzero(valid)
        columns.append((hashed[where] >> np.uint64(64 - bits)).astype(np.int32))
        rows.append(row_of[where])
        starts.append((where - offsets[row_of[where]]).astype(np.int32))
        sizes.append(np.full(len(where), n, np.int32))
    empty = [np.zeros(0, np.int32)]
    return Ngrams(*(np.concatenate(part or empty) for part in (rows, columns, starts, sizes)))


def hash_spans(spans: Sequence[tuple[str, int, int, int]], bits: int) -> NDArray[np.int64]:
    """Return the columns of :func:`hash_ngrams` for each (text, n_min, n_max, begin), plus ``begin``, in no order.

    For one headline, where every call of NumPy costs more than what it computes: all in one pass.
    """
    longest = max(n_max for _, _, n_max, _ in spans)
    joined = "".join([f" {text} " for text, _, _, _ in spans])
    codes, columns = _hash_windows(joined + " " * (longest - 1), longest, bits)
    # How long the n-grams may be that begin at each position; none begins at the last space of a text.
    reach = []
    for part, _, high, _ in spans:
        reach += [_reach(len(word), high) for word in part.split(" ")] if part else [b"\0"]
        reach.append(b"\0")
    inside = _LENGTHS[:longest] <= np.frombuffer(b"".join(reach), np.uint8)
    inside[0] &= codes[0] != _SPACE
    end = 0
    for part, low, _, begin in spans:
        start, end = end, end + len(part) + 2
        columns[:, start:end] += begin
        if low > 1:
            inside[: low - 1, start:end] = False
    return columns[inside]


def _hash_windows(text: str, longest: int, bits: int) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return the window of ``longest`` characters at each position, (longest, n_positions), and its n-grams' columns.

    No window begins at the last ``longest - 1`` characters; they only fill the windows before them.
    """
    encoded = text.encode("utf-32-le", "surrogatepass")
    codes = np.ndarray((longest, len(text) - longest + 1), np.uint32, encoded, strides=(4, 4))
    hashed = codes * _FACTORS[:longest]
    np.add.accumulate(hashed, axis=0, out=hashed)
    hashed >>= np.uint64(64 - bits)
    return codes, hashed.view(np.int64)


def _reach(length: int, most: int) -> bytes:
    """Return how long the n-grams of a word may be, up to ``most``, from the space before it and from each character.

    A word of three has five characters from the space before it to the space after it; from its own characters on, the
    n-grams have up to four, three and two.
    """
    longest = min(most, length + 2)
    return bytes([longest]) * min(length + 3 - longest, length + 1) + _DOWN[_LONGEST + 1 - longest :]


def hash_lines(text: str, n_min: int, n_max: int, bits: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Hash the ``n_min``- to ``n_max``-grams of every line of a text, a line break on either side.

    Returns:
        ``bounds`` (n_lines + 1,): line r has the positions ``bounds[r]`` to ``bounds[r + 1]``, the first of which is
        the line break before it. ``columns`` (n_max - n_min + 1, bounds[-1]): the column of the n-gram that begins at
        a position, below ``2**bits``, or ``2**bits`` where the line ends before the n-gram does.
    """
    codes = np.frombuffer(f"\n{text}{chr(_LINE) * n_max}".encode("utf-32-le", "surrogatepass"), np.uint32)
    bounds = (codes == _LINE).nonzero()[0][: 1 - n_max or None]
    size = int(bounds[-1])
    code64 = codes.astype(np.uint64)
    hashed = np.empty((n_max, size), np.uint64)
    np.multiply(code64[:size], _FACTORS[0], out=hashed[0])
    for n in range(1, n_max):
        np.multiply(code64[n : n + size], _FACTORS[n], out=hashed[n])
        hashed[n] += hashed[n - 1]
    hashed = hashed[n_min - 1 :]
    hashed >>= np.uint64(64 - bits)
    columns = hashed.view(np.int64)
    for beyond in range(1, n_max - 1):  # an n-gram may hold the line break at the end, but nothing after it
        columns[max(beyond + 2 - n_min, 0) :, np.maximum(bounds[1:] - beyond, 0)] = 1 << bits
    return bounds, columns


def hash_line(spans: Sequence[tuple[str, int, int]], bits: int) -> list[NDArray[np.int64]]:
    """Return the columns that :func:`hash_lines` finds within each (line, n_min, n_max), an array for each n.

    For one headline, where every call of NumPy costs more than what it computes: all in one pass.
    """
    longest = max(n_max for _, _, n_max in spans)
    edge = "\n" * (longest - 1)
    _, columns = _hash_windows("".join([f"\n{line}{edge}" for line, _, _ in spans]), longest, bits)
    found, start = [], 0
    for line, n_min, n_max in spans:
        end = start + len(line) + 3  # of the two line breaks, the second begins none
        found += [columns[n - 1, start : end - max(n, 2)] for n in range(n_min, min(n_max, end - start - 1) + 1)]
        start = end + longest - 3
    return found


def ngrams_of_line(size: NDArray[np.int64], n_min: int, n_max: int) -> NDArray[np.int64]:
    """Return how many n-grams :func:`hash_lines` finds in lines that take ``size`` positions (n_lines,)."""
    # As many 1-grams and 2-grams as positions, one 3-gram fewer, and so on.
    number = np.zeros_like(size)
    for n in range(n_min, n_max + 1):
        number += np.maximum(size - max(n - 2, 0), 0)
    return number
