"""How predictions are printed: a table for people, JSON Lines and TSV for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TextIO

from classifier.prediction.classifier import Prediction

FORMATS = ("table", "jsonl", "tsv")


def _rounded(prediction: Prediction, top: int | None = None) -> dict[str, float]:
    return {name: round(p, 6) for name, p in list(prediction.probabilities.items())[:top]}


def write_predictions(predictions: Iterable[Prediction], stream: TextIO, style: str, top: int = 1) -> None:
    """Write predictions in one of :data:`FORMATS`.

    JSON Lines hold ``headline``, ``section`` (null when the model abstains), ``probability`` and
    ``probabilities`` (of every section). TSV holds headline, section, probability. ``top`` adds the next best
    sections to the table and the TSV.
    """
    if style == "jsonl":
        for p in predictions:
            row = {
                "headline": p.headline,
                "section": p.section,
                "probability": round(p.probability, 6),
                "probabilities": _rounded(p),
            }
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
        return
    if style == "tsv":
        extra = "".join(f"\tsection_{i}\tprobability_{i}" for i in range(2, top + 1))
        stream.write(f"headline\tsection\tprobability{extra}\n")
        for p in predictions:
            cells = [" ".join(p.headline.split()), p.section or "", f"{p.probability:.6f}"]
            for name, probability in list(_rounded(p, top).items())[1:]:
                cells += [name, f"{probability:.6f}"]
            stream.write("\t".join(cells) + "\n")
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(show_header=False, box=None, pad_edge=False)
    for p in predictions:
        shown = [f"{name} {probability:.1%}" for name, probability in list(_rounded(p, top).items())]
        if p.section is None:
            shown[0] = "(abstains)"
        table.add_row(", ".join(shown), p.headline)
    Console(file=stream).print(table)
