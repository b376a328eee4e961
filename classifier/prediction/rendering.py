"""Predictions as lines of JSON or TSV, thousands at once.

The lines are those of :func:`~classifier.prediction.writers.write_predictions`, made without an object
or a Python number for each of them: whatever stands behind the headline is laid out by NumPy, eight bytes
a cell, from pieces rendered once (a section's name, a probability of six digits), and what fills a cell
up is taken out of the finished bytes.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from functools import cache
from json.encoder import encode_basestring
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from classifier.corpus.bad_rows import BadRow
from classifier.corpus.stream import Chunk
from classifier.prediction.classifier import BatchPrediction

Words = NDArray[np.uint64]  #: text in cells of eight bytes, filled up with zero bytes

_FILL = b"\0"
_ROWS = 2048  #: rendered at once: their cells stay in the processor's cache


@cache
def _probabilities() -> Words:
    """Return ``0.000000`` to ``1.000000``, one cell each."""
    value = np.arange(1_000_001)
    digits = np.empty((len(value), 8), np.uint8)
    digits[:, 0] = ord("0") + value // 1_000_000
    digits[:, 1] = ord(".")
    for place in range(6):
        digits[:, 2 + place] = ord("0") + value // 10 ** (5 - place) % 10
    return digits.view(np.uint64).ravel()


def _cells(texts: Sequence[str]) -> Words:
    """Return texts in rows of as many cells, (n_texts, n_cells)."""
    raw = [text.encode() for text in texts]
    width = -(-max(map(len, raw)) // 8) * 8
    return np.frombuffer(b"".join(text.ljust(width, _FILL) for text in raw), np.uint64).reshape(len(raw), -1)


class Rendering(Protocol):
    """Turns chunks and their answers into the bytes of an output."""

    header: bytes

    def render(self, chunk: Chunk, answers: BatchPrediction, /) -> bytes:
        """Return a line a row of ``chunk``."""


class Renderer:
    """Renders what a model of these sections says, in one of the styles ``jsonl`` and ``tsv``.

    Args:
        sections: in the order of the probabilities' columns.
        style: ``jsonl`` or ``tsv``.
        top: how many sections a TSV line shows.
        keep: the columns of the input that stand behind; one called like a column of ours gets ``input_`` before it.
    """

    def __init__(self, sections: Sequence[str], style: str, top: int = 1, keep: Sequence[str] = ()) -> None:
        self.style = style
        self.top = min(top, len(sections)) if style == "tsv" else len(sections)
        extra = [f"{name}_{i}" for i in range(2, top + 1) for name in ("section", "probability")]
        own = ["headline", "section", "probability", *(extra if style == "tsv" else ("probabilities", "tier", "error"))]
        self.keep = {name: f"input_{name}" if name in own else name for name in keep}
        self.header = "\t".join([*own, *self.keep.values()]).encode() + b"\n" if style == "tsv" else b""
        self._short = top - self.top  #: cells of a TSV line that stay empty, for there are no more sections
        ends = [f'}}, "tier": "{tier}"\n' for tier in ("accurate", "fast")] if style == "jsonl" else ["\n"] * 2
        self._end = _cells(ends)
        if style == "jsonl":
            names = [encode_basestring(section) for section in sections]
            self._section = _cells([f', "section": {name}, "probability": ' for name in (*names, "null")])
            self._ranked = [
                _cells([f"{', ' if rank else f', {open_}'}{name}: " for name in names])
                for rank, open_ in enumerate(['"probabilities": {'] + [""] * (len(names) - 1))
            ]
        else:
            names = [" ".join(section.split()) for section in sections]
            self._section = _cells([f"\t{name}\t" for name in (*names, "")])
            self._ranked = [_cells([f"\t{name}\t" for name in names])] * (self.top - 1)

    def render(self, chunk: Chunk, answers: BatchPrediction) -> bytes:
        """Return a line a row of ``chunk``."""
        n_rows = len(chunk.headlines)
        heads, tails = [], []
        for start in range(0, n_rows, _ROWS):
            rows = slice(start, start + _ROWS)
            heads += self._heads(chunk.headlines[rows])
            tails += self._tails(
                BatchPrediction(answers.probabilities[rows], answers.has_features[rows], answers.fast[rows])
            )
        for i, broken in chunk.bad.items():
            tails[i] = self._broken_tail(broken)
        kept = self._kept(chunk, n_rows)
        parts: list[bytes] = [b""] * (3 * n_rows)
        parts[0::3], parts[1::3], parts[2::3] = heads, tails, kept
        return b"".join(parts)

    def _heads(self, headlines: list[str]) -> list[bytes]:
        """Return the beginnings of the lines, each with its headline."""
        joined = "\n".join(headlines)
        if self.style == "tsv":
            if _has_loose_space(joined, len(headlines)):
                joined = "\n".join([" ".join(headline.split()) for headline in headlines])
            return joined.encode().split(b"\n")
        text = joined.encode()
        if np.count_nonzero(np.frombuffer(text, np.uint8) < 32) > len(headlines) - 1:  # control characters
            return [b'{"headline": ' + encode_basestring(headline).encode() for headline in headlines]
        text = text.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b'"\n{"headline": "')
        return (b'{"headline": "' + text + b'"').split(b"\n")

    def _tails(self, answers: BatchPrediction) -> list[bytes]:
        """Return what stands behind the headlines, up to the kept columns."""
        probabilities, has_features, fast = answers
        n_rows, n_sections = probabilities.shape
        order = np.argsort(-probabilities, axis=1, kind="stable")[:, : self.top]
        millionths = np.rint(np.take_along_axis(probabilities, order, 1).astype(np.float64) * 1e6).astype(np.int32)
        number = _probabilities()[millionths]
        cells = np.zeros((n_rows, self._width()), np.uint64)
        at = self._section.shape[1]
        cells[:, :at] = self._section[np.where(has_features, order[:, 0], n_sections)]
        cells[:, at] = number[:, 0]
        at += 1
        ranks = range(self.top) if self.style == "jsonl" else range(1, self.top)
        for rank, names in zip(ranks, self._ranked, strict=True):
            width = names.shape[1]
            cells[:, at : at + width] = names[order[:, rank]]
            cells[:, at + width] = number[:, rank]
            at += width + 1
        cells[:, at:] = self._end[fast.view(np.uint8)]
        return cells.tobytes().translate(None, _FILL).removesuffix(b"\n").split(b"\n")

    def _width(self) -> int:
        names = sum(len(cells[0]) + 1 for cells in (self._section, *self._ranked))
        return names + len(self._end[0])

    def _kept(self, chunk: Chunk, n_rows: int) -> list[bytes]:
        """Return the ends of the lines: the kept columns and the line break."""
        empty = b"\t\t" * self._short
        if not self.keep:
            return [b"}\n" if self.style == "jsonl" else empty + b"\n"] * n_rows
        if self.style == "tsv":
            folded = [[" ".join(_text(value).split()) for value in chunk.kept[name]] for name in self.keep]
            lines = ["\t".join(("", *values)) for values in zip(*folded, strict=True)]
            return [empty + line.encode() + b"\n" for line in lines]
        rendered = []
        for name, shown in self.keep.items():
            key = f", {encode_basestring(shown)}: "
            rendered.append([key + _json(value) for value in chunk.kept[name]])
        return [f"{''.join(values)}}}\n".encode() for values in zip(*rendered, strict=True)]

    def _broken_tail(self, broken: BadRow) -> bytes:
        if self.style == "tsv":
            return b"\t\t" + b"\t\t" * (self.top - 1)
        error = encode_basestring(f"row {broken.number}: {broken.why}")
        return f', "section": null, "probability": null, "probabilities": null, "tier": null, "error": {error}'.encode()


class TableRenderer:
    """Renders chunks as tables for people; see :class:`Renderer`."""

    header = b""

    def __init__(self, sections: Sequence[str], top: int = 1) -> None:
        self.sections = sections
        self.top = top

    def render(self, chunk: Chunk, answers: BatchPrediction) -> bytes:
        """Return a table of the chunk's rows."""
        from classifier.prediction.writers import print_table

        rows = []
        for i, (headline, row) in enumerate(zip(chunk.headlines, answers.probabilities, strict=True)):
            order = np.argsort(-row, kind="stable")[: self.top]
            shown = [f"{self.sections[j]} {row[j]:.1%}" for j in order]
            if i in chunk.bad:
                shown = ["(broken)"]
            elif not answers.has_features[i]:
                shown[0] = "(abstains)"
            rows.append((", ".join(shown), headline))
        text = io.StringIO()
        print_table(rows, text)
        return text.getvalue().encode()


#: White space that is neither a space nor a line feed.
_OTHER_SPACES = "\t\v\f\r\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)


def _has_loose_space(joined: str, n_lines: int) -> bool:
    """Return whether folding white space would change any of these lines; some passes in C are quicker than it."""
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
