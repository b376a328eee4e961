"""How good a model is: figures on a table, and whether a difference is more than chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.metrics import precision_recall_fscore_support

from classifier.errors import DataError
from classifier.model.scoring import Scorer

if TYPE_CHECKING:
    import pandas as pd

_BINS = 15


@dataclass(frozen=True)
class Evaluation:
    """Figures of one model on one table."""

    macro_f1: float  #: mean F1 of the sections that occur in the table
    accuracy: float
    per_section: dict[str, dict[str, float]]  #: precision, recall, f1, support
    log_loss: float  #: natural logarithm, probabilities clipped at 1e-15
    ece: float  #: expected calibration error, 15 bins of equal width
    n: int

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as plain numbers."""
        return asdict(self)


def reliability(
    probabilities: NDArray[np.floating], target: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Return mean confidence, accuracy and count of each of 15 equal bins of confidence.

    Naeini, Cooper & Hauskrecht 2015, "Obtaining Well Calibrated Probabilities Using Bayesian Binning".
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = (probabilities.argmax(axis=1) == target).astype(np.float64)
    bins = np.minimum((confidence * _BINS).astype(np.int64), _BINS - 1)
    count = np.bincount(bins, minlength=_BINS)
    safe = np.maximum(count, 1)
    mean_confidence = np.bincount(bins, confidence, _BINS) / safe
    return mean_confidence, np.bincount(bins, right, _BINS) / safe, count


def score(probabilities: NDArray[np.floating], target: NDArray[np.intp], sections: Sequence[str]) -> Evaluation:
    """Return the figures of ``probabilities`` (n, n_sections) against ``target`` (n,), its columns."""
    predicted = probabilities.argmax(axis=1)
    present = np.unique(target)
    precision, recall, f1, support = precision_recall_fscore_support(
        target, predicted, labels=present, zero_division=0.0
    )
    chosen = np.clip(probabilities[np.arange(len(target)), target].astype(np.float64), 1e-15, 1.0)
    confidence, right, count = reliability(probabilities, target)
    return Evaluation(
        macro_f1=float(np.mean(f1)),
        accuracy=float(np.mean(predicted == target)),
        per_section={
            sections[label]: {
                "precision": float(precision[i]),
                "recall": float(recall[i]),
                "f1": float(f1[i]),
                "support": int(support[i]),
            }
            for i, label in enumerate(present)
        },
        log_loss=float(-np.log(chosen).mean()),
        ece=float(np.sum(np.abs(confidence - right) * count) / len(target)),
        n=len(target),
    )


@dataclass(frozen=True)
class EvaluatedTable:
    """A table as one model reads it."""

    evaluation: Evaluation
    target: NDArray[np.intp]  #: (n,), columns of ``sections``
    probabilities: NDArray[np.float32]  #: (n, n_sections)
    sections: tuple[str, ...]


def evaluate(model: Scorer, table: pd.DataFrame) -> EvaluatedTable:
    """Read a test table, once, and return the model's answers and figures.

    Raises:
        DataError: the table has sections that the model does not know.
    """
    counts = table["section"].value_counts()
    unknown = [f"{name} ({count:,} rows)" for name, count in counts.items() if name not in model.sections]
    if unknown:
        raise DataError(
            f"The table has sections that the model does not know: {', '.join(unknown)}. "
            f"It knows {', '.join(model.sections)}. Leave those rows out, rename them, or use another model."
        )
    column = {name: i for i, name in enumerate(model.sections)}
    target = np.array([column[name] for name in table["section"]], np.intp)
    probabilities = model.probabilities(table["headline"].tolist())
    return EvaluatedTable(score(probabilities, target, model.sections), target, probabilities, model.sections)


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


def probabilities_of(scores: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    """Return the softmax of scores divided by the temperature."""
    return np.asarray(softmax(np.asarray(scores, np.float64) / temperature, axis=1))
