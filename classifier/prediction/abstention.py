"""When a classifier abstains: the section is uncertain, the text is not a headline, or it is too long."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from classifier.evaluation.selective import PredictionSets, precision_thresholds
from classifier.model.model import Model
from classifier.model.unfamiliar import strangeness
from classifier.prediction.answers import TOO_LONG, UNCERTAIN, UNFAMILIAR

#: Characters of the longest headline. None of 155,000 headlines has half as many. For articles there is
#: ``Classifier.predict_article``.
LONGEST = 300


class Abstention:
    """The rules of one classifier.

    Args:
        model: the model that answers.
        tier: the tier that answers.
        min_precision: how precise the answers for each section have to be; the others are ``uncertain``, and text that
            is no headline is ``unfamiliar``. None: every headline with a feature is answered.
        coverage: how often a prediction set has to hold the right section. None: no sets.

    Raises:
        ModelError: the model has no reference headlines, or no weights for unfamiliar text.
        ValueError: ``min_precision`` or ``coverage`` is not between 0 and 1.
    """

    def __init__(
        self, model: Model, tier: str, min_precision: float | None = None, coverage: float | None = None
    ) -> None:
        for name, value in {"min_precision": min_precision, "coverage": coverage}.items():
            if value is not None and not 0 < value < 1:
                raise ValueError(f"{name} is {value}; it has to be above 0 and below 1")
        self._thresholds: NDArray[np.float64] | None = None
        self._sets: PredictionSets | None = None
        if min_precision is None and coverage is None:
            return
        reference = model.reference
        calibrations = {name: c for name, c in model.calibrations.items() if tier in ("cascade", name)}
        answers = reference.probabilities(calibrations, model.threshold)
        if min_precision is not None:
            self._unfamiliar = model.unfamiliar
            self._thresholds = precision_thresholds(answers, reference.target, min_precision)
        if coverage is not None:
            self._sets = PredictionSets(answers, reference.target, reference.own, coverage)

    def needs_no_check(self, headline: str, has_features: bool) -> bool:
        """Return whether one headline surely gets its section, and no prediction set is asked for."""
        no_promise = self._thresholds is None and self._sets is None
        return has_features and no_promise and len(headline) <= LONGEST

    def reasons(
        self, headlines: Sequence[str], probabilities: NDArray[np.float32], has_features: NDArray[np.bool_]
    ) -> NDArray[np.uint8]:
        """Return the position of each headline's reason in :data:`REASONS`, (n,); 0 if its section is given."""
        found = np.where(has_features, 0, UNFAMILIAR).astype(np.uint8)
        if self._thresholds is not None and len(found):
            likeliest = probabilities.argmax(axis=1)
            uncertain = probabilities.max(axis=1) < self._thresholds[likeliest]
            found[uncertain & has_features] = UNCERTAIN
            found[strangeness(self._unfamiliar, headlines) > 0] = UNFAMILIAR
        if max(map(len, headlines), default=0) > LONGEST:
            found[[len(headline) > LONGEST for headline in headlines]] = TOO_LONG
        return found

    def sets(self, probabilities: NDArray[np.float32]) -> NDArray[np.bool_] | None:
        """Return the prediction sets, (n, n_sections); None without a coverage."""
        return None if self._sets is None else self._sets.find(probabilities)
