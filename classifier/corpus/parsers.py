"""Lines of a text, TSV, CSV or JSON Lines file to headlines, many at once; a row that is wrong stays by itself.

Every parser first tries what is quick for whole blocks, and goes row by row only where that fails.
"""

from __future__ import annotations

import csv
import json
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol

from classifier.errors import DataError

#: A quoted CSV cell may hold line breaks; one that goes on for more lines than these was never closed.
_LONGEST_RECORD = 1000

#: Characters; a longer headline is none, and would take the memory of thousands.
_LONGEST_HEADLINE = 10_000

#: Stands between the JSON lines of a block. No line can hold it, so no line can pass for two, nor two for one.
_BETWEEN = secrets.token_hex(16)


class UndecodableLine(str):
    """A line that is no text in the file's encoding, with its bytes escaped; ``why`` says what is wrong."""

    __slots__ = ("why",)

    def __new__(cls, text: str, why: str) -> UndecodableLine:  # noqa: D102 (a str is made here, not in __init__)
        made = super().__new__(cls, text)
        made.why = why
        return made

    why: str


@dataclass
class Parsed:
    """Rows of a block: ``bad`` is (line number, what is wrong) by index in ``headlines``."""

    headlines: list[str] = field(default_factory=list)
    bad: dict[int, tuple[int, str]] = field(default_factory=dict)
    kept: dict[str, list[Any]] = field(default_factory=dict)
    used: int = 0  #: lines of the block; the others begin a record that ends in the next

    def add(self, headline: str, kept: Iterable[Any], number: int) -> None:
        """Add a row, unless its headline is too long to be one."""
        if len(headline) > _LONGEST_HEADLINE:
            self.add_bad(number, _too_long(headline), headline)
            return
        self.headlines.append(headline)
        for values, value in zip(self.kept.values(), kept, strict=True):
            values.append(value)

    def add_bad(self, number: int, why: str, raw: str) -> None:
        """Add a row that stays as it stands."""
        self.bad[len(self.headlines)] = (number, why)
        self.headlines.append(raw)
        for values in self.kept.values():
            values.append("")


def _too_long(headline: str) -> str:
    return f"a headline of {len(headline):,} characters, more than {_LONGEST_HEADLINE:,}"


def _all_short(headlines: list[str]) -> bool:
    return max(map(len, headlines), default=0) <= _LONGEST_HEADLINE


class Parser(Protocol):
    """Turns the lines of block after block into rows."""

    columns: tuple[str, ...]  #: the header line, once it has been read

    def parse(self, lines: list[str], first: int, last: bool) -> Parsed:
        """Parse lines, the first of which is number ``first`` of the file; ``last`` says that no more follow."""


class TextParser:
    """One headline a line; a blank line is one too, so that answers line up."""

    def __init__(self, where: str, keep: Sequence[str], columns: tuple[str, ...]) -> None:
        self.columns: tuple[str, ...] = ("headline",)

    def parse(self, lines: list[str], first: int, last: bool) -> Parsed:
        """Return the lines."""
        if _all_short(lines) and not any_undecodable(lines):
            return Parsed(lines, used=len(lines))
        parsed = Parsed(used=len(lines))
        for number, line in enumerate(lines, first):
            if isinstance(line, UndecodableLine):
                parsed.add_bad(number, line.why, line)
            else:
                parsed.add(line, (), number)
        return parsed


class _TableParser:
    """What TSV and CSV share: a header line, rows of as many fields, blank lines that are none."""

    def __init__(self, where: str, keep: Sequence[str], columns: tuple[str, ...]) -> None:
        self.where = where
        self.keep = keep
        self.columns: tuple[str, ...] = ()
        if columns:
            self._take_header(columns)

    def _take_header(self, cells: Iterable[str]) -> None:
        self.columns = tuple(name.strip() for name in cells)
        check_columns(self.where, self.columns, self.keep)
        self._index = {name: self.columns.index(name) for name in ("headline", *self.keep)}

    def _fitting(self, rows: list[list[str]], used: int) -> Parsed | None:
        """Return the rows of a block in which nothing is wrong, or None."""
        if set(map(len, rows)) != {len(self.columns)}:
            return None

        def column(name: str) -> list[str]:
            place = self._index[name]
            return [row[place] for row in rows]

        headlines = column("headline")
        if not _all_short(headlines):
            return None
        return Parsed(headlines, {}, {name: column(name) for name in self.keep}, used)

    def _empty(self) -> Parsed:
        return Parsed(kept={name: [] for name in self.keep})

    def _add(self, parsed: Parsed, cells: list[str], number: int, raw: str) -> None:
        if len(cells) != len(self.columns):
            parsed.add_bad(number, f"{len(cells)} fields instead of {len(self.columns)}", raw)
            return
        parsed.add(cells[self._index["headline"]], [cells[self._index[name]] for name in self.keep], number)


class TsvParser(_TableParser):
    """Tab-separated, without quoting: a quote mark is a character of the headline."""

    def parse(self, lines: list[str], first: int, last: bool) -> Parsed:
        """Split every line at its tabs."""
        skipped = 0
        if not self.columns:
            skipped = _first_line(lines)
            if skipped == len(lines):
                return Parsed(used=len(lines))
            self._take_header(lines[skipped].split("\t"))
            skipped += 1
        rows = [line.split("\t") for line in islice(lines, skipped, None)]
        blank = len(self.columns) == 1 and not all(lines)
        if not blank and not any_undecodable(lines) and (fitting := self._fitting(rows, len(lines))) is not None:
            return fitting
        parsed = self._empty()
        for number, (line, cells) in enumerate(zip(islice(lines, skipped, None), rows, strict=True), first + skipped):
            if isinstance(line, UndecodableLine):
                parsed.add_bad(number, line.why, line)
            elif line:
                self._add(parsed, cells, number, line)
        parsed.used = len(lines)
        return parsed


class CsvParser(_TableParser):
    """Comma-separated, with the usual quoting; a quoted cell may hold line breaks.

    Of a record that is wrong (a quote mark that is never closed, a field too many) the first line is
    broken and the next line begins a new record, so that one bad line costs one row.
    """

    def parse(self, lines: list[str], first: int, last: bool) -> Parsed:
        """Parse records as far as they are complete."""
        if self.columns and not any_undecodable(lines):
            try:
                rows = list(csv.reader(lines, strict=True))
                if len(rows) == len(lines) and (fitting := self._fitting(rows, len(lines))) is not None:
                    return fitting  # a record a line
            except csv.Error:
                pass
        parsed, at = self._empty(), 0
        while at < len(lines):
            size, cells, why = self._record(lines, at, last)
            if not size:  # it goes on in the next block
                break
            if isinstance(lines[at], UndecodableLine):
                parsed.add_bad(first + at, lines[at].why, lines[at])  # type: ignore[attr-defined]
            elif not self.columns and (cells or why):
                self._take_header(cells)
                parsed = self._empty()
            elif why or (cells and len(cells) != len(self.columns)):
                why = why or f"{len(cells)} fields instead of {len(self.columns)}"
                parsed.add_bad(first + at, why, lines[at])
                size = 1
            elif cells:
                self._add(parsed, cells, first + at, lines[at])
            at += size
        parsed.used = at
        return parsed

    def _record(self, lines: list[str], at: int, last: bool) -> tuple[int, list[str], str]:
        """Return how many lines the record at ``at`` has (0: more than there are), its cells, or what is wrong."""
        if isinstance(lines[at], UndecodableLine):
            return 1, [], ""
        size = 1
        while True:
            try:
                record = [f"{line}\n" for line in lines[at : at + size - 1]] + [lines[at + size - 1]]
                return size, next(csv.reader(record, strict=True)), ""
            except csv.Error as error:
                if "unexpected end of data" not in str(error):
                    return 1, [], f"not readable: {error}"
            except StopIteration:  # a blank line
                return 1, [], ""
            # An open quote: only a line with a quote mark can close it.
            size += 1
            end = min(len(lines), at + _LONGEST_RECORD)
            while at + size <= end and '"' not in lines[at + size - 1]:
                size += 1
            if at + size > end:
                open_yet = not last and end == len(lines)
                return (0, [], "") if open_yet else (1, [], "not readable: a quote mark that is never closed")


class JsonParser:
    """One JSON object a line with the key ``headline``."""

    def __init__(self, where: str, keep: Sequence[str], columns: tuple[str, ...]) -> None:
        self.keep = keep
        self.columns: tuple[str, ...] = ("headline", *keep)

    def parse(self, lines: list[str], first: int, last: bool) -> Parsed:
        """Parse all lines as one array, or if that fails each for itself."""
        rows = None if any_undecodable(lines) else _json_rows(lines)
        if rows is not None:
            try:
                headlines = [row["headline"] for row in rows]
                kept = {name: [row.get(name, "") for row in rows] for name in self.keep}
                if set(map(type, headlines)) <= {str} and _all_short(headlines):
                    "".join(headlines).encode()
                    return Parsed(headlines, {}, kept, len(lines))
            except (KeyError, TypeError, AttributeError, UnicodeEncodeError):
                pass
        parsed = Parsed(kept={name: [] for name in self.keep}, used=len(lines))
        for number, line in enumerate(lines, first):
            if isinstance(line, UndecodableLine):
                parsed.add_bad(number, line.why, line)
            elif line.strip():
                self._add(parsed, line, number)
        return parsed

    def _add(self, parsed: Parsed, line: str, number: int) -> None:
        try:
            row = json.loads(line)
            json.dumps(row, ensure_ascii=False).encode()  # an escaped lone surrogate is no text
        except (ValueError, RecursionError) as error:
            parsed.add_bad(number, f"not JSON: {getattr(error, 'msg', error)}", line)
            return
        if not isinstance(row, dict):
            parsed.add_bad(number, "not a JSON object", line)
        elif not isinstance(row.get("headline"), str):
            why = "the headline is no text" if "headline" in row else "no headline"
            parsed.add_bad(number, why, line)
        else:
            parsed.add(row["headline"], [row.get(name, "") for name in self.keep], number)


def _json_rows(lines: list[str]) -> list[Any] | None:
    """Return the values of JSON lines, or None if not every line is one value."""
    try:
        values = json.loads("[" + f',"{_BETWEEN}",'.join(lines) + "]")
    except (ValueError, RecursionError):
        return None
    between = values[1::2]
    if len(values) != 2 * len(lines) - 1 or between != [_BETWEEN] * len(between):
        return None
    return list(values[::2])


def any_undecodable(lines: list[str]) -> bool:
    """Return whether a line is no text."""
    return UndecodableLine in set(map(type, lines))


def _first_line(lines: list[str]) -> int:
    return next((i for i, line in enumerate(lines) if line.strip()), len(lines))


def check_columns(where: str, columns: Sequence[str], keep: Sequence[str]) -> None:
    """Raise a DataError unless the header has ``headline`` and every column to keep, each once."""
    wanted = dict.fromkeys(("headline", *keep))
    missing = [name for name in wanted if name not in columns]
    repeated = [name for name in wanted if columns.count(name) > 1]
    if missing or repeated:
        raise DataError(
            f"{where}: the columns are {', '.join(columns) or 'none'}; "
            + (f"{' and '.join(missing)} missing. " if missing else f"{', '.join(repeated)} stands twice. ")
            + "The first line of a table names its columns, and the one to predict is called headline; "
            "for a file of one headline a line use --input-format txt."
        )


PARSERS: dict[str, Callable[[str, Sequence[str], tuple[str, ...]], Parser]] = {
    "txt": TextParser,
    "tsv": TsvParser,
    "csv": CsvParser,
    "jsonl": JsonParser,
}
