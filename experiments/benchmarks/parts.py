"""Where the time goes when lists are predicted: the parts of both tiers, as shares of the whole.

The parts are timed where they run, inside the prediction. Beside the fast tier's table look-ups stands what NumPy alone
needs to take as many values from as large a table: the limit of what a look-up can cost.
"""

from __future__ import annotations

import functools
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from unittest import mock

import numpy as np
from benchmarks.clock import seconds
from benchmarks.common import write
from benchmarks.speed import MODEL

from classifier.corpus.datasets import load_corpus
from classifier.model import blocks, fast, linear
from classifier.prediction.classifier import Classifier
from classifier.text.ngrams import hash_lines
from classifier.text.normalize import normalize_all

ROUNDS = 15

#: What to time: the part's name, and the function that is the part and where it is looked up.
FAST = {
    "normalising": (fast, "normalize_all"),
    "hashing n-grams": (fast, "hash_lines"),
    "table look-ups, and sums by headline": (fast.FastModel, "_lane_sums"),
}
ACCURATE = {
    "Kiwi, and its morphemes as arrays": (blocks, "analyze"),
    "normalising": (linear, "normalize_all"),
    "hashing n-grams": (blocks, "hash_ngrams"),
    "TF-IDF, and sums by headline": (linear.LinearModel, "_add_occurrences"),
}


def shares(call: Callable[[], Any], parts: dict[str, tuple[Any, str]]) -> tuple[dict[str, float], float]:
    """Return the share of each part in a call's time, and the seconds of one call."""
    taken: defaultdict[str, float] = defaultdict(float)

    def timed(part: str, work: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(work)
        def run(*arguments: Any) -> Any:
            begin = time.perf_counter()
            found = work(*arguments)
            taken[part] += time.perf_counter() - begin
            return found

        return run

    with ExitStack() as patches:
        for part, (owner, name) in parts.items():
            patches.enter_context(mock.patch.object(owner, name, timed(part, getattr(owner, name))))
        call()
        taken.clear()
        whole = sum(seconds(call) for _ in range(ROUNDS))
    return {part: taken[part] / whole for part in parts} | {"the rest": 1 - sum(taken.values()) / whole}, whole / ROUNDS


def bare_lookups(tier: fast.FastModel, headlines: list[str]) -> float:
    """Return the seconds that NumPy alone needs for the look-ups of these headlines, from one chunk of them."""
    text = "\n".join(normalize_all(headlines[: fast.CHUNK]))
    columns = [
        hash_lines(fast.read_text(name, text), low, high, tier.bits)[1]
        for name, (low, high) in tier.ngram_ranges.items()
    ]
    words = tier.table.view(np.uint64)[0, :, 0]
    taken = [sum(seconds(lambda: words.take(column)) for column in columns) for _ in range(100)]  # noqa: B023
    return statistics.median(taken) * len(headlines) / fast.CHUNK


def main() -> None:
    """Measure, print, write."""
    folder = sys.argv[1] if len(sys.argv) > 1 else MODEL
    headlines = load_corpus("ynat:dev")["headline"].tolist()
    rows = []
    for tier, parts in (("fast", FAST), ("accurate", ACCURATE)):
        clf = Classifier.load(folder, tier)
        found, whole = shares(functools.partial(clf.predict_proba, headlines), parts)
        if tier == "fast" and clf.model.fast is not None:
            found["beside that: bare look-ups in NumPy"] = bare_lookups(clf.model.fast, headlines) / whole
        rows += [{"tier": tier, "part": part, "share": f"{share:.0%}"} for part, share in found.items()]
    for row in rows:
        print(row)
    write("parts", rows)


if __name__ == "__main__":
    main()
