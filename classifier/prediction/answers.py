"""What a model answers: for one headline, and for many as arrays."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

#: Why no section is given; :class:`BatchPrediction` holds positions in this tuple. ``unfamiliar``: no feature of the
#: headline is known, or the text is not a headline; ``uncertain``: below ``min_precision``; ``too long``: an article;
#: ``missing``: a table has no headline there.
REASONS = (None, "unfamiliar", "uncertain", "too long", "missing")
UNFAMILIAR, UNCERTAIN, TOO_LONG, MISSING = range(1, len(REASONS))


class SectionProbabilities(NamedTuple):
    """The probabilities of all headlines of one call."""

    sections: tuple[str, ...]
    values: NDArray[np.float32] | list[list[float]]  #: (n_headlines, n_sections)
    sets: NDArray[np.bool_] | None = None  #: (n_headlines, n_sections), the prediction sets; None without a coverage


class Prediction(NamedTuple):
    """What a model answers for one headline. Predictions of equal content are equal."""

    headline: str  #: as it was given
    section: str | None  #: None if the model abstains
    probability: float  #: of ``section``, or of the likeliest section if the model abstains
    tier: str  #: which tier answered: ``fast`` or ``accurate``
    reason: str | None  #: why the model abstains, one of :data:`REASONS`; else None
    batch: SectionProbabilities  #: of all headlines of the call; ``probabilities`` is made of it when it is read
    row: int  #: this headline's row in ``batch``

    @property
    def probabilities(self) -> dict[str, float]:
        """The probability of every section, likeliest first."""
        row, sections = self._values(), self.batch.sections
        return {sections[i]: row[i] for i in sorted(range(len(row)), key=lambda i: -row[i])}

    @property
    def prediction_set(self) -> tuple[str, ...] | None:
        """The sections that include the right one with the given coverage, likeliest first; None without a coverage.

        A model that abstains gives the set too.
        """
        if self.batch.sets is None:
            return None
        inside = dict(zip(self.batch.sections, self.batch.sets[self.row].tolist(), strict=True))
        return tuple(section for section in self.probabilities if inside[section])

    def to_dict(self) -> dict[str, Any]:
        """Return headline, section, probability, probabilities and tier; if any, reason and sections (the set)."""
        found = {
            "headline": self.headline,
            "section": self.section,
            "probability": self.probability,
            "probabilities": self.probabilities,
            "tier": self.tier,
        }
        found |= {} if self.reason is None else {"reason": self.reason}
        return found if self.prediction_set is None else found | {"sections": list(self.prediction_set)}

    def _values(self) -> list[float]:
        return [float(probability) for probability in self.batch.values[self.row]]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Prediction) and (self[:5], self.probabilities, self.prediction_set) == (
            other[:5], other.probabilities, other.prediction_set,
        )  # fmt: skip

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self[:5])

    def __reduce__(self) -> tuple[Any, ...]:
        sets = None if self.batch.sets is None else self.batch.sets[self.row : self.row + 1]
        return Prediction, (*self[:5], SectionProbabilities(self.batch.sections, [self._values()], sets), 0)

    def __repr__(self) -> str:
        why = "" if self.reason is None else f", reason={self.reason!r}"
        return (
            f"Prediction(section={self.section!r}, probability={self.probability:.2f}, headline={self.headline!r}{why})"
        )


class BatchPrediction(NamedTuple):
    """What a model answers for some headlines, as arrays."""

    probabilities: NDArray[np.float32]  #: (n_headlines, n_sections)
    reason: NDArray[np.uint8]  #: (n_headlines,), positions in :data:`REASONS`: 0 if the section is given
    fast: NDArray[np.bool_]  #: (n_headlines,), whether the fast tier answered, and not the accurate one
    sets: NDArray[np.bool_] | None = None  #: (n_headlines, n_sections), prediction sets; None without a coverage

    def take(self, rows: slice) -> BatchPrediction:
        """Return some of the rows."""
        sets = None if self.sets is None else self.sets[rows]
        return BatchPrediction(self.probabilities[rows], self.reason[rows], self.fast[rows], sets)

    def set_of(self, row: int) -> list[int]:
        """Return the positions of the sections in a row's prediction set, likeliest first; [] without sets."""
        inside = np.flatnonzero(np.zeros(0) if self.sets is None else self.sets[row])
        return [int(i) for i in inside[np.argsort(-self.probabilities[row, inside], kind="stable")]]
