"""Tables as they are written: every format gives back what it was given, and no cell becomes a formula."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import load_workbook

from classifier.corpus import writer as module
from classifier.corpus.writer import csv_bytes, table_writer, tsv_bytes, write_table
from classifier.errors import DataError

FORMULAS = ['=HYPERLINK("http://example.com")', "+1, 2", "-5도 한파", "@뉴스", "\t=1", "\r=1", "\n=1", "＝1", "－5도"]
PLAIN = ["'첫 우승' 눈앞", "코스피 +3%", "손흥민 = 토트넘", '"따옴표", 쉼표', ""]


def test_a_csv_opens_in_a_korean_spreadsheet_and_holds_no_formula(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    with table_writer(path, ["headline", "probability"], numbers=["probability"]) as write:
        write([text, -0.5] for text in FORMULAS)
        write([text, None] for text in PLAIN)
    raw = path.read_bytes()
    assert raw.startswith("\ufeffheadline,probability\r\n".encode())
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")))[1:]
    assert rows == [[f"'{text}", "-0.5"] for text in FORMULAS] + [[text, ""] for text in PLAIN]


def test_a_column_that_is_called_like_a_formula_is_text_too() -> None:
    assert csv_bytes([["=cmd|' /C calc'!A0", "headline"]]).startswith(b"'=cmd")


def test_excel_holds_texts_as_texts_and_numbers_as_numbers(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    with table_writer(path, ["headline", "probability"], numbers=["probability"]) as write:
        write([text, 0.25] for text in [*FORMULAS, *PLAIN, "제어\x08문자", "2024"])
        write([["끝", None]])
    sheet = load_workbook(path).active
    cells = list(sheet.iter_rows(min_row=2))
    texts = [text.replace("\r", "\n") if text == "\r=1" else text for text in [*FORMULAS, *PLAIN]]
    assert [row[0].value or "" for row in cells] == [*texts, "제어 문자", "2024", "끝"]
    assert {row[0].data_type for row in cells} <= {"s", "n", "inlineStr"}
    assert not any(row[0].data_type == "f" for row in cells)
    assert [row[1].value for row in cells] == [0.25] * (len(cells) - 1) + [None]


def test_json_lines_and_parquet_keep_what_they_are_given(tmp_path: Path) -> None:
    rows = [["=1", 0.5, None], ["손흥민\n멀티골", None, "연예"]]
    for name in ("t.jsonl", "t.parquet", "t.jsonl.gz"):
        with table_writer(tmp_path / name, ["headline", "p", "section"], numbers=["p"]) as write:
            for row in rows:
                write([row])
    expected = [dict(zip(["headline", "p", "section"], row, strict=True)) for row in rows]
    assert [json.loads(line) for line in (tmp_path / "t.jsonl").read_bytes().splitlines()] == expected
    assert [
        json.loads(line) for line in gzip.decompress((tmp_path / "t.jsonl.gz").read_bytes()).splitlines()
    ] == expected
    frame = pd.read_parquet(tmp_path / "t.parquet")
    assert str(frame["p"].dtype) == "float64"
    assert frame.astype(object).where(frame.notna(), None).to_dict("records") == expected


def test_white_space_inside_a_cell_breaks_no_tsv() -> None:
    assert tsv_bytes([["첫 줄\n둘째\t줄\r\u2028끝", None, 7]]) == "첫 줄 둘째 줄 끝\t\t7\n".encode()


def test_a_table_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("before", encoding="utf-8")
    with pytest.raises(ValueError, match="argument"), table_writer(path, ["headline"], ["n"]) as write:
        write([["코스피"], ["한 칸", "두 칸"]][n] for n in (0, int("no argument")))
    assert path.read_text(encoding="utf-8") == "before"
    assert [entry.name for entry in tmp_path.iterdir()] == ["t.csv"]


@pytest.mark.parametrize("name", ["t.xls", "t", "t.txt", "t.json", "t.parquet.gz", "t.csv.zip"])
def test_another_suffix_is_refused_with_those_that_are_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match=r"\.tsv, \.csv, \.jsonl, \.parquet, \.xlsx"):
        write_table(pd.DataFrame({"headline": ["a"]}), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_excel_refuses_what_it_cannot_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match="row 3 has a cell of 40,000 characters"):
        write_table(pd.DataFrame({"headline": ["a", "가" * 40_000]}), tmp_path / "t.xlsx")
    monkeypatch.setattr(module, "_EXCEL_ROWS", 3)
    with pytest.raises(DataError, match="holds 2 rows under its header"):
        write_table(pd.DataFrame({"headline": ["a", "b", "c"]}), tmp_path / "t.xlsx")
    assert not list(tmp_path.iterdir())


def test_home_is_found_and_a_folder_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write_table(pd.DataFrame({"headline": ["a"]}), Path("~/new/t.tsv"))
    assert (tmp_path / "new" / "t.tsv").read_text(encoding="utf-8") == "headline\na\n"
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"t\.tsv: cannot be written"):
        write_table(pd.DataFrame({"headline": ["a"]}), tmp_path / "file" / "t.tsv")
