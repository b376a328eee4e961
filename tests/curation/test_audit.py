"""The audit: what it finds in a table whose faults are known, its report in a browser, and its review applied."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient
from sklearn.metrics import average_precision_score

from classifier.corpus.datasets import load_corpus
from classifier.corpus.sections import SectionNames
from classifier.corpus.tables import merge_repeats, read_table
from classifier.corpus.writer import write_table
from classifier.curation.audit import Findings, ReviewItem, audit
from classifier.curation.report import render
from classifier.curation.review import apply_review, write_review
from classifier.curation.style import marks, measure_style
from classifier.errors import DataError
from classifier.text.normalize import normalize
from classifier.training.config import NOISE_MODEL
from classifier.training.dataset import section_numbers, training_set
from classifier.training.label_errors import assess_labels
from classifier.training.splits import make_folds
from tests.support.browser import CHROMIUM, open_page
from tests.support.faulty import FLIPPED, faulty


@pytest.fixture(scope="module")
def audited(
    sample: dict[str, list[tuple[str, str]]], migrated_store: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A folder in which the command line has audited the faulty table."""
    folder = tmp_path_factory.mktemp("audited")
    shutil.copy(migrated_store, folder / "mlflow.db")
    frame, _ = faulty(sample)
    write_table(frame, folder / "table.tsv")
    test = [
        ("코스피 2700선 회복…외국인 순매수!", "경제"),
        ("전혀 다른 이야기를 하는 헤드라인", "연예"),
        (frame["headline"][5], "경제"),
    ]
    write_table(pd.DataFrame(test, columns=["headline", "section"]), folder / "test.csv")
    (folder / "report").mkdir()
    (folder / "report" / "mine.txt").write_text("stands in the folder, and is none of the audit's", encoding="utf-8")
    command = "audit table.tsv --against test.csv --output report --track".split()
    done = subprocess.run(
        [sys.executable, "-m", "classifier", *command], cwd=folder, capture_output=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    (folder / "stdout").write_bytes(done.stdout)
    return folder


def test_the_figures_are_those_of_the_planted_faults(audited: Path) -> None:
    figures = json.loads((audited / "report" / "audit.json").read_text(encoding="utf-8"))
    assert figures["rows"] == len(read_table(audited / "table.tsv", labelled=False))
    assert figures["without a section"] == 1
    assert figures["repeated headlines"] == 2
    assert figures["of them under several sections"] == 1
    assert figures["of them with several sections"] >= 1
    assert figures["rows of test.csv found here"] == 1
    assert figures["rows of test.csv nearly found here"] == 1
    shown = (audited / "stdout").read_text(encoding="utf-8")
    assert "likely label errors" in shown
    assert "words that weigh most" in shown


def test_flipped_labels_lead_the_review_with_the_right_section_and_a_reason(
    audited: Path, sample: dict[str, list[tuple[str, str]]]
) -> None:
    _, wrong = faulty(sample)
    truth = dict(sample["train"])
    review = read_table(audited / "report" / "review.tsv", labelled=False, all_columns=True)
    first = review.head(FLIPPED)
    found = first[first["headline"].isin(wrong)]
    assert len(found) >= 0.6 * FLIPPED
    right = [truth[h] == suggested for h, suggested in zip(found["headline"], found["section_suggested"], strict=True)]
    assert np.mean(right) >= 0.9
    for headline, reason in zip(found["headline"], found["reason"], strict=True):
        words = [part.rpartition(" ")[0] for part in reason.split(", ")]
        assert words
        assert all(word in headline for word in words)
    problems = dict(zip(review["headline"], review["problem"], strict=True))
    assert "same headline, other section" in problems["프로야구 개막전 다섯 구장 매진"]
    assert "near-duplicate, other section" in problems["배우 A씨, 첫 단독 예능 ‘산골 밥상’으로 시청률 1위"]
    assert "코스피 2,700선 회복…외국인 순매수" not in problems


def test_all_repeats_and_leaks_are_in_tables_beside_the_report(audited: Path) -> None:
    table = read_table(audited / "table.tsv", labelled=False)
    found = read_table(audited / "report" / "duplicates.tsv", all_columns=True)
    figures = json.loads((audited / "report" / "audit.json").read_text(encoding="utf-8"))
    assert found["group"].nunique() == figures["repeated headlines"] + figures["near-duplicate groups"]
    for row, headline, section in zip(found["row"], found["headline"], found["section"], strict=True):
        assert (headline, section) == tuple(table.loc[int(row), ["headline", "section"]])
    same = found[found["kind"] == "the same"]
    assert set(same["headline"]) == {"코스피 2,700선 회복…외국인 순매수", "프로야구 개막전 다섯 구장 매진"}
    assert (found[found["kind"] == "near"].groupby("group")["headline"].nunique() > 1).all()
    leaks = read_table(audited / "report" / "leaks.tsv", all_columns=True)
    assert leaks["kind"].tolist() == ["the same", "near"]
    assert leaks["row"].tolist() == ["4", "2"]
    assert leaks["headline_here"].tolist() == [table.iloc[5]["headline"], "코스피 2,700선 회복…외국인 순매수"]


def test_the_audit_is_a_run_in_mlflow_when_asked(audited: Path) -> None:
    client = MlflowClient(f"sqlite:///{audited / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("Audits")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED"
    assert run.data.metrics["repeated headlines"] == 2
    paths = {item.path for item in client.list_artifacts(run.info.run_id)}
    assert paths == {"report.html", "review.tsv", "audit.json", "duplicates.tsv", "leaks.tsv"}, "and nothing of others"


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: `make browser` installs it")
def test_the_report_is_readable_in_a_browser_and_needs_nothing_beside_it(audited: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone.html"  # nothing stands beside it there
    shutil.copy(audited / "report" / "report.html", alone)
    asked: list[str] = []
    with open_page() as page:
        page.on("request", lambda request: asked.append(request.url))
        page.goto(alone.as_uri())
        assert page.locator("h1").inner_text() == "Audit of table.tsv"
        assert page.locator("#summary tr").count() > 10
        assert page.locator("h2").all_inner_texts() == [
            "Rows to review", "Sections", "Style", "Repeats", "Evidence", "Leakage to test.csv",
        ]  # fmt: skip
        images = page.locator("img").all()
        assert len(images) == 3
        for image in images:
            assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 500
        # A font that has Hangul draws two syllables differently; one that has not draws the same box twice.
        drawn = page.evaluate(
            """() => ['가', '힣'].map(text => {
                const canvas = document.createElement('canvas').getContext('2d');
                canvas.font = '30px ' + getComputedStyle(document.body).fontFamily;
                canvas.fillText(text, 5, 35);
                return canvas.getImageData(0, 0, 50, 50).data.join();
            })"""
        )
        assert drawn[0] != drawn[1]
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert [url for url in asked if not url.startswith("data:")] == [alone.as_uri()]


def test_what_stands_in_a_headline_is_text_in_the_report() -> None:
    frame = pd.DataFrame({"headline": ["<script>alert(1)</script> 코스피 상승"] * 2, "section": ["경제", "연예"]})
    html = render(audit(frame, "<b>table</b>"))
    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; 코스피 상승" in html
    assert "&lt;b&gt;table&lt;/b&gt;" in html


def test_a_table_too_small_for_folds_is_audited_for_the_rest() -> None:
    frame = pd.DataFrame(
        {"headline": ["코스피 상승", "코스피 상승", "가을 야구"], "section": ["경제", "사회", "스포츠"]}
    )
    findings = audit(frame, "small")
    assert findings.evaluated is None
    assert "too few" in findings.notes[0]
    assert [item.problem for item in findings.to_review] == ["same headline, other section"] * 2
    assert "Not looked at." in render(findings)


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "classifier", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_table_without_sections_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_text("headline\tsection\n코스피 상승 마감\t\n", encoding="utf-8")
    done = run("audit", "t.tsv", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "no row has a section" in done.stderr


@pytest.fixture
def reviewed(audited: Path, tmp_path: Path) -> tuple[Path, Path]:
    """The audited table and its review, to be edited."""
    for name in ("table.tsv", "report/review.tsv"):
        shutil.copy(audited / name, tmp_path)
    return tmp_path / "table.tsv", tmp_path / "review.tsv"


def edited(review: Path, decide: dict[int, str]) -> pd.DataFrame:
    frame = read_table(review, labelled=False, all_columns=True).reset_index(drop=True)
    for line, suggested in decide.items():
        frame.loc[line, "section_suggested"] = suggested
    write_table(frame, review)
    return frame


def test_an_edited_review_gives_a_corrected_table_and_a_record(reviewed: tuple[Path, Path]) -> None:
    table, review = reviewed
    before = read_table(table, labelled=False, all_columns=True)
    frame = edited(review, {0: "", 1: "-", 2: "TV연예", 3: "경마"}).head(4)
    review_rows = read_table(review, labelled=False, all_columns=True)
    write_table(review_rows.head(4), review)
    done = run("audit", "table.tsv", "--apply", "review.tsv", "--output", "clean.csv", cwd=table.parent)
    assert done.returncode == 0, done.stderr
    after = read_table(table.parent / "clean.csv", labelled=False, all_columns=True)
    assert list(after.columns) == list(before.columns)
    assert (after["memo"].value_counts() == before.drop(int(frame["row"][1]))["memo"].value_counts()).all()
    expected = before.drop(int(frame["row"][1]))
    for line, section in ((2, "연예"), (3, "경마")):
        expected.loc[int(frame["row"][line]), "section"] = section
    assert after["section"].tolist() == expected["section"].tolist()
    assert after["headline"].tolist() == expected["headline"].tolist()
    record = pd.read_csv(table.parent / "clean.changes.tsv", sep="\t", quoting=3, dtype=str)
    changed = {frame["row"][1]: "(removed)", frame["row"][3]: "경마"}
    if frame["section"][2] != "연예":
        changed[frame["row"][2]] = "연예"
    assert dict(zip(record["row"], record["after"], strict=True)) == changed
    assert record["before"].tolist() == [before.loc[int(row), "section"] for row in record["row"]]


def test_a_review_keeps_the_names_of_a_table_that_keeps_them_apart(tmp_path: Path) -> None:
    frame = pd.DataFrame({"headline": ["새 위성 발사", "새 칩 공개"], "section": ["과학", "IT"]})
    write_table(frame, tmp_path / "table.tsv")
    rows = frame.assign(row=["2", "3"], section_suggested=["IT", "국제"])
    write_table(rows, tmp_path / "review.tsv")
    apply_review(read_table(tmp_path / "table.tsv"), tmp_path / "review.tsv", tmp_path / "clean.tsv")
    assert read_table(tmp_path / "clean.tsv", names=SectionNames(fold=False))["section"].tolist() == ["IT", "세계"]


def test_a_review_that_a_spreadsheet_has_saved_is_applied(tmp_path: Path) -> None:
    """It drops or doubles the quote marks of a headline, and writes CP949."""
    headlines = [
        '"코스피 2,700선 회복"…외국인 순매수',
        "'산골 밥상' 시청률 1위",
        '배우 A씨 "열애 맞다"',
        "프로야구 개막",
    ]
    frame = pd.DataFrame({"headline": headlines, "section": ["연예", "연예", "스포츠", "스포츠"]})
    write_table(frame, tmp_path / "table.tsv")
    table = read_table(tmp_path / "table.tsv")
    items = [
        ReviewItem(
            row, headline, section, "스포츠" if row == 5 else "경제", "likely label error", 0.1, 0.9, '"코스피 +2.0'
        )
        for row, headline, section in zip(table.index, table["headline"], table["section"], strict=True)
    ]
    write_review(items, tmp_path / "review.tsv")
    rows = list(csv.reader((tmp_path / "review.tsv").open(encoding="utf-8"), dialect="excel-tab"))
    assert rows[1][1] != headlines[0], "a spreadsheet takes the quote marks for its own"
    with (tmp_path / "review.tsv").open("w", encoding="cp949", newline="") as stream:
        csv.writer(stream, dialect="excel-tab").writerows(rows)
    done = apply_review(table, tmp_path / "review.tsv", tmp_path / "clean.tsv")
    assert (done.relabelled, done.removed, done.kept) == (3, 0, 1)
    clean = read_table(tmp_path / "clean.tsv")
    assert list(clean["headline"]) == headlines
    assert list(clean["section"]) == ["경제", "경제", "경제", "스포츠"]


def test_a_review_of_another_table_is_refused_line_by_line(reviewed: tuple[Path, Path]) -> None:
    table, review = reviewed
    frame = read_table(review, labelled=False, all_columns=True)
    frame.loc[frame.index[0], "headline"] = "다른 표의 헤드라인"
    frame.loc[frame.index[1], "row"] = "99999"
    frame = pd.concat([frame, frame.tail(1)])
    write_table(frame, review)
    with pytest.raises(DataError, match=r"3 bad rows\. They do not fit the table") as caught:
        apply_review(read_table(table, labelled=False), review, table.parent / "clean.tsv")
    assert "  row 2: " in str(caught.value)
    assert "row 99999 of the table is not there" in str(caught.value)
    assert "occurs twice" in str(caught.value)
    assert not (table.parent / "clean.tsv").exists()


def test_a_file_that_is_no_review_is_refused(reviewed: tuple[Path, Path]) -> None:
    table, _ = reviewed
    with pytest.raises(DataError, match="no column row and no column section_suggested"):
        apply_review(read_table(table, labelled=False), table, table.parent / "clean.tsv")
    write_review([], table.parent / "empty.tsv")
    assert (
        (table.parent / "empty.tsv").read_text(encoding="utf-8").startswith("row\theadline\tsection\tsection_suggested")
    )


@pytest.mark.parametrize(
    ("headline", "expected"),
    [
        ("코스피 2.5% 올라 2,700선", set()),
        ("“함께 가자”…[종합]", {"“", "”", "…", "[", "]", "[종합]"}),
        ("與野 ♥ 없다..", {"hanja", "♥", ".", "..."}),
    ],
)
def test_marks_of_style_are_no_words_and_no_numbers(headline: str, expected: set[str]) -> None:
    assert marks(headline) == expected


def flipped(target: np.ndarray, sections: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    wrong = rng.random(len(target)) < 0.05
    return np.where(wrong, (target + rng.integers(1, sections, len(target))) % sections, target), wrong


def test_flipped_labels_of_ynat_are_found(corpora: Path) -> None:
    # A third of the train split, for time's sake; `experiments/benchmarks/label_errors.py` does all of it.
    frame = load_corpus("ynat:train").iloc[::3]
    sections = sorted(frame["section"].unique())
    target, wrong = flipped(section_numbers(frame["section"].tolist(), sections), len(sections))
    found = assess_labels(training_set(frame["headline"].tolist(), target, sections, NOISE_MODEL.features, 3))
    assert average_precision_score(wrong, 1 - found.quality) >= 0.6
    assert wrong[found.suspect].mean() >= 5 * wrong.mean()


def test_quotes_and_brackets_give_entertainment_away_until_they_are_normalized(corpora: Path) -> None:
    frame, _ = merge_repeats(pd.concat([load_corpus("ynat:train"), load_corpus("entertainment")], ignore_index=True))
    sections = sorted(frame["section"].unique())
    target = section_numbers(frame["section"].tolist(), sections)
    headlines = frame["headline"].tolist()
    folds = make_folds(headlines, target, sections, 3, 0)
    raw = measure_style(headlines, target, sections, folds)
    named = {cue.name for cue in raw.cues if cue.section == "연예"}
    assert {"bracket [", "tag [종합]", 'straight quotation mark "', "quotation mark “"} <= named
    assert raw.recall["연예"] > 0.9
    assert raw.balanced_accuracy > 2 * raw.chance
    after = measure_style([normalize(headline) for headline in headlines], target, sections, folds)
    assert [cue for cue in after.cues if cue.section == "연예"] == []
    assert after.recall["연예"] < 0.2
    assert after.balanced_accuracy < 1.3 * after.chance


def test_a_source_that_gives_its_section_away_is_a_cue() -> None:
    headlines = [f"헤드라인 {i}번" for i in range(200)]
    target = np.arange(200) % 2
    sources = ["연예매체" if section else "경제지" for section in target]
    folds = [(np.arange(100), np.arange(100, 200)), (np.arange(100, 200), np.arange(100))]
    style = measure_style(headlines, target, ["경제", "연예"], folds, sources)
    assert {(cue.name, cue.section) for cue in style.cues} == {("source 연예매체", "연예"), ("source 경제지", "경제")}
    assert style.balanced_accuracy == 1.0


def test_findings_say_how_much_evidence_is_believed(audited: Path) -> None:
    findings: Findings = audit(read_table(audited / "table.tsv", labelled=False), "table.tsv")
    agreement = {e.evidence: e.agreement for e in findings.evidence}
    assert set(agreement) == {"item", "block", "none"}
    assert agreement["item"] > agreement["block"], "the flipped labels stand there by their block alone"
