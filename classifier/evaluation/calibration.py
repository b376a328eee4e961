"""Fits what makes probabilities right: out of fold, for publishers not seen, and on a publisher's own rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar
from scipy.special import log_softmax

from classifier.model.calibration import Calibration

#: How much less sure a model has to be of another publisher's headlines than of those that it was trained on: the
#: calibrated logits are multiplied by ``exp(-SHIFT)``. Fitted once, on publishers that the default model does not
#: learn from; `experiments/benchmarks/calibration.py` measures it, each publisher left out in turn.
SHIFT = 0.25

#: No probability of such a model exceeds this: another publisher's labels agree with no model more often.
CEILING = 0.98

#: Strength of the pull towards no change when a publisher's own rows are fitted, in rows: the inverse variance of
#: log(scale) and of a bias between publishers, chosen by the same benchmark.
SCALE_PENALTY, BIAS_PENALTY = 30.0, 10.0

_PRIOR_POWER, _PRIOR_ROWS = 0.5, 5.0  # the prior of ``power`` for small tables, and its strength in rows
_MOST_POWER = 0.9


def fit_temperature(scores: NDArray[np.floating], target: NDArray[np.intp]) -> float:
    """Return the temperature with the smallest log-loss (Guo et al. 2017, section 4.2).

    Args:
        scores: (n_rows, n_sections), of rows that the model was not fitted on.
        target: (n_rows,), the column of the right section.
    """
    rows = np.arange(len(target))

    def log_loss(log_temperature: float) -> float:
        log_probabilities = log_softmax(scores / np.exp(log_temperature), axis=1)
        return -float(log_probabilities[rows, target].mean())

    found = minimize_scalar(log_loss, bounds=(-7.0, 7.0), method="bounded")
    return float(np.exp(found.x))


def fit_calibration(logits: NDArray[np.floating], target: NDArray[np.intp], *, other: bool = False) -> Calibration:
    """Return the scale and power with the smallest log-loss, for rows that the model was not fitted on.

    Args:
        logits: (n_rows, n_sections), not calibrated.
        target: (n_rows,), the column of the right section.
        other: whether the model is meant for headlines of other publishers, and not for those like these.
    """
    logits = np.asarray(logits, np.float64)
    length = np.maximum(np.linalg.norm(logits, axis=1), 1e-6)
    middle = float(np.exp(np.log(length).mean()))  # so that scale and power do not pull at each other
    temperature = fit_temperature(logits, target)
    rows = np.arange(len(target))

    def loss(parameters: NDArray[np.float64]) -> float:
        log_scale, power = parameters
        factor = np.exp(log_scale) / temperature * (length / middle) ** -power
        log_probabilities = log_softmax(logits * factor[:, None], axis=1)
        pull = _PRIOR_ROWS * (log_scale**2 + (power - _PRIOR_POWER) ** 2) / 2
        return float(pull - log_probabilities[rows, target].sum()) / len(target)

    found = minimize(loss, [0.0, _PRIOR_POWER], method="L-BFGS-B", bounds=[(-5.0, 5.0), (0.0, _MOST_POWER)])
    log_scale, power = map(float, found.x)
    scale = float(np.exp(log_scale) / temperature * middle**power)
    return for_other_publishers(Calibration(scale, power), logits.shape[1]) if other else Calibration(scale, power)


def for_other_publishers(calibration: Calibration, n_sections: int) -> Calibration:
    """Return a calibration for publishers that are not those of the rows it was fitted to."""
    # The longest logits whose likeliest section gets no more than the ceiling, whatever the others get.
    margin = np.log(CEILING * (n_sections - 1) / (1 - CEILING))
    longest = float(margin * np.sqrt((n_sections - 1) / n_sections))
    return Calibration(calibration.scale * float(np.exp(-SHIFT)), calibration.power, calibration.bias, longest)


def adapt(calibration: Calibration, logits: NDArray[np.floating], target: NDArray[np.intp]) -> Calibration:
    """Return ``calibration`` with scale and biases fitted to labelled rows of a publisher, pulled towards no change.

    Args:
        calibration: the present one.
        logits: (n_rows, n_sections), as the present one gives them.
        target: (n_rows,), the column of the right section.
    """
    logits = np.asarray(logits, np.float64)
    rows = np.arange(len(target))

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[Any]]:
        scale, bias = np.exp(parameters[0]), parameters[1:]
        log_probabilities = log_softmax(scale * logits + bias, axis=1)
        error = np.exp(log_probabilities)
        error[rows, target] -= 1
        value = SCALE_PENALTY * parameters[0] ** 2 / 2 + BIAS_PENALTY * bias @ bias / 2
        of_scale = scale * (error * logits).sum() + SCALE_PENALTY * parameters[0]
        slope = np.append(of_scale, error.sum(axis=0) + BIAS_PENALTY * bias)
        size = max(len(target), 1)
        return float(value - log_probabilities[rows, target].sum()) / size, slope / size

    found = minimize(
        loss, np.zeros(1 + logits.shape[1]), jac=True, method="L-BFGS-B", bounds=[(-3, 3)] + [(-5, 5)] * logits.shape[1]
    )
    return calibration.then(float(np.exp(found.x[0])), found.x[1:].tolist())


def expected_calibration_error(probabilities: NDArray[np.floating], target: NDArray[np.intp], bins: int = 15) -> float:
    """Return the expected calibration error in bins that hold the same number of rows.

    Nixon et al. 2019, "Measuring Calibration in Deep Learning", section 4: with bins of equal width, as in
    :attr:`Evaluation.ece <classifier.evaluation.metrics.Evaluation.ece>`, most rows fall into the last.
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    gap = confidence - (probabilities.argmax(axis=1) == target)
    parts = np.array_split(gap[np.argsort(confidence, kind="stable")], bins)
    return float(sum(abs(part.sum()) for part in parts) / max(len(target), 1))
