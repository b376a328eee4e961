"""How an article's title and body are weighed: accuracy on data/articles.jsonl with the champion.

Articles composed for the project, in two kinds: short ones, many with titles that say little, and long ones, built as
newspapers build them, with background on other topics at their end. Every other article serves to choose the
constants in `classifier/prediction/articles.py`, the rest to confirm them. No table of real articles is at hand.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from benchmarks.common import write

from classifier.prediction.articles import article_logits
from classifier.prediction.classifier import Classifier

ARTICLES = Path(__file__).parent.parent.parent / "data" / "articles.jsonl"
TITLES = (1.0, 1.5, 2.0, 3.0)
DECAYS = (1.0, 0.9, 0.85, 0.8, 0.7)
LONG = 600  #: characters of a body that is called long


def main() -> None:
    """Measure and write."""
    articles = [json.loads(line) for line in ARTICLES.read_text(encoding="utf-8").splitlines()]
    model = Classifier.load().model.accurate
    truth = np.array([model.sections.index(article["section"]) for article in articles])
    chosen_on = np.arange(len(articles)) % 2 == 0
    is_long = np.array([len(article["body"]) >= LONG for article in articles])

    def row(name: str, logits: np.ndarray) -> dict[str, object]:
        right = logits.argmax(axis=1) == truth
        parts = {
            "on the half it is chosen on": chosen_on,
            "on the other half": ~chosen_on,
            "long ones": is_long,
            "short ones": ~is_long,
        }
        return {"reading": name} | {column: f"{right[rows].mean():.3f}" for column, rows in parts.items()}

    def read(title_weight: float, decay: float) -> np.ndarray:
        found = [
            article_logits(model, a["headline"], a["body"], title_weight=title_weight, decay=decay) for a in articles
        ]
        return np.stack([logits for logits, _ in found])

    rows = [
        row("the title alone", model.scores([a["headline"] for a in articles])[0]),
        row("title and body as one text", model.scores([f"{a['headline']} {a['body']}" for a in articles])[0]),
    ]
    rows += [row(f"the body alone, decay {decay:g}", read(0, decay)) for decay in DECAYS]
    rows += [row(f"title {weight:g}, decay {decay:g}", read(weight, decay)) for weight in TITLES for decay in DECAYS]
    for line in rows:
        print(line)
    write("articles", rows)


if __name__ == "__main__":
    main()
