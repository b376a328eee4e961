"""What several verbs share: how a model is named, a console, a progress bar."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

Model = Annotated[
    str | None,
    typer.Option("--model", "-m", help="A folder (models/ynat) or models:/name@alias; default: the champion."),
]

Tier = Annotated[
    str | None,
    typer.Option(
        "--tier",
        help="fast: characters alone, without Kiwi; accurate: everything; cascade: fast where it is sure, else "
        "accurate. Default: cascade, if the model has a fast tier.",
    ),
]


def check_tier(tier: str | None) -> None:
    """Raise a BadParameter unless ``tier`` is one or None."""
    from classifier.model.cascade import TIERS

    if tier is not None and tier not in TIERS:
        raise typer.BadParameter(f"{tier!r} is none of {', '.join(TIERS)}", param_hint="--tier")


def console() -> Console:
    """Return a console on stdout, wide enough for its tables where stdout is no terminal."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 140, highlight=False)


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on stderr; the function it gives says how many are done and how many there are."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("left"),
        TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def rows_bar(what: str) -> Iterator[Callable[[int, int, int | None], None]]:
    """Show a bar on stderr, if that is a terminal; its function takes rows, bytes read and bytes there are."""
    if not sys.stderr.isatty():
        yield lambda _rows, _done, _total: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[rows]} rows"),
        TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), refresh_per_second=4) as bar:
        task = bar.add_task(what, total=None, rows="0")
        yield lambda rows, done, total: bar.update(task, completed=done, total=total, rows=f"{rows:,}")
