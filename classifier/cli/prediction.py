"""Verbs about prediction: predict, explain."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from classifier.cli.common import (
    INPUT,
    MODEL,
    OUTPUT,
    HeadlineColumn,
    InputFormat,
    Model,
    Scheduler,
    Sheet,
    Tier,
    check_tier,
    console,
    option,
    path_option,
    rows_bar,
    show_table,
    text_option,
)

if TYPE_CHECKING:
    from classifier.corpus.bad_rows import BadRow
    from classifier.model.explanation import Explanation
    from classifier.prediction.classifier import Classifier
    from classifier.prediction.files import Job

logger = logging.getLogger(__name__)

EXPLANATIONS = ("table", "json", "html")


class HeadlineCommand(TyperCommand):
    """A verb that takes headlines: what begins with a hyphen may be one, and not an option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the call; the message about an unknown option says how to pass such a headline."""
        try:
            return super().parse_args(ctx, args)
        except Exception as error:
            if hasattr(error, "possibilities"):  # of NoSuchOption, whose module is another in older versions of Typer
                error.message += f' (a headline that begins with - goes after --: {ctx.info_name} -- "-5도 한파")'  # type: ignore[attr-defined]
            raise


_INPUT_HELP = (
    "A table with a headline column, any other file with one headline a line, or - for standard input. .gz, .zst and "
    ".zip are unpacked."
)
_PAGE_HELP = (
    "Portal pages: a file, a folder, a glob, or - for standard input; may be repeated. Their articles and the "
    "headlines they list are predicted, beside the section that the page states."
)
_OUTPUT_HELP = (
    "Write this file instead of standard output: .jsonl, .tsv, .csv (each also .gz or .zst), .parquet or .xlsx."
)
_FORMAT_HELP = (
    "table, jsonl, tsv, csv, parquet or xlsx. Default: as the name of --output says; a table on a terminal; else jsonl."
)
_TOP_HELP = "How many sections to show for each headline. Default: all in jsonl, 1 in the other formats."
_KEEP_HELP = "With --input: a column of the table to write too; may be repeated."
_RESUME_HELP = "With --input and a text file as --output: continue an interrupted run."

_PRECISION_HELP = "Give a section only where its answers have this precision, and none for text that is no headline."
_COVERAGE_HELP = "Add the sections that together hold the right one so often: several, where a headline fits several."

_Input = Annotated[str | None, text_option(INPUT, "--input", _INPUT_HELP)]
_Page = Annotated[list[str] | None, text_option(INPUT, "--page", _PAGE_HELP)]
_Keep = Annotated[list[str] | None, option(INPUT, "--keep", _KEEP_HELP)]
_Strict = Annotated[bool, option(INPUT, "--strict", "With --input: end at the first row that cannot be read.")]
_Profile = Annotated[Path | None, path_option(INPUT, "--profile", "With --page: a portal's profile.")]
_Output = Annotated[Path | None, path_option(OUTPUT, "--output", _OUTPUT_HELP)]
_Format = Annotated[str | None, option(OUTPUT, "--format", _FORMAT_HELP)]
_Top = Annotated[int | None, option(OUTPUT, "--top", _TOP_HELP, min=1)]
_Resume = Annotated[bool, option(OUTPUT, "--resume", _RESUME_HELP)]


_MinPrecision = Annotated[float | None, option(MODEL, "--min-precision", _PRECISION_HELP, min=0.01, max=0.999)]
_Coverage = Annotated[float | None, option(MODEL, "--coverage", _COVERAGE_HELP, min=0.01, max=0.999)]


def predict(
    headlines: Annotated[list[str] | None, typer.Argument(metavar="HEADLINE ...", help="Headlines.")] = None,
    source: _Input = None,
    page: _Page = None,
    input_format: InputFormat = None,
    headline_column: HeadlineColumn = None,
    sheet: Sheet = None,
    keep: _Keep = None,
    strict: _Strict = False,
    profile: _Profile = None,
    model: Model = None,
    tier: Tier = None,
    min_precision: _MinPrecision = None,
    coverage: _Coverage = None,
    output: _Output = None,
    output_format: _Format = None,
    top: _Top = None,
    resume: _Resume = False,
    scheduler: Scheduler = None,
) -> None:
    """Predict the section of each headline, or of a page's article and the headlines that it lists."""
    if page and headlines and all(Path(name).exists() for name in headlines):
        page, headlines = [*page, *headlines], None  # the shell has expanded a glob
    if bool(headlines) + (source is not None) + bool(page) != 1:
        raise typer.BadParameter("give headlines, or --input FILE, or --page FILE (a FILE may be - for standard input)")
    if source is None and (input_format or headline_column or sheet or keep or strict or resume):
        raise typer.BadParameter(
            "--input-format, --headline-column, --sheet, --keep, --strict and --resume go with --input FILE"
        )
    check_tier(tier)
    from classifier.corpus.columns import Columns
    from classifier.corpus.parts import is_in_parts
    from classifier.prediction.files import Job
    from classifier.prediction.writers import output_format as format_of

    in_parts = source is not None and not Path(source).is_file() and is_in_parts(source)
    if scheduler is not None and not in_parts:
        raise typer.BadParameter("--scheduler goes with --input FOLDER or a glob: a worker does a file of it at a time")
    terminal = sys.stdout.isatty()
    chosen = output_format or "jsonl" if in_parts else format_of(output, output_format, terminal=terminal)
    if coverage is not None and chosen not in ("jsonl", "table"):
        raise typer.BadParameter(f"--coverage writes sets of sections: use --format jsonl or table, not {chosen}")
    columns = Columns(headline_column, sheet=sheet)
    job = Job(
        source or "", output, chosen, top, tuple(keep or ()), input_format, columns, resume, strict, min_precision,
        coverage,
    )  # fmt: skip
    try:
        if in_parts:
            _predict_parts(job, model, tier, scheduler)
        elif source is not None:
            _predict_input(job, model, tier)
        elif page:
            _predict_pages(page, profile, job, model, tier)
        else:
            _predict_headlines(headlines or [], job, model, tier)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has left, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _load(model: str | None, tier: str | None, job: Job | None = None) -> Classifier:
    from classifier.prediction.classifier import Classifier

    promises = () if job is None else (job.min_precision, job.coverage)
    clf = Classifier.load(model, tier, *promises)
    logger.debug("model %s, tier %s", clf.about(), clf.tier)
    return clf


def _predict_headlines(headlines: list[str], job: Job, model: str | None, tier: str | None) -> None:
    from classifier.prediction.files import write_batch
    from classifier.prediction.writers import as_chunk

    texts = [_decoded(headline) for headline in headlines]
    clf = _load(model, tier, job)
    write_batch(job.output, job.layout(clf.sections), as_chunk(texts), clf.predict_batch(texts))


def _decoded(argument: str) -> str:
    """Return an argument of the call whose bytes Python could not decode, as in the C locale, decoded."""
    from classifier.corpus.encoding import decode

    try:
        argument.encode()
    except UnicodeEncodeError:
        return decode(os.fsencode(argument), "a headline of the call")
    return argument


def _predict_pages(names: list[str], profile: Path | None, job: Job, model: str | None, tier: str | None) -> None:
    from classifier.errors import DataError
    from classifier.pages.extract import read_all
    from classifier.pages.profile import load_portal
    from classifier.prediction.classifier import predict_page
    from classifier.prediction.files import write_batch
    from classifier.prediction.writers import as_chunk, batch_of

    failures: list[DataError] = []
    readings = list(read_all(names, load_portal(profile), sys.stdin.buffer, failures.append))
    for failure in failures if readings else failures[:-1]:
        typer.echo(f"{failure}", err=True)
    if not readings:
        raise failures[-1]
    clf = _load(model, tier, job)
    found = [(name, row) for name, reading in readings for row in predict_page(clf, reading)]
    others: dict[str, list[str] | list[str | None]] = {"source": [name for name, _ in found]}
    others |= {"place": [row.place for _, row in found], "stated": [row.stated for _, row in found]}
    if len(readings) == 1:
        del others["source"]
    predictions = [row.prediction for _, row in found]
    layout = replace(job.layout(clf.sections), lead=tuple(others))
    chunk = as_chunk([prediction.headline for prediction in predictions], others)
    write_batch(job.output, layout, chunk, batch_of(predictions, clf.sections))
    if failures:
        raise typer.Exit(2)


def _predict_input(job: Job, model: str | None, tier: str | None) -> None:
    from classifier.corpus.bad_rows import BadRows
    from classifier.corpus.compression import check_there
    from classifier.prediction.files import predict_stream

    check_there(job.source)  # before the model is loaded
    clf = _load(model, tier, job)
    name = "standard input" if job.source == "-" else job.source
    bad = BadRows()

    def report(row: BadRow) -> None:
        if bad.add(row):
            typer.echo(f"{name}: {row}; passed through", err=True)

    with _interruptible(), rows_bar(Path(name).name) as progress:
        done = predict_stream(clf, job, report=report, progress=progress)
    if bad.count:
        more = f", {bad.hidden:,} of them not shown" if bad.hidden else ""
        typer.echo(
            f"{name}: {bad.count:,} of {done.rows:,} rows could not be read{more}; they are written without a section",
            err=True,
        )


def _predict_parts(job: Job, model: str | None, tier: str | None, scheduler: str | None) -> None:
    from classifier.prediction.parts import predict_parts

    clf = _load(model, tier, job)
    with _interruptible(), rows_bar(job.source) as progress:
        done = predict_parts(
            clf, job, scheduler, report=lambda line: typer.echo(f"{line}; passed through", err=True), progress=progress
        )
    typer.echo(f"{job.output}: {done.rows:,} rows written, {done.bad:,} of them without a section", err=True)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Report after Ctrl-C how much is written and how to go on; exit with 130."""
    from classifier.prediction.files import Interrupted

    try:
        yield
    except Interrupted as interrupted:
        advice = "; the same command with --resume goes on" if interrupted.resumable else ""
        typer.echo(f"classifier: interrupted after {interrupted.written}{advice}", err=True)
        raise typer.Exit(130) from None


def explain(
    headline: Annotated[str, typer.Argument(metavar="HEADLINE", help="A headline.")],
    model: Model = None,
    tier: Tier = None,
    section: Annotated[str | None, typer.Option(help="Explain this section instead of the predicted one.")] = None,
    against: Annotated[
        str | None, typer.Option(help="Say what speaks for the section rather than for this one, or for the runner-up.")
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="How many words to show.")] = 10,
    output_format: Annotated[
        str, typer.Option("--format", help="table, json, or html: the headline as one coloured element.")
    ] = "table",
) -> None:
    """Show which words speak for the section, and which against it."""
    check_tier(tier)
    if output_format not in EXPLANATIONS:
        raise typer.BadParameter(f"{output_format!r} is none of {', '.join(EXPLANATIONS)}", param_hint="--format")
    clf = _load(model, tier)
    try:
        found = clf.explain(headline, top, section, against)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if output_format == "html":
        typer.echo(found.to_html())
        return
    (prediction,) = clf.predict([headline])
    probability = prediction.probabilities[found.section]
    if output_format == "json":
        facts = found.to_dict() | {"probability": probability, "tier": prediction.tier}
        typer.echo(json.dumps(facts, ensure_ascii=False))
        return
    _print_explanation(found, f"{found.section} {probability:.1%} ({prediction.tier})")


def _print_explanation(found: Explanation, title: str) -> None:
    from rich.text import Text

    from classifier.model.explanation import AGAINST, FOR

    shown = Text()
    for text, weight, share in found.pieces():
        colour = ",".join(map(str, FOR if weight > 0 else AGAINST))
        style = f"rgb({colour})" + " bold" * (share > 0.5) + " underline" * (weight < 0)
        shown.append(text, style if weight else "")
    console().print(shown, soft_wrap=True)
    rows = [(part.text, f"{part.weight:+.2f}") for part in found]
    show_table(
        title if found.against is None else f"{title} against {found.against}",
        ("word", ">weight"),
        [*rows, ("score", f"{found.score:+.2f}")],
    )
