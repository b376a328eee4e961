"""From a candidate and training rows to a fitted model, and from that to plain arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from classifier.model.linear import LinearModel, Weights
from classifier.training.config import Candidate
from classifier.training.dataset import RowWeights, TrainingSet
from classifier.training.estimators import linear_weights, make_estimator
from classifier.training.features import Counts, HeadlineFeatures, slice_rows


@dataclass(frozen=True)
class Fitted:
    """A candidate fitted to training rows."""

    features: HeadlineFeatures
    estimator: Any

    def scores(self, counts: Counts) -> NDArray[np.float64]:
        """Return the scores (n_rows, n_sections) of counted headlines, not calibrated."""
        weights, intercept = linear_weights(self.estimator)
        return np.asarray(self.features.transform(counts) @ weights + intercept)


def fit(
    candidate: Candidate, data: TrainingSet, rows: NDArray[np.intp] | None = None, weights: RowWeights = None
) -> Fitted:
    """Fit ``candidate`` to some rows of a training set.

    TF-IDF is learned from the rows and, for a ``stack``, from the auxiliary tables too, so that words which occur
    only there have a weight.

    Args:
        candidate: features, estimator and their parameters.
        data: counts of at least the candidate's blocks.
        rows: default: all rows.
        weights: of all rows of ``data``, (n_rows,); a row of weight 0 is left out. None: all rows weigh 1.
    """
    rows = np.arange(len(data.target)) if rows is None else rows
    arguments: dict[str, Any] = {}
    if weights is not None:
        rows = rows[weights[rows] > 0]
        if not np.all(weights[rows] == 1):
            arguments["sample_weight"] = weights[rows]
    features = HeadlineFeatures(candidate.features, candidate.min_df, candidate.block_weights, data.embeddings)
    counts = data.counts if len(rows) == len(data.target) else slice_rows(data.counts, rows)
    estimator = make_estimator(candidate.estimator, candidate.parameters, data.seed)
    if candidate.estimator == "stack":
        tables = data.auxiliary
        features.fit(
            {name: sparse.vstack([counts[name], *(t.counts[name] for t in tables)]) for name in candidate.features}
        )
        arguments["auxiliary"] = [(features.transform(table.counts), table.target) for table in tables]
        arguments["groups"] = None if data.groups is None else data.groups[rows]
    else:
        features.fit(counts)
    matrix = features.transform(counts)
    return Fitted(features, estimator.fit(matrix, data.target[rows], **arguments))


def fit_model(
    candidate: Candidate,
    data: TrainingSet,
    rows: NDArray[np.intp] | None = None,
    weights: RowWeights = None,
    temperature: float = 1.0,
) -> LinearModel:
    """Do what :func:`fit` does and compile the result, with the temperature that cross-validation found."""
    fitted = fit(candidate, data, rows, weights)
    model = compile_model(fitted.features, fitted.estimator, data.sections, temperature)
    return replace(model, words=data.words)


def compile_model(
    features: HeadlineFeatures, estimator: Any, sections: Sequence[str], temperature: float
) -> LinearModel:
    """Turn fitted features and a fitted linear estimator into plain arrays.

    The temperature is divided out and the scores of every feature are centred over the sections;
    neither changes a probability.
    """
    weights, intercept = linear_weights(estimator)
    centred = (weights - weights.mean(axis=1, keepdims=True)) / temperature
    parts = features.split_weights(centred)
    blocks = {}
    for name, tfidf in features.tfidf_.items():
        blocks[name] = Weights(
            columns=np.asarray(tfidf.columns_, np.int32),
            idf=np.asarray(tfidf.tfidf_.idf_, np.float32),
            coefficients=np.ascontiguousarray(parts[name], np.float32),
        )
    prior = (intercept - intercept.mean()) / temperature
    return LinearModel.of_blocks(tuple(sections), np.asarray(prior, np.float32), blocks)
