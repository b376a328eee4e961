"""Verbs about corpora: extract, audit, fetch."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from classifier.cli.common import (
    FIRST,
    HeadlineColumn,
    Names,
    Scheduler,
    SectionColumn,
    Sheet,
    Table,
    path_option,
    section_names,
    show_table,
    text_option,
    the_first,
    user_text,
)

if TYPE_CHECKING:
    import pandas as pd

    from classifier.corpus.columns import Columns
    from classifier.corpus.sections import SectionNames
    from classifier.curation.audit import Findings


_TABLE_HELP = "Write the table there (.tsv, .csv, .jsonl, .parquet, .xlsx) instead of to stdout."


def extract(
    pages: Annotated[
        list[str], typer.Argument(parser=user_text, metavar="PAGE ...", help="Files, folders, globs, or - for stdin.")
    ],
    output: Annotated[Path | None, path_option(None, "--output", _TABLE_HELP)] = None,
    labelled_only: Annotated[bool, typer.Option("--labelled-only", help="Leave out rows without a section.")] = False,
    profile: Annotated[
        Path | None, path_option(None, "--profile", "A portal's profile; default: the package's.")
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show each headline found and each link refused, and why; no table.")
    ] = False,
) -> None:
    """Turn portal pages into a headline table that says where every label came from."""
    from classifier.corpus.writer import checked_suffixes, write_table
    from classifier.extras import need
    from classifier.pages.extract import extract as run
    from classifier.pages.profile import load_portal

    if explain:
        _explain_pages(pages, profile)
        return
    need("train", "extract")
    if output is not None:
        checked_suffixes(output)
    extraction = run(pages, load_portal(profile), sys.stdin.buffer)
    table = extraction.table(labelled_only=labelled_only)
    if len(table):
        write_table(table, output or sys.stdout.buffer)
        sys.stdout.buffer.flush()
    typer.echo(extraction.summary(table), err=True)
    if extraction.failures:
        raise typer.Exit(2)


def _explain_pages(names: list[str], profile: Path | None) -> None:
    from classifier.pages.extract import explain_page, find_pages
    from classifier.pages.profile import load_portal

    portal = load_portal(profile)
    typer.echo("what\ttext\twhy\theading")
    for page in (page for name in names for page in find_pages(name)):
        if len(names) > 1:
            typer.echo(page, err=True)
        for row in explain_page(page, portal, sys.stdin.buffer):
            typer.echo("\t".join(" ".join(cell.split()) for cell in row))


_REPORT_HELP = "Folder of the report, default audits/TABLE; with --apply: the corrected table."
_AGAINST_HELP = "A table that should have no headline in common with it, as a test."
_APPLY_HELP = "An edited review.tsv: write the table corrected by it to --output."


def audit(
    table: Table,
    output: Annotated[Path | None, path_option(None, "--output", _REPORT_HELP)] = None,
    against: Annotated[str | None, text_option(None, "--against", _AGAINST_HELP, metavar="TABLE")] = None,
    track: Annotated[bool, typer.Option("--track", help="Log the report and its figures to MLflow too.")] = False,
    review: Annotated[Path | None, path_option(None, "--apply", _APPLY_HELP)] = None,
    headline_column: HeadlineColumn = None,
    section_column: SectionColumn = None,
    sheet: Sheet = None,
    names: Names = None,
    scheduler: Scheduler = None,
) -> None:
    """Find what is wrong with a table's labels, or correct them by a review."""
    from classifier.corpus.columns import Columns

    columns, renamed = Columns(headline_column, section_column, sheet), section_names(names)
    if review is None:
        from classifier.prediction.cluster import joblib_on

        with joblib_on(scheduler):
            _audit_labels(table, output, against, columns, renamed, track=track)
        return
    if output is None:
        raise typer.BadParameter("--apply needs --output, the file of the corrected table")
    from classifier.corpus.datasets import load_corpus

    rows = load_corpus(table, labelled=False, all_columns=True, columns=columns, names=renamed)
    _apply_review(rows, review, output)


def _apply_review(frame: pd.DataFrame, review: Path, output: Path) -> None:
    from classifier.curation.review import apply_review

    done = apply_review(frame, review, output)
    typer.echo(
        f"{done.output}: {done.relabelled:,} rows relabelled, {done.removed:,} removed, {done.kept:,} reviewed "
        f"rows kept; the record is {done.record}",
        err=True,
    )


def _audit_labels(
    table: str, output: Path | None, against: str | None, columns: Columns, names: SectionNames | None, *, track: bool
) -> None:
    from classifier.corpus.datasets import slug
    from classifier.curation.report import FILES, write_audit
    from classifier.verbs import audit as run

    findings = run(table, against=against, columns=columns, names=names)
    folder = output or Path("audits") / slug(table)
    report = write_audit(findings, folder)
    _print_findings(findings)
    typer.echo(f"{report}, and the rows to review in {folder / 'review.tsv'}", err=True)
    if track:
        from classifier.tracking.runs import log_audit

        figures = {name: float(value) for name, value in findings.summary().items() if not isinstance(value, str)}
        files = [path for name in FILES if (path := folder / name).is_file()]
        typer.echo(f"logged to MLflow as run {log_audit(table, figures, files)}", err=True)


def _print_findings(findings: Findings) -> None:
    figures = [(name, value if isinstance(value, str) else f"{value:,}") for name, value in findings.summary().items()]
    show_table(f"audit of {findings.table}", ("figure", "value"), figures)
    if findings.to_review:
        rows = [(str(d.row), d.headline, d.section, d.suggested, d.reason) for d in findings.to_review[:FIRST]]
        columns = ("row", "headline", "section", "suggested", "words that weigh most")
        show_table(f"the least credible labels{the_first(len(findings.to_review))}", columns, rows)


def fetch(
    dataset: Annotated[str | None, typer.Argument(help="A dataset's name.")] = None,
    list_all: Annotated[bool, typer.Option("--list", help="List the datasets.")] = False,
) -> None:
    """Download an openly licensed corpus into the data home, and verify it."""
    from classifier.corpus.datasets import datasets
    from classifier.corpus.datasets import fetch as run

    entries = datasets()
    if list_all or dataset is None:
        for entry in entries.values():
            splits = f" (splits: {', '.join(entry.splits)})" if entry.splits else ""
            typer.echo(f"{entry.name}\t{entry.licence}\t{entry.title}{splits}")
        return
    if dataset not in entries:
        raise typer.BadParameter(f"{dataset!r} is none of {', '.join(entries)}", param_hint="DATASET")
    for path in run(entries[dataset]):
        typer.echo(path)
