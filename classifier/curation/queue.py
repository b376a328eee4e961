"""Which headlines to label first: those that the model is uncertain of, spread over topics.

Zhdanov 2019, "Diverse mini-batch active learning": of the most uncertain headlines, k-means weighted by uncertainty
finds as many clusters as labels are wanted, and the headline nearest to each centre is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import MiniBatchKMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.preprocessing import normalize as unit_length

from classifier.corpus.duplicates import near_duplicate_groups
from classifier.model.blocks import BLOCKS, Batch
from classifier.prediction.classifier import Classifier
from classifier.text.normalize import normalize_all

_OVERSAMPLE = 10  #: so many times the budget, the most uncertain headlines are clustered
_DIMENSIONS = 64  #: of the vectors that are clustered


@dataclass(frozen=True)
class QueueItem:
    """A headline to label."""

    headline: str
    suggested: str  #: the model's section
    probability: float
    rivals: tuple[tuple[str, float], ...]  #: the next sections with their probabilities


def uncertainty(probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return one minus the margin between the two likeliest sections, (n,): 1 is most uncertain."""
    best = np.sort(probabilities, axis=1)[:, -2:].astype(np.float64)
    return np.asarray(1 - (best[:, 1] - best[:, 0]))


def choose_rows(
    headlines: Sequence[str], probabilities: NDArray[np.floating], budget: int, seed: int = 0
) -> NDArray[np.intp]:
    """Return the rows to label, the most uncertain first; only one of near-duplicates.

    Args:
        headlines: (n,).
        probabilities: (n, n_sections), the model's.
        budget: how many rows at most.
        seed: of the clustering.
    """
    uncertain = uncertainty(probabilities)
    order = np.argsort(-uncertain, kind="stable")
    groups = near_duplicate_groups(headlines)[order]
    _, first = np.unique(groups, return_index=True)
    candidates = order[np.sort(first)]
    if len(candidates) > budget:
        candidates = candidates[: _OVERSAMPLE * budget]
        vectors = _vectors([headlines[i] for i in candidates], seed)
        weights = np.maximum(uncertain[candidates], 1e-6)
        clusters = MiniBatchKMeans(budget, random_state=seed, n_init=1, batch_size=4096, reassignment_ratio=0)
        clusters.fit(vectors, sample_weight=weights)
        distance = np.linalg.norm(vectors - clusters.cluster_centers_[clusters.labels_], axis=1)
        # Of each cluster the headline nearest to its centre; clusters that are left empty give none.
        near = np.lexsort((distance, clusters.labels_))
        taken = np.unique(clusters.labels_[near], return_index=True)[1]
        chosen = candidates[near[taken]]
        rest = candidates[~np.isin(candidates, chosen)]
        candidates = np.concatenate([chosen, rest])[:budget]
    return np.asarray(candidates[np.argsort(-uncertain[candidates], kind="stable")])


def _vectors(headlines: Sequence[str], seed: int) -> NDArray[np.float64]:
    """Return vectors of unit length, (n, at most 64), from TF-IDF of character n-grams."""
    counts = BLOCKS["chars"].count(Batch(normalize_all(headlines)))
    counts = counts[:, np.flatnonzero(np.bincount(counts.indices, minlength=counts.shape[1]) > 1)]
    size = min(_DIMENSIONS, min(counts.shape) - 1)
    if size < 1:  # nothing in common
        return np.zeros((len(headlines), 1))
    found = TruncatedSVD(size, random_state=seed).fit_transform(
        TfidfTransformer(sublinear_tf=True).fit_transform(counts)
    )
    return np.asarray(unit_length(found))


def labelling_queue(classifier: Classifier, headlines: Sequence[str], budget: int, seed: int = 0) -> list[QueueItem]:
    """Return the headlines to label, the most uncertain first."""
    probabilities = classifier.predict_proba(headlines)
    items = []
    for row in choose_rows(headlines, probabilities, budget, seed):
        order = np.argsort(-probabilities[row])
        named = [(classifier.sections[i], round(float(probabilities[row, i]), 4)) for i in order[:4]]
        items.append(QueueItem(headlines[row], *named[0], tuple(named[1:])))
    return items
