"""The page for people, in a real browser."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.support.browser import CHROMIUM, open_page
from tests.support.servers import serving, unused_port

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: make browser")

FOOTBALL, BANK = "손흥민, 개막전 멀티골…토트넘 3-1 승", "한은, 기준금리 동결…“물가 더 지켜봐야”"


@pytest.fixture(scope="module")
def address(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = unused_port()
    log = tmp_path_factory.mktemp("page") / "log"
    command = (sys.executable, "-m", "classifier", "serve", "--port", str(port))
    with serving(*command, port=port, ready="/ready", cwd=trained, log=log) as address:
        yield address


def test_headlines_are_classified_explained_and_saved(address: str, tmp_path: Path) -> None:
    with open_page() as page:
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.goto(address)
        page.get_by_label("제목(한 줄에 하나)").fill(f"{FOOTBALL}\n{BANK}\n=1+1")
        page.get_by_role("button", name="분류하기").click()
        cards = page.locator("article")
        cards.nth(2).wait_for()
        assert "스포츠" in cards.nth(0).inner_text()
        assert "경제" in cards.nth(1).inner_text()
        assert page.get_by_role("status").inner_text() == "3건을 분류했습니다."
        assert page.locator("#model").inner_text().startswith("모델 headline-classifier")
        cards.nth(1).get_by_role("button", name="왜?").click()
        cards.nth(1).locator("mark.for").first.wait_for()
        marked = cards.nth(1).locator("mark").all_inner_texts()
        assert any(word in BANK for word in marked)
        with page.expect_download() as download:
            page.get_by_role("button", name="TSV로 저장").click()
        download.value.save_as(tmp_path / "sections.tsv")
        lines = (tmp_path / "sections.tsv").read_text(encoding="utf-8-sig").splitlines()
        assert lines[0].split("\t") == ["제목", "섹션", "확률", "이유"]
        assert lines[1].split("\t")[:2] == [FOOTBALL, "스포츠"]
        assert lines[3].startswith("'=1+1")
        page.get_by_role("button", name="English").click()
        assert page.get_by_role("heading", level=1).inner_text() == "News headline sections"
        assert page.locator("html").get_attribute("lang") == "en"
        assert not problems


def test_an_article_a_file_and_the_keyboard(address: str, tmp_path: Path) -> None:
    table = tmp_path / "crawl.tsv"
    table.write_bytes(f"guid\t제목\n1\t{FOOTBALL}\n2\t코스피 상승 마감\n".encode("cp949"))
    with open_page() as page:
        page.goto(address)
        page.get_by_role("button", name="기사", exact=True).click()
        page.get_by_label("기사 제목").fill("결국 칼 빼 들었다")
        page.get_by_label("본문").fill("한국은행이 기준금리를 올렸다. 물가가 더 오를 것으로 봤다.")
        page.get_by_role("button", name="분류하기").click()
        page.locator("article").get_by_text("경제").first.wait_for()
        page.get_by_role("button", name="제목", exact=True).click()
        page.get_by_label("파일에서 읽기").set_input_files(table)
        expect(page.get_by_label("제목(한 줄에 하나)")).to_have_value(f"{FOOTBALL}\n코스피 상승 마감")
        page.get_by_label("제목(한 줄에 하나)").focus()
        page.keyboard.press("Control+Enter")
        page.locator("article").nth(1).wait_for()
        page.get_by_label("제목(한 줄에 하나)").fill("")
        page.keyboard.press("Control+Enter")
        page.get_by_text("제목을 넣어 주세요.").wait_for()


def test_it_is_readable_on_a_phone_and_in_the_dark(address: str) -> None:
    with open_page(360, 740) as page:
        page.emulate_media(color_scheme="dark")
        page.goto(address)
        page.get_by_label("제목(한 줄에 하나)").fill(
            "아주긴제목이띄어쓰기없이이어지는경우에도화면밖으로나가지않아야한다" * 2
        )
        page.get_by_role("button", name="분류하기").click()
        page.locator("article").first.wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert sum(map(int, background.removeprefix("rgb(").removesuffix(")").split(","))) < 150


def test_nothing_is_fetched_from_elsewhere(address: str) -> None:
    with open_page() as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address)
        page.get_by_label("제목(한 줄에 하나)").fill("<img src=x onerror=alert(1)> 코스피 상승")
        page.get_by_role("button", name="분류하기").click()
        page.locator("article").first.wait_for()
        assert page.locator("article img").count() == 0
        assert all(url.startswith((address, "data:", "blob:")) for url in asked)
