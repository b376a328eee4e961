"""Lines of a text, TSV, CSV or JSON Lines file to headlines, many at once; a bad row does not affect the others.

Every parser first tries what is quick for whole blocks, and goes row by row only where that fails.
"""

from __future__ import annotations

import csv
import json
import re
import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from classifier.corpus.bad_rows import BadRow
from classifier.errors import DataError

#: A quoted CSV cell may hold line breaks; one that goes on for more lines than these was never closed.
_LONGEST_RECORD = 1000

#: Characters; a longer text is not a headline and would take the memory of thousands.
_LONGEST_HEADLINE = 10_000

#: Put between the JSON lines of a block. No line can contain it, so no line is taken for two, nor two for one.
_BETWEEN = secrets.token_hex(16)

#: Returns which column of a header is what: :meth:`Columns.find` with all but the header given.
FindColumns = Callable[[Sequence[str]], dict[str, str]]

_DELIMITERS = ",\t;|"


@dataclass(frozen=True)
class Block:
    """Whole lines of a file."""

    lines: list[str]
    first: int  #: number of the first line in the file
    last: bool = True  #: whether no more lines follow
    undecodable: Mapping[int, str] = field(default_factory=dict)  #: what is wrong with such a line, by index

    def numbers(self, begin: int = 0) -> range:
        """Return the numbers of the lines from the index ``begin`` on."""
        return range(self.first + begin, self.first + len(self.lines))


@dataclass
class Parsed:
    """Some rows, in their order; of a bad one ``headlines`` holds the unchanged text."""

    headlines: list[str] = field(default_factory=list)
    bad: dict[int, BadRow] = field(default_factory=dict)  #: by index in ``headlines``
    kept: dict[str, list[Any]] = field(default_factory=dict)
    numbers: Any = field(default_factory=list)  #: line of each row, a list or a range
    used: int = 0  #: lines that have been parsed; the others begin a record that goes on

    def add(self, headline: str, kept: Iterable[Any], number: int) -> None:
        """Add a row, unless its headline is too long to be one."""
        if len(headline) > _LONGEST_HEADLINE:
            why = f"a headline of {len(headline):,} characters, more than {_LONGEST_HEADLINE:,}"
            self.add_bad(number, why, headline)
            return
        self.headlines.append(headline)
        self.numbers.append(number)
        for values, value in zip(self.kept.values(), kept, strict=True):
            values.append(value)

    def add_bad(self, number: int, why: str, raw: str) -> None:
        """Add a bad row, unchanged."""
        self.bad[len(self.headlines)] = BadRow(number, why, raw)
        self.headlines.append(raw)
        self.numbers.append(number)
        for values in self.kept.values():
            values.append("")


def _all_short(headlines: list[str]) -> bool:
    return max(map(len, headlines), default=0) <= _LONGEST_HEADLINE


def all_texts(headlines: list[Any]) -> bool:
    """Return whether every headline is a text, and none is too long to be one."""
    return set(map(type, headlines)) <= {str} and _all_short(headlines)


class Parser(ABC):
    """Turns lines, many at once, into rows.

    Args:
        find: says which column of the header is what.
        keep: names of other columns to hand on; empty for all of them or none.
        columns: the header, if it has been read before.
        delimiter: what separates the cells of CSV.
    """

    header: tuple[str, ...] = ()  #: of formats that have no header line

    def __init__(
        self, find: FindColumns, keep: Sequence[str], columns: Sequence[str] = (), delimiter: str = ","
    ) -> None:
        self._find = find
        self._kept = list(keep)
        self.delimiter = delimiter
        self.columns: tuple[str, ...] = ()  #: the header, once it has been read
        self.names: dict[str, str] = {}  #: which of them is what
        if columns or self.header:
            self._take_header(columns or self.header)

    @abstractmethod
    def parse(self, block: Block) -> Parsed:
        """Parse the lines."""

    def _by_line(self, block: Block, add: Callable[[Parsed, str, int], None], begin: int = 0) -> Parsed:
        """Parse line by line from the index ``begin`` on; ``add`` adds the row of a line and its number."""
        parsed = self.empty()
        parsed.used = len(block.lines)
        for i, line in enumerate(islice(block.lines, begin, None), begin):
            if i in block.undecodable:
                parsed.add_bad(block.first + i, block.undecodable[i], line)
            else:
                add(parsed, line, block.first + i)
        return parsed

    def _take_header(self, columns: Sequence[str]) -> None:
        self.columns = tuple(name.strip() for name in columns)
        self.names = self._find(self.columns)
        self._kept = [name for name in self.names if name != "headline"]

    def empty(self) -> Parsed:
        """Return rows to add to: none yet."""
        return Parsed(kept={name: [] for name in self._kept})


class TextParser(Parser):
    """One headline a line; a blank line is one too, so that answers line up."""

    header = ("headline",)

    def parse(self, block: Block) -> Parsed:
        """Return the lines."""
        if not block.undecodable and _all_short(block.lines):
            return Parsed(block.lines, numbers=block.numbers(), used=len(block.lines))
        return self._by_line(block, lambda parsed, line, number: parsed.add(line, (), number))


class FastTextParser(Parser):
    """fastText's training files: ``__label__경제 headline``, one a line; an unlabelled line has an empty section."""

    header = ("headline", "section")

    def parse(self, block: Block) -> Parsed:
        """Take the labels off every line."""
        return self._by_line(block, self._add)

    def _add(self, parsed: Parsed, line: str, number: int) -> None:
        words = line.split()
        labels = [word.removeprefix("__label__") for word in words if word.startswith("__label__")]
        if len(labels) > 1:
            parsed.add_bad(number, f"{len(labels)} labels instead of one", line)
        elif words:
            headline = " ".join(word for word in words if not word.startswith("__label__"))
            parsed.add(headline, ["".join(labels)] * len(self._kept), number)


class _TableParser(Parser):
    """What TSV and CSV share: a header line, rows of as many fields, blank lines that are no rows."""

    def _take_header(self, columns: Sequence[str]) -> None:
        super()._take_header(columns)
        self._index = {name: self.columns.index(column) for name, column in self.names.items()}

    def _fitting(self, rows: list[list[str]], block: Block, begin: int = 0) -> Parsed | None:
        """Return the rows of a block, one a line from the index ``begin`` on, or None if something is wrong."""
        if set(map(len, rows)) != {len(self.columns)}:
            return None

        def column(name: str) -> list[str]:
            index = self._index[name]
            return [row[index] for row in rows]

        headlines = column("headline")
        if not _all_short(headlines) or self.names["headline"] in headlines:
            return None
        kept = {name: column(name) for name in self._kept}
        return Parsed(headlines, {}, kept, block.numbers(begin), len(block.lines))

    def _add(self, parsed: Parsed, cells: list[str], number: int, raw: str) -> None:
        if len(cells) != len(self.columns):
            parsed.add_bad(number, f"{len(cells)} fields instead of {len(self.columns)}", raw)
        elif tuple(cell.strip() for cell in cells) == self.columns:
            parsed.add_bad(number, "the header line stands here again", raw)
        else:
            parsed.add(cells[self._index["headline"]], [cells[self._index[name]] for name in self._kept], number)


class TsvParser(_TableParser):
    """Tab-separated, without quoting: a quote mark is a character of the headline."""

    def parse(self, block: Block) -> Parsed:
        """Split every line at its tabs."""
        lines, begin = block.lines, 0
        if not self.columns:
            begin = _first_line(lines)
            if begin < len(lines):
                self._take_header(lines[begin].split("\t"))
                begin += 1
        blank = len(self.columns) == 1 and not all(lines)
        if not block.undecodable and not blank:
            rows = [line.split("\t") for line in islice(lines, begin, None)]
            if (fitting := self._fitting(rows, block, begin)) is not None:
                return fitting
        return self._by_line(block, self._add_line, begin)

    def _add_line(self, parsed: Parsed, line: str, number: int) -> None:
        if line:
            self._add(parsed, line.split("\t"), number, line)


class CsvParser(_TableParser):
    """Separated by commas, semicolons, tabs or bars, with the usual quoting; a quoted cell may hold line breaks.

    Of a record that is wrong (a quote mark that is never closed, a field too many) the first line is
    broken and the next line begins a new record, so that one bad line costs one row.
    """

    def parse(self, block: Block) -> Parsed:
        """Parse records as far as they are complete."""
        lines = block.lines
        if self.columns and not block.undecodable:
            try:
                rows = list(csv.reader(lines, strict=True, delimiter=self.delimiter))
                if len(rows) == len(lines) and (fitting := self._fitting(rows, block)) is not None:
                    return fitting  # a record a line
            except csv.Error:
                pass
        parsed, at = self.empty(), 0
        if not self.columns:
            at = self._look_at_header(lines)
        while at < len(lines):
            size, cells, why = self._record(block, at)
            if not size:  # it goes on in the next block
                break
            if not self.columns and (cells or why):
                self._take_header(cells)
                parsed = self.empty()
            elif why:
                parsed.add_bad(block.first + at, why, lines[at])
            elif cells:
                if len(cells) != len(self.columns):
                    size = 1
                self._add(parsed, cells, block.first + at, lines[at])
            at += size
        parsed.used = at
        return parsed

    def _look_at_header(self, lines: list[str]) -> int:
        """Find the delimiter; return which line is the header."""
        at = _first_line(lines)
        if at == len(lines):
            return 0
        if stated := re.fullmatch(r"sep=(.)", lines[at]):  # which Excel writes and reads
            self.delimiter = stated[1]
            return at + 1
        for delimiter in sorted(_DELIMITERS, key=lines[at].count, reverse=True):
            try:
                self._find([name.strip() for name in next(csv.reader([lines[at]], delimiter=delimiter))])
            except (DataError, csv.Error):
                continue
            self.delimiter = delimiter
            break
        return at

    def _record(self, block: Block, at: int) -> tuple[int, list[str], str]:
        """Return how many lines the record at ``at`` has (0: more than there are), its cells, or what is wrong."""
        lines, undecodable = block.lines, block.undecodable if self.columns else {}
        if at in undecodable:
            return 1, [], undecodable[at]
        size = 1
        while True:
            try:
                record = [f"{line}\n" for line in lines[at : at + size - 1]] + [lines[at + size - 1]]
                cells = next(csv.reader(record, strict=True, delimiter=self.delimiter))
                if not undecodable.keys().isdisjoint(range(at, at + size)):
                    return 1, [], "not readable: a line of it cannot be decoded"
                return size, cells, ""
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
                open_yet = not block.last and end == len(lines)
                return (0, [], "") if open_yet else (1, [], "not readable: a quote mark that is never closed")


class JsonParser(Parser):
    """One JSON object a line. The keys of the first objects, some thousand, say which one is the headline."""

    def parse(self, block: Block) -> Parsed:
        """Parse all lines as one array, or if that fails each by itself."""
        rows = None if block.undecodable else _json_rows(block.lines)
        if not self.columns:
            self.take_keys(rows if rows is not None else map(_json_row, block.lines))
        if rows is not None and self.columns:
            try:
                key = self.names["headline"]
                headlines = [row[key] for row in rows]
                kept = {name: [row.get(self.names[name], "") for row in rows] for name in self._kept}
                if all_texts(headlines):
                    "".join(headlines).encode()
                    json.dumps(kept, ensure_ascii=False).encode()
                    return Parsed(headlines, {}, kept, block.numbers(), len(rows))
            except (KeyError, TypeError, AttributeError, UnicodeEncodeError):
                pass
        return self._by_line(block, self._add)

    def take_keys(self, rows: Iterable[Any]) -> None:
        """Take the keys of all objects among ``rows`` for the header."""
        if keys := dict.fromkeys(key for row in rows if isinstance(row, dict) for key in row):
            self._take_header(list(keys))

    def _add(self, parsed: Parsed, line: str, number: int) -> None:
        if not line.strip():
            return
        row = _json_row(line)
        if isinstance(row, ValueError | RecursionError):
            parsed.add_bad(number, f"not JSON: {getattr(row, 'msg', row)}", line)
        else:
            add_object(parsed, row, self.names, number, line)


def add_object(parsed: Parsed, row: Any, names: dict[str, str], number: int, raw: str) -> None:
    """Add a row that should be an object with a headline; ``names`` says which of its keys is what."""
    if not isinstance(row, dict) or not names:
        parsed.add_bad(number, "not a JSON object", raw)
        return
    headline = row.get(names["headline"])
    kept = [row.get(key, "") for name, key in names.items() if name != "headline"]
    if not isinstance(headline, str):
        parsed.add_bad(number, "no headline" if headline is None else "the headline is no text", raw)
    else:
        parsed.add(headline, kept, number)


def _json_row(line: str) -> Any:
    """Return the value of a JSON line, or the error in it."""
    try:
        row = json.loads(line)
        json.dumps(row, ensure_ascii=False).encode()  # an escaped lone surrogate cannot be written
    except (ValueError, RecursionError) as error:
        return error
    return row


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


def _first_line(lines: list[str]) -> int:
    return next((i for i, line in enumerate(lines) if line.strip()), len(lines))


PARSERS: dict[str, type[Parser]] = {
    "txt": TextParser,
    "tsv": TsvParser,
    "csv": CsvParser,
    "jsonl": JsonParser,
    "fasttext": FastTextParser,
}
