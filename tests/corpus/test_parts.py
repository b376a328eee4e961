"""Tables in parts, as Spark and Dask write them, here and by an address."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from classifier.corpus.parts import table_parts
from classifier.corpus.stream import HeadlineReader
from classifier.errors import DataError

ROWS = [("코스피 상승 마감", "경제"), ("프로야구 개막전 매진", "스포츠")]


def write_part(path: Path, rows: list[tuple[str, str]] = ROWS, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = {"headline": [headline for headline, _ in rows], "section": [section for _, section in rows]}
    parquet.write_table(pa.table(columns, pa.schema([("headline", "string"), ("section", "string")])), path, **options)
    return path


def rows_of(name: str, keep: tuple[str, ...] = ("section",)) -> list[tuple[object, ...]]:
    reader = HeadlineReader(name, io.BytesIO(), keep=keep)
    try:
        return [row for chunk in reader for row in zip(chunk.headlines, *chunk.kept.values(), strict=True)]
    finally:
        reader.close()


@pytest.fixture
def crawl(tmp_path: Path) -> Path:
    """A folder such as Spark leaves."""
    folder = tmp_path / "crawl.parquet"
    for day in ("2026-11-01", "2026-11-02", "2026-12-01"):
        write_part(folder / f"date={day}" / "part-00000-1f.c000.snappy.parquet")
        (folder / f"date={day}" / ".part-00000-1f.c000.snappy.parquet.crc").write_bytes(b"crc")
    (folder / "_SUCCESS").touch()
    return folder


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_the_parts_of_a_folder_and_of_a_glob(crawl: Path, scheme: str) -> None:
    every = [f"{scheme}{path}" for path in sorted(crawl.rglob("part-*.parquet"))]
    assert len(every) == 3
    assert table_parts(f"{scheme}{crawl}") == table_parts(f"{scheme}{crawl}/") == every
    assert table_parts(f"{scheme}{crawl}/date=2026-11-*") == every[:2]
    assert table_parts(f"{scheme}{crawl}/*/part-*.parquet") == every
    assert table_parts(every[0]) == every[:1]
    assert table_parts(str(crawl / "gone.parquet")) == [str(crawl / "gone.parquet")]  # reading it will say so
    assert rows_of(every[0], ("section", "date")) == [(*row, "2026-11-01") for row in ROWS]


def test_relative_names_and_brackets_in_a_name(crawl: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(crawl.parent)
    last = str(crawl / "date=2026-12-01" / "part-00000-1f.c000.snappy.parquet")
    assert table_parts("crawl.parquet/date=2026-12-*") == [last]
    assert len(table_parts("*.parquet")) == len(table_parts(".")) == 3
    write_part(Path("[속보].parquet"))
    assert table_parts("[속보].parquet") == ["[속보].parquet"]
    crawl.rename("[속보]")
    assert len(table_parts("[속보]")) == 3


def test_a_column_in_the_names_of_folders(tmp_path: Path) -> None:
    for section in ("IT%2F과학", "__HIVE_DEFAULT_PARTITION__"):
        folder = tmp_path / f"section={section}"
        folder.mkdir()
        parquet.write_table(pa.table({"headline": ["위성 발사"]}), folder / "part-0.parquet")
    found = {row for part in table_parts(str(tmp_path)) for row in rows_of(part)}
    assert found == {("위성 발사", "IT/과학"), ("위성 발사", None)}


def test_what_is_no_table_in_parts(crawl: Path, tmp_path: Path) -> None:
    for name in (
        f"{tmp_path}/nothing-*.parquet",
        f"file://{tmp_path}/nothing-*.parquet",
        f"{tmp_path}/gone/*",
        f"file://{tmp_path}/gone",
    ):
        with pytest.raises(DataError, match="no table there"):
            table_parts(name)
    (crawl / "README.md").touch()
    with pytest.raises(DataError, match=r"1 of 4 files are no tables, the first is README.md. Name the parts by a gl"):
        table_parts(str(crawl))
    (crawl / "README.md").unlink()
    (crawl / "_temporary" / "0").mkdir(parents=True)
    (crawl / "_temporary" / "0" / "part-00001.parquet").touch()
    with pytest.raises(DataError, match="_temporary: Spark is still writing it"):
        table_parts(str(crawl))
    with pytest.raises(DataError, match=r"nowhere://x: this address cannot be read"):
        table_parts("nowhere://x")
    with pytest.raises(DataError, match="cannot be read"):
        rows_of(f"file://{crawl}/gone.parquet")


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_damaged_part_is_named_with_its_row(tmp_path: Path, scheme: str) -> None:
    rows = [(f"코스피 {i} 상승", "경제") for i in range(50_000)]
    path = write_part(
        tmp_path / "part-0.parquet", rows, row_group_size=20_000, write_page_checksum=True, use_dictionary=False
    )
    good = path.read_bytes()
    assert rows_of(f"{scheme}{path}") == rows
    path.write_bytes(good[:-1000])
    with pytest.raises(DataError, match=r"part-0.parquet: cannot be read as Parquet \("):
        rows_of(f"{scheme}{path}")
    start = parquet.ParquetFile(io.BytesIO(good)).metadata.row_group(2).column(0).data_page_offset
    damaged = bytearray(good)
    damaged[start + 3000] ^= 255  # one byte of the last row group: only its checksum tells
    path.write_bytes(damaged)
    with pytest.raises(DataError, match=r"part-0.parquet: cannot be read as Parquet after row [1-4]\d,\d{3} \("):
        rows_of(f"{scheme}{path}")
