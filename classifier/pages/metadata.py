"""What the head of an HTML page says of its article: title, section, press and date."""

from __future__ import annotations

import re
from collections.abc import Collection
from email.utils import parsedate
from typing import Any

from classifier.pages.html import Document
from classifier.pages.lines import why_no_headline
from classifier.pages.profile import Portal

_TAIL = re.compile(r"\s*(?:[|<>ㅣ│:]+|\s[–—:·-]|[–—-](?=[^\s–—-]{1,10}$))\s*([^|<>ㅣ│]{1,25})$")
_DATE = re.compile(r"(\d{4})\s?[-./년]\s?(\d{1,2})\s?[-./월]\s?(\d{1,2})|\b(\d{4})(\d\d)(\d\d)")
_ARTICLE_TYPES = frozenset(("newsarticle", "article", "reportagenewsarticle", "analysisnewsarticle", "blogposting"))
_SECTION_NAMES = ("article:section", "og:article:section", "me2:category2", "section", "classification")
_PRESS_NAMES = (
    "og:article:author", "twitter:creator", "article:media_name", "dable:author", "me2:category1", "article:publisher",
)  # fmt: skip
DATE_NAMES = ("article:published_time", "og:regdate", "article:published", "datepublished", "date", "pubdate")
_LONG_NAME = 15
_LIST_NAME = re.compile(r"(?:검색|검색 ?결과|랭킹|랭킹 ?뉴스|(?:기사|뉴스) ?(?:목록|모음)|헤드라인 ?뉴스?|전체 ?기사)$")
_CUT = re.compile(r"(.{10,}?)\s*(?:…|\.{2,})$")


def iso_date(text: str) -> str:
    """Return the first date in a text as YYYY-MM-DD, or nothing."""
    if found := _DATE.search(text):
        year, month, day = (int(digits) for digits in found.groups() if digits)
    elif parsed := parsedate(text):
        year, month, day = parsed[:3]
    else:
        return ""
    return f"{year:04}-{month:02}-{day:02}"


def is_article(data: dict[str, Any]) -> bool:
    """Whether an object of JSON-LD is an article."""
    kinds = data.get("@type")
    names = kinds if isinstance(kinds, list) else [kinds]
    return any(isinstance(name, str) and name.lower() in _ARTICLE_TYPES for name in names)


def text_of(value: Any) -> str:
    """Return the text of a value of JSON-LD: a string, an object's name, or the first of several."""
    if isinstance(value, list):
        value = value[0] if value else ""
    if isinstance(value, dict):
        value = value.get("name") or value.get("@id") or ""
    return " ".join(value.split()) if isinstance(value, str) else ""


def clean_title(
    document: Document, data: dict[str, Any], shown: Collection[str], portal: Portal
) -> tuple[str, str | None, str | None] | None:
    """Return the title of the article, and the section and the press that stand behind it in the page's title.

    None if the page's title is that of a list, a portal or a section. ``shown`` are the titles that the page shows.
    """
    meta = document.meta
    site = meta.get("og:site_name", "")
    given = text_of(data.get("headline")) or meta.get("og:title") or meta.get("twitter:title") or document.title
    title, section, press = _without_tail(given, shown, site, portal)
    if stem := _CUT.match(title):
        title = next((text for text in shown if text.startswith(stem[1])), title)
    names_the_site = title == site or (portal.is_site(title) and len(title) < _LONG_NAME)
    if names_the_site or _LIST_NAME.search(title) or why_no_headline(title, portal, strict=False):
        return None
    return title, section, press


def _without_tail(title: str, shown: Collection[str], site: str, portal: Portal) -> tuple[str, str | None, str | None]:
    """Take the names of the site, of the press and of a section off the end of a page's title."""
    section = press = None
    while tail := _TAIL.search(title):
        name = tail[1].strip()
        named = portal.section(name)
        is_press = not portal.is_site(name) and (name == site or portal.match("press", name) is not None)
        known = is_press or named or portal.is_site(name) or portal.list_title(name)
        if not known and (title in shown or title[: tail.start()] not in shown):
            break
        section = section or named
        press = press or (name if is_press else None)
        title = title[: tail.start()].rstrip()
    return title, section, press


def stated_press(meta: dict[str, str], data: dict[str, Any], portal: Portal) -> str | None:
    """Return the press that a page's metadata name."""
    names = [
        *(meta.get(name, "") for name in _PRESS_NAMES),
        text_of(data.get("publisher")),
        meta.get("og:site_name", ""),
    ]
    for name in names:
        bare = re.split(r"\s*[|·:]\s*", name)[0].strip()
        if bare and len(bare) <= 20 and not bare.startswith(("http", "@")) and not portal.is_site(bare):
            return bare
    return None


def stated_section(document: Document, data: dict[str, Any], portal: Portal) -> str | None:
    """Return the section that a page says its article is in: in its text, its metadata or its address."""
    whole: dict[int, str] = {}
    for part in document.parts:
        whole[part.line] = whole.get(part.line, "") + part.raw
    texts = (" ".join(text.split()) for text in whole.values())
    named = next((section for text in texts if (section := portal.article_section(text))), None)
    section = data.get("articleSection")
    names = [*section] if isinstance(section, list) else [section]
    names += [document.meta.get(name) for name in _SECTION_NAMES]
    found = next((s for name in names if isinstance(name, str) and (s := portal.section_in(name))), None)
    return named or found or portal.address_section(document.address)
