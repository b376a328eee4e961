"""What strangers bring: tables in other formats, encodings and words, and files that are no tables at all."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import zstandard
from openpyxl import Workbook

from classifier.corpus import documents
from classifier.corpus.columns import Columns
from classifier.corpus.datasets import load_corpus
from classifier.corpus.encoding import read_text
from classifier.corpus.stream import HeadlineReader, Position
from classifier.corpus.tables import read_table
from classifier.corpus.writer import write_table
from classifier.errors import DataError

ROWS = [
    ("여야, 예산안 막판 협상…“빈손 국회” 우려", "정치"),
    ('코스피 3% 급등, 외국인 "사자"', "경제"),
    ("'첫 우승' 눈앞에 둔 광주; 오늘 6차전", "스포츠"),
]
HEADLINES = [headline for headline, _ in ROWS]
RECORDS = [{"headline": headline, "section": section} for headline, section in ROWS]
CSV = pd.DataFrame(RECORDS).to_csv(index=False)
TSV = "headline\tsection\n" + "".join(f"{headline}\t{section}\n" for headline, section in ROWS)


def headlines_of(path: Path | str, raw: bytes = b"", start: Position | None = None, **options) -> list[str]:
    reader = HeadlineReader(str(path), io.BytesIO(raw), start=start or Position(), **options)
    found = [headline for chunk in reader for headline in chunk.headlines]
    reader.close()
    return found


def pairs(path: Path, **options) -> list[tuple[str, str]]:
    return list(read_table(path, **options)[["headline", "section"]].itertuples(index=False, name=None))


def excel(path: Path, *sheets: tuple[str, list[list[object]]]) -> Path:
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def zipped(path: Path, members: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


KLUE = [
    {"guid": "x-0", "title": h, "predefined_news_category": "사회", "label": s, "annotations": {"annotators": ["1"]}}
    for h, s in ROWS
]
JSONS: dict[str, object] = {
    "array": RECORDS,
    "klue": KLUE,
    "inside an object": {"version": "1", "data": RECORDS},
    "columns of pandas": json.loads(pd.DataFrame(RECORDS).to_json()),
    "rows of pandas": {f"r{i}": row for i, row in enumerate(RECORDS)},
}


@pytest.mark.parametrize("name", JSONS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
def test_json_documents_are_read(tmp_path: Path, name: str, encoding: str) -> None:
    path = tmp_path / "t.json"
    path.write_bytes(
        json.dumps(JSONS[name], ensure_ascii=False, indent=1).replace("“", "'").encode(encoding, "replace")
    )
    found = pairs(path)
    assert [section for _, section in found] == [section for _, section in ROWS]
    assert found[1] == ROWS[1]
    assert headlines_of(path)[1] == HEADLINES[1]


def test_json_lines_called_json_and_one_object_and_a_list_of_headlines(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text("".join(json.dumps(row) + "\n" for row in RECORDS), encoding="utf-8")
    assert pairs(path) == ROWS
    path.write_text(json.dumps(RECORDS[0]), encoding="utf-8")
    assert pairs(path) == ROWS[:1]
    path.write_text(json.dumps(HEADLINES), encoding="utf-8")
    assert headlines_of(path) == HEADLINES
    packed = tmp_path / "t.json.gz"
    packed.write_bytes(gzip.compress(json.dumps(RECORDS).encode()))
    assert pairs(packed) == ROWS
    assert headlines_of("-", json.dumps(RECORDS).encode(), input_format="json") == HEADLINES


@pytest.mark.parametrize("content", ["{", '{"a": {"b": [1]}}', "3", '{"columns": ["a"], "data": [[1]]}', ""])
def test_json_that_is_no_table_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "t.json"
    path.write_text(content, encoding="utf-8")
    for read in (headlines_of, read_table):
        with pytest.raises(DataError, match=r"t\.json: "):
            read(path)


def test_bad_objects_of_a_json_array_are_rows_by_number(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text("[1, 2]", encoding="utf-8")
    with pytest.raises(DataError, match="2 bad rows"):
        read_table(path)
    path.write_text('[{"headline": "a"}, 7, {"headline": null}, {"headline": "\\ud800"}]', encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_table(path, labelled=False)
    for line in ("row 2: not a JSON object: '7'", "row 3: no headline", "row 4: half a character"):
        assert line in str(caught.value)


def test_fasttext_lines_are_recognised_and_their_labels_are_sections(tmp_path: Path) -> None:
    for name in ("train.txt", "news.train", "news.train.gz"):
        path = tmp_path / name
        raw = "".join(f"__label__{section} {headline}\n" for headline, section in ROWS).encode()
        path.write_bytes(gzip.compress(raw) if name.endswith("gz") else raw)
        assert pairs(path) == ROWS
        assert headlines_of(path) == HEADLINES
        assert load_corpus(str(path))["section"].tolist() == [section for _, section in ROWS]
    path = tmp_path / "two.txt"
    path.write_text("__label__정치 국회\n__label__정치 __label__경제 예산\n세계 정상 회담\n", encoding="utf-8")
    assert headlines_of(path) == ["국회", "__label__정치 __label__경제 예산", "세계 정상 회담"]
    with pytest.raises(DataError) as caught:
        read_table(path)
    assert "row 2: 2 labels instead of one" in str(caught.value)
    assert "row 3: empty section" in str(caught.value)


def test_a_zipped_table_is_read(tmp_path: Path) -> None:
    path = zipped(tmp_path / "t.csv.zip", {"t.csv": CSV, "__MACOSX/._t.csv": "x", "folder/": ""})
    assert pairs(path) == ROWS
    assert headlines_of(zipped(tmp_path / "open.zip", {"a/train.tsv": TSV})) == HEADLINES
    assert headlines_of(zipped(tmp_path / "lines.zip", {"lines.txt": "\n".join(HEADLINES)})) == HEADLINES
    several = zipped(tmp_path / "several.zip", {"train.csv": CSV, "test.csv": "headline\n코스피\n"})
    with pytest.raises(DataError, match=r"It holds train\.csv, test\.csv\. Name one with --sheet"):
        read_table(several)
    assert pairs(several, columns=Columns(sheet="train.csv")) == ROWS
    assert headlines_of(several, columns=Columns(sheet="test.csv")) == ["코스피"]
    with pytest.raises(DataError, match="Unpack it"):
        headlines_of(zipped(tmp_path / "book.zip", {"book.xlsx": "PK"}))
    (tmp_path / "cut.zip").write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataError, match="cannot be unpacked"):
        headlines_of(tmp_path / "cut.zip")
    with pytest.raises(DataError, match="is read from a file"):
        headlines_of("-", path.read_bytes(), input_format="csv.zip")


def test_an_excel_file_is_read_by_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [["headline", "section", "n"], *[[h, s, i] for i, (h, s) in enumerate(ROWS)]]
    path = excel(
        tmp_path / "t.xlsx", ("쪽", [[], *rows, [None, None], [HEADLINES[0], 3, 1.5]]), ("둘", [["제목"], ["코스피"]])
    )
    frame = read_table(path, all_columns=True)
    assert frame.index.tolist() == [3, 4, 5, 7]  # as the spreadsheet numbers them
    assert frame["section"].tolist() == [*[s for _, s in ROWS], "3"]
    assert frame["n"].tolist() == ["0", "1", "2", "1.5"]
    assert headlines_of(path, columns=Columns(sheet="둘")) == ["코스피"]
    monkeypatch.setattr(documents, "_ROWS", 2)
    reader = HeadlineReader(str(path), io.BytesIO())
    ends = [chunk.end for chunk in reader]
    assert (
        headlines_of(path, start=ends[0]) == [*HEADLINES[1:], HEADLINES[0]][-len(headlines_of(path, start=ends[0])) :]
    )
    whole = headlines_of(path)
    for end in ends:
        rest = headlines_of(path, start=end)
        assert rest == whole[len(whole) - len(rest) :]
    assert headlines_of(path, start=ends[-1]) == []
    with pytest.raises(DataError, match=r"there is no sheet '셋'. There is 쪽, 둘"):
        read_table(path, columns=Columns(sheet="셋"))
    with pytest.raises(DataError, match="row 2: the headline is no text: '7'"):
        read_table(excel(tmp_path / "n.xlsx", ("a", [["headline", "section"], [7, "경제"]])))
    (tmp_path / "old.xlsx").write_bytes(b"\xd0\xcf\x11\xe0" + bytes(600))
    with pytest.raises(DataError, match="without a password"):
        headlines_of(tmp_path / "old.xlsx")


def test_a_written_excel_file_reads_the_same(tmp_path: Path) -> None:
    frame = pd.DataFrame([*RECORDS, {"headline": "=코스피 -3%", "section": "경제"}])
    write_table(frame, tmp_path / "t.xlsx")
    assert pairs(tmp_path / "t.xlsx") == list(frame.itertuples(index=False, name=None))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("size", [7, 1 << 18])
def test_utf16_is_read_with_and_without_bom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str, size: int
) -> None:
    from classifier.corpus import stream

    path = tmp_path / "t.csv"
    path.write_bytes(CSV.encode(encoding))
    if size > 7 or encoding == "utf-16":
        monkeypatch.setattr(stream, "_READ_SIZE", size)
    assert pairs(path) == ROWS
    ends = [chunk.end for chunk in HeadlineReader(str(path), io.BytesIO())]
    for end in ends:
        rest = headlines_of(path, start=end)
        assert rest == HEADLINES[len(HEADLINES) - len(rest) :]
    path.write_bytes(CSV.encode("utf-16")[:-1])
    with pytest.raises(DataError, match="damaged UTF-16"):
        read_table(path)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("first", ["", "sep={}\n", "\n"])
def test_delimiters_of_csv_are_told_apart(tmp_path: Path, delimiter: str, first: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(
        first.format(delimiter) + pd.DataFrame(RECORDS).to_csv(index=False, sep=delimiter), encoding="utf-8-sig"
    )
    assert pairs(path) == ROWS
    end = next(iter(HeadlineReader(str(path), io.BytesIO()))).end
    assert headlines_of(path, start=end) == []
    (tmp_path / "t.tsv").write_text("headline;section\na;b\n", encoding="utf-8")
    with pytest.raises(DataError, match="use --input-format csv"):
        read_table(tmp_path / "t.tsv")


def test_carriage_returns_alone_end_lines(tmp_path: Path) -> None:
    for suffix, text in ((".tsv", TSV), (".csv", CSV), (".txt", "\n".join(HEADLINES))):
        path = tmp_path / f"t{suffix}"
        path.write_bytes(text.replace("\n", "\r").encode())
        assert headlines_of(path) == HEADLINES
    path = tmp_path / "t.jsonl"
    path.write_bytes("\r".join(json.dumps(row) for row in RECORDS).encode())
    assert pairs(path) == ROWS


@pytest.mark.parametrize("compress", [gzip.compress, zstandard.compress], ids=["gz", "zst"])
def test_strict_tables_may_be_compressed(tmp_path: Path, compress: Callable[[bytes], bytes]) -> None:
    suffix = ".gz" if compress is gzip.compress else ".zst"
    (tmp_path / f"t.tsv{suffix}").write_bytes(compress(TSV.encode()))
    assert load_corpus(f"t.tsv{suffix}", tmp_path)["headline"].tolist() == HEADLINES


def test_a_header_that_stands_again_is_a_bad_row(tmp_path: Path) -> None:
    for suffix, text in ((".tsv", TSV + TSV), (".csv", CSV + CSV)):
        path = tmp_path / f"t{suffix}"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(DataError, match=r"1 bad row.*\n  row 5: the header line stands here again"):
            read_table(path)
        bad = [row.number for chunk in HeadlineReader(str(path), io.BytesIO()) for row in chunk.bad.values()]
        assert bad == [5]
    path.write_text("title,section\ntitle,경제\n코스피,경제\n", encoding="utf-8")  # no header: a headline of one word
    assert headlines_of(path) == ["title", "코스피"]


def test_home_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "t.tsv").write_text(TSV, encoding="utf-8")
    assert pairs(Path("~/t.tsv")) == ROWS == pairs(Path("~") / "t.tsv")
    assert headlines_of("~/t.tsv") == HEADLINES
    assert load_corpus("~/t.tsv")["headline"].tolist() == HEADLINES
    assert read_text(Path("~/t.tsv")) == TSV


@pytest.mark.parametrize(
    "raw",
    [b"\xef\xbb\xbf" + TSV.encode(), TSV.replace("“", "'").replace("”", "'").encode("cp949"), TSV.encode("utf-16"),
     TSV.replace("\n", "\r").encode(), TSV.replace("\n", "\r\n").encode()],
)  # fmt: skip
def test_a_text_is_read_in_every_encoding(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "t").write_bytes(raw)
    assert read_text(tmp_path / "t").replace("“", "'").replace("”", "'") == TSV.replace("“", "'").replace("”", "'")


def test_a_text_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_text(tmp_path / "nowhere.toml")
    (tmp_path / "t").write_bytes(b"name = 1\n\xff\xff")
    with pytest.raises(DataError, match=r"neither UTF-8 nor CP949 \(byte 10 is 0xff"):
        read_text(tmp_path / "t")


@pytest.mark.parametrize(
    ("name", "raw", "message"),
    [
        ("t.xls", b"\xd0\xcf\x11\xe0" + bytes(600), r"\.xls.*save it as \.xlsx"),
        ("t", b"PK\x03\x04" + bytes(60), r"zip archive or an Excel file"),
        ("t.csv", b"PK\x03\x04" + bytes(60), r"zip archive or an Excel file"),
        ("t.hwp", b"HWP\0\1\2\n", "binary file"),
        ("t.db", b"SQLite format 3\0\n", "binary file"),
        ("t.pdf", b"%PDF-1.7\n", "PDF"),
        ("t.html", "\n<!DOCTYPE html>\n<title>코스피</title>".encode(), "HTML"),
        ("t.xml", b"<?xml version='1.0'?>\n<rss></rss>", "HTML or XML"),
        ("t.txt", b'[\n{"headline": "a"}\n]\n', r"JSON.*\.json"),
        ("t.txt", b'\xef\xbb\xbf{"headline": "a"}\n', "JSON"),
        ("t.txt", "index,title,topic_idx\n0,코스피,1\n".encode(), "header of a table"),
        ("ratings.txt", "id\t제목\tlabel\n0\t코스피\t1\n".encode(), "header of a table"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_with_what_to_do(tmp_path: Path, name: str, raw: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(DataError, match=message):
        headlines_of(tmp_path / name)


def test_a_text_may_begin_like_something_else(tmp_path: Path) -> None:
    lines = ["[속보] 코스피 상승", "{단독} 국회 개원", "title", "제목 없음, 내용 있음"]
    for line in lines:
        (tmp_path / "t.txt").write_text(f"{line}\n코스피\n", encoding="utf-8")
        assert headlines_of(tmp_path / "t.txt") == [line, "코스피"]
    (tmp_path / "t.txt").write_text("id,title\n", encoding="utf-8")
    assert headlines_of(tmp_path / "t.txt", input_format="txt") == ["id,title"]
    (tmp_path / "empty.txt").touch()
    assert headlines_of(tmp_path / "empty.txt") == []
