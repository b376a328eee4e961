"""Near-duplicate headlines: candidates by MinHash, decided by exact Jaccard over character bigrams.

MinHash with banding (Broder 1997; Leskovec, Rajaraman & Ullman, *Mining of Massive Datasets*, ch. 3)
keeps the work about linear in the number of headlines; every candidate pair is then checked
exactly, so no pair is called a duplicate that is not one.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

#: Two headlines are near-duplicates when they share this much of their character bigrams.
THRESHOLD = 0.6

_BANDS, _ROWS = 24, 3
_CHUNK = 10_000  # headlines whose hashes fit into the processor's cache


def bigrams(headline: str) -> set[str]:
    """Return the character bigrams of ``headline``, letters and digits only, case folded."""
    text = "".join(c for c in unicodedata.normalize("NFKC", headline).casefold() if c.isalnum())
    return {text[i : i + 2] for i in range(len(text) - 1)} or {text}


def jaccard(a: set[str], b: set[str]) -> float:
    """Return the share of the two sets' union that is in both: 1.0 for equal sets."""
    return len(a & b) / len(a | b)


def _signatures(sets: Sequence[set[str]], seed: int) -> NDArray[np.uint32]:
    """Return MinHash signatures, shape (n_headlines, bands * rows)."""
    rng = np.random.default_rng(seed)
    factors = [rng.integers(1, 2**63, dtype=np.uint64) | np.uint64(1) for _ in range(_BANDS * _ROWS)]
    signatures = np.empty((len(sets), len(factors)), np.uint32)
    for begin in range(0, len(sets), _CHUNK):
        chunk = sets[begin : begin + _CHUNK]
        sizes = np.fromiter(map(len, chunk), np.int64, len(chunk))
        codes = np.fromiter(
            ((ord(g[0]) << 21 | ord(g[-1])) if g else 0 for group in chunk for g in group), np.uint64, int(sizes.sum())
        )
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        for k, factor in enumerate(factors):
            hashed = (codes + np.uint64(1)) * factor
            hashed ^= hashed >> np.uint64(29)
            hashed = (hashed * factor) >> np.uint64(32)
            signatures[begin : begin + _CHUNK, k] = np.minimum.reduceat(hashed, starts)
    return signatures


def _candidates(signatures: NDArray[np.uint32], rank: NDArray[np.intp]) -> NDArray[np.int64]:
    """Return pairs (shape (n, 2), first < second) of neighbours, by ``rank``, that agree on a whole band."""
    pairs = []
    for band in range(_BANDS):
        part = signatures[:, band * _ROWS : (band + 1) * _ROWS]
        key = part[:, 0].astype(np.uint64)
        for column in range(1, _ROWS):
            key = key * np.uint64(0x9E3779B97F4A7C15) ^ part[:, column]
        order = np.lexsort((rank, key))
        same = key[order][1:] == key[order][:-1]
        # Within a bucket each headline is paired with its neighbour: enough to chain it together,
        # and linear even when a bucket is large.
        pairs.append(np.stack([order[:-1][same], order[1:][same]], axis=1))
    found = np.sort(np.concatenate(pairs), axis=1)
    return np.unique(found, axis=0)


def near_duplicate_pairs(
    headlines: Sequence[str], threshold: float = THRESHOLD, seed: int = 0
) -> list[tuple[int, int, float]]:
    """Return ``(i, j, jaccard)`` for pairs of headlines at or above ``threshold``, i < j."""
    if len(headlines) < 2:
        return []
    sets = [bigrams(headline) for headline in headlines]
    # Ranked by content, so that the pairs do not depend on the order of the table.
    rank = np.unique(["".join(sorted(group)) for group in sets], return_inverse=True)[1]
    found = _candidates(_signatures(sets, seed), rank).tolist()
    scored = ((i, j, jaccard(sets[i], sets[j])) for i, j in found)
    return [(i, j, score) for i, j, score in scored if score >= threshold]


def near_duplicate_groups(headlines: Sequence[str], threshold: float = THRESHOLD, seed: int = 0) -> NDArray[np.int32]:
    """Return a group number for every headline; near-duplicates, also by a chain of them, share one."""
    n = len(headlines)
    pairs = near_duplicate_pairs(headlines, threshold, seed)
    rows = [i for i, _, _ in pairs]
    columns = [j for _, j, _ in pairs]
    links = sparse.coo_array((np.ones(len(pairs), np.int8), (rows, columns)), shape=(n, n))
    _, groups = connected_components(links, directed=False)
    return np.asarray(groups, np.int32)
