"""The headlines of a table or a text of any length, chunk by chunk.

This is the one reader of tables. Lines are read in constant memory; so are Parquet and Excel, while a JSON document
is held in memory. A row that cannot be read is handed on as a bad one;
:func:`~classifier.corpus.tables.read_table` refuses a table that has any.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from classifier.corpus.bad_rows import BadRow
from classifier.corpus.columns import Columns, in_words
from classifier.corpus.compression import CompressedReader, is_remote
from classifier.corpus.documents import excel_chunks, file_sum, json_chunks, parquet_chunks
from classifier.corpus.encoding import BOM, TextSource, decode_lines, guess_encoding
from classifier.corpus.formats import DOCUMENTS, check_readable, check_signature, check_text, format_of
from classifier.corpus.parsers import PARSERS, Block, JsonParser, Parsed, Parser
from classifier.errors import DataError

logger = logging.getLogger(__name__)

_READ_SIZE = 1 << 18  #: bytes read at once, about 4,000 headlines: a second of the slowest model
_LONGEST_LINE = 1 << 26  #: bytes without a line break that are no text any more


@dataclass(frozen=True)
class Position:
    """How far an input has been read, always to the end of a row; enough to go on from there."""

    offset: int = 0  #: bytes, unpacked and in UTF-8 if they were UTF-16; in Parquet, Excel and JSON documents rows
    line: int = 0
    crc: int = 0  #: CRC-32 of these bytes, by which the same input is recognised
    encoding: str = ""  #: "" as long as all is ASCII, so that it may be UTF-8 or CP949
    columns: tuple[str, ...] = ()  #: the header line
    delimiter: str = ","  #: of CSV


@dataclass(frozen=True)
class Chunk:
    """Some rows in the order of the file."""

    headlines: list[str]  #: of a bad row, its unchanged text
    bad: dict[int, BadRow]  #: by index in ``headlines``
    kept: dict[str, list[Any]]  #: the other columns of ``keep``; "" for a bad row
    end: Position
    numbers: Sequence[int] = ()  #: the line of each row, or its row in Parquet, Excel and JSON documents

    @property
    def good(self) -> list[int]:
        """The indices of the rows that could be read."""
        return [i for i in range(len(self.headlines)) if i not in self.bad]


@dataclass
class HeadlineReader:
    """An open input. Iterate over it once.

    Args:
        name: a file, or ``-`` for standard input.
        stdin: the binary stream behind ``-``.
        input_format: what is in it, if its suffix does not say; see :func:`~classifier.corpus.formats.format_of`.
        keep: names of other columns to hand on, ``section`` for the one that holds the sections; None for all.
        start: where to go on; the default is the beginning.
        columns: which columns, and which sheet.

    Raises:
        DataError: it cannot be read, or is no text or table, or lacks a column, or does not
            begin as it did when ``start`` was reached.
    """

    name: str
    stdin: BinaryIO
    input_format: str | None = None
    keep: Sequence[str] | None = ()
    start: Position = field(default_factory=Position)
    columns: Columns = field(default_factory=Columns)

    def __post_init__(self) -> None:
        self.label = "standard input" if self.name == "-" else self.name
        path = self.name if self.name == "-" or is_remote(self.name) else str(Path(self.name).expanduser())
        self.format, compression = format_of(path, self.input_format)
        self._file = CompressedReader(path, compression, self.stdin, self.columns.sheet)
        if self._file.member and not self.input_format:
            self.format, _ = format_of(self._file.member)
            check_readable(self.name, self.format, compression)
        self._path = path
        self._source = TextSource(self._file.read, self.label)
        self.found: dict[str, str] = {}  #: which column is what, once the header has been read

    @property
    def size(self) -> int | None:
        """Bytes of the file; None for a pipe."""
        return self._file.size

    @property
    def bytes_read(self) -> int:
        """How many of these bytes have been read."""
        return self._file.bytes_read

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __iter__(self) -> Iterator[Chunk]:
        reported = False
        for chunk in self._documents() if self.format in DOCUMENTS else self._text():
            if not reported and (chosen := in_words(self.found)):
                logger.info("%s: %s", self.label, chosen)
            reported = reported or bool(self.found)
            yield chunk

    def _find(self, header: Sequence[str]) -> dict[str, str]:
        self.found = self.columns.find(self.label, header, self.keep)
        return self.found

    def _text(self) -> Iterator[Chunk]:
        self._skip()
        at, rest = self.start, b""
        parser: Parser | None = None
        for block in self._whole_lines():
            parser = parser or self._parser(block)
            raw = rest + block
            last = not raw.endswith(b"\n")  # or the end of the input, which only the next read shows
            at, rest, parsed = self._advance(parser, at, raw, last)
            yield _chunk(parsed, at)
        if rest and parser:
            at, rest, parsed = self._advance(parser, at, rest, True)
            yield _chunk(parsed, at)
        if self.format in ("tsv", "csv") and not (parser.columns if parser else self.start.columns):  # blank
            self._find(())

    def _parser(self, block: bytes) -> Parser:
        """Return what parses the lines, after checking that they begin as the suffix promises."""
        if not self.start.offset:
            check_signature(self.label, block)
        if self.format == "txt" and not self.input_format:
            resumed = "fasttext" if "section" in self.start.columns else "txt"
            self.format = resumed if self.start.offset else check_text(self.label, block)
        if self.format == "txt" and self.keep:
            raise DataError(
                f"{self.label}: a text of headlines has no columns; {', '.join(self.keep)} cannot be kept. "
                "Name a table, or say which it is with --input-format."
            )
        return PARSERS[self.format](self._find, self.keep or (), self.start.columns, self.start.delimiter)

    def _advance(self, parser: Parser, at: Position, raw: bytes, last: bool) -> tuple[Position, bytes, Parsed]:
        """Parse whole lines; return where they end, the lines of a record that goes on, and the rows."""
        text = raw if at.offset else raw.removeprefix(BOM)
        encoding = at.encoding or guess_encoding(text)
        lines, undecodable = decode_lines(text, encoding or "utf-8")
        parsed = parser.parse(Block(lines, at.line + 1, last, undecodable))
        if parsed.used < len(lines):
            used = sum(len(line) + 1 for line in raw.split(b"\n", parsed.used)[: parsed.used])
            raw, rest = raw[:used], raw[used:]
        else:
            rest = b""
        end = Position(
            at.offset + len(raw), at.line + parsed.used, zlib.crc32(raw, at.crc), encoding, parser.columns,
            parser.delimiter,
        )  # fmt: skip
        return end, rest, parsed

    def _documents(self) -> Iterator[Chunk]:
        done = self.start.offset
        if self.format == "json":
            raw = b"".join(iter(partial(self._source.read, _READ_SIZE), b""))
            check_signature(self.label, raw)
            crc = zlib.crc32(raw)
            chunks = json_chunks(self.label, raw, JsonParser(self._find, self.keep or ()), done)
        else:
            crc = file_sum(self._path)
            if self.format == "parquet":
                chunks = parquet_chunks(self._path, self._find, done)
            else:
                chunks = excel_chunks(self._path, self._find, done, self.columns.sheet)
        if self.start.offset and crc != self.start.crc:
            raise _changed(self.label, "its content is not")
        for parsed in chunks:
            done += parsed.used
            yield _chunk(parsed, Position(done, done, crc))

    def _skip(self) -> None:
        """Read up to where to start and check that it is the same input as before."""
        left, crc = self.start.offset, 0
        while left and (data := self._source.read(min(left, _READ_SIZE))):
            left -= len(data)
            crc = zlib.crc32(data, crc)
        if left or crc != self.start.crc:
            raise _changed(self.label, f"its first {self.start.offset:,} bytes are not")

    def _whole_lines(self) -> Iterator[bytes]:
        """Yield whole lines, many at once; the last may have no line break."""
        line = b""
        while data := self._source.read(_READ_SIZE):
            cut = data.rfind(b"\n") + 1
            if cut:
                yield line + data[:cut]
                line = data[cut:]
            else:
                line += data
                if len(line) > _LONGEST_LINE:
                    raise DataError(f"{self.label}: {len(line):,} bytes without a line break. Is it a text or a table?")
        if line:
            yield line


def _changed(where: str, what: str) -> DataError:
    return DataError(
        f"{where}: {what} what the interrupted run read. Give it the same input, or start over without --resume."
    )


def _chunk(parsed: Parsed, end: Position) -> Chunk:
    return Chunk(parsed.headlines, parsed.bad, parsed.kept, end, parsed.numbers)
