"""How well label errors are found: 5% of the labels of YNAT's train split flipped at random, then ranked.

Average precision of the flipped rows among all rows, ranked by the quality of their labels. The split's
own errors count as false alarms, so 1.0 cannot be reached. The model with the best figure is
`classifier.training.config.NOISE_MODEL`.
"""

from __future__ import annotations

import numpy as np
from benchmarks.common import write
from sklearn.metrics import average_precision_score

from classifier.corpus.datasets import load_corpus
from classifier.training.config import Candidate
from classifier.training.dataset import section_numbers, training_set
from classifier.training.label_errors import assess_labels

SHARE, SEED = 0.05, 0
PLAIN, ALL = ("chars", "morphemes"), ("chars", "morphemes", "nospace", "embeddings")
MODELS = [
    ("linear_svc", PLAIN, {"C": 0.1}),
    ("sgd", PLAIN, {"loss": "log_loss", "alpha": 3e-6}),
    ("nbsvm", ("chars",), {"C": 0.1}),
    ("nbsvm", PLAIN, {"C": 0.1}),
    ("nbsvm", ALL, {"C": 0.05}),
]


def flipped(target: np.ndarray, sections: int, share: float = SHARE, seed: int = SEED) -> tuple[np.ndarray, np.ndarray]:
    """Return labels of which a share is another section, drawn evenly, and which rows those are."""
    rng = np.random.default_rng(seed)
    wrong = rng.random(len(target)) < share
    return np.where(wrong, (target + rng.integers(1, sections, len(target))) % sections, target), wrong


def main() -> None:
    """Measure and write."""
    frame = load_corpus("ynat:train")
    sections = sorted(frame["section"].unique())
    target, wrong = flipped(section_numbers(frame["section"].tolist(), sections), len(sections))
    data = training_set(frame["headline"].tolist(), target, sections, ALL, 3, seed=SEED)
    rows = []
    for estimator, features, parameters in MODELS:
        candidate = Candidate(
            estimator=estimator, features=features, min_df=2, block_weights={"embeddings": 0.5}, parameters=parameters
        )
        found = assess_labels(data, candidate)
        rows.append(
            {
                "model": candidate.name,
                "average_precision": round(float(average_precision_score(wrong, 1 - found.quality)), 3),
                "called_errors": int(found.suspect.sum()),
                "flipped_among_them": round(float(wrong[found.suspect].mean()), 3),
                "flipped_found": round(float(found.suspect[wrong].mean()), 3),
            }
        )
        print(rows[-1])
    write("label_errors", rows)


if __name__ == "__main__":
    main()
