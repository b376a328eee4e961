"""The format of a file: by its suffix, by the user's option, and by its first bytes where these contradict both."""

from __future__ import annotations

from classifier.corpus.columns import looks_like_header
from classifier.corpus.compression import split_suffix
from classifier.corpus.encoding import BOM
from classifier.errors import DataError

INPUT_FORMATS = ("txt", "tsv", "csv", "jsonl", "json", "fasttext", "parquet", "xlsx")

#: Formats that are not read line by line but as a whole document, so a position in them is a row.
DOCUMENTS = ("json", "parquet", "xlsx")

_SUFFIXES = {
    ".txt": "txt", ".tsv": "tsv", ".tab": "tsv", ".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl",
    ".json": "json", ".parquet": "parquet", ".xlsx": "xlsx", ".xlsm": "xlsx",
}  # fmt: skip

#: Suffixes of tables, which may have .gz, .zst or .zip after them.
TABLE_SUFFIXES = tuple(suffix for suffix, found in _SUFFIXES.items() if found != "txt")

_SIGNATURES = {
    b"\x1f\x8b": "compressed with gzip: such a file ends in .gz (or use --input-format tsv.gz)",
    b"\x28\xb5\x2f\xfd": "compressed with zstd: such a file ends in .zst (or use --input-format tsv.zst)",
    b"PAR1": "Parquet: such a file ends in .parquet",
    b"PK\x03\x04": "a zip archive or an Excel file: such a file ends in .zip or .xlsx",
    b"\xd0\xcf\x11\xe0": "an Excel file of the old kind (.xls), or one with a password: save it as .xlsx without one",
    b"%PDF": "a PDF: copy its headlines into a text or a table",
}


def format_of(name: str, input_format: str | None = None) -> tuple[str, str]:
    """Return what is in a file, one of :data:`INPUT_FORMATS`, and how it is compressed ("" for not at all).

    ``input_format`` names both, as in ``tsv.gz``; without it the suffixes do. Any other suffix,
    and standard input, is ``txt``.

    Raises:
        DataError: ``input_format`` is unknown, or Parquet or Excel comes compressed or from standard input.
    """
    if input_format:
        found, _, rest = input_format.lower().partition(".")
        compression = f".{rest}" if rest else split_suffix(name)[1]
        if found not in INPUT_FORMATS or rest not in ("", "gz", "zst", "zip"):
            known = ", ".join(INPUT_FORMATS)
            raise DataError(f"the input format {input_format!r} is none of {known} (and .gz or .zst, if compressed).")
    else:
        suffix, compression = split_suffix(name)
        found = _SUFFIXES.get(suffix, "txt")
    check_readable(name, found, compression)
    return found, compression


def check_readable(name: str, found: str, compression: str) -> None:
    """Raise a DataError if a format that needs a file of its own comes compressed or from standard input."""
    label = {"parquet": "Parquet", "xlsx": "Excel"}.get(found)
    if label and (compression or name == "-"):
        raise DataError(f"{name}: {label} is read from a file that is not compressed. Unpack it into a .{found} file.")
    if compression == ".zip" and name == "-":
        raise DataError("standard input: a zip archive is read from a file. Give its name, or unpack it.")


def is_table(name: str) -> bool:
    """Return whether a file's suffix is one of a table, compressed or not.

    >>> is_table("crawl/headlines.TSV.gz"), is_table("train.zip"), is_table("ynat:train")
    (True, True, False)
    """
    suffix, compression = split_suffix(name)
    return suffix in TABLE_SUFFIXES or compression == ".zip"


def check_signature(label: str, raw: bytes) -> None:
    """Raise a DataError if an input that should be a text begins like something else."""
    for sign, what in _SIGNATURES.items():
        if raw.startswith(sign):
            raise DataError(f"{label}: this is {what}.")


def check_text(label: str, raw: bytes) -> str:
    """Return ``txt`` or ``fasttext`` for an input that is read as a text because no other format was given.

    Raises:
        DataError: its first line is not one of a text, but of JSON, of HTML, of a table, or of a binary file.
    """
    line = raw.lstrip().partition(b"\n")[0].strip().removeprefix(BOM)
    if line.startswith(b"__label__"):
        return "fasttext"
    advice = "If it has one headline a line nevertheless, use --input-format txt."
    if b"\0" in raw:
        raise DataError(f"{label}: this is a binary file, not a text. Save it as a text, .csv or .xlsx file.")
    if line[:20].lower().startswith((b"<!doctype", b"<html", b"<head", b"<table", b"<?xml")):
        raise DataError(f"{label}: this is HTML or XML. Read a portal page with --page. {advice}")
    if line in (b"[", b"{") or line.startswith((b"[{", b'{"')):
        what = "this is JSON. Such a file ends in .json or .jsonl (or use --input-format json or jsonl)"
        raise DataError(f"{label}: {what}. {advice}")
    if looks_like_header(line.decode("utf-8", "replace")):
        what = f"the first line looks like the header of a table ({line.decode('utf-8', 'replace')[:80]})"
        raise DataError(f"{label}: {what}. Name it .tsv or .csv, or use --input-format. {advice}")
    return "txt"
