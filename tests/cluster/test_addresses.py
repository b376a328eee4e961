"""Tables in parts in storage that fsspec reaches: it is installed with Dask."""

from __future__ import annotations

from pathlib import Path

import pytest

from classifier.corpus.parts import table_parts
from classifier.errors import DataError
from classifier.training.out_of_core.partitions import FILES, partition_rows
from tests.corpus.test_parts import ROWS, rows_of, write_part

fsspec = pytest.importorskip("fsspec", reason="fsspec is not installed (extra dask)")

pytestmark = pytest.mark.cluster


def test_parts_are_read_where_they_are(tmp_path: Path) -> None:
    memory = fsspec.filesystem("memory")
    rows = [(f"코스피 {i} 상승", "경제") for i in range(20)]
    for i, part in enumerate((ROWS, rows)):
        memory.pipe(f"/crawl/part-{i}.parquet", write_part(tmp_path / "part.parquet", part).read_bytes())
    memory.pipe("/crawl/_SUCCESS", b"")
    address = "fsspec+memory:///crawl"
    parts = [f"{address}/part-{i}.parquet" for i in range(2)]
    assert table_parts(address) == table_parts(f"{address}/part-*") == parts
    assert rows_of(parts[0]) == ROWS
    found = partition_rows([address], tmp_path, tmp_path / "gone", lambda *_: None, copy=False)
    assert sum(len(headlines) for headlines, _ in found.blocks(range(FILES))) == 22
    memory.pipe("/crawl/part-2.parquet", b"PAR1")
    with pytest.raises(DataError, match=r"memory:///crawl/part-2\.parquet: cannot be read as Parquet"):
        partition_rows([address], tmp_path, tmp_path / "gone", lambda *_: None, copy=False)
