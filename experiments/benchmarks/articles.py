"""How an article's title and body are weighed: accuracy on data/articles.jsonl with the champion.

128 articles composed for the project, 16 a section, many with titles that say little. The pair of constants in
`classifier/model/articles.py` is chosen on every other article and confirmed on the rest.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
from benchmarks.common import write

from classifier.prediction.articles import article_logits
from classifier.prediction.classifier import Classifier

ARTICLES = Path(__file__).parent.parent.parent / "data" / "articles.jsonl"
TITLES = (0, 1, 2, 4)
SENTENCES = (1, 2, 4, 8, 100)


def main() -> None:
    """Measure and write."""
    articles = [json.loads(line) for line in ARTICLES.read_text(encoding="utf-8").splitlines()]
    model = Classifier.load().model.accurate
    truth = np.array([model.sections.index(article["section"]) for article in articles])
    chosen_on = np.arange(len(articles)) % 2 == 0

    def row(name: str, logits: np.ndarray) -> dict[str, object]:
        right = logits.argmax(axis=1) == truth
        return {
            "reading": name,
            "accuracy": round(float(right.mean()), 3),
            "on the half it is chosen on": round(float(right[chosen_on].mean()), 3),
            "on the other half": round(float(right[~chosen_on].mean()), 3),
        }

    rows = [
        row("the title alone", model.scores([a["headline"] for a in articles])[0]),
        row(
            "title and body as one text",
            model.scores([f"{a['headline']} {a['body']}" for a in articles])[0],
        ),
    ]
    for counts, most in itertools.product(TITLES, SENTENCES):
        found = [article_logits(model, a["headline"], a["body"], title_counts=counts, most=most) for a in articles]
        name = f"title {counts}×, " + (f"the first {most} sentences" if most < SENTENCES[-1] else "all sentences")
        rows.append(row(name, np.stack([logits for logits, _ in found])))
    for line in rows:
        print(line)
    write("articles", rows)


if __name__ == "__main__":
    main()
