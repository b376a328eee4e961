"""How the search for near-duplicates grows: 45,000, 90,000 and 180,000 headlines, seconds as ratios to the first.

The headlines are those of YNAT's train split; for more of them, the same headlines again with every syllable
replaced by another (one bijection a copy), so that a copy has the near-duplicates of the original and none with it.
"""

from __future__ import annotations

import random
import statistics
import time

from benchmarks.common import write

from classifier.corpus.datasets import load_corpus
from classifier.corpus.duplicates import near_duplicate_groups

SIZES = (45_000, 90_000, 180_000)
ROUNDS = 3


def copies(n: int, seed: int = 0) -> list[str]:
    """Return ``n`` headlines: the corpus, and as many copies in other alphabets as it takes."""
    rng = random.Random(seed)
    headlines = load_corpus("ynat:train")["headline"].tolist()
    syllables = [chr(code) for code in range(ord("가"), ord("힣") + 1)]
    found = list(headlines)
    while len(found) < n:
        alphabet = str.maketrans(dict(zip(syllables, rng.sample(syllables, len(syllables)), strict=True)))
        found += [headline.translate(alphabet) for headline in headlines]
    return found[:n]


def main() -> None:
    """Measure and write."""
    headlines = copies(SIZES[-1])
    rows = []
    for size in SIZES:
        seconds = []
        for _ in range(ROUNDS):
            begin = time.perf_counter()
            groups = near_duplicate_groups(headlines[:size])
            seconds.append(time.perf_counter() - begin)
        rows.append({"headlines": size, "groups": int(groups.max()) + 1, "seconds": statistics.median(seconds)})
        print(rows[-1])
    first = rows[0]["seconds"]
    write(
        "near_duplicates",
        [{"headlines": r["headlines"], "groups": r["groups"], "ratio": round(r["seconds"] / first, 2)} for r in rows],
    )


if __name__ == "__main__":
    main()
