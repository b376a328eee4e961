"""What the parts of `ynat-best.toml` are worth, and what more rows are: macro-F1 on YNAT's dev split.

Nothing is chosen here. The recipe is the one that cross-validation chose; every row of the two tables is one fit on
train and one reading of dev, with a 95% interval by the bootstrap (Efron & Tibshirani 1993): dev's rows are drawn with
replacement, and the interval says how far another dev of the same kind might lie.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.common import figures, write

from classifier.corpus.datasets import load_corpus
from classifier.evaluation.metrics import EvaluatedTable, evaluate
from classifier.training.compile import fit_model
from classifier.training.config import Candidate, load_config
from classifier.training.dataset import Auxiliary, Corpora, TrainingSet, load_corpora, prepare
from classifier.training.features import slice_rows

CONFIG = Path(__file__).parent.parent / "ynat-best.toml"
RESULT = CONFIG.parent / "results" / "ynat-best.json"
CURVE = (1_000, 2_000, 5_000, 10_000, 20_000)
SEED = 0


def recipe() -> tuple[Candidate, Corpora, TrainingSet]:
    """Return the recipe that results/ynat-best.json names, its tables, and what it is fitted to."""
    config = load_config(CONFIG)
    corpora = load_corpora(config, CONFIG.parent)
    winner = next(c for c in config.expand() if c.name == json.loads(RESULT.read_text(encoding="utf-8"))["winner"])
    return winner, corpora, prepare(config, corpora)


def main() -> None:
    """Fit, read dev, write."""
    winner, corpora, data = recipe()
    (table,) = data.auxiliary

    def without(*names: str) -> tuple[Auxiliary]:
        """Return the auxiliary table without the rows of some corpora."""
        left_out = {headline for name in names for headline in load_corpus(name)["headline"]}
        kept = np.flatnonzero(~corpora.auxiliary[0]["headline"].isin(left_out))
        return (Auxiliary(slice_rows(table.counts, kept), table.target[kept]),)

    def read(
        candidate: Candidate, rows: np.ndarray | None = None, auxiliary: tuple[Auxiliary, ...] = data.auxiliary
    ) -> EvaluatedTable:
        return evaluate(fit_model(candidate, replace(data, auxiliary=auxiliary), rows), corpora.test)

    def line(name: str, evaluated: EvaluatedTable) -> dict[str, Any]:
        row = {"recipe": name} | figures(evaluated)
        print(row, flush=True)
        return row

    def changed(**update: Any) -> Candidate:
        return winner.model_copy(update=update)

    plain = {"estimator": "nbsvm", "parameters": {"C": 0.1}}
    rows = [
        line("all of it", read(winner)),
        line("without the auxiliary table", read(winner, auxiliary=())),
        line("without the lexicon in it", read(winner, auxiliary=without("lexicon"))),
        line(
            "without the sample's wide and desk parts in it",
            read(winner, auxiliary=without("sample:wide", "sample:desk")),
        ),
        line("one smoothing (alpha 1)", read(changed(parameters={"alphas": [1.0]}))),
        line("NB-SVM, neither stacked nor helped", read(changed(**plain))),
        line("LinearSVC in its place", read(changed(estimator="linear_svc", parameters={"C": 0.15}))),
    ]
    for block in winner.features:
        left = tuple(name for name in winner.features if name != block)
        rows.append(line(f"NB-SVM without {block}", read(changed(features=left, **plain))))
    write("ablation", rows)

    order = np.random.default_rng(SEED).permutation(len(data.target))
    curve = [{"rows": n} | line(f"{n:,}", read(winner, np.sort(order[:n]))) for n in CURVE]
    curve.append({"rows": len(data.target)} | rows[0])
    write("learning_curve", [{k: v for k, v in row.items() if k != "recipe"} for row in curve])


if __name__ == "__main__":
    main()
