"""Has a stream of headlines moved away? Four distances between 0 and 1, and what chance alone makes of each.

Without labels, whether accuracy has suffered can only be estimated: by the average thresholded confidence (Garg et al.
2022, "Leveraging Unlabeled Data to Predict Out-of-Distribution Performance", section 4).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import ks_2samp, norm
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from classifier.errors import DataError
from classifier.evaluation.adaptation import answers
from classifier.model.model import Model
from classifier.model.reference import Reference

THRESHOLD = 0.1  #: a distance above it is drift, if it is more than chance
FEWEST = 20  #: rows of a table
_BINS = 10
_CHANCE = 0.01  # how often chance alone exceeds a bound
_ONE_SIDED = float(norm.ppf(1 - _CHANCE))  # the bound of a difference, in standard errors


@dataclass(frozen=True)
class Distance:
    """One distance between the two tables."""

    name: str
    value: float  #: 0: no difference, to 1
    bound: float  #: chance alone stays below it 99 times in 100, for tables of these sizes


@dataclass(frozen=True)
class Drift:
    """How far a table is from another, or from what the model was trained on."""

    rows: int
    reference_rows: int
    threshold: float
    distances: tuple[Distance, ...]
    sections: dict[str, tuple[float, float]]  #: share of the answers: reference, now
    confidence: tuple[list[float], list[float]]  #: shares of ten equal bins from 0 to 1: reference, now
    unknown: tuple[float, float]  #: mean share of unknown features: reference, now
    mean_confidence: float  #: of the table, which for calibrated probabilities is the accuracy to expect
    estimated_accuracy: float | None  #: None if the reference has no labels
    reference_accuracy: float | None

    @property
    def drifted(self) -> tuple[str, ...]:
        """The names of the distances above both the threshold and what chance makes of them."""
        return tuple(d.name for d in self.distances if d.value > max(d.bound, self.threshold))

    def to_dict(self) -> dict[str, Any]:
        """Return all as plain numbers."""
        return asdict(self) | {"drifted": list(self.drifted)}


def measure_drift(
    model: Model, reference: Reference, now: Reference, *, labelled: bool, threshold: float = THRESHOLD, seed: int = 0
) -> Drift:
    """Compare two tables as a model scores them.

    Args:
        model: its calibrations and sections.
        reference: what to compare with.
        now: the table in question; its ``target`` is not read.
        labelled: whether the reference's ``target`` is true.
        threshold: the distance above which it is drift.
        seed: of the two-sample test's halves and of the simulation.

    Raises:
        DataError: a table has too few rows.
    """
    sizes = (len(reference.target), len(now.target))
    if min(sizes) < FEWEST:
        raise DataError(
            f"Drift needs {FEWEST} headlines or more in each table; found {sizes[1]:,}, and {sizes[0]:,} to compare "
            "them with."
        )
    then_p, now_p = answers(model, reference), answers(model, now)
    confidence = [p.max(axis=1).astype(np.float64) for p in (then_p, now_p)]
    mixes = [np.bincount(p.argmax(axis=1), minlength=len(model.sections)) / len(p) for p in (then_p, now_p)]
    bins = [np.histogram(c, _BINS, (0, 1))[0] / len(c) for c in confidence]
    unknown = [part.unknown.astype(np.float64) for part in (reference, now)]
    spread = float(np.sqrt(sum(values.var() / len(values) for values in unknown)))
    distances = (
        Distance("section mix", float(_total_variation(*mixes)), _mix_bound(mixes, sizes, seed)),
        Distance("confidence", float(ks_2samp(*confidence).statistic), _smirnov_bound(sizes)),
        Distance("more unknown features", max(float(unknown[1].mean() - unknown[0].mean()), 0.0), _ONE_SIDED * spread),
        _two_sample_test(_features(model, reference), _features(model, now), seed),
    )  # fmt: skip
    accuracy = estimate = None
    if labelled:
        accuracy = float((then_p.argmax(axis=1) == reference.target).mean())
        estimate = float((confidence[1] >= np.quantile(confidence[0], 1 - accuracy)).mean())
    return Drift(
        rows=sizes[1],
        reference_rows=sizes[0],
        threshold=threshold,
        distances=distances,
        sections={name: (float(a), float(b)) for name, a, b in zip(model.sections, *mixes, strict=True)},
        confidence=(bins[0].tolist(), bins[1].tolist()),
        unknown=(float(unknown[0].mean()), float(unknown[1].mean())),
        mean_confidence=float(confidence[1].mean()),
        estimated_accuracy=estimate,
        reference_accuracy=accuracy,
    )


def _total_variation(a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.asarray(np.abs(a - b).sum(axis=-1) / 2)


def _mix_bound(mixes: list[NDArray[np.float64]], sizes: tuple[int, int], seed: int) -> float:
    """Return the distance that two tables of the same mix stay below, 99 times in 100."""
    rng = np.random.default_rng(seed)
    same = (mixes[0] * sizes[0] + mixes[1] * sizes[1]) / sum(sizes)
    drawn = [rng.multinomial(n, same, 1000) / n for n in sizes]
    return float(np.quantile(_total_variation(*drawn), 1 - _CHANCE))


def _smirnov_bound(sizes: tuple[int, int]) -> float:
    """Return the same for the Kolmogorov-Smirnov distance, by its limit distribution."""
    return float(np.sqrt(-np.log(_CHANCE / 2) / 2 * sum(1 / n for n in sizes)))


def _features(model: Model, rows: Reference) -> NDArray[np.float64]:
    """Return what the two-sample test reads: the direction of the logits and the headline's length.

    Neither the logits' length nor the share of unknown features: the training rows were scored by the models of the
    folds, which had fewer rows to learn from.
    """
    logits = np.hstack([calibration.apply(rows.logits[tier]) for tier, calibration in model.calibrations.items()])
    directions = logits / np.maximum(np.linalg.norm(logits, axis=1, keepdims=True), 1e-6)
    return np.column_stack([directions, np.log1p(rows.length)]).astype(np.float64)


def _two_sample_test(then: NDArray[np.float64], now: NDArray[np.float64], seed: int) -> Distance:
    """Return how well a classifier tells the two tables apart: 0 for by chance, 1 for always.

    Lopez-Paz & Oquab 2017, "Revisiting Classifier Two-Sample Tests", section 3, with balanced accuracy.
    """
    rng = np.random.default_rng(seed)
    halves = [np.array_split(part[rng.permutation(len(part))], 2) for part in (then, now)]
    train, test = ([half[i] for half in halves] for i in (0, 1))
    model = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced", max_iter=500))
    model.fit(np.vstack(train), np.repeat([0, 1], [len(part) for part in train]))
    right = [float((model.predict(part) == label).mean()) for label, part in enumerate(test)]
    bound = _ONE_SIDED * 0.5 * np.sqrt(sum(1 / len(part) for part in test))
    return Distance("two-sample test", max(sum(right) - 1, 0.0), float(bound))
