"""From scores to probabilities one can rely on: temperature scaling.

Guo et al. 2017, "On Calibration of Modern Neural Networks", section 4.2: one number divides all
scores before the softmax. It cannot change which section wins, and with one parameter it cannot
overfit the out-of-fold scores that it is fitted on.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax


def fit_temperature(scores: NDArray[np.floating], target: NDArray[np.intp]) -> float:
    """Return the temperature with the smallest log-loss.

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
