"""Which labels are likely wrong: confident learning on out-of-fold probabilities.

Northcutt, Jiang & Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels", by the
cleanlab library. A row is evaluated by a model that has seen neither it nor a near-duplicate of it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from classifier.errors import ConfigError
from classifier.evaluation.calibration import fit_temperature
from classifier.evaluation.metrics import probabilities_of
from classifier.model.linear import LinearModel
from classifier.training.config import Candidate, Labels
from classifier.training.estimators import linear_weights
from classifier.training.features import Counts, slice_rows
from classifier.training.search import Folds, Weighting, compile_model, fit, make_folds

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger(__name__)

#: The model that judges labels. Of five tried on YNAT's train split with 5% of its labels flipped, it found
#: them best (`experiments/benchmarks/label_errors.py`).
NOISE_MODEL = Candidate(
    estimator="nbsvm",
    features=("chars", "morphemes", "nospace", "embeddings"),
    min_df=2,
    block_weights={"embeddings": 0.5},
    parameters={"C": 0.05},
)

_FOLDS = 3


@dataclass(frozen=True)
class LabelQuality:
    """What out-of-fold models think of the labels of a table."""

    probabilities: NDArray[np.float64]  #: (n_rows, n_sections), calibrated
    quality: NDArray[np.float64]  #: (n_rows,), 0 for a label that is surely wrong to 1 for one that is surely right
    suspect: NDArray[np.bool_]  #: (n_rows,), likely label errors
    models: list[LinearModel]  #: one a fold, to explain the judgement; the model of a row is ``models[fold[row]]``
    fold: NDArray[np.intp]  #: (n_rows,)


def assess_labels(
    counts: Counts,
    target: NDArray[np.intp],
    sections: Sequence[str],
    folds: Folds,
    embeddings: NDArray[np.float32] | None,
    seed: int,
    n_jobs: int = -1,
) -> LabelQuality:
    """Judge every label by the folds' models; ``counts`` hold at least the blocks of :data:`NOISE_MODEL`."""
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    needed = {name: counts[name] for name in NOISE_MODEL.features}
    fitted = Parallel(n_jobs=n_jobs)(
        delayed(fit)(NOISE_MODEL, needed, target, train, embeddings, seed) for train, _ in folds
    )
    scores = np.empty((len(target), len(sections)))
    fold = np.empty(len(target), np.intp)
    for i, ((features, estimator), (_, test)) in enumerate(zip(fitted, folds, strict=True)):
        weights, intercept = linear_weights(estimator)
        scores[test] = features.transform(slice_rows(needed, test)) @ weights + intercept
        fold[test] = i
    temperature = fit_temperature(scores, target)
    probabilities = probabilities_of(scores, temperature)
    return LabelQuality(
        probabilities=probabilities,
        quality=np.asarray(get_label_quality_scores(target, probabilities, method="confidence_weighted_entropy")),
        suspect=np.asarray(find_label_issues(target, probabilities, n_jobs=1)),
        models=[compile_model(features, estimator, sections, temperature) for features, estimator in fitted],
        fold=fold,
    )


def stated_weighting(frame: pd.DataFrame, labels: Labels) -> Weighting:
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
            raise ConfigError(f"labels.tables: no training row is from {table!r}; data.train names no such table.")
        if not isinstance(stated, dict):
            weights[here] *= stated
            continue
        for section, weight in stated.items():
            chosen = here & (frame["section"] == section).to_numpy()
            if not chosen.any():
                raise ConfigError(f"labels.tables: {table} has no rows of the section {section!r}.")
            weights[chosen] *= weight
    return weights


def weighting_in_words(weighting: NDArray[np.float64]) -> str:
    """Return how many rows count for less than one, for a log."""
    dropped = int((weighting == 0).sum())
    less = int(((weighting > 0) & (weighting < 1)).sum())
    return f"{dropped:,} rows dropped and {less:,} weighed down of {len(weighting):,}"


def training_weightings(
    labels: Labels,
    frame: pd.DataFrame,
    counts: Counts,
    target: NDArray[np.intp],
    sections: Sequence[str],
    folds: Folds,
    embeddings: NDArray[np.float32] | None,
    seed: int,
    n_jobs: int,
) -> tuple[list[Weighting], Weighting]:
    """Return the weights of the rows for each fold's fit and for the fit on all rows.

    Likely label errors are looked for among the rows that a fit may see and no others, by folds
    within them, so that the rows on which a candidate is scored have no part in it.
    """
    base = stated_weighting(frame, labels)
    if base is not None:
        _check_left(base, [*(train for train, _ in folds), np.arange(len(target))], target, sections)
    if labels.errors == "keep":
        return [base] * len(folds), base
    headlines = frame["headline"].tolist()
    factor = 0.0 if labels.errors == "drop" else labels.error_weight

    def weigh(rows: NDArray[np.intp]) -> Weighting:
        inner = make_folds([headlines[i] for i in rows], target[rows], sections, _FOLDS, seed)
        evaluated = assess_labels(slice_rows(counts, rows), target[rows], sections, inner, embeddings, seed, n_jobs)
        weights = np.ones(len(target)) if base is None else base.copy()
        weights[rows[evaluated.suspect]] *= factor
        for section in range(len(sections)):  # a section all of whose labels are doubtful is still to be learned
            inside = rows[target[rows] == section]
            if not weights[inside].any():
                weights[inside] = 1.0 if base is None else base[inside]
        return weights

    return [weigh(train) for train, _ in folds], weigh(np.arange(len(target)))


def _check_left(
    weights: NDArray[np.float64], fits: Sequence[NDArray[np.intp]], target: NDArray[np.intp], sections: Sequence[str]
) -> None:
    """Raise a ConfigError if the rows of a fit hold a section none of whose rows counts."""
    for rows in fits:
        left = np.bincount(target[rows][weights[rows] > 0], minlength=len(sections))
        if gone := [f"{name} ({int((target == i).sum())} rows)" for i, name in enumerate(sections) if not left[i]]:
            raise ConfigError(
                f"labels.evidence gives the weight 0 to all rows (of a fold at least) of {', '.join(gone)}, so "
                "there is nothing to learn them from. Give their evidence a small weight instead, or leave them out."
            )
