"""When to give no section, and when several: thresholds for a promised precision, prediction sets for a coverage.

Both are measured on headlines scored out of fold. NumPy alone, because prediction uses it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NEVER = 2.0  #: a threshold that no probability reaches
_FEWEST = 20  # rows that a precision is measured on


def precision_thresholds(
    probabilities: NDArray[np.floating], target: NDArray[np.intp], precision: float
) -> NDArray[np.float64]:
    """Return, for each section, the lowest probability from which its answers have a precision, (n_sections,).

    The precision of the answers above a probability is the smaller of two estimates: the share that is right, and the
    mean probability, which for a model calibrated for other publishers is the lower one. A section that never
    reaches the precision, or too few rows to tell, gets :data:`NEVER`.

    Args:
        probabilities: (n, n_sections), calibrated.
        target: (n,), the column of the right section.
        precision: between 0 and 1.
    """
    answer, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1).astype(np.float64)
    thresholds = np.full(probabilities.shape[1], NEVER)
    for section in range(probabilities.shape[1]):
        rows = np.flatnonzero(answer == section)
        rows = rows[np.argsort(-confidence[rows], kind="stable")]
        number = np.arange(1, len(rows) + 1)
        right = np.cumsum(target[rows] == section) / number
        reached = (np.minimum(right, np.cumsum(confidence[rows]) / number) >= precision) & (number >= _FEWEST)
        if reached.any():
            thresholds[section] = confidence[rows[np.flatnonzero(reached)[-1]]]
    return thresholds


def set_level(p_values_of_own: NDArray[np.floating], coverage: float) -> float:
    """Return the p-value above which a section belongs to a set that covers the right one with ``coverage``.

    Args:
        p_values_of_own: (n,), of the right sections of a publisher's own rows; if there are none, the level is the
            one that holds for headlines like the reference.
        coverage: between 0 and 1.
    """
    if not len(p_values_of_own):
        return 1 - coverage
    number = int((1 - coverage) * (len(p_values_of_own) + 1))
    return float(np.nextafter(np.sort(p_values_of_own)[number - 1], 0)) if number else 0.0


class PredictionSets:
    """Finds the prediction sets of a coverage; what depends on the reference alone is computed once.

    Args:
        reference: (n_reference, n_sections), probabilities of headlines that the model was not fitted on.
        target: (n_reference,), their right sections.
        own: (n_reference,), which of them are a publisher's own rows; they set the level and not the p-values.
        coverage: between 0 and 1: how often a set is to hold the right section.
    """

    def __init__(
        self, reference: NDArray[np.floating], target: NDArray[np.intp], own: NDArray[np.bool_], coverage: float
    ) -> None:
        ours, sections = target[~own], range(reference.shape[1])
        self._of_right = [np.sort(reference[~own][ours == section, section]) for section in sections]
        self._level = set_level(self.p_values(reference[own])[np.arange(own.sum()), target[own]], coverage)

    def p_values(self, probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return how well each section fits each headline, (n, n_sections), as a conformal p-value by section.

        Of the reference headlines of a section: the share whose right section got no higher probability, the headline
        itself counted among them (Vovk, Gammerman & Shafer 2005, "Algorithmic Learning in a Random World", section
        4.5; class-conditional, so every section has the coverage).
        """
        found = np.empty(probabilities.shape)
        for section, right in enumerate(self._of_right):
            found[:, section] = (right.searchsorted(probabilities[:, section], side="right") + 1) / (len(right) + 1)
        return found

    def find(self, probabilities: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Return which sections each headline's set has, (n, n_sections); the likeliest section is always in it."""
        sets = self.p_values(probabilities) > self._level
        sets[np.arange(len(sets)), probabilities.argmax(axis=1)] = True
        return sets
