"""Whether a training profits from believing likely label errors less: cross-validation on YNAT's train split.

The labels that score are the split's own, errors included, so what is gained here is gained in spite of them.
"""

from __future__ import annotations

from benchmarks.common import write

from classifier.corpus.datasets import load_corpus
from classifier.training.config import NOISE_MODEL, Labels
from classifier.training.dataset import section_numbers, training_set
from classifier.training.search import cross_validate
from classifier.training.weights import weigh


def main() -> None:
    """Measure and write."""
    frame = load_corpus("ynat:train")
    sections = sorted(frame["section"].unique())
    target = section_numbers(frame["section"].tolist(), sections)
    data = training_set(frame["headline"].tolist(), target, sections, NOISE_MODEL.features, 3)
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
