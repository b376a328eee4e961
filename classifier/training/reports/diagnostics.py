"""What a user wants to see of a winner: what it weighs, how it grows with data, where it is wrong."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib.metadata import distributions
from typing import TYPE_CHECKING

import numpy as np

from classifier.evaluation.metrics import EvaluatedTable, probabilities_of, score
from classifier.model.blocks import BLOCKS, Batch
from classifier.model.explanation import block_text
from classifier.model.linear import LinearModel
from classifier.text.normalize import normalize
from classifier.training.config import Candidate
from classifier.training.dataset import TrainingSet
from classifier.training.search import fit_and_score

if TYPE_CHECKING:
    import pandas as pd

_SHARES = (0.05, 0.1, 0.25, 0.5, 1.0)
_COMMON = 5


def top_features(model: LinearModel, data: TrainingSet, top: int = 12) -> dict[str, list[tuple[str, str, float]]]:
    """Return, for each section, the features that weigh most: (text, block, weight).

    The weight is the coefficient times the inverse document frequency, of features that occur in at
    least five of the training headlines. A hashed column has no name, so its text is read off a
    headline in which it occurs.
    """
    counts = data.counts
    ranked: dict[str, list[tuple[str, str, float]]] = {}
    names: dict[tuple[str, int], str] = {}
    chosen: dict[str, list[tuple[float, str, int]]] = {section: [] for section in model.sections}
    for name in model.blocks:
        columns, weights = model.block(name)
        frequency = np.bincount(counts[name].indices, minlength=BLOCKS[name].columns)[columns]
        strength = np.where(frequency >= _COMMON, 1.0, 0.0)[:, None] * weights
        for index, section in enumerate(model.sections):
            best = np.argsort(-strength[:, index])[:top]
            chosen[section] += [(float(strength[i, index]), name, int(columns[i])) for i in best]
    for section, found in chosen.items():
        chosen[section] = sorted(found, reverse=True)[: 3 * top]
    for name in model.blocks:
        wanted = sorted({column for found in chosen.values() for _, block, column in found if block == name})
        names |= {(name, column): text for column, text in _texts(name, wanted, data).items()}
    for section, found in chosen.items():
        seen: set[str] = set()
        lines = []
        for strength_, name, column in found:
            text = names.get((name, column), "")
            if text.strip() and text not in seen:
                seen.add(text)
                lines.append((text, name, strength_))
        ranked[section] = lines[:top]
    return ranked


def _texts(name: str, columns: Sequence[int], data: TrainingSet) -> dict[int, str]:
    """Return for each column of a block the text of one of its occurrences."""
    by_column = data.counts[name][:, list(columns)].tocsc()
    first = [by_column.indices[start] for start in by_column.indptr[:-1] if start < len(by_column.indices)]
    rows = sorted({int(row) for row in first})
    normalized = [normalize(data.headlines[row]) for row in rows]
    found = BLOCKS[name].find(Batch(normalized, data.words))
    wanted, texts = set(columns), {}
    for row, column, start, length in zip(found.row, found.column, found.start, found.length, strict=True):
        if int(column) in wanted and int(column) not in texts:
            padded = f" {block_text(name, normalized[row])} "
            texts[int(column)] = padded[start : start + length].replace(" ", "·")
    return texts


def learning_curve(candidate: Candidate, data: TrainingSet) -> list[tuple[int, float]]:
    """Return (training rows, macro-F1) for growing shares of the first fold's training rows."""
    _, test = data.folds[0]
    train, weights = data.part(0)
    order = np.random.default_rng(data.seed).permutation(train)
    curve = []
    for share in _SHARES:
        rows = np.sort(order[: round(share * len(order))])
        if len(np.unique(data.target[rows])) < len(data.sections):
            continue  # too few rows to have met every section
        scores, _, _ = fit_and_score(candidate, data, rows, test, weights)
        curve.append((len(rows), score(probabilities_of(scores, 1.0), data.target[test], data.sections).macro_f1))
    return curve


def wrong_rows(evaluated: EvaluatedTable, table: pd.DataFrame) -> pd.DataFrame:
    """Return the test rows that were answered wrongly, the most confident first."""
    import pandas as pd

    answers = evaluated.probabilities.argmax(axis=1)
    confidence = evaluated.probabilities.max(axis=1)
    wrong = np.flatnonzero(answers != evaluated.target)
    wrong = wrong[np.argsort(-confidence[wrong], kind="stable")]
    headlines = table["headline"].to_numpy()
    return pd.DataFrame(
        {
            "headline": headlines[wrong],
            "section": [evaluated.sections[i] for i in evaluated.target[wrong]],
            "predicted": [evaluated.sections[i] for i in answers[wrong]],
            "probability": np.round(confidence[wrong].astype(float), 4),
        }
    )


def environment() -> str:
    """Return Python, the system and every installed package with its version."""
    packages = sorted({f"{d.metadata['Name']}=={d.version}" for d in distributions()}, key=str.lower)
    system = f"# Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    return "\n".join([system, *packages]) + "\n"
