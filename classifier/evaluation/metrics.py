"""How good a model is: figures on a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
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
    ece: float  #: expected calibration error, in bins of equal width (see :func:`reliability`)
    n: int

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as plain numbers."""
        return asdict(self)


def reliability(
    probabilities: NDArray[np.floating], target: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Return mean confidence, accuracy and count, each (15,), of bins of confidence of the same width.

    Naeini, Cooper & Hauskrecht 2015, "Obtaining Well Calibrated Probabilities Using Bayesian Binning".
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    correct = (probabilities.argmax(axis=1) == target).astype(np.float64)
    bins = np.minimum((confidence * _BINS).astype(np.int64), _BINS - 1)
    count = np.bincount(bins, minlength=_BINS)
    at_least_one = np.maximum(count, 1)
    mean_confidence = np.bincount(bins, confidence, _BINS) / at_least_one
    return mean_confidence, np.bincount(bins, correct, _BINS) / at_least_one, count


def score(probabilities: NDArray[np.floating], target: NDArray[np.intp], sections: Sequence[str]) -> Evaluation:
    """Return the figures of a model's answers to a table.

    Args:
        probabilities: (n, n_sections).
        target: (n,), for each row the column of the right section.
        sections: their names, in the order of the columns.
    """
    predicted = probabilities.argmax(axis=1)
    present = np.unique(target)
    precision, recall, f1, support = precision_recall_fscore_support(
        target, predicted, labels=present, zero_division=0.0
    )
    chosen = np.clip(probabilities[np.arange(len(target)), target].astype(np.float64), 1e-15, 1.0)
    confidence, accuracy, count = reliability(probabilities, target)
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
        ece=float(np.sum(np.abs(confidence - accuracy) * count) / len(target)),
        n=len(target),
    )


@dataclass(frozen=True)
class EvaluatedTable:
    """A table with one model's probabilities and figures."""

    evaluation: Evaluation
    target: NDArray[np.intp]  #: (n,), columns of ``sections``
    probabilities: NDArray[np.float32]  #: (n, n_sections)
    sections: tuple[str, ...]


def evaluate(model: Scorer, table: pd.DataFrame) -> EvaluatedTable:
    """Read a test table, once, and return the model's answers and figures.

    Raises:
        DataError: the table has sections that the model does not know.
    """
    target = section_columns(table["section"], model.sections)
    probabilities = model.probabilities(table["headline"].tolist())
    return EvaluatedTable(score(probabilities, target, model.sections), target, probabilities, model.sections)


def section_columns(names: Collection[str], sections: Sequence[str]) -> NDArray[np.intp]:
    """Return the column of each row's section, (n,).

    Args:
        names: the rows' sections.
        sections: those of the model.

    Raises:
        DataError: the model does not know one of them.
    """
    found = Counter(names)
    if unknown := [f"{name} ({count:,} rows)" for name, count in found.most_common() if name not in sections]:
        raise DataError(
            f"The table has sections that the model does not know: {', '.join(unknown)}. "
            f"It knows {', '.join(sections)}. Leave those rows out, rename them, or use another model."
        )
    column = {name: i for i, name in enumerate(sections)}
    return np.array([column[name] for name in names], np.intp)


def probabilities_of(scores: NDArray[np.floating], temperature: float) -> NDArray[np.float64]:
    """Return the softmax of scores divided by the temperature."""
    return np.asarray(softmax(np.asarray(scores, np.float64) / temperature, axis=1))
