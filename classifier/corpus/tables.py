"""Headline tables: read, check and write them.

A table has the columns ``headline`` and ``section`` and may have ``source``, ``date``, ``url``,
``guid``, and what :mod:`~classifier.pages.extract` says of a label: ``block``, ``evidence``,
``press``. It is TSV, CSV, JSON Lines or Parquet, in UTF-8 with or without BOM or in CP949. TSV is
read without quoting (a quote mark is a character of the headline), CSV with the usual quoting.
"""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from classifier.corpus.sections import canonical_section
from classifier.errors import DataError
from classifier.extras import need

if TYPE_CHECKING:
    import pandas as pd

REQUIRED = ("headline", "section")
OPTIONAL = ("source", "date", "url", "guid", "block", "evidence", "press")
SUFFIXES = (".tsv", ".csv", ".jsonl", ".parquet")

_MAX_HEADLINE = 1000
_SHOWN = 20


def read_bytes(path: Path) -> bytes:
    """Return a file's bytes, or raise a DataError that names it."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}). Check the path.") from error


def decode(raw: bytes, where: str) -> str:
    """Return ``raw`` as text: UTF-8 (a BOM is dropped), or else CP949.

    Raises:
        DataError: it is in neither encoding; says at which byte.
    """
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as utf8:
        try:
            return raw.decode("cp949")
        except UnicodeDecodeError as cp949:
            raise DataError(
                f"{where}: neither UTF-8 (byte {utf8.start} is 0x{raw[utf8.start]:02x}) nor CP949 "
                f"(byte {cp949.start} is 0x{raw[cp949.start]:02x}). Save it as UTF-8."
            ) from None


def decode_lines(raw: bytes, where: str) -> list[str]:
    """Return the lines of a text, one headline each; blank lines are kept, so that answers line up."""
    text = decode(raw, where)
    return [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")] if text else []


@dataclass
class _Parsed:
    """A file's rows and what could not be read of it; a bad row is (number, what is wrong, what was found)."""

    numbers: list[int] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    bad: list[tuple[int, str, str]] = field(default_factory=list)


def _delimited(path: Path, text: str, delimiter: str) -> _Parsed:
    quoting: Literal[0, 3] = csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL
    # Strict: a quote mark that is never closed is an error, and does not swallow the rows after it.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting, strict=delimiter == ",")
    parsed = _Parsed()
    header: list[str] | None = None
    try:
        for cells in reader:
            if header is None:
                header = [name.strip() for name in cells]
                _check_columns(path, header)
            elif not cells:
                continue
            elif len(cells) != len(header):
                wrong = f"{len(cells)} fields instead of {len(header)}"
                parsed.bad.append((reader.line_num, wrong, "|".join(cells)))
            else:
                parsed.numbers.append(reader.line_num)
                parsed.rows.append(dict(zip(header, cells, strict=True)))
    except csv.Error as error:
        parsed.bad.append((reader.line_num, f"not readable: {error}", ""))
    if header is None and not parsed.bad:
        _check_columns(path, [])
    return parsed


def _json_lines(text: str) -> _Parsed:
    parsed = _Parsed()
    # Not splitlines(): JSON may hold U+2028 and the like unescaped inside a string.
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            json.dumps(row, ensure_ascii=False).encode()  # an escaped lone surrogate is no text
        except (ValueError, RecursionError) as error:
            parsed.bad.append((number, f"not JSON: {getattr(error, 'msg', error)}", line))
            continue
        if not isinstance(row, dict):
            parsed.bad.append((number, "not a JSON object", line))
        elif missing := [name for name in REQUIRED if name not in row]:
            parsed.bad.append((number, f"no {' and no '.join(missing)}", line))
        else:
            parsed.numbers.append(number)
            parsed.rows.append({key: "" if value is None else value for key, value in row.items()})
    return parsed


def _check_columns(path: Path, columns: list[str]) -> None:
    missing = [name for name in REQUIRED if name not in columns]
    repeated = [name for name, count in Counter(columns).items() if count > 1]
    if missing or repeated:
        raise DataError(
            f"{path}: the columns are {', '.join(columns) or 'none'}; "
            + (f"{' and '.join(missing)} missing. " if missing else f"{', '.join(repeated)} stands twice. ")
            + "A headline table has the columns headline and section (and may have source, date, url, "
            "guid). Name them so in the first line."
        )


def _report(path: Path, bad: list[tuple[int, str, str]]) -> None:
    """Raise one DataError for all the bad rows of a file."""
    if not bad:
        return
    bad = sorted(bad)
    unlabelled = any(what == "empty section" for _, what, _ in bad)
    lines = [f"  row {number}: {what}" + (f": {found[:80]!r}" if found else "") for number, what, found in bad]
    more = f"\n  … and {len(bad) - _SHOWN} more" if len(bad) > _SHOWN else ""
    raise DataError(
        f"{path}: {len(bad)} bad {'row' if len(bad) == 1 else 'rows'}. Mend or remove them and try again"
        + (" (`classifier extract --labelled-only` leaves out rows without a section).\n" if unlabelled else ".\n")
        + "\n".join(lines[:_SHOWN])
        + more
    )


def _schema(labelled: bool) -> Any:
    # Pandera costs a second to import and only readers of tables pay for it.
    import pandera.pandas as pa

    text = {
        "empty headline": lambda column: column.str.strip() != "",
        f"headline of more than {_MAX_HEADLINE} characters": lambda column: column.str.len() <= _MAX_HEADLINE,
        "no letter or digit in the headline": lambda column: (
            (column.str.strip() == "") | column.str.contains(r"[^\W_]", regex=True)
        ),
    }
    section = {"empty section": lambda column: column != ""} if labelled else {}
    return pa.DataFrameSchema(
        {
            "headline": pa.Column(str, [pa.Check(check, error=name) for name, check in text.items()]),
            "section": pa.Column(str, [pa.Check(check, error=name) for name, check in section.items()]),
        },
        strict=False,
    )


def check_table(frame: pd.DataFrame, path: Path, *, labelled: bool = True, all_columns: bool = False) -> pd.DataFrame:
    """Return ``frame`` checked and tidied as :func:`read_table` does; ``path`` is for messages."""
    frame = frame.astype(object).where(frame.notna(), "")
    numbers = list(range(1, len(frame) + 1))
    rows = [dict(zip(map(str, frame.columns), cells, strict=True)) for cells in frame.itertuples(index=False)]
    return _checked(_Parsed(numbers, rows), path, labelled=labelled, all_columns=all_columns)


def _checked(parsed: _Parsed, path: Path, *, labelled: bool, all_columns: bool) -> pd.DataFrame:
    import pandas as pd
    from pandera.errors import SchemaErrors

    bad, numbers, rows = list(parsed.bad), [], []
    for number, row in zip(parsed.numbers, parsed.rows, strict=True):
        wrong = [name for name in REQUIRED if not isinstance(row[name], str)]
        bad += [(number, f"the {name} is no text", str(row[name])) for name in wrong]
        if not wrong:
            numbers.append(number)
            rows.append(row)
    if not rows:
        _report(path, bad)
        raise DataError(f"{path}: no rows. A headline table has one headline a row under its header line.")
    frame = pd.DataFrame(rows).fillna("")
    if not all_columns:
        frame = frame[[name for name in (*REQUIRED, *OPTIONAL) if name in frame]]
    frame = frame.astype(str)
    frame.index = pd.Index(numbers, name="row")
    # White space of any kind (a line break inside a cell, a no-break space) is one space.
    frame["headline"] = [" ".join(unicodedata.normalize("NFC", h).split()) for h in frame["headline"]]
    folded = {name: canonical_section(name) for name in frame["section"].unique()}
    frame["section"] = frame["section"].map(folded)
    try:
        _schema(labelled).validate(frame, lazy=True)
    except SchemaErrors as errors:
        cases = errors.failure_cases
        for row, check, found in zip(cases["index"], cases["check"], cases["failure_case"], strict=True):
            bad.append((int(row), str(check), "" if str(check).startswith("empty") else str(found)))
    _report(path, bad)
    return frame


def check_suffix(path: Path) -> str:
    """Return a table's suffix, or raise a DataError if no table ends so."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise DataError(f"{path}: a headline table ends in {', '.join(SUFFIXES)}, not in {suffix or 'nothing'}.")
    return suffix


def read_table(path: str | Path, *, labelled: bool = True, all_columns: bool = False) -> pd.DataFrame:
    """Read and check a headline table.

    Args:
        path: a ``.tsv``, ``.csv``, ``.jsonl`` or ``.parquet`` file.
        labelled: whether an empty section is an error.
        all_columns: whether columns that the project does not know are kept too.

    Returns:
        A frame of strings: ``headline`` (NFC, white space folded), ``section`` (canonical) and those
        of :data:`OPTIONAL` that the file has; the index ``row`` is the row in the file.

    Raises:
        DataError: names the file, every bad row (the first 20 in full) and what was found there.
    """
    need("train", "reading a headline table")
    import pandas as pd

    path = Path(path)
    suffix = check_suffix(path)
    if suffix == ".parquet":
        try:
            frame = pd.read_parquet(path)
        except (OSError, ValueError) as error:
            raise DataError(f"{path}: cannot be read as Parquet ({error}).") from error
        _check_columns(path, [str(name) for name in frame.columns])
        return check_table(frame, path, labelled=labelled, all_columns=all_columns)
    text = decode(read_bytes(path), str(path))
    parsed = _json_lines(text) if suffix == ".jsonl" else _delimited(path, text, "\t" if suffix == ".tsv" else ",")
    return _checked(parsed, path, labelled=labelled, all_columns=all_columns)


@dataclass(frozen=True)
class Cleaning:
    """What :func:`merge_repeats` did to a training table."""

    rows: int  #: rows before
    repeated: int  #: further rows of a headline under the same section: merged into one
    contradictory: int  #: rows whose headline stands under several sections: left out

    def __str__(self) -> str:
        return (
            f"{self.rows:,} rows; {self.repeated:,} repeats merged, "
            f"{self.contradictory:,} rows left out because their headline has several sections"
        )


def merge_repeats(frame: pd.DataFrame) -> tuple[pd.DataFrame, Cleaning]:
    """Merge repeats of a headline and leave out headlines that stand under several sections.

    For training only: a test table is used as it is. Nothing says which of two contradictory
    labels is right, so neither is learned; both are counted in the returned :class:`Cleaning`.
    """
    sections = frame.groupby("headline")["section"].transform("nunique")
    contradictory = sections > 1
    kept = frame[~contradictory]
    merged = kept.drop_duplicates("headline")
    return merged, Cleaning(len(frame), len(kept) - len(merged), int(contradictory.sum()))
