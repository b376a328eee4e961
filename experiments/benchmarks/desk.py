"""What the parts of the sample that errors steered bring: more and more rows of `sample:desk`, then the lexicon.

Read against the half of `portal-2025` whose errors steered them, an old crawl (`portal-archive`) and YNAT's train split:
they choose the weights of `sample.toml` and say when to stop composing, not how good the model is. `portal-2025`'s
other half and YNAT's dev split stay unread.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from benchmarks.common import figures, write
from benchmarks.halves import CRAWL, half

from classifier.corpus.datasets import load_corpus
from classifier.corpus.sections import SECTIONS
from classifier.evaluation.metrics import evaluate
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

#: Candidate, rows of `sample:desk` and their weight, share of the lexicon's words and their weight.
STEPS: tuple[tuple[Candidate, int | None, float, float, float], ...] = (
    (NBSVM, 0, 1, 0, 1),
    (NBSVM, 4_000, 1, 0, 1),
    (NBSVM, 8_000, 1, 0, 1),
    (NBSVM, None, 1, 0, 1),
    (NBSVM, None, 4, 0, 1),
    (NBSVM, None, 4, 0.25, 4),
    (NBSVM, None, 4, 0.5, 4),
    (NBSVM, None, 4, 1, 1),
    (NBSVM, None, 4, 1, 4),
    (NBSVM, None, 4, 1, 8),
    (SVM, None, 4, 1, 4),
)


def main() -> None:
    """Fit to one mixture after the other, read, write."""
    base = pd.concat([load_corpus("sample:train"), load_corpus("sample:wide")], ignore_index=True)
    desk = load_corpus("sample:desk").sample(frac=1, random_state=0)
    lexicon = load_corpus("lexicon").sample(frac=1, random_state=0)
    train = pd.concat([base, desk, lexicon], ignore_index=True)
    archive = load_corpus("portal-archive").sample(15_000, random_state=0)
    tables = {f"{CRAWL}, read half": half(unread=False), "portal-archive": archive, "ynat:train": load_corpus("ynat:train")}
    target = section_numbers(train["section"].tolist(), SECTIONS)
    data = training_set(train["headline"].tolist(), target, SECTIONS, NBSVM.features)
    rows: list[dict[str, Any]] = []
    for tried, desk_rows, desk_weight, share, word_weight in STEPS:
        desk_rows, words = len(desk) if desk_rows is None else desk_rows, round(share * len(lexicon))
        weights = np.zeros(len(train))
        weights[: len(base)] = 1
        weights[len(base) : len(base) + desk_rows] = desk_weight
        weights[len(base) + len(desk) :][:words] = word_weight
        model = fit_model(tried, data, weights=weights)
        row: dict[str, Any] = {
            "estimator": f"`{tried.estimator}`",
            "desk rows": f"{desk_rows:,}, weight {desk_weight:g}",
            "words": f"{words:,}, weight {word_weight:g}" if words else "none",
        }
        for name, table in tables.items():
            row[name] = figures(evaluate(model, table))["macro-F1"]
        print(row, flush=True)
        rows.append(row)
    write("desk", rows)


if __name__ == "__main__":
    main()
