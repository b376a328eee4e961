"""Where the time goes when lists are predicted: the parts of both tiers, one thread, as shares of the whole.

Beside the fast tier's table look-ups stands what NumPy alone needs to take as many values from as large a table: the
limit of what a look-up can cost. Beside the accurate tier stands Kiwi.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from benchmarks.clock import in_turn
from benchmarks.common import write
from benchmarks.speed import MODEL, tokens_of

from classifier.corpus.datasets import load_corpus
from classifier.model.blocks import BLOCKS, Batch
from classifier.prediction.classifier import Classifier
from classifier.text.ngrams import hash_lines
from classifier.text.normalize import normalize_all

ROUNDS = 7
CHUNK = 2048


def shares(calls: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """Return the median share of the first call's time that each call takes."""
    whole, *parts = in_turn(list(calls.values()), ROUNDS)
    names = list(calls)[1:]
    return {
        name: statistics.median(part / all_ for part, all_ in zip(taken, whole, strict=True))
        for name, taken in zip(names, parts, strict=True)
    }


def fast_parts(folder: str, headlines: list[str]) -> list[dict[str, Any]]:
    """Return the parts of the fast tier."""
    clf = Classifier.load(folder, "fast")
    tier = clf.model.fast
    if tier is None:
        raise SystemExit(f"{folder} has no fast tier")
    chunks = [headlines[i : i + CHUNK] for i in range(0, len(headlines), CHUNK)]
    normalized = [normalize_all(chunk) for chunk in chunks]
    texts = {view: ["\n".join(chunk) for chunk in normalized] for view in tier.views}
    texts["nospace"] = [text.replace(" ", "") for text in texts["nospace"]]

    def hashes() -> list[np.ndarray]:
        return [
            hash_lines(text, low, high, tier.bits)[1]
            for view, (low, high) in tier.views.items()
            for text in texts[view]
        ]

    columns = hashes()
    found = shares(
        {
            "whole": lambda: clf.predict_proba(headlines),
            "normalising": lambda: [normalize_all(chunk) for chunk in chunks],
            "hashing n-grams": hashes,
            "bare look-ups": lambda: [tier.table[0].take(column) for column in columns],
        }
    )
    bare = found.pop("bare look-ups")
    found["table look-ups, sums by headline, softmax"] = 1 - sum(found.values())
    found["beside that: bare look-ups in NumPy, as many from as large a table"] = bare
    return [{"tier": "fast", "part": part, "share": f"{share:.0%}"} for part, share in found.items()]


def accurate_parts(folder: str, headlines: list[str]) -> list[dict[str, Any]]:
    """Return the parts of the accurate tier; Kiwi has its own threads."""
    clf = Classifier.load(folder, "accurate")
    normalized = normalize_all(headlines)
    names = [name for name in clf.model.blocks if not BLOCKS[name].needs_kiwi]
    found = shares(
        {
            "whole": lambda: clf.predict_proba(headlines),
            "Kiwi": lambda: tokens_of(normalized),
            "normalising": lambda: normalize_all(headlines),
            "hashing n-grams": lambda: [
                BLOCKS[name].find(Batch(normalized[i : i + CHUNK]))
                for name in names
                for i in range(0, len(normalized), CHUNK)
            ],
        }
    )
    found["morphemes to columns, TF-IDF and sums, softmax"] = 1 - sum(found.values())
    return [{"tier": "accurate", "part": part, "share": f"{share:.0%}"} for part, share in found.items()]


def main() -> None:
    """Measure, print, write."""
    folder = sys.argv[1] if len(sys.argv) > 1 else MODEL
    headlines = load_corpus("ynat:dev")["headline"].tolist()
    rows = fast_parts(folder, headlines) + accurate_parts(folder, headlines[:4000])
    for row in rows:
        print(row)
    write("parts", rows)


if __name__ == "__main__":
    main()
