"""Two models on one table: is a difference more than chance, and which headlines do they answer differently?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from classifier.evaluation.metrics import EvaluatedTable

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Difference:
    """How much better A is than B on one table."""

    macro_f1: float  #: of A minus that of B
    low: float  #: of the 95% interval of that difference, by the paired bootstrap
    high: float

    @property
    def significant(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


def compare(a: EvaluatedTable, b: EvaluatedTable, *, resamples: int = 1000, seed: int = 0) -> Difference:
    """Compare two models on the same table by the paired bootstrap (Efron & Tibshirani 1993, ch. 16).

    Rows are drawn with replacement, the same for both models, and macro-F1 is taken anew.
    """
    number = {name: i for i, name in enumerate(a.sections)}
    of_b = np.array([number.get(name, len(number)) for name in b.sections])  # all that A does not know are one
    if not np.array_equal(a.target, of_b[b.target]):
        raise ValueError("the two models were evaluated on different tables")
    size = len(number) + 1
    answers = [a.probabilities.argmax(axis=1), of_b[b.probabilities.argmax(axis=1)]]
    first, second = _bootstrap([a.target * size + answer for answer in answers], size, resamples, seed)
    low, high = np.quantile(first - second, [0.025, 0.975])
    return Difference(a.evaluation.macro_f1 - b.evaluation.macro_f1, float(low), float(high))


def interval(evaluated: EvaluatedTable, *, resamples: int = 1000, seed: int = 0) -> tuple[float, float]:
    """Return the 95% interval of macro-F1 by the bootstrap (Efron & Tibshirani 1993, ch. 13): rows drawn anew."""
    size = len(evaluated.sections)
    answer = evaluated.target * size + evaluated.probabilities.argmax(axis=1)
    low, high = np.quantile(_bootstrap([answer], size, resamples, seed), [0.025, 0.975])
    return float(low), float(high)


def _bootstrap(answers: Sequence[NDArray[np.intp]], size: int, resamples: int, seed: int) -> NDArray[np.float64]:
    """Return macro-F1 of each model on rows drawn with replacement, the same for all: (n_models, resamples).

    Args:
        answers: for each model (n_rows,), the number of the true section times ``size`` plus that of the answer.
        size: more than any such number.
        resamples: how often rows are drawn.
        seed: of the draw.
    """
    rng = np.random.default_rng(seed)
    n = len(answers[0])
    f1 = np.empty((len(answers), resamples))
    for i in range(resamples):
        rows = rng.integers(0, n, n)
        for m, answer in enumerate(answers):
            f1[m, i] = _macro_f1(np.bincount(answer[rows], minlength=size * size).reshape(size, size))
    return f1


def differing(a: EvaluatedTable, b: EvaluatedTable, table: pd.DataFrame) -> list[dict[str, str]]:
    """Return the rows of ``table`` that the two models answer differently: headline, section, model, against."""
    answers = [np.array(evaluated.sections, object)[evaluated.probabilities.argmax(axis=1)] for evaluated in (a, b)]
    rows = zip(table["headline"], table["section"], *answers, strict=True)
    return [
        {"headline": headline, "section": section, "model": first, "against": second}
        for headline, section, first, second in rows
        if first != second
    ]


def _macro_f1(confusion: NDArray[np.int64]) -> float:
    """Return macro-F1 over the rows of a confusion matrix (truth by answer) that hold anything."""
    hits, truth, answered = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    present = truth > 0
    return float(np.mean(2 * hits[present] / (truth[present] + answered[present])))
