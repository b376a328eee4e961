"""Verbs about prediction: predict, explain."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from classifier.cli.common import Model, Tier, check_tier, console


def predict(
    headlines: Annotated[list[str] | None, typer.Argument(metavar="HEADLINE ...", help="Headlines.")] = None,
    source: Annotated[
        str | None, typer.Option("--input", help="A text file of headlines, one a line, or - for stdin.")
    ] = None,
    page: Annotated[
        str | None, typer.Option(help="A portal page, HTML or text, or - for stdin: its article and what it lists.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Write there instead of to stdout.")] = None,
    model: Model = None,
    tier: Tier = None,
    top: Annotated[int, typer.Option(min=1, help="How many sections to show for each headline.")] = 1,
    profile: Annotated[Path | None, typer.Option(help="With --page: a portal's profile.")] = None,
    style: Annotated[
        str | None, typer.Option("--format", help="table, jsonl or tsv; default: table on a terminal, else jsonl.")
    ] = None,
) -> None:
    """Say which section each headline belongs to, or a page's article and the headlines that it lists."""
    from classifier.corpus.tables import decode_lines, read_bytes
    from classifier.prediction.classifier import Classifier, predict_page
    from classifier.prediction.formats import FORMATS, write_predictions

    if bool(headlines) + (source is not None) + (page is not None) != 1:
        raise typer.BadParameter("give headlines, or --input FILE, or --page PAGE (a FILE or PAGE may be - for stdin)")
    check_tier(tier)
    chosen = style or ("table" if output is None and sys.stdout.isatty() else "jsonl")
    if chosen not in FORMATS:
        raise typer.BadParameter(f"{chosen!r} is none of {', '.join(FORMATS)}", param_hint="--format")
    if source == "-":
        headlines = decode_lines(sys.stdin.buffer.read(), "standard input")
    elif source is not None:
        headlines = decode_lines(read_bytes(Path(source)), source)
    places: list[str] = []
    if page is None:
        predictions = Classifier.load(model, tier).predict(headlines or [])
    else:
        from classifier.corpus.extract import read_named
        from classifier.corpus.portal import load_portal

        reading = read_named(page, load_portal(profile), sys.stdin.buffer)
        found = predict_page(Classifier.load(model, tier), reading)
        places, predictions = [place for place, _ in found], [prediction for _, prediction in found]
    if output is None:
        try:
            write_predictions(predictions, sys.stdout, chosen, top, places)
            sys.stdout.flush()
        except BrokenPipeError:  # the reader has left, as `head` does: nothing more to say
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    else:
        with output.open("w", encoding="utf-8") as stream:
            write_predictions(predictions, stream, chosen, top, places)


def explain(
    headline: Annotated[str, typer.Argument(metavar="HEADLINE", help="A headline.")],
    model: Model = None,
    tier: Tier = None,
    section: Annotated[str | None, typer.Option(help="Explain this section instead of the predicted one.")] = None,
    top: Annotated[int, typer.Option(min=1, help="How many words to show.")] = 10,
) -> None:
    """Show which words speak for the section, and which against it."""
    from rich.table import Table

    from classifier.prediction.classifier import Classifier

    check_tier(tier)
    clf = Classifier.load(model, tier)
    prediction = clf.predict([headline])[0]
    chosen = section or next(iter(prediction.probabilities))
    if chosen not in clf.sections:
        raise typer.BadParameter(f"{chosen!r} is none of {', '.join(clf.sections)}", param_hint="--section")
    contributions = clf.explain(headline, top=top, section=chosen)
    table = Table(title=f"{chosen} {prediction.probabilities[chosen]:.1%} ({prediction.tier})")
    table.add_column("word")
    table.add_column("weight", justify="right")
    for contribution in contributions:
        table.add_row(contribution.text, f"{contribution.weight:+.2f}")
    table.add_section()
    table.add_row("score", f"{sum(c.weight for c in contributions):+.2f}")
    console().print(table)
