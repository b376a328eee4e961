"""What unlabelled headlines bring to the composed sample: self-training on a publisher's headlines, tested on others.

First settings are compared: one half of a part of an old crawl, and of YNAT's train split, is learned from without its
labels, the other halves are read; near-duplicates stand in one half. Then, with what was chosen, each test table is
read once for each row of the result: the half of `portal-2025` that stays unread, after learning from the other
without labels, and YNAT's dev split, which must not suffer. ``--read`` does the second alone.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pandas as pd
from benchmarks.common import figures, write
from benchmarks.halves import CRAWL, half, halves
from benchmarks.mixture import NBSVM

from classifier.corpus.datasets import load_corpus
from classifier.evaluation.metrics import evaluate
from classifier.model.linear import LinearModel
from classifier.training import self_training
from classifier.training.compile import fit_model
from classifier.training.config import Candidate, load_config
from classifier.training.dataset import Corpora, TrainingSet, load_corpora, prepare
from classifier.training.weights import weigh

CONFIG = Path(__file__).parent.parent / "sample.toml"
ARCHIVE = "portal-archive"
ROWS = 40_000  #: of the archive
ROWS_TRIED = 20_000  #: of a table, when settings are compared
#: Without the dense block, which takes half of the time.
BRIEF = NBSVM.model_copy(
    update={
        "features": ("chars", "morphemes", "nospace"),
        "block_weights": {"morphemes": 0.7, "nospace": 1.4},
    }
)
#: Settings of `classifier.training.self_training`; without neighbours each headline has its own answer.
TRIED: tuple[dict[str, float], ...] = (
    {"STEPS": 0, "ABSENT": 0.0, "WEIGHT": 2.0},
    {"ABSENT": 0.0, "WEIGHT": 2.0},
    {"WEIGHT": 1.0},
    {"WEIGHT": 2.0},
    {"WEIGHT": 4.0},
)
TEMPERATURE = 0.4  #: about what cross-validation finds for the default model


def fitted(
    candidate: Candidate, data: TrainingSet, corpora: Corpora, headlines: Sequence[str], tested: Sequence[pd.DataFrame]
) -> tuple[LinearModel, int]:
    """Fit to the sample and to unlabelled headlines; return the model and how many of them were learned from."""
    if not headlines:
        return fit_model(candidate, data, *data.part(None)), 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "crawl.txt"
        path.write_text("\n".join(headlines), encoding="utf-8")
        config = load_config(CONFIG)
        config = config.model_copy(update={"data": config.data.model_copy(update={"unlabelled": [str(path)]})})
        read = self_training.load_unlabelled(config, Path(), replace(corpora, test=pd.concat(tested)))
    learned = self_training.learn_unlabelled(candidate, data, read, temperature=TEMPERATURE, n_jobs=1)
    return fit_model(candidate, learned.data, *learned.data.part(None)), sum(learned.labels.values())


def choose(data: TrainingSet, corpora: Corpora) -> None:
    """Learn from one half of a table without labels, read the other half of each."""
    tables = {name: load_corpus(name).sample(ROWS_TRIED, random_state=0) for name in (ARCHIVE, "ynat:train")}
    parts = {name: halves(table["headline"].tolist()) for name, table in tables.items()}
    tested = {name: table.iloc[parts[name][1]] for name, table in tables.items()}
    alone, _ = fitted(BRIEF, data, corpora, [], [])
    rows: list[dict[str, Any]] = [{"learned from": "the sample alone", "settings": ""} | readings(alone, tested)]
    for learned in tables:
        headlines = tables[learned]["headline"].iloc[parts[learned][0]].tolist()
        for tried in TRIED:
            with mock.patch.multiple(self_training, **tried):
                model, _ = fitted(BRIEF, data, corpora, headlines, list(tested.values()))
            named = ", ".join(f"{name} {value:g}" for name, value in tried.items())
            rows.append({"learned from": f"{learned}, one half", "settings": named} | readings(model, tested))
            print(rows[-1], flush=True)
    write("unlabelled_tried", rows)


def readings(model: LinearModel, tables: dict[str, pd.DataFrame]) -> dict[str, str]:
    """Return macro-F1 on each table."""
    return {name: figures(evaluate(model, table))["macro-F1"] for name, table in tables.items()}


def read_once(data: TrainingSet, corpora: Corpora) -> None:
    """Read each test table once for each number of unlabelled headlines."""
    tested = {f"{CRAWL}, unread half": half(unread=True), "ynat:dev": load_corpus("ynat:dev")}
    read = half(unread=False)["headline"].tolist()
    archive = load_corpus(ARCHIVE).sample(ROWS, random_state=0)["headline"]
    rows: list[dict[str, Any]] = []
    for name, headlines in {
        "none": [],
        f"{CRAWL}, read half": read,
        f"the same and {ROWS:,} of {ARCHIVE}": [*read, *archive],
    }.items():
        model, taken = fitted(NBSVM, data, corpora, headlines, list(tested.values()))
        row: dict[str, Any] = {"unlabelled": name, "rows": len(headlines), "learned from": taken}
        for table_name, table in tested.items():
            found = figures(evaluate(model, table))
            row |= {table_name: found["macro-F1"], f"{table_name}, 95% interval": found["95% interval"]}
        print(row, flush=True)
        rows.append(row)
    write("unlabelled", rows)


def load() -> tuple[TrainingSet, Corpora]:
    """Return what the default model learns from, counted and as tables."""
    config = load_config(CONFIG)
    corpora = load_corpora(config, CONFIG.parent)
    data = weigh(prepare(config, corpora), config.labels, corpora.learned)
    return replace(data, folds=[], fold_weights=()), corpora  # nothing is calibrated


def main() -> None:
    """Choose, then read each table once in a row; write."""
    data, corpora = load()
    if "--read" not in sys.argv[1:]:
        choose(data, corpora)
    read_once(data, corpora)


if __name__ == "__main__":
    main()
