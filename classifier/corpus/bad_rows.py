"""Rows that cannot be read, and the one way to report them: the first 20, and how many more there are."""

from __future__ import annotations

from dataclasses import dataclass, field

from classifier.errors import DataError

#: Bad rows that a message shows.
SHOWN = 20


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be read."""

    number: int  #: its (first) line in the file, from 1; its row in Parquet, Excel and JSON files
    why: str  #: what is wrong with it
    raw: str = ""  #: the row as it is in the file; bytes that cannot be decoded as ``\\xff``

    def __str__(self) -> str:
        return f"row {self.number}: {self.why}" + (f": {self.raw[:80]!r}" if self.raw else "")


@dataclass
class BadRows:
    r"""Counts bad rows and keeps the first :data:`SHOWN` of them for a message.

    >>> bad = BadRows()
    >>> bad.add(BadRow(3, "1 fields instead of 2", "headline"))
    True
    >>> str(bad.error("t.tsv", "Mend it."))
    "t.tsv: 1 bad row. Mend it.\n  row 3: 1 fields instead of 2: 'headline'"
    """

    count: int = 0
    first: list[str] = field(default_factory=list)

    def add(self, row: BadRow, where: str = "") -> bool:
        """Count ``row``; return whether it is among those that are shown. ``where`` names its file, if that differs."""
        self.count += 1
        if self.count <= SHOWN:
            self.first.append(f"{where}: {row}" if where else str(row))
        return self.count <= SHOWN

    @property
    def hidden(self) -> int:
        """How many bad rows are not shown."""
        return max(0, self.count - SHOWN)

    def error(self, where: str, advice: str) -> DataError:
        """Return the error that reports the bad rows of the file ``where`` together."""
        lines = [f"{where}: {self.count:,} bad {'row' if self.count == 1 else 'rows'}. {advice}"]
        lines += [f"  {line}" for line in self.first]
        return DataError("\n".join(lines + [f"  … and {self.hidden:,} more"] * bool(self.hidden)))
