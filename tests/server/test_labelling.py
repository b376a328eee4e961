"""The labelling page, over a socket and in a real browser."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from classifier.corpus.tables import read_table
from tests.server.test_serve import call
from tests.support.browser import CHROMIUM, open_page
from tests.support.servers import serving, unused_port

HEADLINES = ["한은, 기준금리 동결", "프로야구 개막전 매진", "국회 예산안 처리 무산", "배우 A씨 결혼", "누리호 발사"]


@pytest.fixture
def served(trained: Path, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    table = tmp_path / "crawl.tsv"
    table.write_text("headline\n" + "\n".join(HEADLINES) + "\n", encoding="utf-8")
    port, output = unused_port(), tmp_path / "labels.tsv"
    command = (sys.executable, "-m", "classifier", "label", str(table), "--output", str(output), "--port", str(port))
    with serving(*command, port=port, ready="/state?page=x", cwd=trained, log=tmp_path / "log") as address:
        yield address, output


def test_two_pages_are_never_shown_the_same_headline(served: tuple[str, Path]) -> None:
    address, output = served
    seen = [call(f"{address}/state?page={page}")[1] for page in ("a", "b", "a")]
    shown = [state["item"]["headline"] for state in seen]
    assert shown[0] == shown[2] != shown[1]
    for page in ("a", "b"):
        state = call(f"{address}/state?page={page}")[1]
        while state["item"] is not None:
            body = {"page": page, "curator": page, "headline": state["item"]["headline"], "action": "label"}
            status, state = call(f"{address}/decide", body | {"section": "경제"})
            assert status == 200
    labels = read_table(output, all_columns=True)
    assert len(labels) == len(HEADLINES) - 1  # one is still shown on the page x that waited for the server
    assert set(labels["curator"]) == {"a", "b"}


def test_a_wrong_decision_is_refused(served: tuple[str, Path]) -> None:
    address, output = served
    headline = call(f"{address}/state?page=x")[1]["item"]["headline"]
    for change, message in (
        ({"headline": "없는 제목"}, "not in the queue"),
        ({"section": "날씨"}, "날씨"),
        ({"action": "guess", "section": ""}, "no decision"),
        ({"colour": 1}, "colour"),
    ):
        body = {"page": "x", "headline": headline, "action": "label", "section": "경제"} | change
        status, answer = call(f"{address}/decide", body)
        assert (status, message in answer["error"]) == (422, True)
    assert not output.exists()


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: make browser")
def test_one_key_labels_a_headline_and_another_takes_it_back(served: tuple[str, Path]) -> None:
    address, output = served
    with open_page() as page:
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(address)
        page.locator("#sections button").nth(7).wait_for()
        first = page.locator("#headline").inner_text()
        assert first in HEADLINES
        page.get_by_label("이름").fill("가영")
        page.get_by_label("이름").press("Tab")
        page.keyboard.press("2")
        expect(page.locator("#count")).to_contain_text("1 / 5")
        labels = read_table(output, all_columns=True)
        assert labels[["headline", "section", "curator"]].values.tolist() == [[first, "경제", "가영"]]
        assert page.locator("#headline").inner_text() != first
        page.keyboard.press("z")
        expect(page.locator("#count")).to_contain_text("0 / 5")
        assert page.locator("#headline").inner_text() == first
        page.keyboard.press("s")
        expect(page.locator("#count")).to_contain_text("1 / 5")
        page.get_by_role("button", name="제목이 아님").click()
        expect(page.locator("#count")).to_contain_text("2 / 5")
        assert page.locator("#problem").inner_text() == ""
        assert not problems
        assert output.read_text(encoding="utf-8").count("\n") == 1  # a header and nothing labelled
