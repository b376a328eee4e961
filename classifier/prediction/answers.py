"""What a model answers: for one headline, and for many as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

UNFAMILIAR = "unfamiliar"  #: the reason if no feature of a headline is known


@dataclass(frozen=True, slots=True)
class SectionProbabilities:
    """The probabilities of headlines that were asked for together."""

    sections: tuple[str, ...]
    values: NDArray[np.float32] | list[list[float]]  #: (n_headlines, n_sections)


class Prediction(NamedTuple):
    """What a model answers for one headline. Predictions of equal content are equal."""

    headline: str  #: as it was given
    section: str | None  #: None if the model abstains
    probability: float  #: of ``section``, or of the likeliest section if the model abstains
    tier: str  #: which tier answered: ``fast`` or ``accurate``
    reason: str | None  #: why the model abstains: ``unfamiliar`` if no feature of the headline is known; else None
    batch: SectionProbabilities  #: those of all headlines of the call; ``probabilities`` is made of them when asked for
    row: int  #: this headline's row in ``batch``

    @property
    def probabilities(self) -> dict[str, float]:
        """The probability of every section, likeliest first."""
        row, sections = self._values(), self.batch.sections
        return {sections[i]: row[i] for i in sorted(range(len(row)), key=lambda i: -row[i])}

    def to_dict(self) -> dict[str, Any]:
        """Return headline, section, probability, probabilities, tier and, if the model abstains, reason."""
        found = {
            "headline": self.headline,
            "section": self.section,
            "probability": self.probability,
            "probabilities": self.probabilities,
            "tier": self.tier,
        }
        return found if self.reason is None else found | {"reason": self.reason}

    def _values(self) -> list[float]:
        return [float(probability) for probability in self.batch.values[self.row]]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Prediction) and self[:5] == other[:5] and self.probabilities == other.probabilities

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self[:5])

    def __reduce__(self) -> tuple[Any, ...]:
        return Prediction, (*self[:5], SectionProbabilities(self.batch.sections, [self._values()]), 0)

    def __repr__(self) -> str:
        why = "" if self.reason is None else f", reason={self.reason!r}"
        return (
            f"Prediction(section={self.section!r}, probability={self.probability:.2f}, headline={self.headline!r}{why})"
        )


class BatchPrediction(NamedTuple):
    """What a model answers for some headlines, as arrays."""

    probabilities: NDArray[np.float32]  #: (n_headlines, n_sections)
    has_features: NDArray[np.bool_]  #: (n_headlines,), whether a headline has any feature of the model
    fast: NDArray[np.bool_]  #: (n_headlines,), whether the fast tier answered, and not the accurate one
