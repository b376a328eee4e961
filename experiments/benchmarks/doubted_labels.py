"""Whether a training profits from believing likely label errors less: cross-validation on YNAT's train split.

The labels that score are the split's own, errors included, so what is gained here is gained in spite of them.
"""

from __future__ import annotations

import numpy as np
from benchmarks.common import write

from classifier.corpus.datasets import load_corpus
from classifier.training.config import NOISE_MODEL, Labels
from classifier.training.dataset import TrainingSet, feature_cache
from classifier.training.search import cross_validate
from classifier.training.splits import make_folds
from classifier.training.weights import weigh


def main() -> None:
    """Measure and write."""
    frame = load_corpus("ynat:train")
    sections = sorted(frame["section"].unique())
    target = np.array([sections.index(name) for name in frame["section"]])
    headlines = frame["headline"].tolist()
    cache = feature_cache()
    counts, embeddings = cache.counts(headlines, NOISE_MODEL.features), cache.embeddings()
    folds = make_folds(headlines, target, sections, 3, 0)
    data = TrainingSet(headlines, counts, target, tuple(sections), folds, embeddings)
    candidate = NOISE_MODEL.model_copy(update={"parameters": {"C": 0.1}})
    rows = []
    for labels in (Labels(), Labels(errors="weigh"), Labels(errors="drop")):
        weighed = weigh(data, labels, frame)
        result = cross_validate(candidate, weighed)
        rows.append(
            {
                "errors": labels.errors,
                "rows_doubted": 0 if weighed.weights is None else int((weighed.weights < 1).sum()),
                "macro_F1": round(result.evaluation.macro_f1, 4),
                "log_loss": round(result.evaluation.log_loss, 4),
            }
        )
        print(rows[-1])
    write("doubted_labels", rows)


if __name__ == "__main__":
    main()
