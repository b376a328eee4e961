"""Two models as one: the fast one answers what it is sure of, and the accurate one the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from classifier.model.fast import FastModel
from classifier.model.scoring import Scorer

#: The ways to answer; ``cascade`` is the default of a model that has both.
TIERS = ("fast", "accurate", "cascade")


def confidence(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the probability of the likeliest section, (n,)."""
    return np.asarray(1 / np.exp(logits - logits.max(axis=1, keepdims=True)).sum(axis=1), np.float64)


@overload
def accepted(sure: float, has_features: bool, threshold: float) -> bool: ...
@overload
def accepted(sure: NDArray[Any], has_features: NDArray[np.bool_], threshold: float) -> NDArray[np.bool_]: ...
def accepted(sure: Any, has_features: Any, threshold: float) -> Any:
    """Return whether a cascade accepts the fast model's answer: its confidence ``sure`` reaches the threshold.

    A headline without any feature of the fast model goes to the accurate one. No other function applies this rule.
    """
    return has_features & (sure >= threshold)


class Cascade(Scorer):
    """Answers with ``fast`` where its answer is accepted, and with ``accurate()`` otherwise.

    ``accurate`` is called when it is first needed, so a model that is never needed is never loaded.
    """

    def __init__(self, fast: FastModel, accurate: Callable[[], Scorer]) -> None:
        self.sections, self.fast, self.accurate = fast.sections, fast, accurate

    def scores(self, headlines: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return the logits (n_headlines, n_sections) and which headlines have any feature of the model."""
        logits, has_features, _ = self.tiered_scores(headlines)
        return logits, has_features

    def tiered_scores(
        self, headlines: Sequence[str]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_]]:
        """Return what :meth:`scores` returns, and which headlines the fast model answered (n_headlines,)."""
        logits, has_features = self.fast.scores(headlines)
        fast = accepted(confidence(logits), has_features, self.fast.threshold)
        rest = (~fast).nonzero()[0]
        if len(rest):
            logits[rest], has_features[rest] = self.accurate().scores([headlines[i] for i in rest.tolist()])
        return logits, has_features, fast
