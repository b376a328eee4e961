"""What a page says: its article, and the headlines that it lists.

Only a run of paragraphs with a title over it is taken for the article; the headlines are those of
:mod:`~classifier.pages.lists`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from classifier.pages.html import Page
from classifier.pages.lines import Line, headline_like, is_paragraph
from classifier.pages.lists import Item, read_blocks
from classifier.pages.profile import Portal

_LIST_ITEM = re.compile(r"[•·*-] ")
_MIN_BODY = 80
_TITLE_REACH = 12  # lines over the first paragraph among which its title is looked for


@dataclass(frozen=True)
class Article:
    """The article of a page."""

    title: str
    body: str  #: paragraphs, one a line, without menus and captions
    press: str | None
    section: str | None  #: that the page names, or else several blocks and no block otherwise


@dataclass(frozen=True)
class Reading:
    """All that a page says."""

    article: Article | None
    items: list[Item]  #: in the page's order, repeats included


def read(page: Page, portal: Portal) -> Reading:
    """Return what ``page`` says, by the ``portal``'s profile."""
    lines = [line for line in map(Line.of, page.lines) if line.text]
    items = read_blocks(lines, portal)
    section = portal.section(page.section) if page.section else None
    section = section or next((said for line in lines if (said := portal.article_section(line.text))), None)
    if section is None:
        titles = {item.block: item.block_section for item in items}
        named = [name for name in titles.values() if name]
        # Blocks that agree are of the page's section; one among others may be what the house advertises everywhere.
        if len(set(named)) == 1 and (len(named) > 1 or len(titles) == 1):
            section = named[0]
    found = _article([line for line in lines if not line.used], page.title, portal)
    return Reading(Article(*found, section) if found else None, items)


def _article(lines: Sequence[Line], hint: str | None, portal: Portal) -> tuple[str, str, str | None] | None:
    """Return title, body and press of the longest run of paragraphs, or None."""
    lines = [line for line in lines if not _LIST_ITEM.match(line.text)]
    texts = [line.text for line in lines]
    paragraphs = [i for i, text in enumerate(texts) if is_paragraph(text, portal)]
    runs: list[list[int]] = []
    for i in paragraphs:
        between = texts[runs[-1][-1] + 1 : i] if runs else []
        apart = any(portal.match(kind, text) for text in between for kind in ("body_ends", "bylines"))
        if runs and len(between) <= 4 and not apart:
            runs[-1].append(i)
        else:
            runs.append([i])
    if not runs:
        return None
    run = max(runs, key=lambda found: sum(len(texts[i]) for i in found))
    body = [texts[i] for i in run]
    if sum(map(len, body)) < _MIN_BODY:
        return None
    title, press = _title(texts, run[0], hint, portal)
    if title is None:
        return None
    if press is None:
        following = texts[run[-1] + 1 : run[-1] + 3]
        press = next((text for text in following if portal.match("press", text)), None)
    return title, "\n".join(body), press


def _between(text: str, portal: Portal) -> bool:
    """Whether a line is of those that stand between title and paragraphs in any number."""
    if portal.match("bylines", text):
        return False
    return any(portal.match(kind, text) for kind in ("menu", "noise", "captions"))


def _title(texts: Sequence[str], first: int, hint: str | None, portal: Portal) -> tuple[str | None, str | None]:
    """Return the title over the paragraph at ``first`` and the press of the line between, if any."""
    over = [i for i in range(first - 1, -1, -1) if not _between(texts[i], portal)][:_TITLE_REACH]
    press: str | None = None
    title: str | None = None
    bylines: list[int] = []
    for i in over:
        if is_paragraph(texts[i], portal) or (bylines and i < bylines[-1] - 2):
            break
        found = portal.match("bylines", texts[i])
        if found:
            bylines.append(i)
            press = press or found.groupdict().get("press")
        elif portal.match("press", texts[i]):
            press = press or texts[i]
    for i in over:
        if is_paragraph(texts[i], portal):
            break
        if hint and len(texts[i]) >= 8 and hint.startswith(texts[i]):
            return texts[i], press
        # With a byline the title stands over it; what stands under it is a caption or a summary.
        if title is None and not (bylines and i >= bylines[0]) and headline_like(texts[i], portal):
            title = texts[i]
    return title, press.strip() if press else None
