"""What every model that scores headlines can do, and how scores become probabilities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def softmax(logits: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the probabilities (n, n_sections) of ``logits`` (n, n_sections)."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    powers /= powers.sum(axis=1, keepdims=True)
    return np.asarray(powers, np.float32)


class Scorer:
    """Scores headlines: the accurate model, the fast one, or both in a cascade."""

    sections: tuple[str, ...]

    def scores(self, headlines: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return the logits (n_headlines, n_sections) and which headlines have any feature of the model."""
        raise NotImplementedError

    def probabilities(self, headlines: Sequence[str]) -> NDArray[np.float32]:
        """Return calibrated probabilities, (n_headlines, n_sections)."""
        logits, _ = self.scores(headlines)
        return softmax(logits)
