"""Parquet, Excel and JSON documents: they have rows, but not one per line. A position in them is a number of rows."""

from __future__ import annotations

import json
import logging
import os
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, time
from itertools import islice
from typing import Any
from urllib.parse import unquote
from zipfile import BadZipFile

from classifier.corpus.compression import open_binary
from classifier.corpus.encoding import decode
from classifier.corpus.parsers import Block, FindColumns, JsonParser, Parsed, add_object, all_texts
from classifier.errors import DataError
from classifier.extras import need

logger = logging.getLogger(__name__)

_ROWS = 16_384  #: rows of a chunk


def parquet_chunks(name: str, find: FindColumns, start: int) -> Iterator[Parsed]:
    """Yield the rows after the first ``start``, some thousand at a time; ``used`` counts them.

    Raises:
        InstallationError: pyarrow is missing.
        DataError: the file is damaged, or has no column that is wanted.
    """
    need("parquet", f"{name}: Parquet")
    from pyarrow import ArrowException, parquet

    done = 0
    try:
        with open_binary(name) as source, parquet.ParquetFile(source, page_checksum_verification=True) as file:
            own = file.schema_arrow.names
            folders = {key: value for key, value in _folder_columns(name).items() if key not in own}
            names = find([*own, *folders])
            wanted = [column for column in names.values() if column in own]
            for batch in file.iter_batches(_ROWS, columns=wanted):
                done += batch.num_rows
                if done <= start:
                    continue
                rest = batch.slice(max(0, start - (done - batch.num_rows)))
                columns = [
                    rest.column(column).to_pylist() if column in own else [folders[column]] * rest.num_rows
                    for column in names.values()
                ]
                yield _rows(range(done - rest.num_rows + 1, done + 1), columns, names)
    except (ArrowException, OSError) as error:
        where = f" after row {done:,}" if done else ""
        raise DataError(f"{name}: cannot be read as Parquet{where} ({error}). Have it written again.") from error


def _folder_columns(name: str) -> dict[str, str | None]:
    """Return the columns that Spark and Dask keep in the names of folders: ``section=IT%2F과학/part-0.parquet``."""
    pairs = (folder.partition("=") for folder in name.split("/")[:-1] if "=" in folder)
    return {key: None if value == "__HIVE_DEFAULT_PARTITION__" else unquote(value) for key, _, value in pairs}


def excel_chunks(name: str, find: FindColumns, start: int, sheet: str | None) -> Iterator[Parsed]:
    """Yield the rows of a sheet under its header, the first row that is not empty; ``used`` counts rows of the sheet.

    Args:
        name: an ``.xlsx`` file.
        find: says which column is what.
        start: rows of the sheet that have been read before.
        sheet: its name; None for the first.

    Raises:
        InstallationError: openpyxl is missing.
        DataError: the file is damaged or has a password, or lacks the sheet or a column.
    """
    need("excel", f"{name}: Excel")
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(name, read_only=True, data_only=True)
    except (OSError, BadZipFile, InvalidFileException, KeyError, ValueError) as error:
        raise DataError(
            f"{name}: cannot be read as an Excel file ({error}). Save it as .xlsx, without a password."
        ) from error
    try:
        if sheet is not None and sheet not in book.sheetnames:
            raise DataError(f"{name}: there is no sheet {sheet!r}. There is {', '.join(book.sheetnames)}.")
        chosen = book[sheet] if sheet is not None else book.worksheets[0]
        if sheet is None and len(book.sheetnames) > 1:
            logger.info("%s: the sheet %s is read, the first of %s", name, chosen.title, ", ".join(book.sheetnames))
        chosen.reset_dimensions()  # other programs write wrong ones
        rows = enumerate(chosen.iter_rows(values_only=True), 1)
        header = next((row for _, row in rows if _filled(row)), ())
        header = [str("" if cell is None else cell).strip() for cell in header]
        names = find(header)
        index = [header.index(column) for column in names.values()]
        done = start
        rest = ((n, row) for n, row in rows if n > start)
        while batch := list(islice(rest, _ROWS)):
            filled = [(n, row) for n, row in batch if _filled(row)]
            columns = [[_cell(row[i] if i < len(row) else None) for _, row in filled] for i in index]
            parsed = _rows([n for n, _ in filled], columns, names)
            parsed.used = batch[-1][0] - done
            done = batch[-1][0]
            yield parsed
    finally:
        book.close()


def _filled(row: Sequence[Any]) -> bool:
    return any(cell is not None for cell in row)


def _cell(value: Any) -> Any:
    return str(value) if isinstance(value, date | time) else value


def _rows(numbers: Sequence[int], columns: Sequence[list[Any]], names: Iterable[str]) -> Parsed:
    headlines, *others = columns
    kept = dict(zip([name for name in names if name != "headline"], others, strict=True))
    if all_texts(headlines):
        return Parsed(headlines, {}, kept, numbers, len(headlines))
    parsed = Parsed(kept={name: [] for name in kept}, used=len(headlines))
    for number, headline, *row in zip(numbers, headlines, *others, strict=True):
        if isinstance(headline, str):
            parsed.add(headline, row, number)
        else:
            why = "no headline (an empty cell, or a formula)" if headline is None else "the headline is no text"
            parsed.add_bad(number, why, "" if headline is None else str(headline))
    return parsed


def json_chunks(label: str, raw: bytes, parser: JsonParser, start: int) -> Iterator[Parsed]:
    """Yield the rows of a JSON document after the first ``start``; the document is held in memory.

    It is an array of objects (or of headlines), or an object with one such array in it, or a frame as pandas writes
    it (an object of columns or of rows). JSON Lines under another name are read too.

    Raises:
        DataError: it is not JSON, or has no rows, or no column that is wanted.
    """
    text = decode(raw, label)
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        if error.msg != "Extra data":
            raise DataError(f"{label}: not JSON (line {error.lineno}, column {error.colno}: {error.msg}).") from error
        yield parser.parse(Block(text.split("\n")[start:], start + 1))
        return
    except (ValueError, RecursionError) as error:
        raise DataError(f"{label}: not JSON ({error}).") from error
    rows = _objects(content)
    if rows is None:
        raise DataError(
            f"{label}: this JSON is not a table. A table is an array of objects, "
            '[{"headline": "…", "section": "…"}, …], or an object that holds one.'
        )
    parser.take_keys(rows)
    while batch := rows[start : start + _ROWS]:
        parsed = parser.empty()
        parsed.used = len(batch)
        for number, row in enumerate(batch, start + 1):
            shown = json.dumps(row, ensure_ascii=False)
            try:
                shown.encode()
            except UnicodeEncodeError:
                parsed.add_bad(number, "half a character (a lone surrogate)", json.dumps(row))
            else:
                add_object(parsed, row, parser.names, number, shown)
        start += len(batch)
        yield parsed


def _objects(content: Any) -> list[Any] | None:
    """Return the rows of a JSON value, or None if it is not a table."""
    if isinstance(content, list):
        only_texts = bool(content) and all(isinstance(row, str) for row in content)
        return [{"headline": row} for row in content] if only_texts else content
    values = list(content.values()) if isinstance(content, dict) else []
    arrays = [value for value in values if isinstance(value, list) and value and isinstance(value[0], dict)]
    if len(arrays) == 1:
        return arrays[0]
    if values and all(isinstance(value, dict) and value.keys() == values[0].keys() for value in values):
        if all(key.isdecimal() for key in values[0]):  # a frame's columns, as pandas writes them
            return [{column: cells[key] for column, cells in content.items()} for key in values[0]]
        return values
    return [content] if values and not any(isinstance(value, list | dict) for value in values) else None


def file_sum(name: str) -> int:
    """Return a CRC-32 over the end of a Parquet or Excel file, which has the checksums of the rest."""
    with open_binary(name) as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - (1 << 16)))
        return zlib.crc32(file.read())
