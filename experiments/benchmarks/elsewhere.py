"""The model of the composed sample on real headlines: each table is read once, none had a part in choosing the model.

Needs `models/sample`, which `classifier train` leaves, and `portal-2025`, a table in the data home that stands for a
crawl of one's own.
"""

from __future__ import annotations

from benchmarks.common import figures, write

from classifier.corpus.datasets import load_corpus
from classifier.evaluation.metrics import evaluate
from classifier.model.model import Model

TABLES = ("sample:test", "ynat:dev", "portal-2025")


def main() -> None:
    """Read every table once, write."""
    model = Model.load("models/sample")
    rows = []
    for name in TABLES:
        table = load_corpus(name)
        size = {"headlines": len(table), "sections": int(table["section"].nunique())}
        rows.append({"table": name} | size | figures(evaluate(model.accurate, table)))
        print(rows[-1], flush=True)
    write("elsewhere", rows)


if __name__ == "__main__":
    main()
