"""The headlines of a table or a text of any length, chunk by chunk, in constant memory.

Unlike :func:`~classifier.corpus.tables.read_table`, which refuses a table with a bad row, this reads
what predictions are wanted for: a row that cannot be read is handed on as a :class:`BadRow` one.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from classifier.corpus.bad_rows import BadRow
from classifier.corpus.compression import CompressedReader, split_suffix
from classifier.corpus.parsers import PARSERS, Parsed, Parser, UndecodableLine, check_columns
from classifier.errors import DataError

INPUT_FORMATS = ("txt", "tsv", "csv", "jsonl", "parquet")

_READ_SIZE = 1 << 18  #: bytes read at once, about 4,000 headlines: a second of the slowest model
_LONGEST_LINE = 1 << 26  #: bytes without a line break that are no text any more
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Position:
    """How far an input has been read, always to the end of a row; enough to go on from there."""

    offset: int = 0  #: bytes, unpacked; in Parquet rows
    line: int = 0
    crc: int = 0  #: CRC-32 of these bytes, by which the same input is known again
    encoding: str = ""  #: "" until something has told UTF-8 from CP949
    columns: tuple[str, ...] = ()  #: the header line


@dataclass(frozen=True)
class Chunk:
    """Some rows in the order of the file."""

    headlines: list[str]  #: of a broken row, its text as it stands
    bad: dict[int, BadRow]  #: by index in ``headlines``
    kept: dict[str, list[Any]]  #: other columns that were asked for; "" for a broken row
    end: Position


def format_of(name: str, input_format: str | None = None) -> tuple[str, str]:
    """Return what is in a file, one of :data:`INPUT_FORMATS`, and how it is compressed ("" for not at all).

    ``input_format`` says it, the compression too, as in ``tsv.gz``. Any other suffix, and standard input, is ``txt``.

    Raises:
        DataError: ``input_format`` is unknown, or Parquet comes packed or from standard input.
    """
    suffix, compression = split_suffix(f"x.{input_format}" if input_format else name)
    found = suffix.removeprefix(".")
    if found not in INPUT_FORMATS:
        if input_format:
            kinds = ", ".join(INPUT_FORMATS)
            raise DataError(
                f"the input format {input_format!r} is none of {kinds} (with .gz or .zst for a packed one)."
            )
        found = "txt"
    if found == "parquet" and (compression or name == "-"):
        raise DataError(f"{name}: Parquet is read from a file that is not packed. Unpack it into a .parquet file.")
    return found, compression


@dataclass
class HeadlineReader:
    """An open input. Iterate over it once.

    Args:
        name: a file, or ``-`` for standard input.
        stdin: the binary stream behind ``-``.
        input_format: what is in it, if its suffix does not say; see :func:`format_of`.
        keep: names of other columns to hand on.
        start: where to go on; the default is the beginning.

    Raises:
        DataError: it cannot be read, has no column ``headline`` (or another that is asked for), or does
            not begin as it did when ``start`` was reached.
    """

    name: str
    stdin: BinaryIO
    input_format: str | None = None
    keep: Sequence[str] = ()
    start: Position = field(default_factory=Position)

    def __post_init__(self) -> None:
        self.format, self.compression = format_of(self.name, self.input_format)
        if self.format == "txt" and self.keep:
            raise DataError(
                f"{self.name}: a text of headlines has no columns; {', '.join(self.keep)} cannot be kept. "
                "Name a TSV, CSV, JSON Lines or Parquet file, or say which it is with --input-format."
            )
        self.label = "standard input" if self.name == "-" else self.name
        self._file = CompressedReader(self.name, self.compression, self.stdin)

    @property
    def size(self) -> int | None:
        """Bytes of the file; None for a pipe."""
        return self._file.size

    @property
    def bytes_read(self) -> int:
        """Return how many of these bytes have been read."""
        return self._file.bytes_read

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __iter__(self) -> Iterator[Chunk]:
        return self._parquet() if self.format == "parquet" else self._text()

    def _text(self) -> Iterator[Chunk]:
        parser = PARSERS[self.format](self.label, self.keep, self.start.columns)
        self._skip()
        at, rest = self.start, b""
        for block in self._whole_lines():
            raw = rest + block
            last = not raw.endswith(b"\n")  # or the very end, which only the next read would tell
            at, rest, parsed = self._advance(parser, at, raw, last)
            yield _chunk(parsed, at)
        if rest:
            at, rest, parsed = self._advance(parser, at, rest, True)
            yield _chunk(parsed, at)
        if not parser.columns:  # nothing but blank lines: say what a table has
            check_columns(self.label, (), self.keep)

    def _advance(self, parser: Parser, at: Position, raw: bytes, last: bool) -> tuple[Position, bytes, Parsed]:
        """Parse whole lines; return where they end, the lines of a record that goes on, and the rows."""
        text = raw
        if not at.offset:
            self._look_at(raw)
            text = raw.removeprefix(_BOM)
        encoding = at.encoding or guess_encoding(text)
        lines = decode_lines(text, encoding or "utf-8")
        parsed = parser.parse(lines, at.line + 1, last)
        if parsed.used < len(lines):
            used = sum(len(line) + 1 for line in raw.split(b"\n", parsed.used)[: parsed.used])
            raw, rest = raw[:used], raw[used:]
        else:
            rest = b""
        end = Position(
            at.offset + len(raw), at.line + parsed.used, zlib.crc32(raw, at.crc), encoding, tuple(parser.columns)
        )
        return end, rest, parsed

    def _parquet(self) -> Iterator[Chunk]:
        from classifier.corpus.parquet import parquet_chunks, parquet_sum

        crc = parquet_sum(self.name)
        if self.start.offset and crc != self.start.crc:
            raise _changed(self.label, "its index is not")
        done = self.start.offset
        for parsed in parquet_chunks(self.name, self.keep, done):
            done += parsed.used
            yield _chunk(parsed, Position(done, done, crc))

    def _skip(self) -> None:
        """Read up to where to start and check that it is the same input as before."""
        left, crc = self.start.offset, 0
        while left and (data := self._file.read(min(left, _READ_SIZE))):
            left -= len(data)
            crc = zlib.crc32(data, crc)
        if left or crc != self.start.crc:
            raise _changed(self.label, f"its first {self.start.offset:,} bytes are not")

    def _whole_lines(self) -> Iterator[bytes]:
        """Yield whole lines, many at once; the last may have no line break."""
        line = b""
        while data := self._file.read(_READ_SIZE):
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

    def _look_at(self, raw: bytes) -> None:
        """Say what is wrong with an input that is no text at all."""
        signs = {
            b"\x1f\x8b": "packed with gzip: a file of that kind ends in .gz (or --input-format tsv.gz)",
            b"\x28\xb5\x2f\xfd": "packed with zstd: a file of that kind ends in .zst (or --input-format tsv.zst)",
            b"PAR1": "Parquet: a file of that kind ends in .parquet",
            b"\xff\xfe": "UTF-16: save it as UTF-8",
            b"\xfe\xff": "UTF-16: save it as UTF-8",
        }
        for sign, what in signs.items():
            if raw.startswith(sign):
                raise DataError(f"{self.label}: this is {what}.")


def _changed(where: str, what: str) -> DataError:
    return DataError(
        f"{where}: {what} what the interrupted run read. Give it the same input, or start over without --resume."
    )


def _chunk(parsed: Parsed, end: Position) -> Chunk:
    headlines = parsed.headlines
    broken = {i: BadRow(number, why, headlines[i]) for i, (number, why) in parsed.bad.items()}
    return Chunk(headlines, broken, parsed.kept, end)


def guess_encoding(raw: bytes) -> str:
    """Return ``utf-8`` or ``cp949`` for whole lines of text, or "" where ASCII alone does not tell.

    A line counts for UTF-8 if it is valid and holds a character of three bytes, as Hangul is; for CP949
    if it is that and not UTF-8. So a few broken lines do not change what the others say.
    """
    if raw.isascii():
        return ""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        return "utf-8"
    votes = 0
    for line in raw.split(b"\n"):
        if line.isascii():
            continue
        try:
            votes += max(line.decode("utf-8")) > "\u07ff"
        except UnicodeDecodeError:
            try:
                line.decode("cp949")
            except UnicodeDecodeError:
                continue
            votes -= 1
    return "cp949" if votes < 0 else "utf-8"


def decode_lines(raw: bytes, encoding: str) -> list[str]:
    """Return the lines of a block; one that is not in ``encoding`` as a :class:`UndecodableLine` text."""
    if b"\r" in raw:
        raw = raw.replace(b"\r\n", b"\n").removesuffix(b"\r")
    if not raw:  # a byte-order mark and nothing else
        return []
    raw = raw.removesuffix(b"\n")
    try:
        return raw.decode(encoding).split("\n")
    except UnicodeDecodeError:
        pass
    lines: list[str] = []
    for line in raw.split(b"\n"):
        try:
            lines.append(line.decode(encoding))
        except UnicodeDecodeError as error:
            name = {"utf-8": "UTF-8", "cp949": "CP949"}[encoding]
            why = f"not {name}: byte {error.start + 1} of the line is 0x{line[error.start]:02x}"
            lines.append(UndecodableLine(line.decode(encoding, "backslashreplace"), why))
    return lines
