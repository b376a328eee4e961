"""Rows chosen for labelling against random ones: macro-F1 by number of labels, five seeds. Minutes.

A model of the sample meets a publisher that it has not seen: YNAT's train split, then portal-2025. Labels are taken of
15,000 rows in rounds. After each round the model is fitted again to the sample and all labels so far; a labelled row
weighs as `train --add` weighs it. 8,000 other rows of the publisher are the test.
"""

from __future__ import annotations

import sys

import numpy as np
from benchmarks.common import write
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import softmax
from sklearn.metrics import f1_score
from sklearn.svm import LinearSVC

from classifier.corpus.datasets import load_corpus
from classifier.corpus.sections import SECTIONS
from classifier.curation.queue import choose_rows
from classifier.training.config import CORRECTION_WEIGHT
from classifier.training.dataset import feature_cache, section_numbers
from classifier.training.features import HeadlineFeatures

BLOCKS = ("chars",)
SIZES = (100, 300, 1000, 2000, 4000)
POOL, TEST, SEEDS = 15_000, 8_000, 5


class Learner:
    """The sample's rows and a publisher's, as features of the sample's TF-IDF."""

    def __init__(self, publisher: str) -> None:
        cache = feature_cache()
        sample, rows = load_corpus("sample"), load_corpus(publisher)
        rows = rows[rows["section"].isin(SECTIONS)].reset_index(drop=True)
        self.headlines = rows["headline"].tolist()
        self.target = section_numbers(rows["section"].tolist(), SECTIONS)
        self.base_target = section_numbers(sample["section"].tolist(), SECTIONS)
        counts = [cache.counts(frame["headline"].tolist(), list(BLOCKS)) for frame in (sample, rows)]
        both = {name: sparse.vstack([part[name] for part in counts], format="csr") for name in BLOCKS}
        features = HeadlineFeatures(BLOCKS, 2).fit(both).transform(both)  # no label is used
        self.base, self.rows = features[: len(sample)], features[len(sample) :]

    def fit(self, labelled: NDArray[np.intp]) -> LinearSVC:
        """Fit to the sample and some labelled rows."""
        matrix = sparse.vstack([self.base, self.rows[labelled]], format="csr")
        target = np.concatenate([self.base_target, self.target[labelled]])
        weights = np.concatenate([np.ones(len(self.base_target)), np.full(len(labelled), CORRECTION_WEIGHT)])
        return LinearSVC(C=0.1, tol=0.01, class_weight="balanced", random_state=0).fit(matrix, target, weights)

    def run(self, seed: int, chosen: bool) -> list[float]:
        """Return macro-F1 on the test rows after each round."""
        rng = np.random.default_rng(seed)
        order = rng.permutation(len(self.headlines))
        test, pool = order[:TEST], order[TEST : TEST + POOL]
        labelled = np.zeros(0, np.intp)
        model, found = self.fit(labelled), []
        for size in SIZES:
            rest = np.setdiff1d(pool, labelled)
            if chosen:
                probabilities = softmax(model.decision_function(self.rows[rest]), axis=1)
                more = rest[choose_rows([self.headlines[i] for i in rest], probabilities, size - len(labelled))]
            else:
                more = rng.choice(rest, size - len(labelled), replace=False)
            labelled = np.concatenate([labelled, more])
            model = self.fit(labelled)
            # Of the sections that the publisher has: `f1_score` alone would count those that are only predicted too.
            answers, labels = model.predict(self.rows[test]), np.unique(self.target)
            found.append(float(f1_score(self.target[test], answers, labels=labels, average="macro")))
        return found


def main() -> None:
    """Simulate both publishers and write the table."""
    rows = []
    for publisher in sys.argv[1:] or ("ynat:train", "portal-2025"):
        learner = Learner(publisher)
        curves = {chosen: np.array([learner.run(seed, chosen) for seed in range(SEEDS)]) for chosen in (False, True)}
        difference = curves[True] - curves[False]
        half = 2.776 * difference.std(axis=0, ddof=1) / np.sqrt(SEEDS)  # Student's t, 4 degrees of freedom, 95%
        for i, size in enumerate(SIZES):
            rows.append(
                {
                    "publisher": publisher,
                    "labels": f"{size:,}",
                    "random": f"{curves[False][:, i].mean():.4f}",
                    "chosen": f"{curves[True][:, i].mean():.4f}",
                    "difference": f"{difference[:, i].mean():+.4f} ± {half[i]:.4f}",
                }
            )
            print(rows[-1], flush=True)
    write("labelling", rows)


if __name__ == "__main__":
    main()
