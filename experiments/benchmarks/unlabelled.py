"""What unlabelled headlines bring to the composed sample: self-training on a publisher's headlines, tested on others.

First rounds and weights are compared: one half of a part of an old crawl is learned from without its labels, the other
half and YNAT's train split are read; near-duplicates stand in one half. Then, with what was chosen, each test table is
read once in a row: the half of `portal-2025` that stays unread, after learning from the other without labels, and
YNAT's dev split, which must not suffer.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
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
TRIED_ROWS = 20_000  #: of these, when rounds are compared
#: Without the dense block, which takes half of the time.
BRIEF = NBSVM.model_copy(
    update={
        "features": ("chars", "morphemes", "nospace"),
        "block_weights": {"morphemes": 0.7, "nospace": 1.4},
    }
)
TRIED: tuple[tuple[tuple[float, ...], float], ...] = (
    ((), 0.0), ((0.8,), 0.5), ((0.4, 0.6, 0.8), 0.5), ((0.4, 0.6, 0.8), 1.0),
)  # fmt: skip


def fitted(
    candidate: Candidate, data: TrainingSet, corpora: Corpora, headlines: Sequence[str], tested: Sequence[pd.DataFrame]
) -> tuple[LinearModel, int]:
    """Fit to the sample and to unlabelled headlines; return the model and how many of them were learned from."""
    if not headlines or not self_training.SHARES:
        return fit_model(candidate, data, *data.part(None)), 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "crawl.txt"
        path.write_text("\n".join(headlines), encoding="utf-8")
        config = load_config(CONFIG)
        config = config.model_copy(update={"data": config.data.model_copy(update={"unlabelled": [str(path)]})})
        read = self_training.load_unlabelled(config, Path(), replace(corpora, test=pd.concat(tested)))
    learned = self_training.learn_unlabelled(candidate, data, read, n_jobs=1)
    return fit_model(candidate, learned.data, *learned.data.part(None)), sum(learned.rounds[-1].values())


def choose(data: TrainingSet, corpora: Corpora, archive: pd.DataFrame) -> None:
    """Learn from one half of the archive without labels, read the other and YNAT's train split."""
    archive = archive.sample(TRIED_ROWS, random_state=0)
    learned, other = halves(archive["headline"].tolist())
    tables = {f"{ARCHIVE}, other half": archive.iloc[other], "ynat:train": load_corpus("ynat:train")}
    headlines = archive["headline"].iloc[learned].tolist()
    rows: list[dict[str, Any]] = []
    for shares, weight in TRIED:
        with mock.patch.multiple(self_training, SHARES=shares, WEIGHT=weight):
            model, taken = fitted(BRIEF, data, corpora, headlines, list(tables.values()))
        row: dict[str, Any] = {"shares": ", ".join(map(str, shares)) or "none", "weight": weight, "learned from": taken}
        for name, table in tables.items():
            row[name] = figures(evaluate(model, table))["macro-F1"]
        print(row, flush=True)
        rows.append(row)
    write("unlabelled_tried", rows)


def read_once(data: TrainingSet, corpora: Corpora, archive: pd.DataFrame) -> None:
    """Read each test table once after each number of unlabelled headlines."""
    tested = {f"{CRAWL}, unread half": half(unread=True), "ynat:dev": load_corpus("ynat:dev")}
    read = half(unread=False)["headline"].tolist()
    rows: list[dict[str, Any]] = []
    for name, headlines in {
        "none": [],
        f"{CRAWL}, read half": read,
        f"the same and {ROWS:,} of {ARCHIVE}": [*read, *archive["headline"]],
    }.items():
        model, taken = fitted(NBSVM, data, corpora, headlines, list(tested.values()))
        row: dict[str, Any] = {"unlabelled": name, "rows": len(headlines), "learned from": taken}
        for table_name, table in tested.items():
            found = figures(evaluate(model, table))
            row |= {table_name: found["macro-F1"], f"{table_name}, 95% interval": found["95% interval"]}
        print(row, flush=True)
        rows.append(row)
    write("unlabelled", rows)


def load() -> tuple[TrainingSet, Corpora, pd.DataFrame]:
    """Return what the default model learns from, counted and as tables, and the part of the archive."""
    config = load_config(CONFIG)
    corpora = load_corpora(config, CONFIG.parent)
    data = weigh(prepare(config, corpora), config.labels, corpora.learned)
    data = replace(data, folds=[], fold_weights=())  # one fit a round is enough: nothing is calibrated
    archive = load_corpus(ARCHIVE)
    return data, corpora, archive.iloc[np.sort(np.random.default_rng(0).permutation(len(archive))[:ROWS])]


def main() -> None:
    """Choose, then read each table once in a row; write."""
    data, corpora, archive = load()
    choose(data, corpora, archive)
    read_once(data, corpora, archive)


if __name__ == "__main__":
    main()
