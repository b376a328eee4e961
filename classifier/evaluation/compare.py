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
    """How much better A is than B on one table, with a paired bootstrap's 95% interval."""

    macro_f1: float
    low: float
    high: float

    @property
    def significant(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


def compare(a: EvaluatedTable, b: EvaluatedTable, *, resamples: int = 1000, seed: int = 0) -> Difference:
    """Compare two models on the same table by the paired bootstrap (Efron & Tibshirani 1993, ch. 16).

    Rows are drawn with replacement, the same for both models, and macro-F1 is taken anew.
    """
    names = np.array(a.sections, object)[a.target]
    if not np.array_equal(names, np.array(b.sections, object)[b.target]):
        raise ValueError("the two models were evaluated on different tables")
    labels, truth = np.unique(names.astype(str), return_inverse=True)
    code = {name: i for i, name in enumerate(labels)}
    size = len(labels) + 1  # the last stands for sections that are not in the table
    answers = []
    for evaluated in (a, b):
        to_code = np.array([code.get(name, size - 1) for name in evaluated.sections])
        answers.append(truth * size + to_code[evaluated.probabilities.argmax(axis=1)])
    first, second = _bootstrap(answers, size, resamples, seed)
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

    ``answers`` (n_rows,) hold truth times ``size`` plus answer, both of them below ``size``.
    """
    rng = np.random.default_rng(seed)
    n = len(answers[0])
    f1 = np.empty((len(answers), resamples))
    for i in range(resamples):
        rows = rng.integers(0, n, n)
        for of_model, answer in zip(f1, answers, strict=True):
            of_model[i] = _macro_f1(np.bincount(answer[rows], minlength=size * size).reshape(size, size))
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
