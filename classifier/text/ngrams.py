"""Character n-grams of many headlines at once, hashed with NumPy: no vocabulary, no Python loop.

:func:`hash_lines` is the fast tier's: every n-gram of a line, so that nothing has to be tested or left
out. :func:`hash_ngrams` makes the blocks of the accurate tier. Its n-grams are those of scikit-learn's
``analyzer="char_wb"``: inside a word, with one space as padding on either side. A polynomial rolling hash
(Karp & Rabin 1987) over 64 bits is extended by one character per n, mixed (the finaliser of MurmurHash3, or
its multiplication alone), and its top bits are the column (feature hashing, Weinberger et al. 2009).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_PRIME = np.uint64(0x100000001B3)
_MIX = np.uint64(0xFF51AFD7ED558CCD)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_SPACE, _LINE = 32, 10
_LENGTHS = np.arange(1, 17, dtype=np.uint64)[:, None]


def mix(hashes: NDArray[np.uint64], bits: int) -> NDArray[np.int32]:
    """Spread 64-bit hashes evenly and return their top ``bits`` bits as columns."""
    hashes = hashes ^ (hashes >> np.uint64(33))
    hashes *= _MIX
    hashes ^= hashes >> np.uint64(33)
    hashes *= _MIX
    return (hashes >> np.uint64(64 - bits)).astype(np.int32)


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
    code64 = (codes.astype(np.uint64) + np.uint64(1)) * _GOLDEN

    rows, columns, starts, sizes = [], [], [], []
    rolling = np.zeros(len(codes), np.uint64)
    for n in range(1, n_max + 1):
        count = min(len(row_of), len(codes) - n + 1)
        if count <= 0:
            break
        rolling = rolling[:count] * _PRIME ^ code64[n - 1 : n - 1 + count]
        if n < n_min:
            continue
        if n <= 2:  # no inside; a lone space is no n-gram
            valid = ~space[:count] if n == 1 else ~(space[:count] & space[1 : count + 1])
        else:  # no space strictly inside
            valid = spaces_before[n - 1 : n - 1 + count] == spaces_before[1 : 1 + count]
        where = np.flatnonzero(valid)
        columns.append(mix(rolling[where] + np.uint64(n), bits))
        rows.append(row_of[where])
        starts.append((where - offsets[row_of[where]]).astype(np.int32))
        sizes.append(np.full(len(where), n, np.int32))
    empty = [np.zeros(0, np.int32)]
    return Ngrams(*(np.concatenate(part or empty) for part in (rows, columns, starts, sizes)))


def hash_spans(spans: Sequence[tuple[str, int, int, int]], bits: int) -> NDArray[np.int32]:
    """Return the columns of :func:`hash_ngrams` for each (text, n_min, n_max, begin), plus ``begin``, in no order.

    For one headline, where every call of NumPy costs more than what it computes: all in one pass.
    """
    longest = max(n_max for _, _, n_max, _ in spans)
    joined = "".join([f" {text} " for text, _, _, _ in spans])
    # How far n-grams may reach from a place: to the space after the word, which they may hold.
    reach: list[int] = []
    bounds = [0]
    for text, _, _, _ in spans:
        for word in text.split(" ") if text else ():
            reach += range(len(word) + 2, 1, -1)
        reach += [0] * (len(text) + 2 + bounds[-1] - len(reach))
        bounds.append(len(reach))
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
    size = len(codes)
    code64 = np.zeros(size + longest, np.uint64)
    np.add(codes, np.uint64(1), out=code64[:size])
    code64 *= _GOLDEN
    rolling = np.empty((longest, size), np.uint64)
    rolling[0] = code64[:size]
    for n in range(1, longest):
        np.multiply(rolling[n - 1], _PRIME, out=rolling[n])
        rolling[n] ^= code64[n : n + size]
    lengths = _LENGTHS[:longest]
    rolling += lengths
    inside = lengths <= np.array(reach, np.uint64)
    inside[0] &= codes != _SPACE
    columns = mix(rolling, bits)
    for (_, low, high, begin), start, end in zip(spans, bounds, bounds[1:], strict=False):
        inside[: low - 1, start:end] = False
        inside[high:, start:end] = False
        columns[:, start:end] += begin
    return columns[inside]


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
    code64 = codes * _GOLDEN
    hashed = np.empty((n_max, size), np.uint64)
    hashed[0] = code64[:size]
    for n in range(1, n_max):
        np.multiply(hashed[n - 1], _PRIME, out=hashed[n])
        hashed[n] ^= code64[n : n + size]
    hashed = hashed[n_min - 1 :]
    hashed *= _MIX
    hashed >>= np.uint64(64 - bits)
    columns = hashed.view(np.int64)
    for beyond in range(1, n_max - 1):  # an n-gram may hold the line break at the end, but nothing after it
        columns[max(beyond + 2 - n_min, 0) :, np.maximum(bounds[1:] - beyond, 0)] = 1 << bits
    return bounds, columns


def hash_line(line: str, n_min: int, n_max: int, bits: int) -> list[NDArray[np.int64]]:
    """Return the columns of one line's n-grams, an array for each n; what :func:`hash_lines` finds within it."""
    codes = np.frombuffer(f"\n{line}\n".encode("utf-32-le", "surrogatepass"), np.uint32) * _GOLDEN
    size = len(codes)
    rolling = codes
    found = []
    for n in range(1, min(n_max, size) + 1):
        if n > 1:
            rolling = rolling[: size - n + 1] * _PRIME
            rolling ^= codes[n - 1 :]
        if n >= n_min:
            hashed = rolling[: size - max(n, 2) + 1] * _MIX  # of the two line breaks, the second begins none
            hashed >>= np.uint64(64 - bits)
            found.append(hashed.view(np.int64))
    return found


def ngrams_of_line(size: NDArray[np.int64], n_min: int, n_max: int) -> NDArray[np.int64]:
    """Return how many n-grams :func:`hash_lines` finds in lines that take ``size`` positions (n_lines,)."""
    # As many 1-grams and 2-grams as positions, one 3-gram fewer, and so on.
    number = np.zeros_like(size)
    for n in range(n_min, n_max + 1):
        number += np.maximum(size - max(n - 2, 0), 0)
    return number
