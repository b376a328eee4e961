"""What a page says: its article, and the headlines that it lists."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from classifier.pages.body import MIN_BODY, body_of, find_article, is_aside, press_over
from classifier.pages.feeds import Feed
from classifier.pages.headings import TITLE_WORDS
from classifier.pages.html import HEADINGS, Document, Part
from classifier.pages.lines import Line
from classifier.pages.links import Link, read_links
from classifier.pages.lists import Item, by_evidence, read_lists
from classifier.pages.metadata import (
    DATE_NAMES,
    clean_title,
    is_article,
    iso_date,
    stated_press,
    stated_section,
    text_of,
)
from classifier.pages.profile import Portal
from classifier.pages.source import Page

_MANY_ITEMS, _LONG_BODY = 15, 200  # with more items than that, prose is an article only if it has so many characters


@dataclass(frozen=True)
class Article:
    """The article of a page."""

    title: str
    body: str  #: paragraphs, one a line, without menus and captions; empty if the page was saved without its text
    press: str | None
    section: str | None  #: that the page states, or else the one on which its lists agree
    date: str = ""  #: YYYY-MM-DD
    url: str = ""


@dataclass(frozen=True)
class Reading:
    """All that a page says."""

    article: Article | None
    items: list[Item]  #: in the page's order, repeats included
    links: list[Link] = field(default_factory=list)  #: of HTML: accepted and refused, with why
    is_shell: bool = False  #: HTML without text: a script would have brought it


def read(page: Page, portal: Portal) -> Reading:
    """Return what ``page`` says, by the ``portal``'s profile."""
    if page.feed is not None:
        return Reading(None, _entries(page.feed, portal))
    if page.document is not None:
        return _read_html(page.document, portal)
    lines = [line for line in map(Line.of, page.lines) if line.text]
    items, rest = read_lists(lines, portal)
    found = find_article(rest, portal)
    if found is None:
        return Reading(None, items)
    title, body, press = found
    named = next((section for line in lines if (section := portal.article_section(line.text))), None)
    return Reading(Article(title, body, press, named or _agreed(items)), items)


def _agreed(items: Sequence[Item]) -> str | None:
    """Return the section that a page's lists name, if all that name one name the same.

    One list alone counts only if the page has no other: a portal may show that list on all its pages.
    """
    titles = {item.heading: dict(item.stated).get("block") for item in items}
    named = [name for name in titles.values() if name]
    return named[0] if len(set(named)) == 1 and (len(named) > 1 or len(titles) == 1) else None


# ---- Feeds -------------------------------------------------------------------------------------------------


def _entries(feed: Feed, portal: Portal) -> list[Item]:
    """Return a feed's entries as listed headlines; a search engine's feed has the press behind the title."""
    page = portal.section_in_title(feed.title)
    items = []
    for entry in feed.entries:
        title = " ".join(re.sub(r"</?\w[^<>]*>", "", entry.title).split())
        press = entry.press if entry.press and not portal.is_site(entry.press) else None
        if press:
            title = re.sub(rf"\s[-–|]\s{re.escape(press)}$", "", title)
        if not title:
            continue
        own = next((section for name in entry.categories if (section := portal.section_in(name))), None)
        sections = by_evidence(item=own, page=page, address=portal.address_section(entry.url))
        items.append(Item(title, press, feed.title, sections, entry.url, iso_date(entry.date)))
    return items


# ---- HTML --------------------------------------------------------------------------------------------------


def _read_html(document: Document, portal: Portal) -> Reading:
    listed = read_links(document, portal)
    items = listed.items
    lines = _lines(document, listed.used)
    if not listed.has_headlines:  # a page without links is read like a text
        items, lines = read_lists(lines, portal)
    else:
        items = items + read_lists([line for line in lines if line.node.tag == "pre"], portal)[0]
    article = _article_of(document, lines, items, listed.section, portal)
    if article is not None:
        items = [replace(item, stated=tuple(s for s in item.stated if s[0] != "page")) for item in items]
        same = next((item.section for item in items if item.headline == article.title and item.section), None)
        article = replace(article, section=article.section or same)
    return Reading(article, items, listed.links, not any(part.text for part in document.parts))


def _lines(document: Document, used: set[int]) -> list[Line]:
    """Return the text of a page by lines, without the parts that are ``used``, as a text has them."""
    lines: list[Line] = []
    group: list[Part] = []
    for number, part in enumerate([*document.parts, None]):
        if group and (part is None or part.line != group[-1].line or part.alone or group[-1].alone or number in used):
            lines.append(_line(group))
            group = []
        if part is not None and number not in used:
            group.append(part)
    return lines


def _line(group: list[Part]) -> Line:
    """Return the line that parts make together, as a text has it: with a bullet before an item of a list."""
    first, text = group[0], "".join(part.raw for part in group)
    sign = "  • " if first.opens_item else "    " if first.depth else ""
    linked = sum(len(part.raw) for part in group if part.link is not None) / len(text)
    heading = not linked and any(node.tag in HEADINGS for node in first.node.near(4))
    return replace(Line.of(sign + " ".join(text.split())), heading=heading, node=first.node, linked=linked)


def _article_of(
    document: Document, lines: list[Line], items: list[Item], page: str | None, portal: Portal
) -> Article | None:
    """Return the article of an HTML page, if signals together say that there is one."""
    data = next((d for d in document.data if is_article(d)), {})
    is_list = bool(portal.section_in_title(document.title))
    shown = {line.text for line in lines if line.heading or line.node.among(TITLE_WORDS, 3)}
    headed = clean_title(document, data, shown, portal)
    prose = [line for line in lines if line.linked < 0.5 and not is_aside(line.node)]
    dates = [text_of(data.get("datePublished")), *(document.meta.get(name, "") for name in DATE_NAMES)]
    date = next((day for text in dates if (day := iso_date(text))), "")
    tail_section: str | None = None
    if headed is None:
        found = None if document.meta.get("og:title") or is_list else find_article(prose, portal)
        if found is None or (len(items) > _MANY_ITEMS and len(found[1]) < _LONG_BODY):
            return None
        title, body, press = found
    else:
        title, tail_section, press = headed
        body = body_of(prose, title, portal)
        kind = document.meta.get("og:type", "").lower()
        signals = 2 * bool(data) + (kind == "article") - (kind == "website") + bool(date)
        signals += (len(body) >= MIN_BODY) + (len(body) >= 2 * MIN_BODY)
        signals += title in shown
        if signals < (3 if document.parts else 1):
            return None
        press = press or press_over(document, lines, title, body, portal)
    section = stated_section(document, data, portal) or tail_section or page or _agreed(items)
    press = stated_press(document.meta, data, portal) or press
    return Article(title, body, press, section, date, document.address)
