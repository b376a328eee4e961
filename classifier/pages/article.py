"""What a page says: its article, and the headlines that it lists."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from classifier.pages.feeds import Feed
from classifier.pages.headings import PRESS_WORDS, TITLE_WORDS
from classifier.pages.html import HEADINGS, Document, Node, Part
from classifier.pages.lines import Line, headline_like, is_paragraph, is_sentence, why_no_headline
from classifier.pages.links import Link, read_links
from classifier.pages.lists import Item, read_lists
from classifier.pages.profile import Portal
from classifier.pages.source import Page

_LIST_ITEM = re.compile(r"[•·*-] ")
_MIN_BODY = 80
_LONG_BODY, _MANY_ITEMS = 200, 15  # a page that lists more has an article only if it is longer
_LONG_NAME = 15
_LIST_NAME = re.compile(r"(?:검색|검색 ?결과|랭킹|랭킹 ?뉴스|(?:기사|뉴스) ?(?:목록|모음)|헤드라인 ?뉴스?|전체 ?기사)$")
_CUT = re.compile(r"(.{10,}?)\s*(?:…|\.{2,})$")
_MIN_SENTENCE = 10
_GAP = 4  # lines between two paragraphs of one article that are neither captions nor sentences
_TITLE_REACH = 12  # lines over the first paragraph among which its title is looked for
_TAIL = re.compile(r"\s*(?:[|<>ㅣ│:]+|\s[–—:·-]|[–—-](?=[^\s–—-]{1,10}$))\s*([^|<>ㅣ│]{1,25})$")
_DATE = re.compile(r"(\d{4})\s?[-./년]\s?(\d{1,2})\s?[-./월]\s?(\d{1,2})")
_ARTICLE_TYPES = frozenset(("newsarticle", "article", "reportagenewsarticle", "analysisnewsarticle", "blogposting"))
_ADDRESS = re.compile(r"\s*[(<\[]?[\w.+-]+@[\w-]+(?:\.[\w-]+)+[)>\]]?\s*$")
_SECTION_NAMES = (
    "article:section",
    "og:article:section",
    "me2:category2",
    "section",
    "classification",
    "news_category",
)
_PRESS_NAMES = (
    "og:article:author", "twitter:creator", "article:media_name", "dable:author", "me2:category1", "article:publisher",
)  # fmt: skip
_DATE_NAMES = ("article:published_time", "og:regdate", "article:published", "datepublished", "date", "pubdate")
_ASIDE = frozenset(
    "caption figcaption copyright byline reporter journalist comment comments reply related desc".split()
)


@dataclass(frozen=True)
class Article:
    """The article of a page."""

    title: str
    body: str  #: paragraphs, one a line, without menus and captions; empty if the page was saved without its text
    press: str | None
    section: str | None  #: that the page names, or else several of its lists and no list otherwise
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
    found = _article(rest, portal)
    if found is None:
        return Reading(None, items)
    title, body, press = found
    stated = next((section for line in lines if (section := portal.article_section(line.text))), None)
    return Reading(Article(title, body, press, stated or _agreed(items)), items)


def _agreed(items: Sequence[Item]) -> str | None:
    """Return the section that a page's lists name if they agree.

    Lists that agree are of the page's section; one among others may be what the portal advertises everywhere.
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
        stated = (("item", own), ("page", page), ("address", portal.address_section(entry.url)))
        sections = tuple((kind, section) for kind, section in stated if section)
        items.append(Item(title, press, feed.title, sections, entry.url, _date(entry.date)))
    return items


def _date(text: str) -> str:
    """Return the first date in a text as YYYY-MM-DD, or nothing."""
    if found := _DATE.search(text):
        return f"{found[1]}-{int(found[2]):02}-{int(found[3]):02}"
    from email.utils import parsedate

    parsed = parsedate(text) if text else None
    return f"{parsed[0]}-{parsed[1]:02}-{parsed[2]:02}" if parsed else ""


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
            first, text = group[0], "".join(piece.raw for piece in group)
            sign = "  • " if first.opens_item else "    " if first.depth else ""
            line = Line.of(sign + " ".join(text.split()))
            linked = sum(len(piece.raw) for piece in group if piece.link is not None) / len(text)
            heading = any(node.tag in HEADINGS for _, node in zip(range(4), first.node.up(), strict=False))
            lines.append(
                Line(line.text, line.indented, line.raw, heading and not linked, node=first.node, linked=linked)
            )
            group = []
        if part is not None and number not in used:
            group.append(part)
    return lines


def _article_of(
    document: Document, lines: list[Line], items: list[Item], page: str | None, portal: Portal
) -> Article | None:
    """Return the article of an HTML page, if signals together say that there is one."""
    data = next((d for d in document.data if _is_article(d)), {})
    is_list = bool(portal.section_in_title(document.title))
    stated = _clean_titles(document, data, lines, portal)
    prose = [line for line in lines if line.linked < 0.5 and not _aside(line.node)]
    dates = [_text(data.get("datePublished")), *(document.meta.get(name, "") for name in _DATE_NAMES)]
    date = next((found for text in dates if (found := _date(text))), "")
    tail_section: str | None = None
    press: str | None = None
    if stated is None:
        prose_found = None if document.meta.get("og:title") or is_list else _article(prose, portal)
        if prose_found is None or (len(items) > _MANY_ITEMS and len(prose_found[1]) < _LONG_BODY):
            return None
        title, body, press = prose_found
    else:
        title, tail_section, press = stated
        body = _body(prose, title, portal)
        kind = document.meta.get("og:type", "").lower()
        signals = 2 * bool(data) + (kind == "article") - (kind == "website") + bool(date)
        signals += (len(body) >= _MIN_BODY) + (len(body) >= 2 * _MIN_BODY)
        signals += any(line.text == title and (line.heading or _is_title(line)) for line in lines)
        if signals < (3 if document.parts else 1):
            return None
        press = press or _press_over(document, lines, title, body, portal)
    section = _stated_section(document, data, portal) or tail_section or page or _agreed(items)
    url = document.meta.get("og:url") or document.canonical
    return Article(title, body, _stated_press(document.meta, data, portal) or press, section, date, url)


def _is_article(data: dict[str, Any]) -> bool:
    kinds = data.get("@type")
    names = kinds if isinstance(kinds, list) else [kinds]
    return any(isinstance(name, str) and name.lower() in _ARTICLE_TYPES for name in names)


def _text(value: Any) -> str:
    """Return the text of a value of JSON-LD: a string, an object's name, or the first of several."""
    if isinstance(value, list):
        value = value[0] if value else ""
    if isinstance(value, dict):
        value = value.get("name") or value.get("@id") or ""
    return " ".join(value.split()) if isinstance(value, str) else ""


def _clean_titles(
    document: Document, data: dict[str, Any], lines: list[Line], portal: Portal
) -> tuple[str, str | None, str | None] | None:
    """Return the title of the article, and the section and the press that stand behind it in the page's title."""
    meta = document.meta
    site = meta.get("og:site_name", "")
    shown = {line.text for line in lines if line.heading or _is_title(line)}
    for given in (_text(data.get("headline")), meta.get("og:title", ""), meta.get("twitter:title", ""), document.title):
        title, section, press = _without_tail(given, shown, site, portal)
        if stem := _CUT.match(title):
            title = next((text for text in shown if text.startswith(stem[1])), title)
        named = portal.is_site(title) and len(title) < _LONG_NAME
        names_a_list = not title or named or title == site or _LIST_NAME.search(title)
        if not names_a_list and not why_no_headline(title, portal, strict=False):
            return title, section, press
        if given:
            return None
    return None


def _is_title(line: Line) -> bool:
    return any(node.words & TITLE_WORDS for _, node in zip(range(3), line.node.up(), strict=False))


def _without_tail(title: str, shown: set[str], site: str, portal: Portal) -> tuple[str, str | None, str | None]:
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


def _stated_press(meta: dict[str, str], data: dict[str, Any], portal: Portal) -> str | None:
    names = [*(meta.get(name, "") for name in _PRESS_NAMES), _text(data.get("publisher")), meta.get("og:site_name", "")]
    for name in names:
        bare = re.split(r"\s*[|·:]\s*", name)[0].strip()
        if bare and len(bare) <= 20 and not bare.startswith(("http", "@")) and not portal.is_site(bare):
            return bare
    return None


def _press_over(document: Document, lines: Sequence[Line], title: str, body: str, portal: Portal) -> str | None:
    """Return the press that a logo over the body or a line between title and body names."""
    begin = body.partition("\n")[0]
    texts = [line.text for line in lines]
    first = next((i for i, text in enumerate(texts) if begin and text.startswith(begin)), 0)
    over = texts.index(title) if title in texts[:first] else first
    for line in lines[over:first]:
        text = line.text
        if len(text) <= 15 and line.node.words & (PRESS_WORDS | {"media"}) and not portal.match("noise", text):
            return text
        if byline := portal.byline_press(text):
            return byline
        if portal.match("press", text):
            return text
    for image in document.images:
        if any(node.words & (PRESS_WORDS | {"logo"}) for _, node in zip(range(4), image.up(), strict=False)):
            alt = " ".join((image.attributes.get("alt") or "").split())
            if len(alt) <= 15 and not portal.is_site(alt):
                return alt
    return None


def _stated_section(document: Document, data: dict[str, Any], portal: Portal) -> str | None:
    """Return the section that a page says its article is in: in its text, its metadata or its address."""
    whole: dict[int, str] = {}
    for part in document.parts:
        whole[part.line] = whole.get(part.line, "") + part.raw
    texts = (" ".join(text.split()) for text in whole.values())
    said = next((section for text in texts if (section := portal.article_section(text))), None)
    section = data.get("articleSection")
    names = [*section] if isinstance(section, list) else [section]
    names += [document.meta.get(name) for name in _SECTION_NAMES]
    found = next((s for name in names if isinstance(name, str) and (s := portal.section_in(name))), None)
    return said or found or portal.address_section(document.meta.get("og:url") or document.canonical)


def _aside(node: Node) -> bool:
    """Whether an element holds what is not the article: a caption, a byline, a menu."""
    for around in node.up():
        if around.tag in ("figcaption", "nav", "footer", "aside") or around.words & _ASIDE:
            return around.tag not in ("body", "html", "article", "main")
    return False


def _body(lines: Sequence[Line], title: str, portal: Portal) -> str:
    """Return the body of the article whose title is known."""
    container = _container(lines, portal)
    within = [line for line in lines if container is None or _is_within(line, container)]
    return "\n".join(_paragraphs(within, portal, title)[0])


def _is_within(line: Line, container: Node) -> bool:
    return any(node is container for node in line.node.up())


def _container(lines: Sequence[Line], portal: Portal) -> Node | None:
    """Return the smallest element that holds most of the page's prose."""
    sizes: dict[int, tuple[int, int, Node]] = {}
    total = 0
    for line in lines:
        if not is_paragraph(line.text, portal):
            continue
        total += len(line.text)
        for node in line.node.up():
            size, _, _ = sizes.get(id(node), (0, 0, node))
            sizes[id(node)] = (size + len(line.text), node.end - node.start, node)
    holding = [(extent, node) for size, extent, node in sizes.values() if size >= 0.7 * total]
    return min(holding, key=lambda found: found[0])[1] if holding else None


# ---- Lines -------------------------------------------------------------------------------------------------


def _article(lines: Sequence[Line], portal: Portal) -> tuple[str, str, str | None] | None:
    """Return title, body and press of the longest run of paragraphs, or None."""
    lines = [line for line in lines if not _LIST_ITEM.match(line.text)]
    body, start, end = _paragraphs(lines, portal)
    if sum(map(len, body)) < _MIN_BODY:
        return None
    texts = [line.text for line in lines]
    title, press = _title(texts, start, portal)
    if title is None:
        return None
    if press is None:
        press = next((text for text in texts[end + 1 : end + 3] if portal.match("press", text)), None)
    return title, "\n".join(body), press


def _paragraphs(lines: Sequence[Line], portal: Portal, title: str | None = None) -> tuple[list[str], int, int]:
    """Return the longest run of paragraphs, and the numbers of its first and its last line.

    Between them stand captions, bylines and boxes in any number, and few other lines. A short sentence right before
    or within the run is of it too.
    """
    texts = [line.text for line in lines]
    runs: list[list[int]] = []
    between = 0
    for i, text in enumerate(texts):
        if is_paragraph(text, portal):
            if runs and between <= _GAP:
                runs[-1].append(i)
            else:
                runs.append([i])
            between = 0
        elif portal.match("bylines", text) or (title is None and portal.match("body_ends", text)):
            between += _GAP + 1 if title is None else 1
        elif not portal.match("captions", text) and not is_sentence(text, portal, _MIN_SENTENCE):
            between += 1
    if not runs:
        return [], 0, 0
    run = max(runs, key=lambda found: sum(len(texts[i]) for i in found))
    first = run[0]
    for i in range(first - 1, -1, -1):
        if portal.match("captions", texts[i]):
            continue
        if texts[i] == title or not is_sentence(texts[i], portal, _MIN_SENTENCE) or not _alike(lines[i], lines[first]):
            break
        run.insert(0, i)
    last = run[-1]
    while (
        last + 1 < len(texts) and texts[last + 1] != title and is_sentence(texts[last + 1], portal, 2 * _MIN_SENTENCE)
    ):
        if not _alike(lines[last + 1], lines[last]):
            break
        last += 1
    found = [
        texts[i]
        for i in range(run[0], last + 1)
        if i in run or i > run[-1] or is_sentence(texts[i], portal, _MIN_SENTENCE)
    ]
    return [_ADDRESS.sub("", text) for text in found], run[0], last


def _alike(first: Line, second: Line) -> bool:
    """Whether two lines are of the same element, or of elements of one kind; lines of a text are."""
    siblings = first.node.kind == second.node.kind and first.node.parent is second.node.parent
    return first.node is second.node or siblings


def _between(text: str, portal: Portal) -> bool:
    """Whether a line is of those that stand between title and paragraphs in any number."""
    if portal.match("bylines", text):
        return False
    return any(portal.match(kind, text) for kind in ("menu", "noise", "captions"))


def _title(texts: Sequence[str], first: int, portal: Portal) -> tuple[str | None, str | None]:
    """Return the title over the paragraph at ``first`` and the press of the line between, if any."""
    over = [i for i in range(first - 1, -1, -1) if not _between(texts[i], portal)][:_TITLE_REACH]
    press: str | None = None
    title: str | None = None
    bylines: list[int] = []
    for i in over:
        if is_paragraph(texts[i], portal) or (bylines and i < bylines[-1] - 2):
            break
        if portal.match("bylines", texts[i]):
            bylines.append(i)
            press = press or portal.byline_press(texts[i])
        elif portal.match("press", texts[i]):
            press = press or texts[i]
    for i in over:
        if is_paragraph(texts[i], portal):
            break
        # With a byline the title stands over it; what stands under it is a caption or a summary.
        if title is None and not (bylines and i >= bylines[0]) and headline_like(texts[i], portal):
            title = texts[i]
    return title, press
