"""Verbs about corpora: extract, audit, fetch."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def extract(
    pages: Annotated[list[str], typer.Argument(metavar="PAGE ...", help="Files, folders, globs, or - for stdin.")],
    output: Annotated[
        Path | None, typer.Option(help="Write the table there (.tsv, .csv, .jsonl, .parquet) instead of to stdout.")
    ] = None,
    labelled_only: Annotated[bool, typer.Option("--labelled-only", help="Leave out rows without a section.")] = False,
    profile: Annotated[Path | None, typer.Option(help="A portal's profile; default: the package's.")] = None,
) -> None:
    """Turn portal pages into a headline table that says where every label came from."""
    from classifier.corpus.extract import extract as run
    from classifier.corpus.portal import load_portal
    from classifier.corpus.tables import check_suffix, write_table

    if output is not None:
        check_suffix(output)
    extraction = run(pages, load_portal(profile), stdin=sys.stdin.buffer)
    table = extraction.table(labelled_only=labelled_only)
    if len(table):
        write_table(table, output or sys.stdout.buffer)
        sys.stdout.buffer.flush()
    typer.echo(extraction.summary(table), err=True)
    if extraction.failures:
        raise typer.Exit(2)


def fetch(
    dataset: Annotated[str | None, typer.Argument(help="A dataset's name.")] = None,
    list_all: Annotated[bool, typer.Option("--list", help="List the datasets.")] = False,
) -> None:
    """Bring an openly licensed corpus into the data home, verified."""
    from classifier.corpus.datasets import datasets
    from classifier.corpus.datasets import fetch as run

    known = datasets()
    if list_all or dataset is None:
        for entry in known.values():
            splits = f" (splits: {', '.join(entry.splits)})" if entry.splits else ""
            typer.echo(f"{entry.name}\t{entry.licence}\t{entry.title}{splits}")
        return
    if dataset not in known:
        raise typer.BadParameter(f"{dataset!r} is none of {', '.join(known)}", param_hint="DATASET")
    for path in run(known[dataset]):
        typer.echo(path)
