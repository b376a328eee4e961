"""Tables of any number of rows: headlines recombined from YNAT's train split.

Every row is the beginning of one headline and the end of another of the same section, drawn with a fixed seed.
They are no headlines that anybody wrote, and a figure for accuracy on them means nothing: they are there to
measure time and memory.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from classifier.corpus.datasets import load_corpus


def recombined(n_rows: int, seed: int = 0) -> Iterator[tuple[str, str]]:
    """Yield ``n_rows`` pairs of headline and section."""
    dice = random.Random(seed)
    table = load_corpus("ynat:train")
    halves: dict[str, tuple[list[str], list[str]]] = {}
    for section, headlines in table.groupby("section")["headline"]:
        words = [headline.split() for headline in headlines]
        heads = [" ".join(found[: (len(found) + 1) // 2]) for found in words]
        tails = [" ".join(found[len(found) // 2 :]) for found in words]
        halves[str(section)] = (heads, tails)
    names = list(halves)
    for _ in range(n_rows):
        section = dice.choice(names)
        heads, tails = halves[section]
        yield f"{dice.choice(heads)} {dice.choice(tails)}", section


def write_table(path: Path, n_rows: int, seed: int = 0) -> None:
    """Write a TSV of recombined rows with the columns ``guid``, ``headline`` and ``section``."""
    with path.open("w", encoding="utf-8") as file:
        file.write("guid\theadline\tsection\n")
        file.writelines(
            f"{i}\t{headline}\t{section}\n" for i, (headline, section) in enumerate(recombined(n_rows, seed))
        )
