"""Verbs about prediction: predict, explain."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from classifier.cli.common import Model, Tier, check_tier, console, rows_bar

if TYPE_CHECKING:
    from classifier.corpus.bad_rows import BadRow
    from classifier.prediction.classifier import Classifier
    from classifier.prediction.files import Job


def predict(
    headlines: Annotated[list[str] | None, typer.Argument(metavar="HEADLINE ...", help="Headlines.")] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--input",
            help="A .tsv, .csv, .jsonl or .parquet table with a column headline, any other file as one headline "
            "a line, or - for stdin; .gz and .zst are unpacked.",
        ),
    ] = None,
    page: Annotated[
        str | None, typer.Option(help="A portal page, HTML or text, or - for stdin: its article and what it lists.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Write there instead of to stdout; .gz and .zst are packed.")
    ] = None,
    model: Model = None,
    tier: Tier = None,
    top: Annotated[int, typer.Option(min=1, help="How many sections to show for each headline.")] = 1,
    profile: Annotated[Path | None, typer.Option(help="With --page: a portal's profile.")] = None,
    style: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="table, jsonl or tsv; default: table on a terminal, tsv for an --output that ends so, else jsonl.",
        ),
    ] = None,
    keep: Annotated[
        list[str] | None, typer.Option(help="With --input: a column of the table to write too; may be repeated.")
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option("--input-format", help="txt, tsv, csv, jsonl or parquet, if the name of --input does not say."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="With --input and --output: go on where an interrupted run stopped.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="With --input: end at the first row that cannot be read.")
    ] = False,
) -> None:
    """Say which section each headline belongs to, or a page's article and the headlines that it lists."""
    from classifier.corpus.compression import split_suffix
    from classifier.prediction.classifier import Classifier, predict_page
    from classifier.prediction.writers import FORMATS, write_predictions

    if bool(headlines) + (source is not None) + (page is not None) != 1:
        raise typer.BadParameter("give headlines, or --input FILE, or --page PAGE (a FILE or PAGE may be - for stdin)")
    check_tier(tier)
    if source is None and (keep or kind or resume or strict):
        raise typer.BadParameter("--keep, --input-format, --resume and --strict go with --input FILE")
    usual = "table" if output is None and sys.stdout.isatty() else "jsonl"
    if output is not None and split_suffix(output.name)[0] == ".tsv":
        usual = "tsv"
    chosen = style or usual
    if chosen not in FORMATS:
        raise typer.BadParameter(f"{chosen!r} is none of {', '.join(FORMATS)}", param_hint="--format")
    if source is not None:
        if keep and chosen == "table":
            raise typer.BadParameter("a table for people shows no other columns: use --format jsonl or tsv")
        from classifier.corpus.compression import check_there
        from classifier.prediction.files import Job

        check_there(source)  # before the model is loaded
        job = Job(source, output, chosen, top, tuple(keep or ()), kind, resume, strict)
        _predict_input(Classifier.load(model, tier), job)
        return
    places: list[str] = []
    if page is None:
        predictions = Classifier.load(model, tier).predict(headlines or [])
    else:
        from classifier.pages.extract import read_named
        from classifier.pages.profile import load_portal

        reading = read_named(page, load_portal(profile), sys.stdin.buffer)
        found = predict_page(Classifier.load(model, tier), reading)
        places, predictions = [place for place, _ in found], [prediction for _, prediction in found]
    if output is None:
        try:
            write_predictions(predictions, sys.stdout, chosen, top, places)
            sys.stdout.flush()
        except BrokenPipeError:
            _leave_stdout()
    else:
        with output.open("w", encoding="utf-8") as stream:
            write_predictions(predictions, stream, chosen, top, places)


def _predict_input(clf: Classifier, job: Job) -> None:
    from classifier.corpus.bad_rows import BadRows
    from classifier.prediction.files import Interrupted, predict_stream

    name = "standard input" if job.source == "-" else job.source
    bad = BadRows()

    def report(row: BadRow) -> None:
        if bad.add(row):
            typer.echo(f"{name}: {row}; passed through", err=True)

    try:
        with rows_bar(Path(name).name) as progress:
            done = predict_stream(clf, job, report=report, progress=progress)
    except BrokenPipeError:
        _leave_stdout()
        return
    except Interrupted as interrupted:
        advice = "; the same command with --resume goes on" if interrupted.resumable else ""
        typer.echo(f"classifier: interrupted after {interrupted.rows:,} rows{advice}", err=True)
        raise typer.Exit(130) from None
    if bad.count:
        more = f", {bad.hidden:,} of them not shown" if bad.hidden else ""
        typer.echo(
            f"{name}: {bad.count:,} of {done.rows:,} rows could not be read{more}; they are written without a section",
            err=True,
        )


def _leave_stdout() -> None:
    """Say nothing more: the reader has left, as `head` does."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
