"""Which headlines are chosen for labelling, and what is kept of the decisions about them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from openpyxl import load_workbook

from classifier.corpus.tables import read_table
from classifier.curation.corrections import NOT_A_HEADLINE, SKIP, UNDO, Corrections, read_queue, write_queue
from classifier.curation.queue import QueueItem, choose_rows, labelling_queue, uncertainty
from classifier.errors import DataError
from classifier.prediction.classifier import Classifier

ITEMS = [QueueItem("코스피 상승 마감", "경제", 0.61, (("사회", 0.3),)), QueueItem("=1+1 아닌 제목", "사회", 0.5, ())]


def test_uncertainty_is_one_where_two_sections_are_equally_likely() -> None:
    assert uncertainty(np.array([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]])).tolist() == [1.0, 0.0]


def test_of_near_duplicates_one_is_chosen_and_the_most_uncertain_come_first() -> None:
    headlines = ["한은 기준금리 동결 결정", "한은, 기준금리 동결 결정!", "프로야구 개막전 매진", "배우 A씨 결혼"]
    probabilities = np.array([[0.6, 0.4], [0.55, 0.45], [0.9, 0.1], [0.7, 0.3]])
    assert choose_rows(headlines, probabilities, 10).tolist() == [1, 3, 2]


def test_the_choice_is_what_sorting_by_the_margin_gives(sample: dict[str, list[tuple[str, str]]]) -> None:
    headlines = [headline for headline, _ in sample["train"][:500]]
    probabilities = np.random.default_rng(0).dirichlet(np.ones(8), len(headlines))
    best = np.sort(probabilities, axis=1)
    order = sorted(range(len(headlines)), key=lambda i: best[i, -1] - best[i, -2])
    assert choose_rows(headlines, probabilities, 50).tolist() == order[:50]


def test_the_queue_has_the_models_suggestion_and_its_rivals(clf: Classifier) -> None:
    headlines = ["손흥민, 개막전 멀티골…토트넘 3-1 승", "한은, 기준금리 동결", "배우 A씨, 국회 청문회 출석"]
    items = labelling_queue(clf, headlines, 2)
    assert len(items) == 2
    for item in items:
        (prediction,) = clf.predict([item.headline])
        assert item.suggested == next(iter(prediction.probabilities))
        assert [name for name, _ in item.rivals] == list(prediction.probabilities)[1:4]


def test_decisions_are_kept_undone_and_taken_up_again(tmp_path: Path) -> None:
    path = tmp_path / "labels.tsv"
    corrections = Corrections(path, "가영", "f00d")
    corrections.decide(ITEMS[0], "label", "사회")
    corrections.decide(ITEMS[1], SKIP)
    table = read_table(path, all_columns=True)
    assert table[["headline", "section", "suggested", "curator", "model"]].values.tolist() == [
        ["코스피 상승 마감", "사회", "경제", "가영", "f00d"]
    ]
    again = Corrections(path, "나영")
    again.decide(ITEMS[1], NOT_A_HEADLINE)
    again.decide(ITEMS[0], UNDO)  # takes back one's own decision, of which there is none
    assert [d.action for d in again.read().values()] == ["label", NOT_A_HEADLINE]
    corrections.decide(ITEMS[0], UNDO)
    assert list(corrections.read()) == [ITEMS[1].headline]
    assert len(corrections.journal.read_text(encoding="utf-8").splitlines()) == 5  # nothing is ever removed


def test_a_line_that_was_not_finished_does_not_spoil_the_next(tmp_path: Path) -> None:
    corrections = Corrections(tmp_path / "labels.tsv", "가영")
    corrections.decide(ITEMS[0], "label", "경제")
    whole = corrections.journal.read_bytes()
    corrections.journal.write_bytes(whole + whole[:20])  # a process that ended in the middle of a line
    assert len(corrections.read()) == 1
    with pytest.raises(DataError, match="line 2 is damaged"):
        corrections.decide(ITEMS[1], "label", "사회")


@pytest.mark.parametrize(("action", "section"), [("label", ""), (SKIP, "경제"), ("guess", "")])
def test_what_is_no_decision_is_refused(tmp_path: Path, action: str, section: str) -> None:
    with pytest.raises(DataError, match="no decision"):
        Corrections(tmp_path / "labels.tsv").decide(ITEMS[0], action, section)


def test_a_table_without_its_journal_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "labels.tsv").write_text("headline\tsection\n", encoding="utf-8")
    with pytest.raises(DataError, match="without its labels"):
        Corrections(tmp_path / "labels.tsv")
    with pytest.raises(DataError, match=r"ends in \.tsv"):
        Corrections(tmp_path / "labels.csv")


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from classifier.curation.corrections import Corrections;"
        "from classifier.curation.queue import QueueItem\n"
        "c = Corrections(Path('labels.tsv'), sys.argv[1])\n"
        "for i in range(25): c.decide(QueueItem(f'{sys.argv[1]} {i} 제목', '경제', 0.5, ()), 'label', '사회')"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, name], cwd=tmp_path) for name in ("가", "나")]
    assert [writer.wait(120) for writer in writers] == [0, 0]
    assert len(read_table(tmp_path / "labels.tsv")) == 50
    lines = (tmp_path / "labels.journal.jsonl").read_text(encoding="utf-8").splitlines()
    assert len([json.loads(line) for line in lines]) == 50


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_queue_goes_through_a_spreadsheet_and_back(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"queue{suffix}"
    write_queue(ITEMS, path)
    if suffix == ".csv":
        frame = pd.read_csv(path, dtype=str)
        assert frame["headline"].tolist() == [ITEMS[0].headline, "'" + ITEMS[1].headline]
        frame.assign(section=["사회", "IT/과학"]).to_csv(path, index=False)
    else:
        book = load_workbook(path)
        assert [cell.value for cell in book.active["A"][1:]] == [item.headline for item in ITEMS]
        book.active["B2"], book.active["B3"] = "사회", "IT/과학"
        book.save(path)
    corrections = Corrections(tmp_path / "labels.tsv", "가영")
    assert read_queue(path, corrections) == 2
    assert read_queue(path, corrections) == 0  # once more changes nothing
    labels = read_table(tmp_path / "labels.tsv")
    assert labels[["headline", "section"]].values.tolist() == [
        [ITEMS[0].headline, "사회"],
        [ITEMS[1].headline, "IT과학"],
    ]


def test_a_queue_is_taken_over_whole_or_not_at_all(tmp_path: Path) -> None:
    items = [QueueItem(headline, "경제", 0.6, ()) for headline in ("＋5% 오른 코스피", "환율 하락", "금리 동결")]
    write_queue(items, tmp_path / "queue.csv")
    frame = pd.read_csv(tmp_path / "queue.csv", dtype=str).assign(section="사회")
    frame.assign(probability=["0.6", "0,6", "높음"]).to_csv(tmp_path / "edited.csv", index=False)
    corrections = Corrections(tmp_path / "labels.tsv", "가영")
    with pytest.raises(DataError, match=r"2 bad rows[^$]*'0,6' is no number[^$]*'높음' is no number"):
        read_queue(tmp_path / "edited.csv", corrections)
    assert corrections.read() == {}
    frame.to_csv(tmp_path / "queue.csv", index=False)
    assert read_queue(tmp_path / "queue.csv", corrections) == 3
    assert list(corrections.read()) == [item.headline for item in items]


def test_a_queue_keeps_the_names_of_a_model_that_keeps_them_apart(tmp_path: Path) -> None:
    items = [QueueItem("새 위성 발사", "과학", 0.6, ()), QueueItem("새 칩 공개", "IT", 0.5, ())]
    write_queue(items, tmp_path / "queue.csv")
    frame = pd.read_csv(tmp_path / "queue.csv", dtype=str)
    frame["section"] = ["과학", "국제"]
    frame.to_csv(tmp_path / "queue.csv", index=False)
    corrections = Corrections(tmp_path / "labels.tsv", "가영")
    assert read_queue(tmp_path / "queue.csv", corrections) == 2
    assert {row.section for row in corrections.read().values()} == {"과학", "세계"}
