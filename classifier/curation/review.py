"""The tables of an audit: rows to review, which a person edits before they are applied; repeats; leaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from classifier.corpus.bad_rows import BadRow, BadRows
from classifier.corpus.sections import canonical_section
from classifier.corpus.tables import read_table
from classifier.corpus.writer import table_writer, write_table
from classifier.curation.audit import Group, Leak, ReviewItem
from classifier.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

#: In ``section_suggested``: leave the row out of the corrected table.
REMOVE = "-"


def write_review(items: Sequence[ReviewItem], path: Path) -> None:
    """Write the rows to review; ``section_suggested`` is what applying the file will do.

    Edit that column: another section's name, empty to keep the label, ``-`` to remove the row.
    """
    columns = "row headline section section_suggested problem probability probability_suggested reason".split()
    with table_writer(path, columns) as write:
        write(
            (i.row, i.headline, i.section, i.suggested, i.problem, f"{i.probability:.4f}",
             f"{i.probability_suggested:.4f}", i.reason)
            for i in items
        )  # fmt: skip


def write_duplicates(groups: Sequence[Group], path: Path) -> None:
    """Write the groups of repeats and near-duplicates, a row of the table a line."""
    with table_writer(path, ["group", "kind", "row", "headline", "section"]) as write:
        write(
            (number, "the same" if len(set(group.headlines)) == 1 else "near", *row)
            for number, group in enumerate(groups, 1)
            for row in zip(group.rows, group.headlines, group.sections, strict=True)
        )


def write_leaks(leaks: Sequence[Leak], path: Path) -> None:
    """Write the rows of the other table that this one holds too, or nearly."""
    with table_writer(path, "row headline section kind row_here headline_here section_here".split()) as write:
        write(
            (leak.row, leak.headline, leak.section, "the same" if leak.exact else "near",
             leak.row_here, leak.headline_here, leak.section_here)
            for leak in leaks
        )  # fmt: skip


def _letters(headline: str) -> str:
    """Return the letters and digits of a headline: a spreadsheet may change its quote marks, but not these."""
    return "".join(c for c in headline if c.isalnum())


@dataclass(frozen=True)
class Applied:
    """The result of applying a review."""

    relabelled: int
    removed: int
    kept: int  #: rows of the review whose label stays
    output: Path
    record: Path


def apply_review(frame: pd.DataFrame, review: Path, output: Path) -> Applied:
    """Write ``frame`` corrected by a review, and beside it the record of what changed.

    Args:
        frame: the audited table, with all its columns, numbered as it was when it was audited.
        review: what :func:`write_review` wrote, edited.
        output: the corrected table; the record is ``<output's stem>.changes.tsv``.

    Raises:
        DataError: the review does not belong to the table, or cannot be read; all bad rows are named.
    """
    edits = read_table(review, labelled=False, all_columns=True)
    missing = [name for name in ("row", "section_suggested") if name not in edits]
    if missing:
        raise DataError(f"{review}: no column {' and no column '.join(missing)}. Give the review.tsv of an audit.")
    at = {str(row): position for position, row in enumerate(frame.index)}
    headlines, sections = frame["headline"].tolist(), frame["section"].tolist()
    present = set(sections)
    after: dict[int, str] = {}
    changes: list[tuple[str, ...]] = []
    bad = BadRows()
    columns = [edits["row"], edits["headline"], edits["section_suggested"]]
    problems = edits["problem"] if "problem" in edits else [""] * len(edits)
    for number, row, headline, suggested, problem in zip(edits.index, *columns, problems, strict=True):
        position = at.get(row.strip())
        if position is None or _letters(headlines[position]) != _letters(headline):
            found = "is not there" if position is None else f"holds {headlines[position][:60]!r}"
            bad.add(BadRow(number, f"row {row} of the table {found}; the review says {headline[:60]!r}"))
        elif position in after:
            bad.add(BadRow(number, f"row {row} of the table occurs twice in the review"))
        else:
            wanted = suggested.strip()
            own = wanted if wanted in present else canonical_section(wanted)
            after[position] = REMOVE if wanted == REMOVE else own or sections[position]
            if after[position] != sections[position]:
                now = "(removed)" if wanted == REMOVE else after[position]
                changes.append((row.strip(), headlines[position], sections[position], now, problem))
    if bad.count:
        raise bad.error(
            f"{review}",
            "They do not fit the table. Give the very table that was audited, and change nothing in the review but "
            "section_suggested (and leave out what you like).",
        )
    corrected = frame.copy()
    corrected["section"] = [after.get(i, section) for i, section in enumerate(sections)]
    corrected = corrected[corrected["section"] != REMOVE]
    write_table(corrected, output)
    record = output.with_name(f"{output.stem}.changes.tsv")
    with table_writer(record, ["row", "headline", "before", "after", "problem"]) as write:
        write(changes)
    removed = sum(section == REMOVE for section in after.values())
    return Applied(len(changes) - removed, removed, len(after) - len(changes), output, record)
