"""Which headlines to label first: those that the model is most uncertain of; of near-duplicates one.

Margin sampling (Scheffer, Decomain & Wrobel 2001, "Active hidden Markov models for information extraction", section
3.2). `experiments/benchmarks/labelling.py` holds it against random rows. Clusters of the uncertain headlines, one
headline of each, were worth less than the margin alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.corpus.duplicates import near_duplicate_groups
from classifier.prediction.classifier import Classifier


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


def choose_rows(headlines: Sequence[str], probabilities: NDArray[np.floating], budget: int) -> NDArray[np.intp]:
    """Return the rows to label, the most uncertain first; only one of near-duplicates.

    Args:
        headlines: (n,).
        probabilities: (n, n_sections), the model's.
        budget: how many rows at most.
    """
    order = np.argsort(-uncertainty(probabilities), kind="stable")
    groups = near_duplicate_groups(headlines)[order]
    first = np.unique(groups, return_index=True)[1]
    return np.asarray(order[np.sort(first)][:budget])


def labelling_queue(classifier: Classifier, headlines: Sequence[str], budget: int) -> list[QueueItem]:
    """Return the headlines to label, the most uncertain first."""
    probabilities = classifier.predict_proba(headlines)
    items = []
    for row in choose_rows(headlines, probabilities, budget):
        order = np.argsort(-probabilities[row])
        named = [(classifier.sections[i], round(float(probabilities[row, i]), 4)) for i in order[:4]]
        items.append(QueueItem(headlines[row], *named[0], tuple(named[1:])))
    return items
