"""The rows of tables larger than memory, spread over files on the disk, each small enough for memory.

A row's file is chosen by a hash of its normalized headline. So the rows of a file are a random sample however
the tables are sorted, and all repeats of a headline meet in one file, where they are merged as
:func:`~classifier.corpus.tables.merge_repeats` does it.
"""

from __future__ import annotations

import hashlib
import sys
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.corpus.bad_rows import BadRow, BadRows
from classifier.corpus.compression import split_suffix
from classifier.corpus.datasets import load_corpus
from classifier.corpus.sections import canonical_section
from classifier.corpus.stream import INPUT_FORMATS, HeadlineReader
from classifier.errors import DataError
from classifier.text.normalize import normalize_all

FILES = 256  #: of 10 million rows, 40,000 each
_HELD = 1 << 16  #: rows in memory before they are appended to the files


@dataclass
class RowPartitions:
    """Rows on the disk: normalized headline and section, in :data:`FILES` files of a folder."""

    folder: Path
    sections: list[str] = field(default_factory=list)  #: in the order of their numbers in the files
    rows: int = 0
    bad: BadRows = field(default_factory=BadRows)
    left_out: set[str] = field(default_factory=set)  #: normalized headlines that are not read back
    digest: Any = field(default_factory=hashlib.sha256)  #: of all rows in their order
    _held: list[list[str]] = field(default_factory=lambda: [[] for _ in range(FILES)])
    _waiting: int = 0

    def add(self, headlines: Sequence[str], sections: Sequence[str], where: str, row: int = 1) -> None:
        """Add rows; ``where`` and ``row``, which of its rows the first one is, are for messages."""
        number = {name: i for i, name in enumerate(self.sections)}
        folded: dict[str, int] = {}
        lines: list[str] = []
        for i, (headline, section) in enumerate(zip(normalize_all(headlines), sections, strict=True)):
            if not headline or not section:
                what = "empty section" if headline else "no letter or digit in the headline"
                self.bad.add(BadRow(row + i, what), where)
                continue
            place = folded.get(section)
            if place is None:
                name = canonical_section(section)
                place = folded[section] = number.setdefault(name, len(number))
                if place == len(self.sections):
                    self.sections.append(name)
            line = f"{place}\t{headline}\n"
            self._held[file_of(headline)].append(line)
            lines.append(line)
        self.digest.update("".join(lines).encode("utf-8", "surrogatepass"))
        self._waiting += len(lines)
        if self._waiting >= _HELD:
            self.flush()

    @property
    def seen(self) -> int:
        """Rows added so far."""
        return self.rows + self._waiting

    def flush(self) -> None:
        """Append what is held in memory to the files."""
        for i, lines in enumerate(self._held):
            if lines:
                with self._path(i).open("a", encoding="utf-8") as file:
                    file.writelines(lines)
                lines.clear()
        self.rows += self._waiting
        self._waiting = 0

    def read(self, i: int) -> tuple[list[str], NDArray[np.intp]]:
        """Return the headlines of file ``i``, each once, and their sections; contradictory ones are left out."""
        path = self._path(i)
        sections: dict[str, int] = {}
        for line in path.read_text(encoding="utf-8").split("\n")[:-1] if path.is_file() else []:
            number, _, headline = line.partition("\t")
            if sections.setdefault(headline, int(number)) != int(number):
                sections[headline] = -1
        kept = {h: number for h, number in sections.items() if number >= 0 and h not in self.left_out}
        return list(kept), np.fromiter(kept.values(), np.intp, len(kept))

    def _path(self, i: int) -> Path:
        return self.folder / f"{i:03}.tsv"


def file_of(normalized: str) -> int:
    """Return the number of the file that a headline goes to."""
    return zlib.crc32(normalized.encode("utf-8", "surrogatepass")) * 2654435761 % (1 << 32) * FILES >> 32


#: Called with how many rows have been read, and bytes of the table and how many it has.
Progress = Callable[[int, int, int | None], None]


def partition_rows(references: Sequence[str], base: Path, folder: Path, progress: Progress) -> RowPartitions:
    """Read tables, or datasets by name, once, and spread their rows over files in ``folder``.

    Raises:
        DataError: a table cannot be read, or has bad rows, of which the first are named; or all rows have one section.
    """
    found = RowPartitions(folder)
    for reference in references:
        suffix, _ = split_suffix(reference)
        if suffix.removeprefix(".") in INPUT_FORMATS:
            _spill_file(found, str(base / Path(reference).expanduser()), progress)
        else:
            frame = load_corpus(reference, base)
            found.add(frame["headline"].tolist(), frame["section"].tolist(), reference)
    found.flush()
    if found.bad.count:
        raise found.bad.error(", ".join(references), "Mend or remove them and try again.")
    if len(found.sections) < 2:
        raise DataError(
            f"The training rows have one section only: {', '.join(found.sections) or 'none'}. "
            "A classifier needs two or more."
        )
    return found


def _spill_file(found: RowPartitions, name: str, progress: Progress) -> None:
    rows = HeadlineReader(name, sys.stdin.buffer, keep=("section",))
    row = 1
    try:
        for chunk in rows:
            for bad in chunk.bad.values():
                found.bad.add(bad, name)
            good = [i for i in range(len(chunk.headlines)) if i not in chunk.bad]
            sections = chunk.kept["section"]
            found.add([chunk.headlines[i] for i in good], [str(sections[i] or "") for i in good], name, row)
            row += len(good)
            progress(found.seen, rows.bytes_read, rows.size)
    finally:
        rows.close()
