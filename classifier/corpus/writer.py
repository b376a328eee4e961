"""Tables written row by row: TSV, CSV, JSON Lines, Parquet and Excel, each by its suffix.

A table appears under its name in one step, when all of it has been written.

A spreadsheet takes a cell that begins with ``=``, ``+``, ``-`` or ``@``, also in full width or after white space, for a
formula. So in CSV such a cell gets an apostrophe before it, which stays there when the file is read again. The other
formats give back what was written: an Excel file marks its cells as text. TSV has no quoting, so there any white space
inside a cell becomes one space.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from classifier.corpus.compression import CompressedWriter, split_suffix
from classifier.corpus.encoding import BOM
from classifier.errors import DataError
from classifier.extras import need
from classifier.storage import replacing

if TYPE_CHECKING:
    import pandas as pd

#: Appends rows, each with one value a column, to a table.
WriteRows = Callable[[Iterable[Sequence[Any]]], None]

#: What begins a formula, in half and full width, and the white space that a spreadsheet skips before it.
_FORMULA = re.compile("[=+\\-@＝＋－＠\t\r\n]")

_EXCEL_ROWS, _EXCEL_CHARACTERS = 1_048_576, 32_767
_NOT_IN_EXCEL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


def tsv_bytes(rows: Iterable[Sequence[Any]]) -> bytes:
    """Return rows as lines of TSV in UTF-8; None is an empty cell."""
    lines = ["\t".join(["" if cell is None else " ".join(str(cell).split()) for cell in row]) for row in rows]
    return "".join([f"{line}\n" for line in lines]).encode()


def csv_bytes(rows: Iterable[Sequence[Any]]) -> bytes:
    r"""Return rows as lines of CSV in UTF-8, without a BOM; a formula gets an apostrophe before it.

    >>> csv_bytes([["=1+1", -0.5, None]])
    b"'=1+1,-0.5,\r\n"
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    for row in rows:
        writer.writerow([f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell for cell in row])
    return text.getvalue().encode()


def without_apostrophe(cell: str) -> str:
    """Return a cell as it was before :func:`csv_bytes` put an apostrophe before it."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell, 1) else cell


@contextmanager
def _text(
    part: Path, columns: Sequence[str], numbers: Collection[str], suffixes: tuple[str, str]
) -> Iterator[WriteRows]:
    suffix, compression = suffixes
    with part.open("wb") as file:
        packed = CompressedWriter(file, compression, str(part))
        if suffix == ".jsonl":

            def render(rows: Iterable[Sequence[Any]]) -> bytes:
                lines = [json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False) for row in rows]
                return "".join([f"{line}\n" for line in lines]).encode()
        else:
            render = tsv_bytes if suffix == ".tsv" else csv_bytes
            # After a BOM, a Korean spreadsheet reads a CSV file as UTF-8.
            packed.write((BOM if suffix == ".csv" else b"") + render([columns]))
        yield lambda rows: packed.write(render(rows))
        packed.finish()


@contextmanager
def _parquet(
    part: Path, columns: Sequence[str], numbers: Collection[str], suffixes: tuple[str, str]
) -> Iterator[WriteRows]:
    import pyarrow
    from pyarrow import parquet

    schema = pyarrow.schema([(c, pyarrow.float64() if c in numbers else pyarrow.string()) for c in columns])
    with parquet.ParquetWriter(part, schema) as writer:

        def write(rows: Iterable[Sequence[Any]]) -> None:
            cells: list[list[Any]] = [[] for _ in columns]
            for row in rows:
                for name, column, cell in zip(columns, cells, row, strict=True):
                    column.append(cell if cell is None or name in numbers else str(cell))
            writer.write_table(pyarrow.table(cells, schema=schema))

        yield write


@contextmanager
def _excel(
    part: Path, columns: Sequence[str], numbers: Collection[str], suffixes: tuple[str, str]
) -> Iterator[WriteRows]:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet("headlines")
    written = 0

    def cell(value: Any) -> Any:
        if value is None or isinstance(value, (int, float)):
            return value
        text = _NOT_IN_EXCEL.sub(" ", str(value))
        if len(text) > _EXCEL_CHARACTERS:
            raise DataError(
                f"row {written + 1} has a cell of {len(text):,} characters; Excel holds {_EXCEL_CHARACTERS:,}. "
                "Name a .csv, .jsonl or .parquet file."
            )
        made = WriteOnlyCell(sheet, value=text)
        made.data_type = "s"  # a text, whatever it begins with
        return made

    def write(rows: Iterable[Sequence[Any]]) -> None:
        nonlocal written
        for row in rows:
            if written == _EXCEL_ROWS:
                raise DataError(
                    f"an Excel sheet holds {_EXCEL_ROWS - 1:,} rows under its header, and there are more. "
                    "Name a .csv, .jsonl or .parquet file."
                )
            sheet.append([cell(value) for value in row])
            written += 1

    try:
        write([columns])
        yield write
    except BaseException:
        sheet.close()  # otherwise the sheet's open XML warns when it is collected
        raise
    book.save(part)


_Writer = Callable[[Path, Sequence[str], Collection[str], tuple[str, str]], AbstractContextManager[WriteRows]]
_WRITERS: dict[str, _Writer] = {
    ".tsv": _text, ".csv": _text, ".jsonl": _text, ".parquet": _parquet, ".xlsx": _excel,
}  # fmt: skip

#: Suffixes of the tables that can be written; those that are text may have .gz or .zst after them.
OUTPUT_SUFFIXES = tuple(_WRITERS)


def checked_suffixes(path: Path) -> tuple[str, str]:
    """Return the suffix of a table's format and that of its compression, ``(".csv", ".gz")`` or ``(".csv", "")``.

    Raises:
        DataError: tables are not written in this format, or not with this compression.
        InstallationError: what writes the format is not installed.
    """
    suffix, compression = split_suffix(path.name)
    if suffix not in _WRITERS or compression == ".zip" or (compression and _WRITERS[suffix] is not _text):
        text = ", ".join(name for name, writer in _WRITERS.items() if writer is _text)
        raise DataError(
            f"{path}: a table is written as {', '.join(OUTPUT_SUFFIXES)} ({text} also with .gz or .zst added), "
            f"not as {suffix + compression or 'a file without a suffix'}."
        )
    if suffix in (".parquet", ".xlsx"):
        need("parquet" if suffix == ".parquet" else "excel", f"{path}: writing it")
    return suffix, compression


@contextmanager
def table_writer(path: Path, columns: Sequence[str], numbers: Collection[str] = ()) -> Iterator[WriteRows]:
    """Yield a function that appends rows to a new table; it appears at ``path`` if the block ends without an error.

    Args:
        path: a file with one of :data:`OUTPUT_SUFFIXES`. Its folder is made if it is not there.
        columns: the names of the columns; each row has one value for each.
        numbers: columns that hold numbers or None. Parquet has to know them before the first row, and writes the
            others as text.

    Raises:
        DataError: the suffix is not one of a table, or the file cannot be written, or Excel cannot hold so much.
        InstallationError: what writes the format is not installed.
    """
    path = path.expanduser()
    suffixes = checked_suffixes(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as part, _WRITERS[suffixes[0]](part, columns, numbers, suffixes) as write:
            yield write
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror or error}). Name another file.") from error


def write_table(frame: pd.DataFrame, target: Path | BinaryIO) -> None:
    """Write a frame as the table that the suffix of ``target`` says; into an open binary stream, as TSV.

    Raises:
        DataError, InstallationError: as :func:`table_writer`.
    """
    rows = frame.itertuples(index=False, name=None)
    if not isinstance(target, Path):
        target.write(tsv_bytes(chain([list(frame.columns)], rows)))
        return
    with table_writer(target, [str(name) for name in frame.columns]) as write:
        write(rows)
