"""Reads and checks headline tables: every row is valid, or one error reports all rows that are not.

A table has the columns ``headline`` and ``section`` (or others that :class:`~classifier.corpus.columns.Columns` names)
and may have ``source``, ``date``, ``url`` and ``guid``. Those made by :mod:`~classifier.pages.extract` also have
``block``, ``evidence`` and ``press``. :class:`~classifier.corpus.stream.HeadlineReader` reads it in any of its formats.
"""

from __future__ import annotations

import csv
import logging
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classifier.corpus.bad_rows import BadRow, BadRows
from classifier.corpus.columns import Columns, missing_column
from classifier.corpus.encoding import read_text
from classifier.corpus.formats import TABLE_SUFFIXES
from classifier.corpus.sections import Folded, SectionNames, section_text
from classifier.corpus.stream import HeadlineReader
from classifier.errors import DataError
from classifier.extras import need

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger(__name__)

REQUIRED = ("headline", "section")
OPTIONAL = ("source", "date", "url", "guid", "block", "evidence", "press")

_MAX_HEADLINE = 1000


def read_table(
    path: str | Path,
    *,
    labelled: bool = True,
    all_columns: bool = False,
    columns: Columns | None = None,
    names: SectionNames | None = None,
) -> pd.DataFrame:
    """Read and check a headline table.

    Args:
        path: a table in any format, compressed or not.
        labelled: whether a missing or empty section is an error.
        all_columns: whether columns that the project does not know are kept too.
        columns: which columns hold the headlines and the sections; default: those with the usual names.
        names: how the names of sections are changed; default: usual spellings become canonical sections.

    Returns:
        A frame of strings: ``headline`` (NFC, white space folded), ``section`` (empty if there is none) and those
        of :data:`OPTIONAL` that the file has; the index ``row`` is the row in the file. ``attrs["folded"]`` are
        the names of sections that were changed, a list of :class:`~classifier.corpus.sections.Folded`.

    Raises:
        DataError: the file cannot be read or has bad rows; the message has their number and the first 20 of them.
    """
    need("train", "reading a headline table")
    cells, numbers, bad = _read(str(path), labelled, columns or Columns())
    return _checked(cells, numbers, bad, str(path), labelled, all_columns, names)


def check_table(
    frame: pd.DataFrame,
    where: str,
    *,
    labelled: bool = True,
    columns: Columns | None = None,
    names: SectionNames | None = None,
) -> pd.DataFrame:
    """Return a frame checked and tidied as :func:`read_table` does it, its rows numbered from 1.

    Raises:
        DataError: as :func:`read_table`; ``where`` names the frame in the message.
    """
    header = list(map(str, frame.columns))
    found = (columns or Columns()).find(where, header, None)
    _require_section(where, found, header, labelled)
    cells = {name: frame.iloc[:, header.index(column)].tolist() for name, column in found.items()}
    return _checked(cells, range(1, len(frame) + 1), [], where, labelled, False, names)


def read_headlines(path: str | Path, columns: Columns | None = None) -> Iterator[list[str]]:
    """Yield the headlines of a table, or of a text with one a line, of any length: some thousand at a time.

    They are checked and tidied as :func:`read_table` does it; sections and other columns are not read, and blank lines
    of a text are left out.

    Raises:
        DataError: the file cannot be read; or, after its last row, it has bad rows, of which the first 20 are named.
    """
    report = BadRows()
    with closing(HeadlineReader(str(path), sys.stdin.buffer, columns=columns or Columns())) as reader:
        for chunk in reader:
            good = []
            for i, headline in enumerate(map(_tidied, chunk.headlines)):
                if i in chunk.bad:
                    report.add(chunk.bad[i])
                elif why := next(_wrong(headline, "", False), ""):
                    if headline or reader.format != "txt":
                        report.add(BadRow(chunk.numbers[i], why, headline))
                else:
                    good.append(headline)
            yield good
    if report.count:
        raise report.error(str(path), "Mend or remove them and try again.")


def _require_section(where: str, found: Mapping[str, str], header: Sequence[str], labelled: bool) -> None:
    if labelled and "section" not in found:
        raise missing_column(where, "section", header)


def _read(path: str, labelled: bool, columns: Columns) -> tuple[dict[str, list[Any]], list[int], list[BadRow]]:
    """Return the cells of the good rows by column, the numbers of these rows, and the bad rows."""
    bad: list[BadRow] = []
    numbers: list[int] = []
    cells: dict[str, list[Any]] = {"headline": []}
    reader = HeadlineReader(path, sys.stdin.buffer, keep=None, columns=columns)
    with closing(reader):
        for chunk in reader:
            bad += chunk.bad.values()
            good = chunk.good
            before = len(numbers)
            numbers += [chunk.numbers[i] for i in good]
            for name, values in {"headline": chunk.headlines, **chunk.kept}.items():
                cells.setdefault(name, [""] * before).extend(values[i] for i in good)
            for column in cells.values():  # this chunk may lack a column of another
                column.extend([""] * (len(numbers) - len(column)))
    if reader.format == "txt":
        raise DataError(
            f"{path}: a text of headlines is not a table. The name of a table ends in {', '.join(TABLE_SUFFIXES)}."
        )
    if reader.found:
        _require_section(path, reader.found, list(reader.found.values()), labelled)
    return cells, numbers, bad


def _checked(
    cells: dict[str, list[Any]],
    numbers: Sequence[int],
    bad: list[BadRow],
    where: str,
    labelled: bool,
    all_columns: bool,
    names: SectionNames | None,
) -> pd.DataFrame:
    """Return the rows as a frame of strings, or raise a DataError that reports all bad ones."""
    import pandas as pd

    headlines = [_tidied(h) if isinstance(h, str) else h for h in cells["headline"]]
    sections = [section_text(value) for value in cells.get("section", [""] * len(numbers))]
    found = list(bad)
    for number, headline, section in zip(numbers, headlines, sections, strict=True):
        found += [BadRow(number, why, str(headline or "")) for why in _wrong(headline, section, labelled)]
    report = BadRows()
    for row in sorted(found, key=lambda row: row.number):
        report.add(row)
    if report.count:
        advice = "Mend or remove them and try again"
        if any(row.why == "empty section" for row in found):
            advice += " (`classifier extract --labelled-only` leaves out rows without a section)"
        raise report.error(where, f"{advice}.")
    if not headlines:
        raise DataError(f"{where}: no rows. A table has one headline a row under its header line.")
    content = cells | {"headline": headlines, "section": sections}
    wanted = dict.fromkeys((*REQUIRED, *OPTIONAL, *(content if all_columns else ())))
    frame = pd.DataFrame({name: content[name] for name in wanted if name in content}, dtype=object)
    frame = frame.fillna("").astype(str).set_axis(pd.Index(numbers, name="row"))
    fold_sections([frame], names or SectionNames(), where)
    return frame


def _tidied(headline: str) -> str:
    """Return a headline in NFC, with one space for white space of any kind, such as a line break inside a cell."""
    return " ".join(unicodedata.normalize("NFC", headline).split())


def _wrong(headline: Any, section: str | None, labelled: bool) -> Iterator[str]:
    """Yield what is wrong with a row."""
    if headline is None or headline != headline or headline == "":  # noqa: PLR0124 (NaN, an empty cell in pandas)
        yield "empty headline"
    elif not isinstance(headline, str):
        yield "the headline is no text"
    elif len(headline) > _MAX_HEADLINE:
        yield f"headline of more than {_MAX_HEADLINE:,} characters"
    elif not any(map(str.isalnum, headline)):
        yield "no letter or digit in the headline"
    if section is None:
        yield "the section is no text"
    elif labelled and not section.strip():
        yield "empty section"


def fold_sections(frames: Sequence[pd.DataFrame], names: SectionNames, where: str) -> list[Folded]:
    """Change the sections of tables that belong together as ``names`` says; return which names were changed.

    The log names them too, and each frame has them in ``attrs["folded"]``.

    Raises:
        DataError: a number has no name.
    """
    final, folded = names.resolve([Counter(frame["section"]) for frame in frames])
    for frame in frames:
        frame["section"] = frame["section"].map(final)
        frame.attrs["folded"] = folded
    if folded:
        logger.info("%s: sections renamed: %s", where, ", ".join(map(str, folded)))
    return folded


def read_section_names(source: Sequence[str] | str | Path) -> Mapping[int, str]:
    """Return names of sections by number, from a list of them or from a table of numbers and names.

    Args:
        source: the names of 0, 1, 2 …; or a CSV or TSV file, each row of which has a whole number and a name.

    Raises:
        DataError: the file cannot be read, or a row is not a number and a name, or a number occurs twice.
    """
    if not isinstance(source, str | Path):
        return dict(enumerate(source))
    lines = read_text(Path(source)).split("\n")
    found: dict[int, str] = {}
    delimiter = max(",\t;", key=lines[0].count)
    for line, cells in enumerate(csv.reader(lines, delimiter=delimiter), 1):
        texts = [cell.strip() for cell in cells]
        number = [text for text in texts if text.isdecimal()]
        name = [text for text in texts if text and not text.isdecimal()]
        if len(number) == 1 and len(name) == 1 and int(number[0]) not in found:
            found[int(number[0])] = name[0]
        elif any(texts) and (number or line > 1):
            raise DataError(
                f"{source}: row {line}: a row has a whole number, which no other row has, and a name; found {cells}."
            )
    return found


@dataclass(frozen=True)
class Cleaning:
    """What :func:`merge_repeats` did to a training table."""

    rows: int  #: rows before
    repeated: int  #: further rows of a headline under the same section: merged into one
    contradictory: int  #: rows whose headline has several sections: left out

    def __str__(self) -> str:
        return (
            f"{self.rows:,} rows; {self.repeated:,} repeats merged, "
            f"{self.contradictory:,} rows left out because their headline has several sections"
        )


def merge_repeats(frame: pd.DataFrame) -> tuple[pd.DataFrame, Cleaning]:
    """Merge repeats of a headline and leave out headlines that have several sections.

    For training only: a test table is used as it is. It is unknown which of two contradictory
    labels is right, so neither is learned; both are counted in the returned :class:`Cleaning`.
    """
    sections = frame.groupby("headline")["section"].transform("nunique")
    contradictory = sections > 1
    kept = frame[~contradictory]
    merged = kept.drop_duplicates("headline")
    return merged, Cleaning(len(frame), len(kept) - len(merged), int(contradictory.sum()))
