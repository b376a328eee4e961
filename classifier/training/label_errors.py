"""Which labels are likely wrong: confident learning on out-of-fold probabilities.

Northcutt, Jiang & Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels", by the
cleanlab library. A row is assessed by a model that was fitted to neither it nor a near-duplicate of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from classifier.evaluation.calibration import fit_temperature
from classifier.evaluation.metrics import probabilities_of
from classifier.model.linear import LinearModel
from classifier.training.compile import compile_model, fit
from classifier.training.config import NOISE_MODEL, Candidate
from classifier.training.dataset import TrainingSet
from classifier.training.features import slice_rows


@dataclass(frozen=True)
class LabelQuality:
    """What models that were not fitted to a row say of its label."""

    probabilities: NDArray[np.float64]  #: (n_rows, n_sections), calibrated, out of fold
    quality: NDArray[np.float64]  #: (n_rows,), 0 for a label that is surely wrong to 1 for one that is surely right
    suspect: NDArray[np.bool_]  #: (n_rows,), likely label errors
    models: list[LinearModel]  #: one a fold, to explain an answer; the model of a row is ``models[fold[row]]``
    fold: NDArray[np.intp]  #: (n_rows,)


def assess_labels(data: TrainingSet, candidate: Candidate = NOISE_MODEL, n_jobs: int = -1) -> LabelQuality:
    """Assess every label by a model of each fold; ``data`` has the counts of the candidate's blocks."""
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    small = data.only(candidate.features)
    fitted = Parallel(n_jobs=n_jobs)(
        delayed(fit)(candidate, small, *data.part(fold)) for fold in range(len(data.folds))
    )
    scores = np.empty((len(data.target), len(data.sections)))
    fold = np.empty(len(data.target), np.intp)
    for i, (_, test) in enumerate(data.folds):
        scores[test] = fitted[i].scores(slice_rows(small.counts, test))
        fold[test] = i
    temperature = fit_temperature(scores, data.target)
    probabilities = probabilities_of(scores, temperature)
    return LabelQuality(
        probabilities=probabilities,
        quality=np.asarray(get_label_quality_scores(data.target, probabilities, method="confidence_weighted_entropy")),
        suspect=np.asarray(find_label_issues(data.target, probabilities, n_jobs=1)),
        models=[compile_model(f.features, f.estimator, data.sections, temperature) for f in fitted],
        fold=fold,
    )
