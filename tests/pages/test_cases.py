"""Whole pages of our own making, as portals and newspapers write them, against what they hold.

``cases`` has a page for each kind of fault, ``portals`` one for each layout of a portal or a paper. The ``truth.json``
of a folder says what each page holds; a section or a press that a page does not state is empty.
"""

from __future__ import annotations

import io
import json
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest

from classifier.errors import DataError
from classifier.pages.article import read
from classifier.pages.extract import extract, read_named
from classifier.pages.profile import Portal, load_portal
from classifier.pages.source import read_stream
from tests.support import hostile_pages as hostile

HERE = Path(__file__).parent


def truth_of(folder: str) -> dict[str, dict[str, Any]]:
    """Return what the pages of a folder hold, by the pages' paths."""
    truth = json.loads((HERE / folder / "truth.json").read_text(encoding="utf-8"))
    return {f"{folder}/{name}": held for name, held in truth.items()}


PORTALS = truth_of("portals")
TRUTH = truth_of("cases") | PORTALS


@pytest.fixture(scope="module")
def portal() -> Portal:
    return load_portal()


@pytest.mark.parametrize("name", TRUTH)
def test_a_page_gives_its_rows_and_no_others(portal, name):
    truth = TRUTH[name]
    extraction = extract([str(HERE / name)], portal, io.BytesIO())
    assert extraction.failures == []
    rows = extraction.rows()
    article = [row for row in rows if row["evidence"] == "article"]
    listed = [row for row in rows if row["evidence"] != "article"]
    assert Counter(row["headline"] for row in listed) == Counter(item["headline"] for item in truth["listed"])
    found = {row["headline"]: row for row in listed}
    for item in truth["listed"]:
        row = found[item["headline"]]
        assert row["section"] == item["section"], item["headline"]
        assert row["press"] == item["press"] or not item["press"], item["headline"]
    expected = truth["article"]
    assert len(article) == (expected is not None)
    if expected is not None:
        assert article[0]["headline"] == expected["title"]
        assert article[0]["section"] == (expected["section"] or "")
        assert article[0]["press"] == (expected["press"] or "")


@pytest.mark.parametrize("name", [name for name, truth in TRUTH.items() if "paragraphs" in (truth["article"] or {})])
def test_a_body_has_its_paragraphs_and_no_captions(portal, name):
    expected = TRUTH[name]["article"]
    article = read_named(str(HERE / name), portal, io.BytesIO()).article
    assert article is not None
    paragraphs = [line for line in article.body.split("\n") if line]
    assert len(paragraphs) == expected["paragraphs"]
    for text in expected.get("body_has", []):
        assert text in article.body
    for text in [*expected.get("body_lacks", []), "@", "폰트", "자동 추출", "재판매"]:
        assert text not in article.body


#: What the pages of portals have in menus, footers and boxes.
NO_NEWS = frozenset((
    "고침기사 모음", "정정·반론·추후 보도 기사 모음", "불공정 선거 보도 기사 모음", "책임의 한계와 법적고지",
    "전체 언론사 보기", "언론사 구독 해지하고 설정 바꾸러 가기", "구독하고 새 기사 알림 받아보기",
    "라온전자 태블릿 출시일 가격", "라온전자 주가 전망 토론방", "전체기사 모아서 보기", "고객센터 바로가기 안내",
    "기자 페이지 바로가기", "이 기사를 친구에게 보내기",
))  # fmt: skip


@pytest.mark.parametrize("damage", hostile.DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_layout_gives_no_row_from_a_menu(portal, damage):
    """Damage that takes a menu's other entries away may make a row of the one that is left; it does so hardly ever."""
    from_menus = read_pages = 0
    for number, name in enumerate(PORTALS):
        whole = (HERE / name).read_text(encoding="utf-8").replace("\n", "")  # some damage moves whole lines
        for seed in range(2):
            page = damage(Random(100 * number + seed), whole)
            try:
                found = read(read_stream(io.BytesIO(page.encode()), "page.html", portal), portal)
            except DataError:
                continue
            read_pages += 1
            headlines = [item.headline for item in found.items] + ([found.article.title] if found.article else [])
            from_menus += len(NO_NEWS.intersection(headlines))
    assert read_pages > len(PORTALS) / 4
    assert from_menus == 0
