"""Which tables the default model and `open8` learn from, with which weight, and how much of each.

Read against the half of `portal-2025` whose errors steered `sample:desk`, an old crawl (`portal-archive`) and YNAT's
train split, where that was not learned from. They choose weights and say when to stop composing, not how good a model
is: for that, `portal-2025`'s other half and YNAT's dev split stay unread here. Both crawls stand for a user's own.
Neither has 연예. So two columns measure 연예 apart: the share of `entertainment` that is called 연예, all of which is
right, and the share of the half that is read, all of which is wrong.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from benchmarks.common import figures, write
from benchmarks.halves import CRAWL, half

from classifier.corpus.datasets import load_corpus
from classifier.corpus.sections import SECTIONS
from classifier.evaluation.metrics import EvaluatedTable, evaluate
from classifier.training.compile import fit_model
from classifier.training.config import Candidate
from classifier.training.dataset import section_numbers, training_set


def candidate(estimator: str, strength: float) -> Candidate:
    """Return a candidate as `sample.toml` has it."""
    return Candidate(
        estimator=estimator,
        features=("chars", "morphemes", "nospace", "embeddings"),
        min_df=2,
        block_weights={"morphemes": 0.7, "nospace": 1.4, "embeddings": 0.5},
        parameters={"C": strength},
    )


NBSVM, SVM = candidate("nbsvm", 0.1), candidate("linear_svc", 0.3)
DESK, WORDS, YNAT, STARS = "sample:desk", "lexicon", "ynat:train", "entertainment"

#: Estimator, and beside `sample:train` and `sample:wide` the share of each table's rows and their weight.
MIXTURES: tuple[tuple[Candidate, dict[str, tuple[float, float]]], ...] = (
    (NBSVM, {}),
    (NBSVM, {DESK: (0.25, 1)}),
    (NBSVM, {DESK: (0.5, 1)}),
    (NBSVM, {DESK: (1, 1)}),
    (NBSVM, {DESK: (1, 4)}),
    (NBSVM, {DESK: (1, 4), WORDS: (0.25, 2)}),
    (NBSVM, {DESK: (1, 4), WORDS: (0.5, 2)}),
    (NBSVM, {DESK: (1, 4), WORDS: (1, 1)}),
    (NBSVM, {DESK: (1, 4), WORDS: (1, 2)}),
    (NBSVM, {DESK: (1, 4), WORDS: (1, 4)}),
    (SVM, {DESK: (1, 4), WORDS: (1, 2)}),
    (NBSVM, {DESK: (1, 4), WORDS: (1, 2), STARS: (1, 1)}),
    (NBSVM, {DESK: (1, 4), WORDS: (1, 2), YNAT: (1, 1), STARS: (1, 1)}),
    (NBSVM, {DESK: (1, 4), WORDS: (1, 2), YNAT: (1, 0.3), STARS: (1, 1)}),
    (NBSVM, {DESK: (1, 4), WORDS: (1, 2), YNAT: (1, 0.3), STARS: (1, 0.3)}),
    (NBSVM, {DESK: (1, 4), WORDS: (1, 2), YNAT: (1, 0.1), STARS: (1, 0.1)}),
)


def learned(name: str) -> pd.DataFrame:
    """Return a table to learn from, in random order; YNAT without 생활문화, where it puts what others call 연예."""
    rows = load_corpus(name).sample(frac=1, random_state=0).assign(table=name)
    return rows[rows["section"] != "생활문화"] if name == YNAT else rows


def share_of_stars(answers: EvaluatedTable) -> str:
    """Return the share of the headlines that are called 연예."""
    return f"{np.mean(answers.probabilities.argmax(axis=1) == answers.sections.index('연예')):.3f}"


def main() -> None:
    """Fit to one mixture after the other, read, write."""
    names = ("sample:train", "sample:wide", DESK, WORDS, YNAT, STARS)
    train = pd.concat([learned(name) for name in names], ignore_index=True)
    archive = load_corpus("portal-archive").sample(15_000, random_state=0)
    read = f"{CRAWL}, read half"
    tables = {read: half(unread=False), "portal-archive": archive, YNAT: load_corpus(YNAT), STARS: load_corpus(STARS)}
    target = section_numbers(train["section"].tolist(), SECTIONS)
    data = training_set(train["headline"].tolist(), target, SECTIONS, NBSVM.features)
    rows: list[dict[str, Any]] = []
    for tried, mixture in MIXTURES:
        weights = np.zeros(len(train))
        weights[train["table"].isin(["sample:train", "sample:wide"])] = 1
        row: dict[str, Any] = {"estimator": f"`{tried.estimator}`"}
        for name in names[2:]:
            share, weight = mixture.get(name, (0.0, 0.0))
            chosen = np.flatnonzero(train["table"] == name)
            chosen = chosen[: round(share * len(chosen))]
            weights[chosen] = weight
            row[name] = f"{len(chosen):,} × {weight:g}" if len(chosen) else ""
        model = fit_model(tried, data, weights=weights)
        answers = {name: evaluate(model, table) for name, table in tables.items() if name not in mixture}
        for name in (read, "portal-archive", YNAT):
            row[f"on {name}"] = figures(answers[name])["macro-F1"] if name in answers else ""
        row["연예 found"] = share_of_stars(answers[STARS]) if STARS in answers else ""
        row["false 연예"] = share_of_stars(answers[read])
        print(row, flush=True)
        rows.append(row)
    write("mixture", rows)


if __name__ == "__main__":
    main()
