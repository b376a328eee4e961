"""Fits a model's probabilities to one publisher: from some hundred of its labelled headlines to a calibrated model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import KFold

from classifier.errors import DataError, ModelError
from classifier.evaluation.calibration import adapt, expected_calibration_error
from classifier.evaluation.metrics import score, section_columns
from classifier.model.calibration import Calibration
from classifier.model.cascade import accepted, confidence
from classifier.model.model import Model
from classifier.model.reference import Reference, scored

FEWEST = 20  #: rows
_FOLDS = 5


def score_rows(model: Model, headlines: Sequence[str], sections: Sequence[str] | None = None) -> Reference:
    """Score headlines by every scorer of a model, not calibrated.

    Raises:
        DataError: the model does not know one of ``sections``.
    """
    target = np.zeros(len(headlines), np.intp) if sections is None else section_columns(sections, model.sections)
    plain = model.calibrated(dict.fromkeys(model.calibrations, Calibration()), 1.0)
    scorers = {tier: plain.scorer(tier) for tier in model.calibrations}
    logits = {tier: scorer.scores(headlines)[0] for tier, scorer in scorers.items()}
    unknown_share = (model.fast or model.accurate).unknown_share(headlines)
    return scored(headlines, target, unknown_share, logits)


def adapted(model: Model, rows: Reference) -> Model:
    """Return the model with its calibrations fitted to labelled rows, and with these as the rows of its publisher.

    The threshold of the cascade moves with the fast scorer's calibration, so that it accepts as many of the rows.
    """
    calibrations = {
        tier: adapt(calibration, calibration.apply(rows.logits[tier]), rows.target)
        for tier, calibration in model.calibrations.items()
    }
    threshold = 1.0
    if model.fast is not None:
        before, after = (
            confidence(which["fast"].apply(rows.logits["fast"])) for which in (model.calibrations, calibrations)
        )
        by_fast = accepted(before, np.ones(len(before), np.bool_), model.threshold)
        threshold = min(float(np.quantile(after, 1 - by_fast.mean())), 1.0)
    arrays = {"reference": model.reference.with_own(rows).to_array(), "unfamiliar": model.unfamiliar}
    return model.replace(arrays=arrays).calibrated(calibrations, threshold)


def answers(model: Model, rows: Reference) -> NDArray[np.float32]:
    """Return the probabilities that a model gives to scored rows, by its usual tier, (n, n_sections)."""
    return rows.probabilities(model.calibrations, model.threshold)


@dataclass(frozen=True)
class Gain:
    """The figures of adapting on rows that it was not fitted to, and the 95% interval of the gain."""

    rows: int
    ece: tuple[float, float]  #: before and after, in bins of the same number of rows
    macro_f1: tuple[float, float]
    log_loss: tuple[float, float]
    low: float  #: of the decrease of the log-loss
    high: float

    @property
    def better(self) -> bool:
        """Whether the log-loss of rows that were not fitted decreases."""
        return self.log_loss[1] < self.log_loss[0]


def cross_validate_adaptation(model: Model, rows: Reference, seed: int = 0) -> Gain:
    """Adapt a model to parts of the rows, and evaluate it on the others.

    Raises:
        DataError: there are fewer than :data:`FEWEST` rows.
    """
    n = len(rows.target)
    if n < FEWEST:
        raise DataError(f"{n} labelled headlines are too few to calibrate with: {FEWEST} or more, better 200.")
    before = answers(model, rows)
    after = np.empty_like(before)
    for train, test in KFold(_FOLDS, shuffle=True, random_state=seed).split(before):
        after[test] = answers(adapted(model, rows.take(train)), rows.take(test))
    loss = [-np.log(np.maximum(p[np.arange(n), rows.target].astype(np.float64), 1e-15)) for p in (before, after)]
    gain = loss[0] - loss[1]
    spread = 1.96 * float(gain.std(ddof=1)) / np.sqrt(n)
    figures = [score(p, rows.target, model.sections) for p in (before, after)]
    ece = [expected_calibration_error(p, rows.target) for p in (before, after)]
    return Gain(
        n, (ece[0], ece[1]), (figures[0].macro_f1, figures[1].macro_f1), (float(loss[0].mean()), float(loss[1].mean())),
        float(gain.mean()) - spread, float(gain.mean()) + spread,
    )  # fmt: skip


def adapt_model(model: Model, rows: Reference) -> tuple[Model, Gain]:
    """Return the model adapted to labelled rows, and what that gains by cross-validation.

    Raises:
        DataError: there are fewer than :data:`FEWEST` rows.
        ModelError: the log-loss does not decrease.
    """
    gain = cross_validate_adaptation(model, rows)
    if not gain.better:
        raise ModelError(
            f"Calibrating with these {gain.rows} headlines would not make the probabilities better: by "
            f"cross-validation the log-loss is {gain.log_loss[0]:.4f} before and {gain.log_loss[1]:.4f} after. The "
            "model stays as it is; more labelled headlines may help."
        )
    return adapted(model, rows), gain
