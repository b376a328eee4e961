"""What people decided about headlines: an append-only journal, and the table made from it.

Every decision is appended to ``NAME.journal.jsonl`` and is on the disk before it is confirmed; then the table is
written anew in one step. Several processes may write: a lock keeps them apart, and no decision is overwritten.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock

from classifier.corpus.bad_rows import BadRow, BadRows
from classifier.corpus.compression import split_suffix
from classifier.corpus.sections import SectionNames
from classifier.corpus.tables import fold_sections, read_table
from classifier.corpus.writer import table_writer, tsv_bytes, without_apostrophe
from classifier.curation.queue import QueueItem
from classifier.errors import DataError
from classifier.storage import replacing

#: What a decision may be besides a section.
SKIP, NOT_A_HEADLINE, UNDO = "skip", "not a headline", "undo"
_WAIT = 30.0  #: seconds for another process's lock

_COLUMNS = ("headline", "section", "suggested", "probability", "curator", "time", "model")


@dataclass(frozen=True)
class Decision:
    """One decision of one person."""

    headline: str
    action: str  #: ``label``, ``skip``, ``not a headline`` or ``undo``
    section: str  #: "" unless the action is ``label``
    suggested: str  #: the model's section
    probability: float  #: the model's, of ``suggested``
    curator: str
    time: str  #: ISO 8601
    model: str  #: the model's fingerprint


class Corrections:
    """The decisions behind one table of labels.

    Args:
        path: the table, ``.tsv``: ``headline``, ``section``, what the model had suggested, who decided, when.
        curator: who decides here; by default ``$HEADLINE_CURATOR``, else the name of the system's user.
        model: the fingerprint of the model that suggests.

    Raises:
        DataError: ``path`` is no TSV, or the journal beside it is damaged.
    """

    def __init__(self, path: Path, curator: str | None = None, model: str = "") -> None:
        if path.suffix != ".tsv":
            raise DataError(f"{path}: labels are written as TSV. Name a file that ends in .tsv.")
        self.path, self.model = path, model
        self.journal = path.with_name(f"{path.stem}.journal.jsonl")
        self.curator = curator or os.environ.get("HEADLINE_CURATOR") or os.environ.get("USER") or "unknown"
        if path.is_file() and not self.journal.is_file():
            raise DataError(f"{path}: there already, but without its {self.journal.name}. Name another --output.")
        self.read()

    def read(self) -> dict[str, Decision]:
        """Return the last decision on each headline, in the order of the journal; an undone one is left out."""
        standing: dict[str, list[Decision]] = {}
        try:
            text = self.journal.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        for number, line in enumerate(text.split("\n")[:-1], 1):  # a line without its end was not confirmed
            try:
                decision = Decision(**json.loads(line))
            except (ValueError, TypeError) as error:
                raise DataError(f"{self.journal}: line {number} is damaged ({error}). Mend or remove it.") from error
            made = standing.setdefault(decision.headline, [])
            if decision.action == UNDO:
                made[:] = [one for one in made if one.curator != decision.curator]
            else:
                made.append(decision)
        return {headline: made[-1] for headline, made in standing.items() if made}

    def decide(self, item: QueueItem, action: str, section: str = "", curator: str | None = None) -> None:
        """Append a decision and write the table anew.

        Raises:
            DataError: there is no such action, or the decision cannot be written.
        """
        if action not in ("label", SKIP, NOT_A_HEADLINE, UNDO) or (action == "label") != bool(section):
            raise DataError(f"{action!r} with the section {section!r} is no decision.")
        self._keep([self._decision(item, action, section, curator)])

    def label(self, labels: Sequence[tuple[QueueItem, str]]) -> None:
        """Append the sections that were given to headlines, and write the table anew, once.

        Raises:
            DataError: they cannot be written.
        """
        if labels:
            self._keep([self._decision(item, "label", section) for item, section in labels])

    def _decision(self, item: QueueItem, action: str, section: str, curator: str | None = None) -> Decision:
        return Decision(
            item.headline, action, section, item.suggested, item.probability, curator or self.curator,
            time.strftime("%Y-%m-%dT%H:%M:%S%z"), self.model,
        )  # fmt: skip

    def _keep(self, decisions: Sequence[Decision]) -> None:
        lines = "".join([json.dumps(asdict(decision), ensure_ascii=False) + "\n" for decision in decisions])
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self.journal.with_suffix(".lock"), timeout=_WAIT):
                self._append(lines)
                self._write()
        except OSError as error:  # a lock that is not given back in time is one too
            raise DataError(f"{self.journal}: cannot be written ({error}). The decision is not kept.") from error

    def _append(self, lines: str) -> None:
        with self.journal.open("a+b") as journal:
            end = journal.seek(0, os.SEEK_END)
            if end:
                journal.seek(end - 1)
                if journal.read(1) != b"\n":  # a process ended in the middle of a line: that line was never confirmed
                    journal.write(b"\n")
            journal.write(lines.encode())
            journal.flush()
            os.fsync(journal.fileno())

    def _write(self) -> None:
        rows = [decision for decision in self.read().values() if decision.action == "label"]
        values = [asdict(decision) for decision in rows]
        with replacing(self.path) as part:
            part.write_bytes(tsv_bytes([_COLUMNS, *([str(row[name]) for name in _COLUMNS] for row in values)]))


def write_queue(items: Iterable[QueueItem], path: Path) -> None:
    """Write the queue for a spreadsheet (.csv or .xlsx); a person fills its empty column ``section``."""
    with table_writer(path, ("headline", "section", "suggested", "probability"), {"probability"}) as write:
        write([item.headline, "", item.suggested, item.probability] for item in items)


def read_queue(path: Path, corrections: Corrections) -> int:
    """Take over the sections that a person filled into the file of :func:`write_queue`; return how many are new.

    Raises:
        DataError: a row is bad, or the column ``suggested`` is missing.
    """
    table = read_table(path, labelled=False, all_columns=True, names=SectionNames(fold=False))
    # The names that the model uses stay, where they stand among its suggestions.
    fold_sections([table], SectionNames(known=set(table.get("suggested", ()))), str(path))
    if "suggested" not in table or "probability" not in table:
        raise DataError(f"{path}: the columns suggested and probability are missing. Is it a file of --queue?")
    standing, bad = corrections.read(), BadRows()
    taken: list[tuple[QueueItem, str]] = []
    filled = table[table["section"] != ""]
    columns = [filled[name].tolist() for name in ("headline", "section", "suggested", "probability")]
    for row, cell, section, suggested, probability in zip(filled.index, *columns, strict=True):
        headline = without_apostrophe(cell) if split_suffix(path.name)[0] == ".csv" else cell
        try:
            item = QueueItem(headline, suggested, float(probability or 0), ())
        except ValueError:
            bad.add(BadRow(row, f"the probability {probability!r} is no number"))
            continue
        if headline not in standing or standing[headline].section != section:
            taken.append((item, section))
    if bad.count:
        raise bad.error(str(path), "Mend them and try again.")
    corrections.label(taken)
    return len(taken)
