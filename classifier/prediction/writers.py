"""Predictions as JSON Lines, TSV, CSV, or a table for people, thousands of rows at once.

Lines of JSON and TSV are rendered without an object or a Python number for each row: what comes after the headline is
laid out by NumPy, eight bytes a cell, from parts rendered once (a section's name, a probability of six digits), and
what fills a cell up is removed from the finished bytes. This is six times as fast as ``json.dumps`` row by row.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from classifier.corpus.bad_rows import BadRow
from classifier.corpus.compression import CompressedWriter, split_suffix
from classifier.corpus.encoding import BOM
from classifier.corpus.stream import Chunk, Position
from classifier.corpus.writer import WriteRows, csv_bytes
from classifier.errors import DataError
from classifier.prediction.answers import REASONS, BatchPrediction, Prediction
from classifier.storage import is_regular_or_new

#: Formats that are written line by line, so that an interrupted run can go on.
TEXT_FORMATS = ("table", "jsonl", "tsv", "csv")
FORMATS = (*TEXT_FORMATS, "parquet", "xlsx")

Words = NDArray[np.uint64]  #: text in cells of eight bytes, filled up with zero bytes

_FILL = b"\0"
_ROWS = 2048  #: rendered at once: their cells stay in the processor's cache


def output_format(output: Path | None, chosen: str | None = None, *, terminal: bool = False) -> str:
    """Return one of :data:`FORMATS` for ``output``: as ``chosen``, or else as the file's suffix says.

    Standard output (None) and devices get JSON Lines, and a terminal gets a table.

    Raises:
        DataError: there is no such format, the suffix says none or another one, or the format needs a plain file.
    """
    if chosen is not None and chosen not in FORMATS:
        raise DataError(f"--format {chosen!r} is none of {', '.join(FORMATS)}.")
    suffix, compression = split_suffix(output.name) if output is not None else ("", "")
    by_suffix = suffix.removeprefix(".") if suffix.removeprefix(".") in FORMATS[1:] else None
    if output is not None and is_regular_or_new(output) and chosen is None and by_suffix is None:
        raise DataError(
            f"{output}: its suffix {suffix or '(none)'} is no format of predictions. Name a file that ends in "
            f".{', .'.join(FORMATS[1:])} (the text formats also with .gz or .zst), or add --format."
        )
    if chosen is not None and by_suffix is not None and chosen != by_suffix:
        raise DataError(f"{output}: --format says {chosen}, the suffix says {by_suffix}. Leave one of them out.")
    found = chosen or by_suffix or ("table" if terminal else "jsonl")
    if found not in TEXT_FORMATS and (compression or not is_regular_or_new(output)):
        raise DataError(f"{output or 'standard output'}: {found} needs a plain file: --output FILE.{found}.")
    return found


@dataclass(frozen=True)
class Layout:
    """Which columns an output has."""

    sections: tuple[str, ...]  #: in the order of the probabilities' columns
    format: str  #: one of :data:`FORMATS`
    top: int | None = None  #: sections shown of a row; default: all in JSON Lines, 1 in the other formats
    keep: tuple[str, ...] = ()  #: columns of the input, written last
    lead: tuple[str, ...] = ()  #: other columns, written first

    @property
    def shown(self) -> int:
        """How many sections a row shows."""
        return min(self.top or (len(self.sections) if self.format == "jsonl" else 1), len(self.sections))

    def header(self) -> list[str]:
        """Return the names of the columns; a kept one with the name of another gets ``input_`` before it."""
        ranked = [f"{name}_{i}" for i in range(2, (self.top or 1) + 1) for name in ("section", "probability")]
        json_keys = ["probabilities", "tier", "reason", "sections", "error"]
        own = [*self.lead, "headline", "section", "probability", *(json_keys if self.format == "jsonl" else ranked)]
        return own + [f"input_{name}" if name in own else name for name in self.keep]

    def numbers(self) -> list[str]:
        """Return the columns that hold numbers."""
        return [name for name in self.header()[: -len(self.keep) or None] if name.startswith("probability")]


class Output(Protocol):
    """Where predictions go."""

    def write(self, chunk: Chunk, answers: BatchPrediction, /) -> None:
        """Write one row for each of ``chunk``."""

    def flush(self) -> None:
        """Hand on everything that has been written so far."""

    def close(self) -> None:
        """Finish the output; nothing can be written after this."""


class LineOutput:
    """Writes lines, or tables for people, into an open file."""

    def __init__(
        self, layout: Layout, file: BinaryIO, compression: str = "", *, eager: bool = True, header: bool = True
    ) -> None:
        """Write the header; flush after every chunk if ``eager``, for the reader of a pipe."""
        self._renderer: TableRenderer | CsvRenderer | LineRenderer
        if layout.format == "table":
            self._renderer = TableRenderer(layout)
        else:
            self._renderer = CsvRenderer(layout) if layout.format == "csv" else LineRenderer(layout)
        self._writer = CompressedWriter(file, compression, str(getattr(file, "name", "")))
        self._eager = eager
        if header:
            self._writer.write(self._renderer.header)

    def write(self, chunk: Chunk, answers: BatchPrediction) -> None:
        """Write one line for each row of ``chunk``."""
        self._writer.write(self._renderer.render(chunk, answers))
        if self._eager:
            self.flush()

    def flush(self) -> None:
        """Hand on everything that has been written so far."""
        self._writer.finish()

    def close(self) -> None:
        """Hand on the rest; the file stays open."""
        self.flush()


class CellOutput:
    """Writes cells with a table's writer, which finishes the file when its own block ends."""

    def __init__(self, layout: Layout, append: WriteRows) -> None:
        self._layout, self._append = layout, append

    def write(self, chunk: Chunk, answers: BatchPrediction) -> None:
        """Write one row for each of ``chunk``."""
        self._append(_rows(self._layout, chunk, answers))

    def flush(self) -> None:
        """Do nothing: the file appears when it is finished."""

    def close(self) -> None:
        """Do nothing; see above."""


def _ranked(answers: BatchPrediction, shown: int) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
    """Return the likeliest sections of each row and their probabilities in millionths, both (n_rows, shown)."""
    order = np.argsort(-answers.probabilities, axis=1, kind="stable")[:, :shown]
    chosen = np.take_along_axis(answers.probabilities, order, 1).astype(np.float64)
    return order, np.rint(chosen * 1e6).astype(np.int32)


def _rows(layout: Layout, chunk: Chunk, answers: BatchPrediction) -> Iterator[tuple[str | float | None, ...]]:
    """Yield the cells of each row, one for each of :meth:`Layout.header`."""
    order, millionths = _ranked(answers, layout.shown)
    missing = (None,) * 2 * ((layout.top or 1) - layout.shown)
    for i, (headline, best, values) in enumerate(
        zip(chunk.headlines, order.tolist(), millionths.tolist(), strict=True)
    ):
        ranked: list[str | float | None] = []
        for rank, (section, value) in enumerate(zip(best, values, strict=True)):
            hidden = i in chunk.bad or (not rank and answers.reason[i])
            ranked += [None if hidden else layout.sections[section], None if i in chunk.bad else value / 1e6]
        lead, keep = ([_text(chunk.kept[name][i]) for name in names] for names in (layout.lead, layout.keep))
        yield (*lead, headline, *ranked, *missing, *keep)


class TableRenderer:
    """Renders predictions as tables for people."""

    header = b""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def render(self, chunk: Chunk, answers: BatchPrediction) -> bytes:
        """Return a table of the chunk's rows."""
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        order, _ = _ranked(answers, self._layout.shown)
        table = Table(show_header=False, box=None, pad_edge=False)
        for i, headline in enumerate(chunk.headlines):
            ranks = order[i] if answers.sets is None else answers.set_of(i)
            shown = [f"{self._layout.sections[j]} {answers.probabilities[i, j]:.1%}" for j in ranks]
            if i in chunk.bad:
                shown = ["(not readable)"]
            elif answers.reason[i]:
                shown[0] = f"({REASONS[answers.reason[i]]})"
            cells = (", ".join(shown), *(_text(chunk.kept[name][i]) for name in self._layout.lead), headline)
            table.add_row(*map(Text, cells))  # a headline's brackets are no markup
        text = io.StringIO()
        Console(file=text).print(table)
        return text.getvalue().encode()


class CsvRenderer:
    """Renders predictions as lines of CSV that a spreadsheet opens."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self.header = BOM + csv_bytes([layout.header()])

    def render(self, chunk: Chunk, answers: BatchPrediction) -> bytes:
        """Return the rows of ``chunk``; one with a line break in a cell has several lines."""
        rows = _rows(self._layout, chunk, answers)
        return csv_bytes([[f"{cell:.6f}" if type(cell) is float else cell for cell in row] for row in rows])


@cache
def _probabilities() -> Words:
    """Return the cells of ``0.000000`` to ``1.000000``."""
    return _probability_cells(np.arange(1_000_001, dtype=np.int32))


def _probability_cells(millionths: NDArray[np.int32]) -> Words:
    digits = np.empty((*millionths.shape, 8), np.uint8)
    digits[..., 0] = ord("0") + millionths // 1_000_000
    digits[..., 1] = ord(".")
    for i in range(6):
        digits[..., 2 + i] = ord("0") + millionths // 10 ** (5 - i) % 10
    return digits.view(np.uint64)[..., 0]


def _cells(texts: Sequence[str]) -> Words:
    """Return texts in rows of as many cells, (n_texts, n_cells)."""
    raw = [text.encode() for text in texts]
    width = -(-max(map(len, raw)) // 8) * 8
    return np.frombuffer(b"".join(text.ljust(width, _FILL) for text in raw), np.uint64).reshape(len(raw), -1)


class LineRenderer:
    """Renders predictions as lines of JSON or TSV."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._json = layout.format == "jsonl"
        names = layout.header()
        self._kept_names = names[len(names) - len(layout.keep) :]
        self.header = b"" if self._json else "\t".join(names).encode() + b"\n"
        self._missing = "\t\t" * max((layout.top or 1) - layout.shown, 0)  #: there are fewer sections than ``top``
        if self._json:
            sections = [encode_basestring(section) for section in layout.sections]
            self._section = _cells([f', "section": {name}, "probability": ' for name in (*sections, "null")])
            self._rank_cells = [
                _cells([f"{', ' if rank else f', {open_}'}{name}: " for name in sections])
                for rank, open_ in enumerate(['"probabilities": {'] + [""] * (layout.shown - 1))
            ]
            self._end = _cells([f'}}, "tier": "{tier}"\n' for tier in ("accurate", "fast")])
        else:
            sections = [_tsv_cell(section) for section in layout.sections]
            self._section = _cells([f"\t{name}\t" for name in (*sections, "")])
            self._rank_cells = [self._section[:-1]] * (layout.shown - 1)
            self._end = _cells(["\n"])

    def render(self, chunk: Chunk, answers: BatchPrediction) -> bytes:
        """Return one line for each row of ``chunk``."""
        n_rows = len(chunk.headlines)
        heads, tails = [], []
        for start in range(0, n_rows, _ROWS):
            rows = slice(start, start + _ROWS)
            heads += self._heads(chunk.headlines[rows])
            tails += self._tails(answers.take(rows))
        for i, bad in chunk.bad.items():
            tails[i] = self._bad_tail(bad)
        if self._layout.lead:
            heads = self._led(chunk, heads)
        parts: list[bytes] = [b""] * (3 * n_rows)
        parts[0::3], parts[1::3], parts[2::3] = heads, tails, self._kept(chunk, n_rows)
        return b"".join(parts)

    def _heads(self, headlines: list[str]) -> list[bytes]:
        """Return the beginnings of the lines, each with its headline."""
        joined = "\n".join(headlines)
        if not self._json:
            if _has_loose_space(joined, len(headlines)):
                joined = "\n".join(map(_tsv_cell, headlines))
            return joined.encode().split(b"\n")
        text = joined.encode()
        if np.count_nonzero(np.frombuffer(text, np.uint8) < 32) > len(headlines) - 1:  # control characters
            return [b'{"headline": ' + encode_basestring(headline).encode() for headline in headlines]
        text = text.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b'"\n{"headline": "')
        return (b'{"headline": "' + text + b'"').split(b"\n")

    def _tails(self, answers: BatchPrediction) -> list[bytes]:
        """Return what comes after the headlines, up to the kept columns."""
        order, millionths = _ranked(answers, self._layout.shown)
        n_rows, n_sections = answers.probabilities.shape
        number = _probabilities()[millionths] if n_rows > 100 else _probability_cells(millionths)
        tables = [self._section, *self._rank_cells]
        width = sum(table.shape[1] + 1 for table in tables) + self._end.shape[1]
        cells = np.zeros((n_rows, width), np.uint64)
        at = 0
        ranks = (0, *range(0 if self._json else 1, self._layout.shown))
        for table, rank in zip(tables, ranks, strict=True):
            index = order[:, rank] if at else np.where(answers.reason == 0, order[:, 0], n_sections)
            end = at + table.shape[1]
            cells[:, at:end] = table[index]
            cells[:, end] = number[:, rank]
            at = end + 1
        cells[:, at:] = self._end[answers.fast.view(np.uint8)] if self._json else self._end
        tails = cells.tobytes().translate(None, _FILL).removesuffix(b"\n").split(b"\n")
        for i in answers.reason.nonzero()[0].tolist() if self._json else ():
            tails[i] += f', "reason": "{REASONS[answers.reason[i]]}"'.encode()
        for i in range(n_rows if self._json and answers.sets is not None else 0):
            tails[i] += f', "sections": {_json([self._layout.sections[j] for j in answers.set_of(i)])}'.encode()
        return tails

    def _bad_tail(self, bad: BadRow) -> bytes:
        if not self._json:
            return b"\t\t" * self._layout.shown
        error = encode_basestring(f"row {bad.number}: {bad.why}")
        return f', "section": null, "probability": null, "probabilities": null, "tier": null, "error": {error}'.encode()

    def _others(self, names: Sequence[str], shown: Sequence[str], chunk: Chunk) -> list[str]:
        """Return other columns of the rows of ``chunk``, as one text a row."""
        columns = []
        for name, key in zip(names, shown, strict=True):
            if self._json:
                start = f"{encode_basestring(key)}: "
                columns.append([start + _json(value) for value in chunk.kept[name]])
            else:
                columns.append([_tsv_cell(_text(value)) for value in chunk.kept[name]])
        return [*map((", " if self._json else "\t").join, zip(*columns, strict=True))]

    def _led(self, chunk: Chunk, heads: list[bytes]) -> list[bytes]:
        leads = self._others(self._layout.lead, self._layout.lead, chunk)
        if self._json:
            return [f"{{{lead}, ".encode() + head[1:] for lead, head in zip(leads, heads, strict=True)]
        return [f"{lead}\t".encode() + head for lead, head in zip(leads, heads, strict=True)]

    def _kept(self, chunk: Chunk, n_rows: int) -> list[bytes]:
        """Return the ends of the lines: the kept columns and the line break."""
        start, end = (", ", "}\n") if self._json else (self._missing + "\t", "\n")
        if not self._layout.keep:
            return [((self._missing if not self._json else "") + end).encode()] * n_rows
        return [f"{start}{kept}{end}".encode() for kept in self._others(self._layout.keep, self._kept_names, chunk)]


def _tsv_cell(text: str) -> str:
    """Return a cell of a TSV file, which has no quoting: white space of any kind becomes one space."""
    return " ".join(text.split())


#: White space that is neither a space nor a line feed.
_OTHER_SPACES = "\t\v\f\r\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)


def _has_loose_space(joined: str, n_lines: int) -> bool:
    """Return whether :func:`_tsv_cell` would change any of these lines; some passes in C are quicker than it."""
    return (
        joined.count("\n") > n_lines - 1
        or "  " in joined
        or "\n " in joined
        or " \n" in joined
        or joined.startswith(" ")
        or joined.endswith(" ")
        or any(space in joined for space in _OTHER_SPACES)
    )


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else _json(value) if isinstance(value, dict | list | bool) else str(value)


def _json(value: Any) -> str:
    if type(value) is str:
        return str(encode_basestring(value))
    return json.dumps(value, ensure_ascii=False, default=str)


def batch_of(predictions: Sequence[Prediction], sections: Sequence[str]) -> BatchPrediction:
    """Return predictions as arrays."""
    rows = [[prediction.probabilities[name] for name in sections] for prediction in predictions]
    sets = [p.batch.sets[p.row] for p in predictions if p.batch.sets is not None]
    return BatchPrediction(
        np.array(rows, np.float32).reshape(-1, len(sections)),
        np.array([REASONS.index(prediction.reason) for prediction in predictions], np.uint8),
        np.array([prediction.tier == "fast" for prediction in predictions], bool),
        np.array(sets) if sets else None,
    )


def as_chunk(headlines: Sequence[str], others: Mapping[str, Sequence[Any]] | None = None) -> Chunk:
    """Return headlines, and other columns of theirs, as the rows of an input."""
    return Chunk(list(headlines), {}, {name: list(values) for name, values in (others or {}).items()}, Position())
