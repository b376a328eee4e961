"""The model of the composed sample on real headlines: each table is read once, none had a part in choosing the model.

Of `portal-2025` the half is read whose errors nobody looked at (`benchmarks/halves.py`); the other half steered
`sample:desk`. Needs `models/sample`, which `classifier train` leaves, and `portal-2025`, a table in the data home that
stands for a crawl of one's own.
"""

from __future__ import annotations

from benchmarks.common import figures, write
from benchmarks.halves import CRAWL, half

from classifier.corpus.datasets import load_corpus
from classifier.evaluation.metrics import evaluate
from classifier.model.model import Model

TABLES = {
    "sample:test": lambda: load_corpus("sample:test"),
    "ynat:dev": lambda: load_corpus("ynat:dev"),
    f"{CRAWL}, unread half": lambda: half(unread=True),
}


def main() -> None:
    """Read every table once, write."""
    model = Model.load("models/sample")
    rows = []
    for name, load in TABLES.items():
        table = load()
        size = {"headlines": len(table), "sections": int(table["section"].nunique())}
        rows.append({"table": name} | size | figures(evaluate(model.accurate, table)))
        print(rows[-1], flush=True)
    write("elsewhere", rows)


if __name__ == "__main__":
    main()
