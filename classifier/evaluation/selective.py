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


def p_values(
    reference: NDArray[np.floating], target: NDArray[np.intp], probabilities: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Return how well each section fits each headline, (n, n_sections), as a conformal p-value by section.

    Of the reference headlines of a section: the share whose right section got no higher probability, the headline
    itself counted among them (Vovk, Gammerman & Shafer 2005, "Algorithmic Learning in a Random World", section 4.5;
    class-conditional, so every section has the coverage).

    Args:
        reference: (n_reference, n_sections), probabilities of headlines that the model was not fitted on.
        target: (n_reference,), their right sections.
        probabilities: (n, n_sections).
    """
    return _p_values(_of_right_sections(reference, target), probabilities)


def _of_right_sections(reference: NDArray[np.floating], target: NDArray[np.intp]) -> list[NDArray[np.floating]]:
    """Return, for each section, the probabilities that it got where it is right, ascending."""
    return [np.sort(reference[target == section, section]) for section in range(reference.shape[1])]


def _p_values(of_right: list[NDArray[np.floating]], probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    found = np.empty(probabilities.shape)
    for section, own in enumerate(of_right):
        found[:, section] = (own.searchsorted(probabilities[:, section], side="right") + 1) / (len(own) + 1)
    return found


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
        self._of_right = _of_right_sections(reference[~own], target[~own])
        mine = _p_values(self._of_right, reference[own])[np.arange(own.sum()), target[own]]
        self._level = set_level(mine, coverage)

    def find(self, probabilities: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Return which sections each headline's set has, (n, n_sections); the likeliest section is always in it."""
        sets = _p_values(self._of_right, probabilities) > self._level
        sets[np.arange(len(sets)), probabilities.argmax(axis=1)] = True
        return sets


def prediction_sets(
    reference: NDArray[np.floating],
    target: NDArray[np.intp],
    own: NDArray[np.bool_],
    probabilities: NDArray[np.floating],
    coverage: float,
) -> NDArray[np.bool_]:
    """Return the prediction sets of ``probabilities`` (n, n_sections); see :class:`PredictionSets`."""
    return PredictionSets(reference, target, own, coverage).find(probabilities)
