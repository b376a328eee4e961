"""The model of the composed sample on real headlines: each table is read once, none had a part in choosing the model.

Needs `models/sample`, which `classifier train` leaves. `portal-2025` stands for a crawl of one's own; where it is not
at hand its row is left out, by name.
"""

from __future__ import annotations

from benchmarks.common import write

from classifier.corpus.datasets import load_corpus
from classifier.errors import ClassifierError
from classifier.model.artefact import CompiledModel
from classifier.training.evaluation import interval, judge

TABLES = ("sample:test", "ynat:dev", "portal-2025")


def main() -> None:
    """Read every table once, write."""
    model = CompiledModel.load("models/sample")
    rows = []
    for name in TABLES:
        try:
            table = load_corpus(name)
        except ClassifierError as error:
            print(f"{name} left out: {error}")
            continue
        judged = judge(model, table)
        low, high = interval(judged)
        rows.append(
            {
                "table": name,
                "headlines": len(table),
                "sections": int(table["section"].nunique()),
                "macro-F1": f"{judged.evaluation.macro_f1:.4f}",
                "95% interval": f"{low:.4f} to {high:.4f}",
                "accuracy": f"{judged.evaluation.accuracy:.4f}",
            }
        )
        print(rows[-1], flush=True)
    write("elsewhere", rows)


if __name__ == "__main__":
    main()
