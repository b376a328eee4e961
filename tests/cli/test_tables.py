"""Verbs on the tables that strangers bring."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.cli.test_cli import run

ROWS = pd.DataFrame(
    {
        "번호": [0, 1, 2, 3],
        "글": [
            "새 전기 요금표 발표",
            "시장 골목에 야시장 열려",
            "고교 야구 결승 연장 승부",
            "우주 망원경 첫 사진 공개",
        ],
        "갈래": [1, 3, 2, 0],
    }
)
NAMES = "index,name\n0,IT과학\n1,경제\n2,스포츠\n3,생활문화\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with pd.ExcelWriter(tmp_path / "book.xlsx") as book:
        pd.DataFrame({"메모": ["없음"]}).to_excel(book, sheet_name="메모", index=False)
        ROWS.to_excel(book, sheet_name="기사", index=False)
    (tmp_path / "names.csv").write_text(NAMES, encoding="utf-8")
    return tmp_path


def test_evaluate_takes_columns_a_sheet_and_names_of_numbers(trained: Path, folder: Path) -> None:
    options = ("--headline-column", "글", "--section-column", "갈래", "--sheet", "기사")
    done = run(
        "evaluate",
        str(folder / "book.xlsx"),
        *options,
        "--section-names",
        str(folder / "names.csv"),
        "--json",
        cwd=trained,
    )
    assert done.returncode == 0, done.stderr.decode()
    report = json.loads(done.stdout)
    assert {name for name, of in report["per_section"].items() if of["support"]} == {
        "IT과학",
        "경제",
        "스포츠",
        "생활문화",
    }
    assert "headlines from the column 글, sections from the column 갈래" in done.stderr.decode()
    done = run("evaluate", str(folder / "book.xlsx"), cwd=trained)
    assert done.returncode == 2
    assert "the columns are 메모; headline missing" in done.stderr.decode()


def test_predict_takes_a_column_and_a_sheet(trained: Path, folder: Path) -> None:
    done = run(
        "predict", "--input", str(folder / "book.xlsx"), "--headline-column", "글", "--sheet", "기사", "--keep", "번호",
        "--format", "jsonl", cwd=trained,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["headline"], row["번호"]) for row in rows] == list(zip(ROWS["글"], ROWS["번호"], strict=True))
    done = run("predict", "--sheet", "기사", "코스피", cwd=trained)
    assert done.returncode == 2
