"""How far probabilities can be relied on: each model on publishers that it has not learned from.

A row is a model's tier on a table: ECE in 15 bins of equal mass; how many headlines get .9, .95 and .99, and how many
of these are right; the share that `--coverage 0.9` covers and the sections in a set; macro-F1 of the surest 80%; what
`--min-precision 0.95` gives and how precise that is. A second list is of the usual tier alone: accuracy, and as
estimated without labels; how much `--min-precision 0.5` refuses of the table, and of text that is no headline; and ECE,
macro-F1 and coverage after `calibrate` with 200 of the rows, on the others, mean of ten draws.

Needs `models/sample` or `models/ynat-best`, or both, and `portal-2025`, which stands for a crawl of one's own.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from benchmarks.common import write
from benchmarks.halves import CRAWL, half
from numpy.typing import NDArray

from classifier.corpus.datasets import load_corpus
from classifier.evaluation.adaptation import adapted, answers, score_rows
from classifier.evaluation.calibration import expected_calibration_error
from classifier.evaluation.drift import measure_drift
from classifier.evaluation.metrics import score
from classifier.evaluation.selective import PredictionSets
from classifier.evaluation.unfamiliar import other_text
from classifier.model.artefact import MANIFEST
from classifier.model.model import Model
from classifier.model.reference import Reference
from classifier.prediction.classifier import Classifier

TABLES: dict[str, Callable[[], pd.DataFrame]] = {
    "sample:test": lambda: load_corpus("sample:test"),
    "ynat:dev": lambda: load_corpus("ynat:dev"),
    f"{CRAWL}, unread half": lambda: half(unread=True),
}
MODELS = {"models/sample": tuple(TABLES), "models/ynat-best": ("ynat:dev", f"{CRAWL}, unread half")}
OUT_OF_DOMAIN = Path(__file__).parents[2] / "tests" / "evaluation" / "out_of_domain.tsv"
DRAWS, LABELLED = 10, 200


def _sure(probabilities: NDArray[np.float32], target: NDArray[np.intp]) -> dict[str, str]:
    right = probabilities.argmax(axis=1) == target
    found = {}
    for level in (0.9, 0.95, 0.99):
        chosen = probabilities.max(axis=1) >= level
        accuracy = f"{right[chosen].mean():.3f}" if chosen.any() else "–"
        found[f"p ≥ {level:g}"] = f"{chosen.mean():.1%}: {accuracy}"
    return found


def _of_tier(model: Model, tier: str, headlines: list[str], target: NDArray[np.intp]) -> dict[str, str]:
    plain = Classifier(model, tier).predict_batch(headlines)
    careful = Classifier(model, tier, 0.95, 0.9).predict_batch(headlines)
    surest = np.argsort(-plain.probabilities.max(axis=1), kind="stable")[: round(0.8 * len(target))]
    given = careful.reason == 0
    right = plain.probabilities.argmax(axis=1) == target
    rows = np.arange(len(target))
    sets = careful.sets if careful.sets is not None else np.zeros(plain.probabilities.shape, np.bool_)
    return (
        {"ECE": f"{expected_calibration_error(plain.probabilities, target):.3f}"}
        | _sure(plain.probabilities, target)
        | {
            "coverage 0.9": f"{sets[rows, target].mean():.3f}",
            "sections in a set": f"{sets.sum(axis=1).mean():.2f}",
            "macro-F1": f"{score(plain.probabilities, target, model.sections).macro_f1:.3f}",
            "of the surest 80%": f"{score(plain.probabilities[surest], target[surest], model.sections).macro_f1:.3f}",
            "min-precision 0.95": f"{given.mean():.1%}: {right[given].mean():.3f}" if given.any() else "0%",
            "unfamiliar": f"{(careful.reason == 1).mean():.1%}",
        }
    )


def _after_calibrate(model: Model, rows: Reference) -> dict[str, str]:
    ece, gained, coverage = [], [], []
    for draw in range(DRAWS):
        order = np.random.default_rng(draw).permutation(len(rows.target))
        own, rest = rows.take(order[:LABELLED]), rows.take(order[LABELLED:])
        fitted = adapted(model, own)
        before, after = answers(model, rest), answers(fitted, rest)
        ece.append(expected_calibration_error(after, rest.target))
        f1 = [score(p, rest.target, model.sections).macro_f1 for p in (before, after)]
        gained.append(f1[1] - f1[0])
        reference = fitted.reference
        sets = PredictionSets(answers(fitted, reference), reference.target, reference.own, 0.9).find(after)
        coverage.append(sets[np.arange(len(sets)), rest.target].mean())
    return {
        "ECE after calibrate": f"{np.mean(ece):.3f}",
        "macro-F1 gained": f"{np.mean(gained):+.3f}",
        "coverage after": f"{np.mean(coverage):.3f}",
    }


def main() -> None:
    """Read every table once by every tier, write."""
    other = [line.partition("\t")[0] for line in OUT_OF_DOMAIN.read_text(encoding="utf-8").splitlines()[1:]]
    if set(other) & set(other_text()):
        raise SystemExit(f"{OUT_OF_DOMAIN} has lines that models learn from")
    rows, usual = [], []
    for folder, names in MODELS.items():
        if not Path(folder, MANIFEST).is_file():
            print(f"{folder}: not trained, left out", flush=True)
            continue
        model = Model.load(folder)
        wary = Classifier(model, min_precision=0.5)  # little but the unfamiliar is refused
        refused = (wary.predict_batch(other).reason > 0).mean()
        for name in names:
            table = TABLES[name]()
            table = table[table["section"].isin(model.sections)]
            headlines = table["headline"].tolist()
            scored = score_rows(model, headlines, table["section"].tolist())
            drift = measure_drift(model, model.reference, scored, labelled=True)
            for tier in model.tiers:
                row = {"model": Path(folder).name, "table": name, "tier": tier}
                rows.append(row | _of_tier(model, tier, headlines, scored.target))
                print(rows[-1], flush=True)
            accuracy = (answers(model, scored).argmax(axis=1) == scored.target).mean()
            usual.append(
                {"model": Path(folder).name, "table": name, "accuracy": f"{accuracy:.3f}"}
                | {"estimated": f"{drift.estimated_accuracy:.3f}", "mean confidence": f"{drift.mean_confidence:.3f}"}
                | {"refused": f"{(wary.predict_batch(headlines).reason > 0).mean():.1%}"}
                | {"refused of other text": f"{refused:.1%}"}
                | _after_calibrate(model, scored)
            )
            print(usual[-1], flush=True)
    write("reliability", rows)
    write("adaptation", usual)


if __name__ == "__main__":
    main()
