"""Headlines scored by models that were not fitted on them: what thresholds, prediction sets and drift are measured on.

The artefact keeps some thousand of them, as numbers and without their text, in an array of its own that is read when
something asks for it. ``classifier calibrate`` adds the rows of a publisher.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.model.calibration import Calibration
from classifier.model.cascade import accepted
from classifier.model.scoring import softmax

MOST = 4000  #: rows that an artefact keeps
_NUMBERS = 4  # a row's numbers before its logits


@dataclass(frozen=True)
class Reference:
    """Scored headlines. ``logits`` are not calibrated, so that they serve any calibration."""

    target: NDArray[np.intp]  #: (n,), the column of the right section
    own: NDArray[np.bool_]  #: (n,), whether the row came with ``classifier calibrate``
    length: NDArray[np.float32]  #: (n,), characters
    unknown: NDArray[np.float32]  #: (n,), share of the features that the model does not know
    logits: dict[str, NDArray[np.float32]]  #: of the scorers ``accurate`` and ``fast``, (n, n_sections) each

    def sample(self, seed: int = 0) -> Reference:
        """Return :data:`MOST` of the rows."""
        if len(self.target) <= MOST:
            return self
        return self.take(np.sort(np.random.default_rng(seed).permutation(len(self.target))[:MOST]))

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> Reference:
        """Return some of the rows."""
        logits = {tier: values[rows] for tier, values in self.logits.items()}
        return Reference(self.target[rows], self.own[rows], self.length[rows], self.unknown[rows], logits)

    def with_own(self, rows: Reference) -> Reference:
        """Return a reference with these rows as the publisher's own; they replace any earlier ones."""
        return join([self.take(~self.own), replace(rows, own=np.ones(len(rows.target), np.bool_))])

    def probabilities(self, calibrations: dict[str, Calibration], threshold: float) -> NDArray[np.float32]:
        """Return what the model answers, (n, n_sections).

        Args:
            calibrations: by scorer; if there is only one, the answers are its own.
            threshold: of the cascade, if there are two.
        """
        found = {tier: softmax(calibration.apply(self.logits[tier])) for tier, calibration in calibrations.items()}
        if len(found) == 1:
            return next(iter(found.values()))
        by_fast = accepted(found["fast"].max(axis=1), np.ones(len(self.target), np.bool_), threshold)
        return np.where(by_fast[:, None], found["fast"], found["accurate"])

    def to_array(self) -> NDArray[np.float32]:
        """Return all in one array; :meth:`from_array` reads it."""
        numbers = np.column_stack([self.target, self.own, self.length, self.unknown])
        return np.hstack([numbers, *self.logits.values()]).astype(np.float32)

    @classmethod
    def from_array(cls, array: NDArray[np.float32], tiers: tuple[str, ...]) -> Reference:
        """Read what :meth:`to_array` wrote for these scorers."""
        target, own, length, unknown = array[:, :_NUMBERS].T
        logits = np.split(array[:, _NUMBERS:], len(tiers), axis=1)
        return cls(target.astype(np.intp), own > 0, length, unknown, dict(zip(tiers, logits, strict=True)))


def scored(
    headlines: Sequence[str],
    target: NDArray[np.intp],
    unknown: NDArray[np.float32],
    logits: dict[str, NDArray[np.float32]],
) -> Reference:
    """Return headlines with their logits and the share of unknown features as a reference."""
    length = np.fromiter(map(len, headlines), np.float32, len(headlines))
    return Reference(target, np.zeros(len(target), np.bool_), length, unknown, logits)


def join(parts: Sequence[Reference]) -> Reference:
    """Return the rows of all parts, one after the other."""

    def joined(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(part, name) for part in parts])

    logits = {tier: np.concatenate([part.logits[tier] for part in parts]) for tier in parts[0].logits}
    return Reference(joined("target"), joined("own"), joined("length"), joined("unknown"), logits)
