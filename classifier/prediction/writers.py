"""How predictions are printed: a table for people, JSON Lines and TSV for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TextIO

from classifier.prediction.classifier import Prediction

FORMATS = ("table", "jsonl", "tsv")


def _rounded(prediction: Prediction, top: int | None = None) -> dict[str, float]:
    return {name: round(p, 6) for name, p in list(prediction.probabilities.items())[:top]}


def write_predictions(
    predictions: Sequence[Prediction], stream: TextIO, style: str, top: int = 1, places: Sequence[str] = ()
) -> None:
    """Write predictions in one of :data:`FORMATS`.

    JSON Lines hold ``headline``, ``section`` (null when the model abstains), ``probability``,
    ``probabilities`` (of every section) and ``tier`` (which one answered). TSV holds headline, section,
    probability. ``top`` adds the next best sections to the table and the TSV. ``places``, one a prediction, says
    where on a page each stands.
    """
    if style == "jsonl":
        for i, p in enumerate(predictions):
            row = ({"place": places[i]} if places else {}) | {
                "headline": p.headline,
                "section": p.section,
                "probability": round(p.probability, 6),
                "probabilities": _rounded(p),
                "tier": p.tier,
            }
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
        return
    if style == "tsv":
        extra = "".join(f"\tsection_{i}\tprobability_{i}" for i in range(2, top + 1))
        stream.write(("place\t" if places else "") + f"headline\tsection\tprobability{extra}\n")
        for i, p in enumerate(predictions):
            cells = [*places[i : i + 1], " ".join(p.headline.split()), p.section or "", f"{p.probability:.6f}"]
            for name, probability in list(_rounded(p, top).items())[1:]:
                cells += [name, f"{probability:.6f}"]
            stream.write("\t".join(cells) + "\n")
        return
    rows = []
    for i, p in enumerate(predictions):
        shown = [f"{name} {probability:.1%}" for name, probability in list(_rounded(p, top).items())]
        if p.section is None:
            shown[0] = "(abstains)"
        rows.append((", ".join(shown), *places[i : i + 1], p.headline))
    print_table(rows, stream)


def print_table(rows: Iterable[tuple[str, ...]], stream: TextIO) -> None:
    """Print rows of cells as a table for people."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(show_header=False, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*map(Text, row))  # a headline's brackets are no markup
    Console(file=stream).print(table)
