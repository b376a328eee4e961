"""Folds and hold-outs that keep near-duplicates, or whole topics, on one side.

A headline corpus ages: the headlines of the next year tell of events that no training headline names. Folds that keep
only near-duplicates together do not show that. Folds that keep whole topics together do.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.cluster import MiniBatchKMeans
from sklearn.model_selection import StratifiedGroupKFold, train_test_split
from sklearn.preprocessing import normalize as unit_length

from classifier.corpus.duplicates import near_duplicate_groups
from classifier.errors import DataError
from classifier.training.features import HeadlineFeatures

#: The training rows and the test rows of each fold.
Folds = list[tuple[NDArray[np.intp], NDArray[np.intp]]]

#: Topics of a corpus; one of YNAT's is, say, fine dust, or rights issues of small companies.
TOPICS = 150


def make_folds(
    headlines: Sequence[str],
    target: NDArray[np.intp],
    sections: Sequence[str],
    n: int,
    seed: int,
    groups: NDArray[np.integer] | None = None,
) -> Folds:
    """Return ``n`` stratified folds that keep ``groups`` (default: near-duplicate headlines) together.

    Raises:
        DataError: a section is too small for so many folds.
    """
    sizes = np.bincount(target, minlength=len(sections))
    small = [f"{name} ({size})" for name, size in zip(sections, sizes, strict=True) if size < n]
    if small:
        raise DataError(
            f"{n} folds need {n} headlines of every section; too few: {', '.join(small)}. "
            "Add headlines, leave the section out, or lower search.folds."
        )
    groups = near_duplicate_groups(headlines) if groups is None else groups
    splitter = StratifiedGroupKFold(n, shuffle=True, random_state=seed)
    folds = list(splitter.split(np.zeros(len(target)), target, groups))
    for train, _ in folds:
        learned = np.bincount(target[train], minlength=len(sections))
        absent = [name for name, size in zip(sections, learned, strict=True) if not size]
        if absent:
            raise DataError(
                f"All headlines of {', '.join(absent)} are near-duplicates of each other, so no fold can learn it "
                "and be tested on it. Add different headlines of that section."
            )
    return folds


def holdout_rows(
    headlines: Sequence[str], target: NDArray[np.intp], sections: Sequence[str], share: float, seed: int
) -> NDArray[np.intp]:
    """Return the rows of a held-out part of about ``share``, stratified, near-duplicate groups whole.

    Raises:
        DataError: it would not hold a headline of every section.
    """
    first, group = np.unique(near_duplicate_groups(headlines), return_index=True, return_inverse=True)[1:]
    section = target[first]  # of a group
    sizes = np.bincount(section, minlength=len(sections))
    held = int(np.ceil(len(first) * share))
    absent = np.flatnonzero(sizes < 2)
    if not len(absent) and len(sections) <= min(held, len(first) - held):
        _, tested = train_test_split(np.arange(len(first)), test_size=held, stratify=section, random_state=seed)
        absent = np.setdiff1d(np.arange(len(sections)), section[tested])
        if not len(absent):
            return np.flatnonzero(np.isin(group, tested))
    few = absent.tolist() or range(len(sections))
    named = ", ".join(f"{sections[i]} ({sizes[i]})" for i in few)
    raise DataError(
        f"data.holdout: {share:g} of {len(first):,} different headlines cannot hold some of every section; too few: "
        f"{named}. Add headlines, hold out more, leave the section out, or name a table as data.test."
    )


def topic_groups(
    words: sparse.csr_array, embeddings: NDArray[np.float32], duplicates: NDArray[np.integer], seed: int
) -> NDArray[np.intp]:
    """Return the topic of every headline, near-duplicates in one.

    k-means (by mini-batches, Sculley 2010) on the mean embeddings, at unit length.

    Args:
        words: counts of the block ``embeddings``, (n_headlines, vocabulary size).
        embeddings: (vocabulary size, dimensions).
        duplicates: (n_headlines,), the group of near-duplicates of each.
        seed: of the first centres.
    """
    counts = {"embeddings": words}
    means = unit_length(HeadlineFeatures(["embeddings"], embeddings=embeddings).fit(counts).transform(counts).toarray())
    k = min(TOPICS, len(means))
    topics = MiniBatchKMeans(k, init="random", n_init=1, batch_size=4096, random_state=seed).fit_predict(means)
    first = np.unique(duplicates, return_index=True)[1]
    return np.asarray(topics[first][np.unique(duplicates, return_inverse=True)[1]], np.intp)
