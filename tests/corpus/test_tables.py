"""Headline tables: what is read, what is refused and what the refusal says."""

from __future__ import annotations

import csv
import io
import json
import tempfile
import unicodedata
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.corpus.sections import SECTIONS
from classifier.corpus.tables import merge_repeats, read_headlines, read_table
from classifier.corpus.writer import write_table as write
from classifier.errors import DataError

ROWS = [
    {"headline": "여야, 예산안 막판 협상…“빈손 국회” 우려", "section": "정치"},
    {"headline": '코스피 3% 급등, 외국인 "사자"', "section": "경제"},
    {"headline": "'첫 우승' 눈앞에 둔 광주, 오늘 6차전", "section": "스포츠"},
]


def write_table(path: Path, rows: list[dict], encoding: str = "utf-8") -> Path:
    if path.suffix == ".parquet":
        pd.DataFrame(rows).to_parquet(path)
        return path
    if path.suffix == ".jsonl":
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    elif path.suffix == ".tsv":
        text = "".join("\t".join(cells) + "\n" for cells in [rows[0], *(row.values() for row in rows)])
    else:
        buffer = io.StringIO()
        csv.writer(buffer).writerows([rows[0], *(row.values() for row in rows)])
        text = buffer.getvalue()
    path.write_bytes(text.encode(encoding))
    return path


def refusal(path: Path, content: str | bytes, **options) -> str:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError) as caught:
        read_table(path, **options)
    assert str(path) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("suffix", [".tsv", ".csv", ".jsonl", ".parquet", ".TSV"])
def test_every_format_reads_the_same(tmp_path, suffix):
    path = write_table(tmp_path / f"table{suffix.lower()}", ROWS).rename(tmp_path / f"table{suffix}")
    assert read_table(path).to_dict("records") == ROWS


@pytest.mark.parametrize("suffix", [".tsv", ".csv", ".jsonl"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949"])
def test_every_encoding_reads_the_same(tmp_path, suffix, encoding):
    assert read_table(write_table(tmp_path / f"table{suffix}", ROWS, encoding)).to_dict("records") == ROWS


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_ending_is_read(tmp_path, end):
    path = tmp_path / "table.tsv"
    path.write_bytes(end.join(["headline\tsection", "태풍 북상에 남해안 비상\t사회", ""]).encode())
    assert read_table(path).to_dict("records") == [{"headline": "태풍 북상에 남해안 비상", "section": "사회"}]


def test_portal_spellings_fold_and_own_sections_stay(tmp_path):
    spellings = {
        "TV연예": "연예",
        "IT/과학": "IT과학",
        "생활/문화": "생활문화",
        "국제": "세계",
        " 오피니언 ": "오피니언",
    }
    rows = [{"headline": f"제목 {i}", "section": name} for i, name in enumerate(spellings)]
    assert list(read_table(write_table(tmp_path / "t.tsv", rows))["section"]) == list(spellings.values())


def test_decomposed_section_is_the_same_section(tmp_path):
    # A table saved on macOS may hold NFD in every cell, not in its headlines alone.
    rows = [{name: unicodedata.normalize("NFD", text) for name, text in row.items()} for row in ROWS]
    assert read_table(write_table(tmp_path / "t.tsv", rows)).to_dict("records") == ROWS


@pytest.mark.parametrize("suffix", [".tsv", ".csv", ".jsonl", ".parquet"])
def test_optional_columns_are_kept_and_others_left_out(tmp_path, suffix):
    row = ROWS[0] | {
        "guid": "g-1",
        "byline": "기자",
        "url": "https://example.com/1",
        "date": "2024-03-05",
        "source": "A",
    }
    frame = read_table(write_table(tmp_path / f"t{suffix}", [row]))
    assert list(frame.columns) == ["headline", "section", "source", "date", "url", "guid"]
    assert frame.iloc[0].to_dict() == {name: row[name] for name in frame.columns}


def test_optional_cells_that_only_some_json_rows_have_are_empty_text(tmp_path):
    rows = [ROWS[0], ROWS[1] | {"source": "연합"}, ROWS[2] | {"source": None}]
    assert list(read_table(write_table(tmp_path / "t.jsonl", rows))["source"]) == ["", "연합", ""]


def test_quote_marks_in_tsv_are_characters_of_the_headline(tmp_path):
    headlines = ['"민생 먼저" 여야 합의', '"닫히지 않은 따옴표', '인용 ""두 번""']
    path = write_table(tmp_path / "t.tsv", [{"headline": h, "section": "정치"} for h in headlines])
    assert list(read_table(path)["headline"]) == headlines


def test_csv_cells_hold_quoted_commas_quotes_and_line_breaks(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('headline,section\n"삼성, ""신제품""\r\n공개",IT과학\n둘째 줄,경제\n', encoding="utf-8")
    frame = read_table(path)
    assert list(frame["headline"]) == ['삼성, "신제품" 공개', "둘째 줄"]
    assert list(frame["section"]) == ["IT과학", "경제"]


@pytest.mark.parametrize(
    "rows",
    [
        '"국회 본회의 산회,정치\n코스피 보합 마감,경제\n',
        # In the last column the open quote swallows the rows below and still leaves two fields.
        '국회 본회의 산회,"정치\n코스피 보합 마감,경제\n',
    ],
    ids=["first column", "last column"],
)
def test_quote_left_open_in_csv_swallows_no_rows(tmp_path, rows):
    assert "bad row" in refusal(tmp_path / "t.csv", "headline,section\n" + rows)


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85", "\u3000", "\u00a0"])
def test_unicode_line_separators_in_json_do_not_end_the_row(tmp_path, separator):
    path = write_table(tmp_path / "t.jsonl", [{"headline": f"첫 줄{separator}둘째 줄", "section": "사회"}, ROWS[0]])
    assert list(read_table(path)["headline"]) == ["첫 줄 둘째 줄", ROWS[0]["headline"]]


def test_index_is_the_row_in_the_file(tmp_path):
    path = tmp_path / "t.tsv"
    path.write_text("headline\tsection\n국회 개원\t정치\n\n수출 증가\t경제\n", encoding="utf-8")
    assert dict(read_table(path)["headline"]) == {2: "국회 개원", 4: "수출 증가"}
    assert list(read_table(write_table(tmp_path / "t.parquet", ROWS)).index) == [1, 2, 3]


def test_bad_cells_are_reported_together(tmp_path):
    content = f"headline\tsection\n \t정치\n국회 개원\t\n수출 증가\t경제\n……!\t사회\n{'가' * 1001}\t사회\n"
    message = refusal(tmp_path / "t.tsv", content)
    assert "4 bad rows" in message
    for line in (
        "row 2: empty headline",
        "row 3: empty section",
        "row 5: no letter or digit",
        "row 6: headline of more",
    ):
        assert line in message
    assert "row 4" not in message


def test_rows_with_the_wrong_number_of_fields_are_reported_together(tmp_path):
    message = refusal(tmp_path / "t.tsv", "headline\tsection\n한 칸뿐\n국회 개원\t정치\n세\t칸\t이다\n")
    assert "2 bad rows" in message
    assert "row 2: 1 fields instead of 2" in message
    assert "한 칸뿐" in message
    assert "row 4: 3 fields instead of 2" in message


def test_bad_json_rows_are_reported_together(tmp_path):
    content = '{"headline": "국회 개원", "section": "정치"}\nnot json\n["국회", "정치"]\n{"headline": "제목뿐"}\n'
    message = refusal(tmp_path / "t.jsonl", content)
    assert "3 bad rows" in message
    for line in ("row 2: not JSON", "row 3: not a JSON object", "row 4: empty section"):
        assert line in message


@pytest.mark.parametrize(
    ("name", "content", "rows"),
    [
        ("t.tsv", "headline\tsection\n한 칸뿐\n국회 개원\t\n", (2, 3)),
        ("t.jsonl", 'no json\n{"headline": 7, "section": "정치"}\n{"headline": "", "section": "정치"}\n', (1, 2, 3)),
    ],
    ids=["tsv", "jsonl"],
)
def test_bad_rows_of_different_kinds_are_reported_together(tmp_path, name, content, rows):
    message = refusal(tmp_path / name, content)
    assert f"{len(rows)} bad rows" in message
    assert all(f"row {row}: " in message for row in rows)


def test_long_report_counts_the_rows_it_does_not_show(tmp_path):
    message = refusal(tmp_path / "t.tsv", "headline\tsection\n" + "국회 개원\t\n" * 33)
    assert "33 bad rows" in message
    assert "row 21:" in message
    assert "row 22:" not in message
    assert "13 more" in message


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ("이름\t분류\turl", "이름, 분류, url; headline missing"),
        ("headline\t지면\turl", "section missing"),
        ("headline\tsection\theadline", "headline occurs twice"),
        ("headline\tsection\turl", "the header line stands here again"),
    ],
)
def test_wrong_columns_are_named(tmp_path, columns, expected):
    assert expected in refusal(tmp_path / "t.tsv", columns + "\n국회 개원\t정치\t국회 개원\n" + columns)


def test_header_line_too_long_for_a_cell_is_refused(tmp_path):
    assert refusal(tmp_path / "t.tsv", "가" * 200_000)


def test_wrong_columns_of_parquet_are_named(tmp_path):
    pd.DataFrame({"name": ["국회 개원"], "section": ["정치"]}).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(DataError, match="headline missing"):
        read_table(tmp_path / "t.parquet")


def test_file_in_neither_encoding_is_refused_with_the_byte(tmp_path):
    message = refusal(tmp_path / "t.tsv", b"headline\tsection\n\xff\xfe\t\xc1\xa4\xc4\xa1\n")
    assert "row 2: not UTF-8: byte 1 of the line is 0xff" in message


@pytest.mark.parametrize("name", ["t.tsv", "t.csv", "t.jsonl", "t.parquet"])
@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n\n"])
def test_empty_file_is_refused(tmp_path, name, content):
    refusal(tmp_path / name, content)


def test_header_without_rows_is_refused(tmp_path):
    assert "no rows" in refusal(tmp_path / "t.tsv", "headline\tsection\n")
    pd.DataFrame({"headline": [], "section": []}).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(DataError, match="no rows"):
        read_table(tmp_path / "t.parquet")


@pytest.mark.parametrize("name", ["t.txt", "headlines"])
def test_a_text_is_refused_with_the_suffixes_of_tables(tmp_path, name):
    assert ".tsv, .tab, .csv, .jsonl" in refusal(tmp_path / name, "국회 개원\n")


@pytest.mark.parametrize("name", ["t.tsv", "t.csv", "t.jsonl", "t.parquet"])
def test_missing_file_is_refused(tmp_path, name):
    with pytest.raises(DataError, match=f"{name}: cannot be read"):
        read_table(tmp_path / name)


def test_cells_that_are_no_text_are_refused(tmp_path):
    lines = ['{"headline": 42, "section": "정치"}', '{"headline": "국회", "section": ["정치"]}']
    message = refusal(tmp_path / "t.jsonl", "\n".join(lines))
    assert 'row 1: the headline is no text: \'{"headline": 42' in message
    assert "row 2: the section is no text" in message
    pd.DataFrame({"headline": [1.5, 2.5], "section": ["정치", "경제"]}).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(DataError, match=r"row 2: the headline is no text: '2\.5'"):
        read_table(tmp_path / "t.parquet")


@pytest.mark.parametrize(
    "row",
    [
        r'{"headline": "국회 \ud800 개원", "section": "정치"}',
        '{"headline": "국회", "section": ' + "9" * 5000 + "}",
        "[" * 100_000,
    ],
    ids=["lone surrogate", "endless number", "endless nesting"],
)
def test_json_that_python_chokes_on_is_a_bad_row(tmp_path, row):
    assert "row 2" in refusal(tmp_path / "t.jsonl", json.dumps(ROWS[0]) + "\n" + row + "\n")


@pytest.mark.parametrize("suffix", [".tsv", ".jsonl", ".parquet"])
def test_section_may_be_empty_in_an_unlabelled_table(tmp_path, suffix):
    path = write_table(tmp_path / f"t{suffix}", [ROWS[0], ROWS[1] | {"section": ""}])
    assert list(read_table(path, labelled=False)["section"]) == ["정치", ""]
    with pytest.raises(DataError, match=r"row [23]: empty section"):
        read_table(path)


def test_empty_headline_is_bad_in_an_unlabelled_table_too(tmp_path):
    assert "row 2: empty headline" in refusal(tmp_path / "t.tsv", "headline\tsection\n\t\n", labelled=False)


@pytest.mark.parametrize("suffix", [".tsv", ".csv", ".jsonl", ".parquet", ".TSV"])
def test_a_written_table_reads_the_same(tmp_path, suffix):
    frame = pd.DataFrame([*ROWS, {"headline": "\"둘\", '하나' | [단독] ‘셋’", "section": "사회"}]).assign(
        block="", count="2"
    )
    path = tmp_path / f"new/folder/t{suffix}"
    write(frame, path)
    assert read_table(path, all_columns=True).to_dict("records") == frame.to_dict("records")


def test_a_table_is_written_into_a_stream_as_tsv():
    stream = io.BytesIO()
    write(pd.DataFrame(ROWS[:1]), stream)
    assert stream.getvalue().decode() == f"headline\tsection\n{ROWS[0]['headline']}\t정치\n"


def test_merging_counts_repeats_and_contradictions():
    pairs = "국회 개원:정치|국회 개원:정치|수출 증가:경제|파업 예고:사회|파업 예고:경제|파업 예고:경제"
    rows = [pair.split(":") for pair in pairs.split("|")]
    merged, cleaning = merge_repeats(pd.DataFrame(rows, columns=["headline", "section"]))
    assert list(merged["headline"]) == ["국회 개원", "수출 증가"]
    assert (cleaning.rows, cleaning.repeated, cleaning.contradictory) == (6, 1, 3)
    assert str(cleaning).startswith("6 rows; 1 repeats merged, 3 rows left out")


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(st.sampled_from("가나다라마"), st.sampled_from(SECTIONS[:3])), min_size=1))
def test_merging_loses_no_row_silently(rows):
    frame = pd.DataFrame(rows, columns=["headline", "section"])
    merged, cleaning = merge_repeats(frame)
    assert cleaning.rows == len(frame) == len(merged) + cleaning.repeated + cleaning.contradictory
    assert merged["headline"].is_unique
    known = {headline: {s for h, s in rows if h == headline} for headline, _ in rows}
    assert dict(merged.to_numpy()) == {h: next(iter(names)) for h, names in known.items() if len(names) == 1}
    assert cleaning.contradictory == sum(len(known[h]) > 1 for h, _ in rows)


# Everything that can stand in a headline: all of Unicode but control characters and lone surrogates.
_anything = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"]), max_size=30)
_headline_like = st.text(
    st.sampled_from("가힣ㅋㅎᄒ\u1161漢美aZ９0 \u00a0\u3000\u2028,\"'…·[]‘”|\\\ufeff"), max_size=30
)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
@settings(deadline=None, max_examples=60)
@given(rows=st.lists(st.tuples(_anything | _headline_like, st.sampled_from(SECTIONS)), min_size=1, max_size=15))
def test_any_headlines_come_back_or_are_refused_by_row(suffix, rows):
    first = 2 if suffix == ".csv" else 1
    expected = [(" ".join(unicodedata.normalize("NFC", headline).split()), section) for headline, section in rows]
    bad = [row for row, (headline, _) in enumerate(expected, first) if not any(map(str.isalnum, headline))]
    with tempfile.TemporaryDirectory() as folder:
        path = write_table(Path(folder, f"t{suffix}"), [{"headline": h, "section": s} for h, s in rows])
        if bad:
            with pytest.raises(DataError) as caught:
                read_table(path)
            assert [line.split(":")[0] for line in str(caught.value).splitlines()[1:]] == [
                f"  row {row}" for row in bad
            ]
        else:
            assert [tuple(row) for row in read_table(path).to_numpy()] == expected


@pytest.mark.parametrize("suffix", [".tsv", ".csv", ".jsonl", ".parquet"])
def test_headlines_alone_are_those_of_the_table(tmp_path: Path, suffix: str) -> None:
    path = write_table(tmp_path / f"t{suffix}", [row | {"section": ""} for row in ROWS])
    assert [h for chunk in read_headlines(path) for h in chunk] == [row["headline"] for row in ROWS]


def test_headlines_of_a_text_come_without_its_blank_lines_in_one_form_or_are_refused_by_row(tmp_path: Path) -> None:
    path = tmp_path / "crawl.txt.zst"
    zstandard = pytest.importorskip("zstandard")
    text = "\n\n코스피\u00a0 3% 급등\n" + unicodedata.normalize("NFD", "첫 우승") + "\n\n"
    path.write_bytes(zstandard.compress(text.encode()))
    assert [h for chunk in read_headlines(path) for h in chunk] == ["코스피 3% 급등", "첫 우승"]
    path.write_bytes(zstandard.compress(f"{text}***\n{'가' * 1001}\n".encode()))
    with pytest.raises(DataError, match=r"2 bad rows(?s:.*)row 6: no letter or digit(?s:.*)row 7: .*1,000"):
        list(read_headlines(path))
