"""Two halves of a crawl by near-duplicate group: one to look at, one that stays unread.

``portal-2025``'s first half is the one whose errors were read to steer ``sample:desk``; its second half is for
figures alone. ``python experiments/benchmarks/halves.py FOLDER`` writes both lists of row numbers there.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifier.corpus.datasets import load_corpus
from classifier.corpus.duplicates import near_duplicate_groups

CRAWL = "portal-2025"


def halves(headlines: list[str], seed: int = 0) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the row numbers of two halves; near-duplicates stand in the same one.

    Args:
        headlines: the headlines of a table, in its order.
        seed: which groups of near-duplicates go into the first half.

    Returns:
        Ascending row numbers, first half and second half. Groups are dealt at random, so the halves differ a little
        in size.
    """
    groups = near_duplicate_groups(headlines, seed=0)
    dealt = np.random.default_rng(seed).permutation(groups.max() + 1)
    first = dealt[groups] < len(dealt) / 2
    return np.flatnonzero(first), np.flatnonzero(~first)


def half(unread: bool) -> pd.DataFrame:
    """Return one half of the crawl: the one that stays unread, or the one whose errors were read."""
    table = load_corpus(CRAWL)
    return table.iloc[halves(table["headline"].tolist())[int(unread)]].reset_index(drop=True)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    read, unread = halves(load_corpus(CRAWL)["headline"].tolist())
    np.save(folder / "portal2025_read_rows.npy", read)
    np.save(folder / "portal2025_unread_rows.npy", unread)
    print(f"{CRAWL}: {len(read):,} rows read, {len(unread):,} rows unread")
