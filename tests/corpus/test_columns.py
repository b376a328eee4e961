"""Columns as people call them, and sections that are numbers."""

from __future__ import annotations

import io
import json
import logging
from pathlib import Path

import pandas as pd
import pytest

from classifier.corpus.columns import Columns
from classifier.corpus.sections import Folded, SectionNames
from classifier.corpus.stream import HeadlineReader
from classifier.corpus.tables import check_table, fold_sections, read_section_names, read_table
from classifier.errors import DataError

HEADLINES = ["국회 개원", "코스피 상승"]


def table(
    path: Path, headline: str, section: str, sections: tuple[object, object] = ("정치", "경제"), /, **others
) -> Path:
    frame = pd.DataFrame({headline: HEADLINES, section: sections} | {name: ["x", "y"] for name in others})
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    elif path.suffix == ".xlsx":
        frame.to_excel(path, index=False)
    elif path.suffix == ".jsonl":
        rows = [dict(zip(frame, row, strict=True)) for row in zip(*(frame[c].tolist() for c in frame), strict=True)]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    else:
        frame.to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",")
    return path


@pytest.mark.parametrize("suffix", [".tsv", ".csv", ".jsonl", ".parquet", ".xlsx"])
@pytest.mark.parametrize(
    ("headline", "section"),
    [("title", "category"), ("제목", "분류"), ("기사 제목", "카테고리"), ("Text", "LABEL"), ("News_Title", "섹션"),
     ("headline", "topic"), ("헤드라인", "통합 분류1")],
)  # fmt: skip
def test_usual_names_are_found_and_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, suffix: str, headline: str, section: str
) -> None:
    path = table(tmp_path / f"t{suffix}", headline, section, url=1)
    with caplog.at_level(logging.INFO, "classifier"):
        frame = read_table(path)
    assert frame[["headline", "section"]].to_numpy().tolist() == [["국회 개원", "정치"], ["코스피 상승", "경제"]]
    assert list(frame.columns) == ["headline", "section", "url"]
    assert f"sections from the column {section}" in caplog.text
    reader = HeadlineReader(str(path), io.BytesIO(), keep=("section", "url"))
    chunks = list(reader)
    assert chunks[0].headlines == HEADLINES
    assert chunks[0].kept == {"section": ["정치", "경제"], "url": ["x", "y"]}
    assert reader.found == {"headline": headline, "section": section, "url": "url"}


@pytest.mark.parametrize("suffix", [".tsv", ".csv", ".jsonl", ".parquet", ".xlsx"])
def test_a_stated_column_wins(tmp_path: Path, suffix: str) -> None:
    path = table(tmp_path / f"t{suffix}", "본문 첫 줄", "ds", headline=1, section=1)
    frame = read_table(path, columns=Columns("본문 첫 줄", "ds"), all_columns=True)
    assert frame["headline"].tolist() == HEADLINES
    assert frame["section"].tolist() == ["정치", "경제"]
    assert frame["input_headline"].tolist() == ["x", "y"]
    with pytest.raises(DataError, match=r"there|missing"):
        read_table(path, columns=Columns("이름"))


@pytest.mark.parametrize("suffix", [".tsv", ".csv", ".jsonl", ".parquet"])
def test_several_usual_names_are_a_question(tmp_path: Path, suffix: str) -> None:
    path = table(tmp_path / f"t{suffix}", "title", "category", text=1)
    with pytest.raises(DataError, match=r"title and text may each be the headline. Choose one with --headline-column"):
        read_table(path)
    assert read_table(path, columns=Columns(headline="title"))["headline"].tolist() == HEADLINES
    path = table(tmp_path / f"u{suffix}", "headline", "label", topic=1)
    with pytest.raises(DataError, match="label and topic may each be the section"):
        read_table(path)
    assert next(iter(HeadlineReader(str(path), io.BytesIO()))).headlines == HEADLINES  # which needs no section


def test_a_table_without_sections_is_unlabelled(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("번호,제목\n1,국회 개원\n", encoding="utf-8")
    assert read_table(path, labelled=False)["section"].tolist() == [""]
    with pytest.raises(DataError, match=r"section missing.*--section-column"):
        read_table(path)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet", ".xlsx"])
@pytest.mark.parametrize("numbers", [(2, 0), (2.0, 0.0)])
def test_numbers_are_names_and_have_names(tmp_path: Path, suffix: str, numbers: tuple[float, float]) -> None:
    path = table(tmp_path / f"t{suffix}", "title", "topic_idx", numbers)
    if suffix != ".csv":
        assert read_table(path)["section"].tolist() == ["2", "0"]
    names = SectionNames(numbers=read_section_names(["IT과학", "경제", "사회"]))
    assert read_table(path, names=names)["section"].tolist() == ["사회", "IT과학"]
    with pytest.raises(DataError, match=r"section 2(\.0)?: this number has no name among 0 IT과학, 1 경제"):
        read_table(path, names=SectionNames(numbers=read_section_names(["IT과학", "경제"])))


@pytest.mark.parametrize(
    "content", ["topic,topic_idx\nIT과학,0\n경제,1\n", "0\tIT과학\n1\t경제\n", "index;name\n0;IT과학\n1;경제"]
)
def test_names_of_numbers_stand_in_a_table(tmp_path: Path, content: str) -> None:
    (tmp_path / "names.csv").write_text(content, encoding="utf-8-sig")
    assert read_section_names(tmp_path / "names.csv") == {0: "IT과학", 1: "경제"}
    (tmp_path / "names.csv").write_text(content + "\n0,하나,둘\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"row [45]: a row has a whole number"):
        read_section_names(tmp_path / "names.csv")


# Names of sections


def resolved(*tables: dict[str, int], **options) -> dict[str, str]:
    return SectionNames(**options).resolve(list(tables))[0]


def test_what_is_folded_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    frame = pd.DataFrame({"headline": ["a", "b", "c"], "section": ["IT/과학", "IT/과학", "오피니언"]})
    with caplog.at_level(logging.INFO, "classifier"):
        folded = fold_sections([frame], SectionNames(), "t.csv")
    assert folded == frame.attrs["folded"] == [Folded("IT/과학", "IT과학", 2)]
    assert frame["section"].tolist() == ["IT과학", "IT과학", "오피니언"]
    assert "t.csv: sections renamed: IT/과학 -> IT과학 (2 rows)" in caplog.text


@pytest.mark.parametrize(
    "names",
    [
        "IT 과학 생활 문화",
        "금융 증권 부동산 산업",
        "국회 북한 행정",
        "국제 해외 월드",
        "TV연예 방송연예",
        "sports 스포츠일반",
    ],
)
def test_names_of_one_table_stay_apart(caplog: pytest.LogCaptureFixture, names: str) -> None:
    with caplog.at_level(logging.INFO, "classifier"):
        found = resolved(dict.fromkeys(names.split(), 5))
    assert found == {name: name for name in names.split()}
    assert "stay apart" in caplog.text


def test_a_name_and_the_section_it_folds_into_stay_apart() -> None:
    assert resolved({"경제": 1, "증권": 1}) == {"경제": "경제", "증권": "증권"}
    assert resolved({"IT/과학": 1, "과학": 1}) == {"IT/과학": "IT과학", "과학": "과학"}


def test_spellings_of_one_name_are_one_section() -> None:
    assert set(resolved({"IT/과학": 1, "IT·과학": 1, "it 과학": 1, "ＩＴ과학": 1}).values()) == {"IT과학"}
    assert set(resolved({"증권": 1, "증 권": 1, "금융": 1}).values()) == {"증권", "금융"}


def test_tables_fold_one_by_one_and_what_one_keeps_apart_all_do() -> None:
    assert resolved({"국제": 1}, {"세계": 1}) == {"국제": "세계", "세계": "세계"}
    assert resolved({"IT": 1}, {"IT": 1, "과학": 1}) == {"IT": "IT", "과학": "과학"}


def test_names_lead_to_the_sections_of_a_model() -> None:
    assert resolved({"IT": 1, "과학": 1}, known=("IT과학", "경제")) == {"IT": "IT과학", "과학": "IT과학"}
    assert resolved({"IT": 1, "국제": 1}, known=("IT", "과학", "세계")) == {"IT": "IT", "국제": "세계"}


def test_names_may_stay_as_they_are_or_follow_a_map(caplog: pytest.LogCaptureFixture) -> None:
    assert resolved({"IT/과학": 1, " 국제 ": 1}, fold=False) == {"IT/과학": "IT/과학", " 국제 ": "국제"}
    own = {"금융": "돈", "증권": "돈", "없음": "돈"}
    assert resolved({"금융": 1, "증권": 1, "국제": 1}, own=own) == {"금융": "돈", "증권": "돈", "국제": "국제"}
    assert "no row has the name 없음" in caplog.text


def test_a_frame_is_checked_as_a_file_is() -> None:
    frame = check_table(pd.DataFrame({"제목": ["국회  개원", "코스피"], "분류": [1, 2]}, index=[7, 7]), "frame")
    assert frame.reset_index().to_numpy().tolist() == [[1, "국회 개원", "1"], [2, "코스피", "2"]]
    with pytest.raises(DataError) as caught:
        check_table(pd.DataFrame({"headline": ["a", None, 3.5], "section": ["경제", "경제", None]}), "frame")
    for line in ("row 2: empty headline", "row 3: the headline is no text: '3.5'", "row 3: empty section"):
        assert line in str(caught.value)
