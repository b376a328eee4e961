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

from classifier.training.config import Candidate, load_config
from classifier.training.evaluation import Judged, judge
from classifier.training.materials import gather, load_corpora
from classifier.training.search import fit_model

CONFIG = Path(__file__).parent.parent / "ynat-best.toml"
RESULT = CONFIG.parent / "results" / "ynat-best.json"
CURVE = (1_000, 2_000, 5_000, 10_000, 20_000)
SEED = 0


def main() -> None:
    """Fit, read dev, write."""
    config = load_config(CONFIG)
    corpora = load_corpora(config, CONFIG.parent)
    # The winner is the recipe that results/ynat-best.json names.
    recorded = json.loads(RESULT.read_text(encoding="utf-8"))
    winner = next(candidate for candidate in config.expand() if candidate.name == recorded["winner"])
    made = gather(config, corpora)

    def read(
        candidate: Candidate, rows: np.ndarray | None = None, *, helped: bool = True, told: bool = False
    ) -> Judged:
        extra = made.extra if helped else replace(made.extra, auxiliary=())
        model = fit_model(
            candidate, made.counts, made.target, corpora.sections, made.embeddings, SEED, rows=rows, extra=extra,
            temperature=recorded["temperature"],
        )  # fmt: skip
        return judge(model.with_prior(corpora.prior) if told else model, corpora.test)

    def line(name: str, judged: Judged) -> dict[str, Any]:
        row = {"recipe": name} | figures(judged)
        print(row, flush=True)
        return row

    def changed(**update: Any) -> Candidate:
        return winner.model_copy(update=update)

    plain = {"estimator": "nbsvm", "parameters": {"C": 0.1}}
    rows = [
        line("all of it", read(winner, told=True)),
        line("not told the mix of sections", read(winner)),
        line("nor helped by the sample", read(winner, helped=False)),
        line("told the mix, not helped by the sample", read(winner, helped=False, told=True)),
        line("not told; one smoothing (alpha 1)", read(changed(parameters={"alphas": [1.0]}))),
        line("NB-SVM, neither stacked nor helped", read(changed(**plain))),
        line("LinearSVC in its place", read(changed(estimator="linear_svc", parameters={"C": 0.15}))),
    ]
    for block in winner.features:
        left = tuple(name for name in winner.features if name != block)
        rows.append(line(f"NB-SVM without {block}", read(changed(features=left, **plain))))
    write("ablation", rows)

    order = np.random.default_rng(SEED).permutation(len(made.target))
    curve = [{"rows": n} | line(f"{n:,}", read(winner, np.sort(order[:n]), told=True)) for n in CURVE]
    curve.append({"rows": len(made.target)} | rows[0])
    write("learning_curve", [{k: v for k, v in row.items() if k != "recipe"} for row in curve])


if __name__ == "__main__":
    main()
