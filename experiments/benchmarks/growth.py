"""How time grows: the fast tier from a thousand to ten million headlines, a training from ten thousand rows on.

More headlines than YNAT has are made by recombination, half of one and half of another; a made row bears the section
of its first half. The picture is `experiments/pictures/growth.png`.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.clock import in_turn, ratio
from benchmarks.common import write
from benchmarks.fasttext_accuracy import fit as fit_fasttext
from benchmarks.fasttext_accuracy import load, prepared
from benchmarks.speed import MODEL, at_most, chosen_fasttext, row

from classifier.prediction.classifier import Classifier
from classifier.training.compile import fit_model
from classifier.training.config import Candidate
from classifier.training.dataset import training_set
from classifier.training.distill import recombined

PREDICTED = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
TRAINED = (10_000, 30_000, 100_000, 300_000)  #: a million's features would fill 24 GB; `train --stream` takes more
PICTURE = Path(__file__).parent.parent / "pictures" / "growth.png"
CANDIDATE = Candidate(
    estimator="nbsvm",
    features=("chars", "morphemes", "nospace", "embeddings"),
    min_df=2,
    block_weights={"embeddings": 0.5},
    parameters={"C": 0.1},
)


def more(headlines: list[str], n: int) -> tuple[list[str], np.ndarray]:
    """Return ``n`` headlines, the corpus first and then recombined ones, and the row whose section each bears."""
    found, rows = list(headlines), [np.arange(len(headlines))]
    seed = 0
    while len(found) < n:
        mixed, parents = recombined(headlines, seed)
        found += mixed
        rows.append(parents[:, 0])
        seed += 1
    return found[:n], np.concatenate(rows)[:n]


def predicting(folder: str, headlines: list[str]) -> list[dict[str, Any]]:
    """Time the fast tier on lists, a million of them made anew for every million predicted."""
    clf = Classifier.load(folder, "fast")
    million, _ = more(headlines, 1_000_000)
    clf.predict(million[:1000])
    points = []
    for n in PREDICTED:
        begin = time.perf_counter()
        for start in range(0, n, len(million)):
            clf.predict(million[: min(len(million), n - start)])
        points.append({"headlines": n, "seconds": round(time.perf_counter() - begin, 4)})
        print(points[-1], flush=True)
    return points


def training(headlines: list[str], target: np.ndarray) -> list[dict[str, Any]]:
    """Time the fit of one configuration on counts that are in the cache, compiled model included."""
    sections = list(map(str, range(target.max() + 1)))
    points = []
    for n in TRAINED:
        texts, rows = more(headlines, n)
        data = training_set(texts, target[rows], sections, CANDIDATE.features)
        begin = time.perf_counter()
        fit_model(CANDIDATE, data)
        points.append({"rows": n, "seconds": round(time.perf_counter() - begin, 2)})
        print(points[-1], flush=True)
        del data
    return points


def against_fasttext(headlines: list[str], target: np.ndarray) -> dict[str, Any]:
    """Compare one configuration's training with fastText's, both on YNAT's train split and one thread."""
    text, settings = chosen_fasttext()
    data = training_set(headlines, target, list(map(str, range(target.max() + 1))), CANDIDATE.features)

    def ours() -> None:
        fit_model(CANDIDATE, data)

    read = prepared(headlines, text)
    taken, peer = in_turn([ours, lambda: fit_fasttext(read, target, **settings)], 3)
    found = ratio(peer, taken)
    return row(
        "training one configuration on YNAT train, counts in the cache, against fastText's",
        "≤ 6×",
        "2×",
        found,
        at_most(6, 2),
    )


def slope(points: list[dict[str, Any]], size: str) -> float:
    """Return the exponent of growth, fitted on logarithms."""
    x, y = (np.log([point[key] for point in points]) for key in (size, "seconds"))
    return float(np.polyfit(x, y, 1)[0])


def draw(predicted: list[dict[str, Any]], trained: list[dict[str, Any]]) -> None:
    """Draw both curves on logarithmic axes, with the straight lines of n beside them."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    for place, (points, size, title) in enumerate(
        ((predicted, "headlines", "fast tier: predict"), (trained, "rows", "training one configuration")), 1
    ):
        axes = figure.add_subplot(1, 2, place)
        x, y = [point[size] for point in points], [point["seconds"] for point in points]
        axes.loglog(x, y, "o-", label=f"measured: n^{slope(points, size):.2f}")
        middle = len(x) // 2
        axes.loglog(x, [y[middle] * n / x[middle] for n in x], "--", color="grey", label="n")
        axes.set(title=title, xlabel=size, ylabel="seconds")
        axes.legend()
    figure.savefig(PICTURE, dpi=110)
    print(f"wrote {PICTURE}")


def main() -> None:
    """Measure, draw, write."""
    folder = sys.argv[1] if len(sys.argv) > 1 else MODEL
    headlines, target, _ = load("ynat:train")
    rows = [against_fasttext(headlines, target)]
    print(rows[0], flush=True)
    predicted = predicting(folder, headlines)
    trained = training(headlines, target)
    name = f"training cost from {trained[0]['rows']:,} to {trained[-1]['rows']:,} rows, exponent of n"
    rows.append(row(name, "≤ 1.1", "1", slope(trained, "rows"), at_most(1.1, 1.0), ""))
    draw(predicted, trained)
    write("growth", {"rows": rows, "predicting": predicted, "training": trained})


if __name__ == "__main__":
    main()
