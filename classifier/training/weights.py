"""What each row counts for in a fit: as the config states, and less for likely label errors."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from classifier.errors import ConfigError
from classifier.training.config import Labels
from classifier.training.dataset import RowWeights, TrainingSet
from classifier.training.label_errors import assess_labels

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger(__name__)

_FOLDS = 3


def weigh(data: TrainingSet, labels: Labels, frame: pd.DataFrame, n_jobs: int = -1) -> TrainingSet:
    """Return the training set with the weights of its rows, for each fold's fit and for the fit on all rows.

    Likely label errors are looked for among the rows that a fit may see and no others, by folds
    within them, so that the rows on which a candidate is scored have no part in it.

    Args:
        data: the training set, without weights.
        labels: how much labels count.
        frame: the rows of ``data`` as a table, with its columns ``evidence`` and ``table`` as far as ``labels`` needs.
        n_jobs: processes.

    Raises:
        ConfigError: the rows lack a column that ``labels`` needs, or all rows of a section have weight 0.
    """
    stated = stated_weights(frame, labels)
    if stated is not None:
        _check_left(stated, [*(train for train, _ in data.folds), np.arange(len(data.target))], data)
    if labels.errors == "keep":
        weighed = replace(data, weights=stated, fold_weights=[stated] * len(data.folds))
    else:
        weighed = replace(
            data,
            weights=_less_for_errors(data, np.arange(len(data.target)), stated, labels, n_jobs),
            fold_weights=[_less_for_errors(data, train, stated, labels, n_jobs) for train, _ in data.folds],
        )
    if weighed.weights is not None:
        dropped, lighter = (weighed.weights == 0).sum(), ((weighed.weights > 0) & (weighed.weights < 1)).sum()
        logger.info("labels: %d rows dropped and %d weighed down of %d", dropped, lighter, len(data.target))
    return weighed


def _less_for_errors(
    data: TrainingSet, rows: NDArray[np.intp], stated: RowWeights, labels: Labels, n_jobs: int
) -> NDArray[np.float64]:
    """Return ``stated`` with the weight of likely label errors among ``rows`` lowered."""
    rows = np.intersect1d(rows, data.scored)  # the others are no headlines that somebody has labelled
    quality = assess_labels(data.take(rows, _FOLDS), n_jobs=n_jobs)
    weights = np.ones(len(data.target)) if stated is None else stated.copy()
    weights[rows[quality.suspect]] *= 0.0 if labels.errors == "drop" else labels.error_weight
    for section in range(len(data.sections)):  # a section whose labels are all likely errors is learned all the same
        inside = rows[data.target[rows] == section]
        if not weights[inside].any():
            weights[inside] = 1.0 if stated is None else stated[inside]
    return weights


def stated_weights(frame: pd.DataFrame, labels: Labels) -> RowWeights:
    """Return the weights that a config states for rows, by their columns ``evidence`` and ``table``; None for none.

    Raises:
        ConfigError: no training table has the column ``evidence``, or ``labels.tables`` names what is not trained on.
    """
    if not labels.evidence and not labels.tables:
        return None
    weights = np.ones(len(frame))
    if labels.evidence:
        if "evidence" not in frame:
            raise ConfigError(
                "labels.evidence weighs rows by the column evidence, which no training table has. "
                "`classifier extract` writes it; else leave labels.evidence out."
            )
        if unknown := sorted(set(labels.evidence) - set(frame["evidence"])):
            logger.warning("labels.evidence: no training row has the evidence %s", ", ".join(unknown))
        weights *= [labels.evidence.get(name, 1.0) for name in frame["evidence"]]
    for table, stated in labels.tables.items():
        here = (frame["table"] == table).to_numpy()
        if not here.any():
            raise ConfigError(
                f"labels.tables: nothing is learned from {table!r}; data.train and data.lexicon name no such table."
            )
        if not isinstance(stated, dict):
            weights[here] *= stated
            continue
        for section, weight in stated.items():
            chosen = here & (frame["section"] == section).to_numpy()
            if not chosen.any():
                raise ConfigError(f"labels.tables: {table} has no rows of the section {section!r}.")
            weights[chosen] *= weight
    return weights


def _check_left(weights: NDArray[np.float64], fits: Sequence[NDArray[np.intp]], data: TrainingSet) -> None:
    """Raise a ConfigError if the rows of a fit hold a section none of whose rows counts."""
    sections, target = data.sections, data.target
    for rows in fits:
        left = np.bincount(target[rows][weights[rows] > 0], minlength=len(sections))
        if gone := [f"{name} ({int((target == i).sum())} rows)" for i, name in enumerate(sections) if not left[i]]:
            raise ConfigError(
                f"labels.evidence gives the weight 0 to all rows (of a fold at least) of {', '.join(gone)}, so "
                "there is nothing to learn them from. Give their evidence a small weight instead, or leave them out."
            )
