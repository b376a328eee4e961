"""What the error-steered part of the sample brings: the rest of it with more and more rows of `sample:desk`.

Read against the half of `portal-2025` whose errors steered the part, and against YNAT's train split, which did so too:
both say when to stop composing, not how good the model is. `portal-2025`'s other half and YNAT's dev split stay unread.
"""

from __future__ import annotations

import sys
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

SIZES = (0, 2_000, 4_000)  #: and all
CHOSEN = Candidate(
    estimator="linear_svc",
    features=("chars", "morphemes", "nospace", "embeddings"),
    min_df=2,
    block_weights={"morphemes": 0.7, "nospace": 1.4, "embeddings": 0.5},
    parameters={"C": 0.3},
)


def main(reference: str) -> None:
    """Fit with more and more rows of ``reference``, drawn at random; read; write."""
    base = pd.concat([load_corpus("sample:train"), load_corpus("sample:wide")], ignore_index=True)
    desk = load_corpus(reference).sample(frac=1, random_state=0)
    train = pd.concat([base, desk], ignore_index=True)
    tables = {f"{CRAWL}, read half": half(unread=False), "ynat:train": load_corpus("ynat:train")}
    target = section_numbers(train["section"].tolist(), SECTIONS)
    data = training_set(train["headline"].tolist(), target, SECTIONS, CHOSEN.features)
    rows: list[dict[str, Any]] = []
    for size in [*(n for n in SIZES if n < len(desk)), len(desk)]:
        model = fit_model(CHOSEN, data, np.arange(len(base) + size))
        row: dict[str, Any] = {"rows of the part": f"{size:,}"}
        for name, table in tables.items():
            evaluated = evaluate(model, table)
            read = figures(evaluated)
            row |= {name: read["macro-F1"], f"{name}, 95% interval": read["95% interval"]}
            f1 = {key: round(value["f1"], 3) for key, value in evaluated.evaluation.per_section.items()}
            print(size, name, read, f1, flush=True)
        rows.append(row)
    write("desk", rows)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "sample:desk")
