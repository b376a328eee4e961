"""The rows of tables larger than memory, spread over files on the disk, each small enough for memory.

A row's file is chosen by a hash of its normalized headline. So the rows of a file are a random sample however
the tables are sorted, and all repeats of a headline meet in one file, where they are merged as
:func:`~classifier.corpus.tables.merge_repeats` does it.
"""

from __future__ import annotations

import hashlib
import logging
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.corpus.bad_rows import BadRow, BadRows
from classifier.corpus.columns import Columns
from classifier.corpus.datasets import load_corpus
from classifier.corpus.formats import is_table
from classifier.corpus.sections import Folded, SectionNames, section_text
from classifier.corpus.stream import HeadlineReader
from classifier.errors import DataError
from classifier.text.normalize import normalize_all

logger = logging.getLogger(__name__)

FILES = 256  #: of 10 million rows, 40,000 each
_HELD = 1 << 16  #: rows in memory before they are appended to the files


@dataclass
class RowPartitions:
    """Rows on the disk: normalized headline and section, in :data:`FILES` files of a folder."""

    folder: Path
    sections: list[str] = field(default_factory=list)  #: in the order of the numbers that :meth:`read` returns
    rows: int = 0
    bad: BadRows = field(default_factory=BadRows)
    left_out: set[str] = field(default_factory=set)  #: normalized headlines that are not read back
    digest: Any = field(default_factory=hashlib.sha256)  #: of all rows in their order
    _held: list[list[str]] = field(default_factory=lambda: [[] for _ in range(FILES)])
    _waiting: int = 0
    _numbers: dict[str, int] = field(default_factory=dict)  #: in the files, by the section's name in its table
    _counts: dict[str, Counter[str]] = field(default_factory=dict)  #: rows of each section, by table
    _final: list[int] = field(default_factory=list)  #: index in ``sections`` by number in the files

    def add(self, headlines: Sequence[str], sections: Sequence[str | None], where: str, numbers: Sequence[int]) -> None:
        """Add rows; ``where`` names their table for messages, and ``numbers`` are their rows in it."""
        counts = self._counts.setdefault(where, Counter())
        lines: list[str] = []
        for headline, section, row in zip(normalize_all(headlines), sections, numbers, strict=True):
            if not headline or not section:
                what = "the section is no text" if section is None else "empty section"
                self.bad.add(BadRow(row, what if headline else "no letter or digit in the headline"), where)
                continue
            counts[section] += 1
            line = f"{self._numbers.setdefault(section, len(self._numbers))}\t{headline}\n"
            self._held[file_of(headline)].append(line)
            lines.append(line)
        self.digest.update("".join(lines).encode("utf-8", "surrogatepass"))
        self._waiting += len(lines)
        if self._waiting >= _HELD:
            self.flush()

    def fold(self, names: SectionNames) -> list[Folded]:
        """Decide the final names of the sections, when all rows have been added; return which names were changed."""
        final, folded = names.resolve(list(self._counts.values()))
        self.sections = list(dict.fromkeys(final[name] for name in self._numbers))
        self._final = [self.sections.index(final[name]) for name in self._numbers]
        return folded

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
            text, _, headline = line.partition("\t")
            number = self._final[int(text)]
            if sections.setdefault(headline, number) != number:
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


def partition_rows(
    references: Sequence[str],
    base: Path,
    folder: Path,
    progress: Progress,
    columns: Columns | None = None,
    names: SectionNames | None = None,
) -> RowPartitions:
    """Read tables, or datasets by name, once, and spread their rows over files in ``folder``.

    Raises:
        DataError: a table cannot be read, or has bad rows, of which the first are named; or all rows have one section.
    """
    found = RowPartitions(folder)
    columns = columns or Columns()
    for reference in references:
        if is_table(reference):
            _partition_file(found, str(base / Path(reference).expanduser()), progress, columns)
        else:
            frame = load_corpus(reference, base, columns=columns, names=SectionNames(fold=False))
            found.add(frame["headline"].tolist(), frame["section"].tolist(), reference, frame.index.tolist())
    found.flush()
    if found.bad.count:
        raise found.bad.error(", ".join(references), "Mend or remove them and try again.")
    if folded := found.fold(names or SectionNames()):
        logger.info("train: sections renamed: %s", ", ".join(map(str, folded)))
    if len(found.sections) < 2:
        raise DataError(
            f"The training rows have one section only: {', '.join(found.sections) or 'none'}. "
            "A classifier needs two or more."
        )
    return found


def _partition_file(found: RowPartitions, name: str, progress: Progress, columns: Columns) -> None:
    reader = HeadlineReader(name, sys.stdin.buffer, keep=("section",), columns=columns)
    with closing(reader):
        for chunk in reader:
            for bad in chunk.bad.values():
                found.bad.add(bad, name)
            good = [i for i in range(len(chunk.headlines)) if i not in chunk.bad]
            sections = chunk.kept["section"]
            found.add(
                [chunk.headlines[i] for i in good],
                [section_text(sections[i]) for i in good],
                name,
                [chunk.numbers[i] for i in good],
            )
            progress(found.seen, reader.bytes_read, reader.size)
