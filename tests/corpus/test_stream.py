"""Inputs of any length: what comes out of good, packed and broken files, however they are cut into blocks."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import threading
from pathlib import Path

import pandas as pd
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.corpus import stream as module
from classifier.corpus.bad_rows import BadRow
from classifier.corpus.encoding import guess_encoding
from classifier.corpus.formats import format_of
from classifier.corpus.stream import HeadlineReader, Position
from classifier.errors import DataError

HEADLINES = ["손흥민, 개막전 멀티골", '한은 "금리 동결"', "", "코스피\u2028상승", "a,b"]


def read(
    name: str | Path,
    *,
    stdin: bytes = b"",
    kind: str | None = None,
    keep: tuple[str, ...] = (),
    start: Position | None = None,
) -> tuple[list[str], list[BadRow], dict[str, list[object]], list[Position]]:
    headlines: list[str] = []
    broken: list[BadRow] = []
    kept: dict[str, list[object]] = {column: [] for column in keep}
    ends: list[Position] = []
    source = HeadlineReader(str(name), io.BytesIO(stdin), kind, keep, start or Position())
    for chunk in source:
        assert all(len(values) == len(chunk.headlines) for values in chunk.kept.values())
        assert [chunk.headlines[i] for i in chunk.bad] == [row.raw for row in chunk.bad.values()]
        headlines += chunk.headlines
        broken += chunk.bad.values()
        for column in keep:
            kept[column] += chunk.kept[column]
        ends.append(chunk.end)
    source.close()
    return headlines, broken, kept, ends


def as_tsv(headlines: list[str]) -> bytes:
    return "".join(["guid\theadline\n", *(f"{i}\t{h}\n" for i, h in enumerate(headlines))]).encode()


def as_csv(headlines: list[str]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([("guid", "headline"), *enumerate(headlines)])
    return text.getvalue().encode()


def as_jsonl(headlines: list[str]) -> bytes:
    return "".join(json.dumps({"guid": i, "headline": h}) + "\n" for i, h in enumerate(headlines)).encode()


MAKERS = {"tsv": as_tsv, "csv": as_csv, "jsonl": as_jsonl}


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("packing", ["", ".gz", ".zst"])
def test_every_format_packed_or_not_gives_its_headlines_and_kept_columns(
    tmp_path: Path, kind: str, packing: str
) -> None:
    raw = MAKERS[kind](HEADLINES)
    half = raw.index(b"\n") + 1
    if packing == ".gz":  # two members, as after a resumed run
        raw = gzip.compress(raw[:half]) + gzip.compress(raw[half:])
    elif packing == ".zst":
        compress = zstandard.ZstdCompressor().compress
        raw = compress(raw[:half]) + compress(raw[half:])
    path = tmp_path / f"in.{kind}{packing}"
    path.write_bytes(raw)
    headlines, broken, kept, _ = read(path, keep=("guid",))
    assert (headlines, broken) == (HEADLINES, [])
    assert list(map(str, kept["guid"])) == ["0", "1", "2", "3", "4"]
    assert read("-", stdin=raw, kind=f"{kind}{packing}")[0] == HEADLINES


def test_parquet_names_its_bad_rows_and_goes_on_from_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from classifier.corpus import documents

    monkeypatch.setattr(documents, "_ROWS", 2)
    path = tmp_path / "in.parquet"
    pd.DataFrame({"headline": ["a", None, "b", "c", "d"], "n": range(5)}).to_parquet(path)
    headlines, broken, kept, ends = read(path, keep=("n",))
    assert headlines == ["a", "", "b", "c", "d"]
    assert broken == [BadRow(2, "no headline (an empty cell, or a formula)", "")]
    assert kept["n"] == [0, "", 2, 3, 4]
    assert read(path, start=ends[0])[0] == ["b", "c", "d"]
    pd.DataFrame({"headline": ["x"] * 5}).to_parquet(path)
    with pytest.raises(DataError, match="not what the interrupted run read"):
        read(path, start=ends[0])
    path.write_bytes(b"PAR1 nothing")
    with pytest.raises(DataError, match="cannot be read as Parquet"):
        read(path)


def test_a_text_has_a_headline_a_line_and_keeps_its_blank_lines(tmp_path: Path) -> None:
    path = tmp_path / "in.txt"
    path.write_bytes("\ufeff코스피 상승\r\n\r\n손흥민\n\n".encode())
    assert read(path)[0] == ["코스피 상승", "", "손흥민", ""]
    path.write_bytes("코스피 상승\n손흥민".encode("cp949"))
    assert read(path)[0] == ["코스피 상승", "손흥민"]
    for nothing in (b"", b"\xef\xbb\xbf"):
        path.write_bytes(nothing)
        assert read(path)[0] == []


def test_broken_rows_are_numbered_by_line_and_stand_as_they_are(tmp_path: Path) -> None:
    long = "가" * 10_001
    for kind, raw, expected in [
        ("tsv", f"headline\tn\na\t1\n\nb\n{long}\t2\nc\t3\n", {4: "1 fields instead of 2", 5: "10,001 characters"}),
        ("csv", 'headline,n\n"a\nb",1\n"c,2\nd,3,4\n"e"x,5\nf,6\n"g,7\n',
         {4: "not readable", 5: "3 fields", 6: "not readable", 8: "never closed"}),
        ("jsonl", '{"headline":"a"}\n{"headline":1}\n[]\n{"x":1}\n{\n{"headline":"\\ud800"}\n{"headline":"b"}\n',
         {2: "no text", 3: "not a JSON object", 4: "no headline", 5: "not JSON", 6: "not JSON"}),
    ]:  # fmt: skip
        path = tmp_path / f"in.{kind}"
        path.write_text(raw, encoding="utf-8")
        headlines, broken, _, _ = read(path)
        assert {row.number for row in broken} == set(expected)
        for row in broken:
            assert expected[row.number] in row.why
            if row.number != 5 or kind != "tsv":
                assert row.raw == raw.split("\n")[row.number - 1]
        good = [headline for headline in headlines if headline not in {row.raw for row in broken}]
        assert good == {"tsv": ["a", "c"], "csv": ["a\nb", "f"], "jsonl": ["a", "b"]}[kind]


def test_bytes_that_are_no_text_break_their_line_alone(tmp_path: Path) -> None:
    path = tmp_path / "in.tsv"
    path.write_bytes(
        "headline\n코스피 상승\n".encode() + b"\xff\xfe abc\n" + "한은 동결".encode("cp949") + "\n손흥민\n".encode()
    )
    headlines, broken, _, _ = read(path)
    assert headlines == ["코스피 상승", "\\xff\\xfe abc", broken[1].raw, "손흥민"]
    assert [row.number for row in broken] == [3, 4]
    assert "byte 1 of the line is 0xff" in broken[0].why


def test_bytes_that_are_no_text_are_found_in_every_line_of_a_csv_record(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes('headline,번호\n"가\n'.encode() + b'\xff",1\n' + "다,2\n".encode())
    headlines, broken, _, _ = read(path)
    assert headlines == ['"가', '\\xff",1', "다"]
    assert [(row.number, row.why[:12]) for row in broken] == [(2, "not readable"), (3, "not UTF-8: b")]
    for suffix, comma in ((".csv", b","), (".tsv", b"\t")):  # such a header line is the header all the same
        path = path.with_suffix(suffix)
        path.write_bytes(b"headline" + comma + b"\xff\n" + "코스피".encode() + comma + b"1\n")
        assert read(path, keep=("\\xff",))[:3] == (["코스피"], [], {"\\xff": ["1"]})


def test_a_kept_column_is_there_before_the_header_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_READ_SIZE", 1)
    for kind, comma in (("tsv", "\t"), ("csv", ",")):
        raw = f"\n\nheadline{comma}n\n코스피{comma}1\n".encode()
        assert read("-", stdin=raw, kind=kind, keep=("n",))[:3] == (["코스피"], [], {"n": ["1"]})


def test_half_a_character_breaks_its_row_in_whatever_column_it_is(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"headline":"a","n":["\\ud800"]}\n{"headline":"b","n":"\\ud83d\\ude00"}\n', encoding="utf-8")
    _, broken, kept, _ = read(path, keep=("n",))
    assert [row.number for row in broken] == [1]
    assert kept == {"n": ["", "\U0001f600"]}


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_junk_between_the_rows_costs_no_good_row_wherever_blocks_end(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["txt", *MAKERS]))
    good = data.draw(st.lists(st.text("가나다 ab1,[]{}", min_size=1), min_size=1, max_size=8))
    lines = MAKERS[kind](good).split(b"\n") if kind != "txt" else "\n".join(["제목", *good, ""]).encode().split(b"\n")
    lines = [line.removesuffix(b"\r") for line in lines[:-1]]
    if kind != "jsonl" and kind != "txt":
        lines[0] = lines[0].replace(b"guid", "번호".encode())  # the header tells the encoding
    elif kind == "jsonl":
        lines.insert(0, '{"headline":"제목"}'.encode())
        good = ["제목", *good]
    else:
        good = ["제목", *good]
    # Junk that is neither a row nor the beginning of one (a quote) that would take others in.
    junk = st.binary(min_size=1, max_size=12).filter(
        lambda raw: not set(raw) & set(b'"\n\r\t,{[') and not raw.isspace()
    )
    for _ in range(data.draw(st.integers(0, 4))):
        lines.insert(data.draw(st.integers(1, len(lines))), b"\xff" + data.draw(junk))
    raw = b"\n".join(lines) + b"\n"
    whole = read("-", stdin=raw, kind=kind)
    assert [h for h in whole[0] if not h.startswith("\\xff")] == good
    assert len(whole[1]) == len(whole[0]) - len(good)
    before = module._READ_SIZE
    module._READ_SIZE = data.draw(st.integers(1, 40))
    try:
        cut = read("-", stdin=raw, kind=kind)
        assert (cut[0], cut[1]) == (whole[0], whole[1])
        start = data.draw(st.sampled_from(cut[3]))
        rest = read("-", stdin=raw, kind=kind, start=start)
        assert rest[0] == whole[0][len(whole[0]) - len(rest[0]) :]
        assert len(rest[1]) == sum(row.number > start.line for row in whole[1])
        assert len(rest[0]) == sum(len(part) for part in _parts(raw, kind)[cut[3].index(start) + 1 :])
    finally:
        module._READ_SIZE = before


def _parts(raw: bytes, kind: str) -> list[list[str]]:
    return [chunk.headlines for chunk in HeadlineReader("-", io.BytesIO(raw), kind)]


@given(st.binary(max_size=200), st.sampled_from(["txt", "tsv", "csv", "jsonl"]), st.integers(1, 50))
@settings(max_examples=200, deadline=None)
def test_no_bytes_at_all_make_it_fall(raw: bytes, kind: str, block: int) -> None:
    header = {"tsv": "headline\t번호\n", "csv": "headline,번호\n"}.get(kind, "").encode()
    before, module._READ_SIZE = module._READ_SIZE, block
    try:
        headlines, broken, _, ends = read("-", stdin=header + raw, kind=kind)
    except DataError as error:
        if not re.search("this is|damaged UTF-16|the columns are", str(error)):
            raise
        return
    finally:
        module._READ_SIZE = before
    assert len(broken) <= len(headlines) <= raw.count(b"\n") + raw.count(b"\r") + 1
    utf16 = (header + raw).startswith((b"\xff\xfe", b"\xfe\xff"))
    assert utf16 or not ends or ends[-1].offset == len(header + raw)
    "".join(headlines).encode()


def test_json_lines_cannot_pass_for_one_another(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"headline":"a"},{"headline":"b"}\n{"headline":"c"\n"x":1}\n{"headline":"d"}\n', encoding="utf-8")
    headlines, broken, _, _ = read(path)
    assert [row.number for row in broken] == [1, 2, 3]
    assert headlines[3] == "d"


def test_encodings_are_told_apart_by_most_lines() -> None:
    utf8, cp949 = "코스피 상승\n".encode(), "코스피 상승\n".encode("cp949")
    assert guess_encoding(b"abc\n") == ""
    assert guess_encoding(utf8) == guess_encoding(utf8 * 3 + cp949) == guess_encoding(utf8 + cp949) == "utf-8"
    assert guess_encoding(cp949) == guess_encoding(cp949 * 3 + utf8) == "cp949"
    assert guess_encoding(utf8 + b"\xff\xff\n") == "utf-8"


@pytest.mark.parametrize(
    ("name", "raw", "keep", "message"),
    [
        ("in.tsv", b"name\tsection\n", (), "the columns are name, section; headline missing"),
        ("in.tsv", b"", (), "the columns are none"),
        ("in.csv", b'"headline\n', (), "headline missing"),
        ("in.csv", b"headline,headline\n", (), "occurs twice"),
        ("in.tsv", b"headline\n", ("guid",), "guid missing"),
        ("in.txt", b"a\n", ("guid",), "a text of headlines has no columns"),
        ("in.txt", gzip.compress(b"a", mtime=0), (), r"\.gz"),
        ("in.txt", b"PAR1....", (), r"\.parquet"),
        ("in.txt.gz", gzip.compress(b"a\n" * 9999, mtime=0)[:-12], (), "cut short"),
        ("in.txt.gz", b"no gzip", (), "cannot be read to its end"),
        ("in.txt.zst", zstandard.compress("\n".join(map(str, range(9999))).encode())[:-12], (), "cut short"),
        ("in.txt.zst", b"no zstd", (), "cannot be read to its end"),
        ("in.parquet.gz", b"", (), "Unpack it"),
        ("nowhere.txt", None, (), "cannot be read"),
    ],
)  # fmt: skip
def test_an_input_that_is_none_says_why(
    tmp_path: Path, name: str, raw: bytes | None, keep: tuple[str, ...], message: str
) -> None:
    if raw is not None:
        (tmp_path / name).write_bytes(raw)
    with pytest.raises(DataError, match=message):
        read(tmp_path / name, keep=keep)


def test_kinds_are_told_by_suffix_or_by_name() -> None:
    assert format_of("a.b.TSV.GZ") == ("tsv", ".gz")
    assert format_of("headlines") == format_of("-") == format_of("a.log") == ("txt", "")
    assert format_of("-", "csv.zst") == ("csv", ".zst")
    assert format_of("a.txt.gz", "tsv") == ("tsv", ".gz")
    with pytest.raises(DataError, match="'xls' is none of txt, tsv"):
        format_of("a.txt", "xls")


def test_endless_bytes_without_a_line_break_are_no_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LONGEST_LINE", 1000)
    monkeypatch.setattr(module, "_READ_SIZE", 100)
    (tmp_path / "in.txt").write_bytes(b"a" * 5000)
    with pytest.raises(DataError, match="without a line break"):
        read(tmp_path / "in.txt")


def test_a_pipe_is_answered_before_it_ends(tmp_path: Path) -> None:
    """What a slow writer has written is handed on while it still writes."""
    reading, writing = os.pipe()
    seen = threading.Event()
    with os.fdopen(reading, "rb") as stdin:
        chunks = iter(HeadlineReader("-", stdin))

        def write() -> None:
            os.write(writing, "코스피 상승\n한은".encode())
            assert seen.wait(30)
            os.write(writing, " 동결\n".encode())
            os.close(writing)

        writer = threading.Thread(target=write)
        writer.start()
        assert next(chunks).headlines == ["코스피 상승"]
        seen.set()
        assert [headline for chunk in chunks for headline in chunk.headlines] == ["한은 동결"]
        writer.join()
