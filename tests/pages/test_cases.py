"""Pages in the structure of real ones, each standing for a kind of fault, against what they hold."""

from __future__ import annotations

import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from classifier.pages.extract import extract, read_named
from classifier.pages.profile import Portal, load_portal

CASES = Path(__file__).parent / "cases"
TRUTH: dict[str, dict[str, Any]] = json.loads((CASES / "truth.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def portal() -> Portal:
    return load_portal()


@pytest.mark.parametrize("name", TRUTH)
def test_a_page_gives_its_rows_and_no_others(portal, name):
    truth = TRUTH[name]
    extraction = extract([str(CASES / name)], portal, io.BytesIO())
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


@pytest.mark.parametrize("name", [name for name, truth in TRUTH.items() if truth["article"]])
def test_a_body_has_its_paragraphs_and_no_captions(portal, name):
    expected = TRUTH[name]["article"]
    article = read_named(str(CASES / name), portal, io.BytesIO()).article
    assert article is not None
    paragraphs = [line for line in article.body.split("\n") if line]
    assert len(paragraphs) == expected["paragraphs"]
    for text in expected.get("body_has", []):
        assert text in article.body
    for text in [*expected.get("body_lacks", []), "@", "폰트", "자동 추출", "재판매"]:
        assert text not in article.body
