"""Headlines of a Parquet file of any length, chunk by chunk."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from classifier.corpus.parsers import Parsed, check_columns
from classifier.errors import DataError
from classifier.extras import need

_ROWS = 16_384


def parquet_chunks(name: str, keep: Sequence[str], start: int) -> Iterator[Parsed]:
    """Yield the rows after the first ``start``, some thousand at a time; ``used`` counts them.

    Raises:
        InstallationError: pyarrow is missing.
        DataError: the file is damaged, or has no column that is asked for.
    """
    need("parquet", f"{name}: Parquet")
    from pyarrow import ArrowException, parquet

    wanted = list(dict.fromkeys(("headline", *keep)))
    try:
        with parquet.ParquetFile(name) as file:
            check_columns(name, file.schema_arrow.names, keep)
            done = 0
            for batch in file.iter_batches(_ROWS, columns=wanted):
                done += batch.num_rows
                if done <= start:
                    continue
                rest = batch.slice(max(0, start - (done - batch.num_rows)))
                columns = {column: rest.column(column).to_pylist() for column in wanted}
                yield _parsed(columns, done - rest.num_rows + 1)
    except (ArrowException, OSError) as error:
        raise DataError(f"{name}: cannot be read as Parquet ({error}).") from error


def _parsed(columns: dict[str, list[Any]], first: int) -> Parsed:
    values = columns["headline"]
    names = [name for name in columns if name != "headline"]
    parsed = Parsed(kept={name: [] for name in names}, used=len(values))
    for number, (value, *kept) in enumerate(zip(values, *(columns[name] for name in names), strict=True), first):
        if isinstance(value, str):
            parsed.add(value, kept, number)
        else:
            why = "no headline" if value is None else "the headline is no text"
            parsed.add_bad(number, why, "" if value is None else str(value))
    return parsed


def parquet_sum(name: str) -> int:
    """Return a CRC-32 over the end of the file, which says what all the rest of it is."""
    path = Path(name)
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - (1 << 16)))
        return zlib.crc32(file.read())
