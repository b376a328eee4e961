"""Two models as one: the fast tier answers what it is sure of, and the accurate one the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from classifier.model.fast import FastTier
from classifier.model.scoring import Scorer

#: The ways to answer; ``cascade`` is the default of a model that has a fast tier.
TIERS = ("fast", "accurate", "cascade")


def confidence(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the probability of the likeliest section, (n,)."""
    return np.asarray(1 / np.exp(logits - logits.max(axis=1, keepdims=True)).sum(axis=1), np.float64)


class Cascade(Scorer):
    """Answers with ``fast`` where its confidence reaches its threshold, and asks ``accurate()`` otherwise.

    ``accurate`` is called when it is first needed, so that a model that is never asked is never loaded.
    """

    def __init__(self, fast: FastTier, accurate: Callable[[], Scorer]) -> None:
        self.sections, self.fast, self.accurate = fast.sections, fast, accurate

    def scores(self, headlines: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return the logits (n_headlines, n_sections) and which headlines hold anything known."""
        logits, known, _ = self.tiered_scores(headlines)
        return logits, known

    def tiered_scores(
        self, headlines: Sequence[str]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_]]:
        """Return what :meth:`scores` returns, and which headlines the fast tier answered (n_headlines,)."""
        logits, known = self.fast.scores(headlines)
        sure = known & (confidence(logits) >= self.fast.threshold)
        unsure = (~sure).nonzero()[0]
        if len(unsure):
            logits[unsure], known[unsure] = self.accurate().scores([headlines[i] for i in unsure.tolist()])
        return logits, known, sure
