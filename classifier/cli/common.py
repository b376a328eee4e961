"""What several verbs share: options, a console, tables, figures and progress bars."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import ProgressColumn

    from classifier.corpus.sections import SectionNames

#: Rows that a listing shows before it says how many more there are.
FIRST = 20

#: The groups of options in ``--help``.
INPUT, MODEL, OUTPUT = "Input", "Model", "Output"


def user_path(text: str) -> Path:
    """Return a path of the command line; ``~`` is the user's folder, also where the shell leaves it as it is."""
    return Path(text).expanduser()


def user_text(text: str) -> str:
    """Do the same for a path that may also be a name, an address, or ``-``."""
    return os.path.expanduser(text)  # noqa: PTH111 - an address such as models:/name is no path


def option(panel: str | None, name: str, text: str, *more: str, **settings: Any) -> Any:
    """Return the option ``name`` of a group of ``--help``."""
    return typer.Option(name, *more, help=text, rich_help_panel=panel, **settings)


def path_option(panel: str | None, name: str, text: str) -> Any:
    """Return an option that takes a path."""
    return option(panel, name, text, parser=user_path, metavar="FILE")


def text_option(panel: str | None, name: str, text: str, *more: str, metavar: str = "FILE") -> Any:
    """Return an option that takes a path, or else a name, an address or ``-``."""
    return option(panel, name, text, *more, parser=user_text, metavar=metavar)


_MODEL_HELP = "A folder (models/ynat) or an address (models:/name@alias). Default: the champion."
_TIER_HELP = (
    "fast: characters only, without Kiwi; accurate: all features; cascade: fast where it is sure, else accurate. "
    "Default: cascade, if the model has a fast tier."
)
_FORMAT_HELP = "txt, tsv, csv, jsonl, json, fasttext, parquet or xlsx, if the name of the file does not say."
_COLUMN_HELP = "The column with the headlines. Default: headline, or the only one with a usual name (title, 제목 …)."

Model = Annotated[str | None, text_option(MODEL, "--model", _MODEL_HELP, "-m", metavar="MODEL")]
Tier = Annotated[str | None, option(MODEL, "--tier", _TIER_HELP)]
InputFormat = Annotated[str | None, option(INPUT, "--input-format", _FORMAT_HELP)]
HeadlineColumn = Annotated[str | None, option(INPUT, "--headline-column", _COLUMN_HELP)]
Sheet = Annotated[str | None, option(INPUT, "--sheet", "A sheet of an Excel file, or a file in a .zip.")]

Table = Annotated[
    str,
    typer.Argument(parser=user_text, metavar="TABLE", help="A headline table, or a dataset's name such as ynat:dev."),
]

_SCHEDULER_HELP = "A Dask scheduler (tcp://HOST:8786), whose workers do it. Needs the extra dask."
Scheduler = Annotated[str | None, option("Cluster", "--scheduler", _SCHEDULER_HELP, metavar="ADDRESS")]

_HOST_HELP = "Address to listen on. 0.0.0.0 can be reached from other machines."

Host = Annotated[str, typer.Option("--host", help=_HOST_HELP)]
Port = Annotated[int, typer.Option("--port", min=1, max=65535, help="Port to listen on.")]

_SECTION_HELP = "The column with the sections. Default: section, or the only one with a usual name (category, 분류 …)."
_NAMES_HELP = "For sections that are numbers: a table of numbers and names (0,IT과학)."

SectionColumn = Annotated[str | None, option(INPUT, "--section-column", _SECTION_HELP)]
Names = Annotated[Path | None, path_option(INPUT, "--section-names", _NAMES_HELP)]


def section_names(path: Path | None) -> SectionNames | None:
    """Return the names of numbered sections that a file holds, if there is one."""
    from classifier.corpus.sections import SectionNames
    from classifier.corpus.tables import read_section_names

    return None if path is None else SectionNames(numbers=read_section_names(path))


def check_tier(tier: str | None) -> None:
    """Raise a BadParameter unless ``tier`` is one or None."""
    from classifier.model.cascade import TIERS

    if tier is not None and tier not in TIERS:
        raise typer.BadParameter(f"{tier!r} is none of {', '.join(TIERS)}", param_hint="--tier")


def console() -> Console:
    """Return a console on standard output, wide enough for tables where that is no terminal.

    It takes no text for markup: a headline may hold ``[b]`` or ``:smile:``.
    """
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 140, highlight=False, markup=False, emoji=False)


def show_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a title and a table; the column ``">name"`` is aligned to the right."""
    from rich.table import Table

    show_line(title)
    table = Table()
    for column in columns:
        table.add_column(column.removeprefix(">"), justify="right" if column.startswith(">") else "left")
    for row in rows:
        table.add_row(*row)
    console().print(table)


def show_line(text: str) -> None:
    """Print a line of standard output, however long."""
    console().print(text, soft_wrap=True)


def figures(of: Mapping[str, Any]) -> str:
    """Return the figures of an evaluation in one line."""
    return (
        f"macro-F1 {of['macro_f1']:.4f}, accuracy {of['accuracy']:.4f}, "
        f"log-loss {of['log_loss']:.4f}, ECE {of['ece']:.4f}"
    )


def the_first(count: int) -> str:
    """Return what the title of a listing adds if it shows the first :data:`FIRST` of ``count`` only."""
    return f"; the first {FIRST}" if count > FIRST else ""


@contextmanager
def _bar(*columns: ProgressColumn | str, **options: Any) -> Iterator[Callable[..., None]]:
    """Show a progress bar on standard error; yield the function that updates it."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    shown = (
        TextColumn("{task.description}", markup=False), BarColumn(), *columns, TimeElapsedColumn(), TextColumn("left"),
        TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*shown, console=Console(stderr=True), refresh_per_second=4) as bar:
        task = bar.add_task(total=None, **options)
        yield lambda **changes: bar.update(task, **changes)


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on standard error; its function takes how many are done and how many there are."""
    from rich.progress import MofNCompleteColumn

    with _bar(MofNCompleteColumn(), description=what) as update:
        yield lambda done, total: update(completed=done, total=total)


@contextmanager
def rows_bar(what: str) -> Iterator[Callable[[int, int, int | None], None]]:
    """Show a bar on standard error, if that is a terminal; its function takes rows, bytes read and bytes there are."""
    if not sys.stderr.isatty():
        yield lambda _rows, _done, _total: None
        return
    from rich.progress import TaskProgressColumn, TextColumn

    with _bar(TaskProgressColumn(), TextColumn("{task.fields[rows]} rows"), description=what, rows="0") as update:
        yield lambda rows, done, total: update(completed=done, total=total, rows=f"{rows:,}")
