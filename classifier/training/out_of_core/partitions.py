"""The rows of tables larger than memory, spread over files on the disk, each small enough for memory.

A row's file is chosen by a hash of its normalized headline. So the rows of a file are a random sample however
the tables are sorted, and all repeats of a headline meet in one file, where they are merged as
:func:`~classifier.corpus.tables.merge_repeats` does it.

Spark and Dask can do the same beforehand (``repartition``, ``shuffle``). Then the rows stay where they are
(:class:`PartsInPlace`), and no more than one part at a time is on this machine.
"""

from __future__ import annotations

import hashlib
import logging
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.corpus.bad_rows import SHOWN, BadRow, BadRows
from classifier.corpus.columns import Columns
from classifier.corpus.compression import is_remote
from classifier.corpus.datasets import datasets, load_corpus
from classifier.corpus.formats import is_table
from classifier.corpus.parts import is_in_parts, table_parts
from classifier.corpus.sections import Folded, SectionNames, section_text
from classifier.corpus.stream import HeadlineReader
from classifier.errors import DataError
from classifier.text.normalize import normalize_all

logger = logging.getLogger(__name__)

FILES = 256  #: of 10 million rows, 40,000 each
_HELD = 1 << 16  #: rows; see :attr:`RowPartitions.room`

#: Normalized headlines, and the number of each one's section, (n_headlines,).
Rows = tuple[list[str], NDArray[np.intp]]


@dataclass
class RowPartitions:
    """Rows on the disk: normalized headline and section, in :data:`FILES` files of a folder."""

    folder: Path
    sections: list[str] = field(default_factory=list)  #: in the order of the numbers that :meth:`read` returns
    rows: int = 0
    bad: BadRows = field(default_factory=BadRows)
    left_out: set[str] = field(default_factory=set)  #: normalized headlines that are not read back
    room: int = field(default_factory=lambda: _HELD)  #: rows in memory before they are appended to the files
    digest: Any = field(default_factory=hashlib.sha256)  #: of all rows in their order
    _held: list[list[str]] = field(default_factory=lambda: [[] for _ in range(FILES)])
    _waiting: int = 0
    _numbers: dict[str, int] = field(default_factory=dict)  #: in the files, by the section's name in its table
    _counts: dict[str, Counter[str]] = field(default_factory=dict)  #: rows of each section, by table
    _final: list[int] = field(default_factory=list)  #: index in ``sections`` by number in the files

    def add(
        self,
        headlines: Sequence[str],
        sections: Sequence[str | None],
        where: str,
        numbers: Sequence[int],
        table: str = "",
    ) -> None:
        """Add rows; ``where`` names their file for messages, and ``numbers`` are their rows in it.

        ``table`` is the table that the file is a part of, for the names of sections; default: the file.
        """
        counts = self._counts.setdefault(table or where, Counter())
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
        if self._waiting >= self.room:
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

    def totals(self, files: Sequence[int]) -> NDArray[np.int64]:
        """Return how many rows of some files each of the ``sections`` has, (n_sections,)."""
        return sum((np.bincount(n, minlength=len(self.sections)) for _, n in self.blocks(files)), np.zeros(1, np.int64))

    def blocks(self, files: Sequence[int], dice: np.random.Generator | None = None) -> Iterator[Rows]:
        """Yield the rows of some files, a file at a time, in the order of the dice if there are any."""
        for i in files if dice is None else dice.permutation(files):
            yield self.read(i)

    def read(self, i: int) -> Rows:
        """Return the headlines of file ``i``, each once, and their sections; contradictory ones are left out."""
        path = self._path(i)
        return self._merged(path.read_text(encoding="utf-8").split("\n")[:-1] if path.is_file() else [])

    def _merged(self, lines: Iterable[str]) -> Rows:
        sections: dict[str, int] = {}
        for line in lines:
            text, _, headline = line.partition("\t")
            number = self._final[int(text)]
            if sections.setdefault(headline, number) != number:
                sections[headline] = -1
        kept = {h: number for h, number in sections.items() if number >= 0 and h not in self.left_out}
        return list(kept), np.fromiter(kept.values(), np.intp, len(kept))

    def _path(self, i: int) -> Path:
        return self.folder / f"{i:03}.tsv"


@dataclass
class PartsInPlace(RowPartitions):
    """Rows that stay in their parts: :meth:`add` checks and counts them, and :meth:`blocks` reads them again.

    All repeats of a headline have to be in one part: those of different parts are not merged. The "files" are the rows
    that would be in them, so the same rows are held out for a test.
    """

    parts: list[str] = field(default_factory=list)
    columns: Columns = field(default_factory=Columns)

    def flush(self) -> None:
        """Forget the rows at hand, which have been checked and counted."""
        self._held = [[] for _ in range(FILES)]
        self.rows, self._waiting = self.seen, 0

    def blocks(self, files: Sequence[int], dice: np.random.Generator | None = None) -> Iterator[Rows]:
        """Yield the rows of some files, a part at a time, in the order of the dice if there are any."""
        for i in range(len(self.parts)) if dice is None else dice.permutation(len(self.parts)):
            part = RowPartitions(self.folder, room=sys.maxsize, _numbers=self._numbers)
            _partition_file(part, self.parts[i], self.columns)
            if part.bad.count or len(self._numbers) > len(self._final):
                raise DataError(f"{self.parts[i]}: has changed since its rows were counted. Start over.")
            yield self._merged(line.rstrip("\n") for file in files for line in part._held[file])


def file_of(normalized: str) -> int:
    """Return the number of the file that a headline goes to."""
    return zlib.crc32(normalized.encode("utf-8", "surrogatepass")) * 2654435761 % (1 << 32) * FILES >> 32


#: Called with how many rows have been read, and bytes of the table (or its parts) and how many it has.
Progress = Callable[[int, int, int | None], None]


def partition_rows(
    references: Sequence[str],
    base: Path,
    folder: Path,
    progress: Progress,
    columns: Columns | None = None,
    names: SectionNames | None = None,
    *,
    copy: bool = True,
) -> RowPartitions:
    """Read tables, or datasets by name, once, and spread their rows over files in ``folder``.

    Args:
        references: files, folders and globs of parts, addresses of either, or datasets.
        base: the folder that a relative path starts from.
        folder: an empty one.
        progress: called as it goes.
        columns: which columns of the tables hold what.
        names: how the names of sections are changed.
        copy: False leaves the rows in their parts; see :class:`PartsInPlace`.

    Raises:
        DataError: parts cannot be read, or have bad rows, the first of which are named; or all rows have one section.
    """
    columns = columns or Columns()
    found = RowPartitions(folder) if copy else PartsInPlace(folder, columns=columns)
    broken: list[str] = []
    for reference in references:
        address = reference if is_remote(reference) else str(base / Path(reference).expanduser())
        if is_table(reference) or (is_in_parts(address) and reference.partition(":")[0] not in datasets()):
            parts = table_parts(address)
            for i, part in enumerate(parts, 1):
                try:
                    _partition_file(found, part, columns, address, progress)
                except DataError as error:
                    broken.append(str(error))
                if len(parts) > 1:
                    progress(found.seen, i, len(parts))
            if isinstance(found, PartsInPlace):
                found.parts += parts
        elif copy:
            frame = load_corpus(reference, base, columns=columns, names=SectionNames(fold=False))
            found.add(frame["headline"].tolist(), frame["section"].tolist(), reference, frame.index.tolist())
        else:
            raise DataError(f"{reference}: with copy_rows = false tables are read, and this is no file or folder.")
    found.flush()
    if found.bad.count:
        broken.append(str(found.bad.error(", ".join(references), "Mend or remove them and try again.")))
    if broken:
        more = [f"… and {len(broken) - SHOWN:,} more parts"] * (len(broken) > SHOWN)
        raise DataError("\n".join([*broken[:SHOWN], *more]))
    if folded := found.fold(names or SectionNames()):
        logger.info("train: sections renamed: %s", ", ".join(map(str, folded)))
    if len(found.sections) < 2:
        raise DataError(
            f"The training rows have one section only: {', '.join(found.sections) or 'none'}. "
            "A classifier needs two or more."
        )
    return found


def _partition_file(
    found: RowPartitions, name: str, columns: Columns, table: str = "", progress: Progress | None = None
) -> None:
    reader = HeadlineReader(name, sys.stdin.buffer, keep=("section",), columns=columns)
    with closing(reader):
        for chunk in reader:
            for bad in chunk.bad.values():
                found.bad.add(bad, name)
            good = chunk.good
            sections = chunk.kept["section"]
            found.add(
                [chunk.headlines[i] for i in good],
                [section_text(sections[i]) for i in good],
                name,
                [chunk.numbers[i] for i in good],
                table,
            )
            if progress and table == name:
                progress(found.seen, reader.bytes_read, reader.size)
