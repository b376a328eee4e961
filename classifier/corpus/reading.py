"""What a page says: its article, and the headlines that it lists under block titles.

Only what stands under a block title is taken for a listed headline, so menus give no rows; only a run
of paragraphs with a title over it is taken for the article.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from classifier.corpus.pages import Page
from classifier.corpus.portal import Portal

_BULLET = re.compile(
    r"(?:[•·‧∙ㆍ◦▪▫■□◆◇▶▷►●○★☆※➤✔‣⁃]\s*|[*+>–—-]\s+|\d{1,3}[.)](?!\d)\s*|[①-⑳❶-❿]\s*|[(\[]\d{1,3}[)\]]\s*)"
)
_RANK = re.compile(r"(\d{1,3})\s*위?(?:\s+|$)")
_SENTENCE_END = re.compile(r"[.!?。]['\"”’)\]]*$")
_COMMENTS = re.compile(r"\s*[\[(]\d{1,5}[\])]$")
_TAGGED = re.compile(r"[\[【〔]([^\]】〕]{1,10})[\]】〕]\s*(.+)")
_TRAILING_LABEL = re.compile(r"(.+?)(?:\s*[|│]\s*|\s{2,}|\t)(\S{1,10})\s*")

_MIN_PARAGRAPH = 50
_MIN_BODY = 80
_MIN_PLAIN = 3  # items without bullets must be this many to be called a list
_TITLE_REACH = 12  # lines over the first paragraph among which its title is looked for


@dataclass(frozen=True)
class Item:
    """A headline that a page lists."""

    headline: str
    section: str | None  #: that its own label names
    press: str | None
    block: str  #: the block's title
    block_section: str | None  #: that the block's title names


@dataclass(frozen=True)
class Article:
    """The article of a page."""

    title: str
    body: str  #: paragraphs, one a line, without menus and captions
    press: str | None
    section: str | None  #: that the page names, or else all the blocks which name one


@dataclass(frozen=True)
class Reading:
    """All that a page says."""

    article: Article | None
    items: list[Item]  #: in the page's order, repeats included


@dataclass
class _Line:
    text: str  #: white space folded
    indented: bool
    raw: str
    used: bool = False  #: belongs to a block

    @classmethod
    def of(cls, raw: str) -> _Line:
        raw = unicodedata.normalize("NFC", raw)
        return cls(" ".join(raw.split()), raw[:1].isspace(), raw.strip())


@dataclass
class _Draft:
    headline: str = ""
    section: str | None = None
    labelled: bool = False
    press: str | None = None


def read(page: Page, portal: Portal) -> Reading:
    """Return what ``page`` says, by the ``portal``'s profile."""
    lines = [line for line in map(_Line.of, page.lines) if line.text]
    items: list[Item] = []
    at = 0
    while at < len(lines):
        opened = _block_title(lines[at].text, portal)
        if opened is None:
            at += 1
            continue
        drafts, end = _Block(portal).read(lines, at + 1)
        if drafts:
            items += [Item(d.headline, d.section, d.press, opened[0], opened[1]) for d in drafts]
            for line in lines[at:end]:
                line.used = True
            at = end
        else:
            at += 1
    named = {item.block_section for item in items} - {None}
    section = portal.section(page.section) if page.section else None
    if section is None and len(named) == 1:
        (section,) = named
    found = _article([line for line in lines if not line.used], page.title, portal)
    return Reading(Article(*found, section) if found else None, items)


def _block_title(text: str, portal: Portal) -> tuple[str, str | None] | None:
    if len(text) > 45:
        return None
    bullet = _BULLET.match(text)
    return portal.block_title(text) or (portal.block_title(text[bullet.end() :]) if bullet else None)


def headline_like(text: str, portal: Portal) -> bool:
    """Whether a line of this text can be a headline: some words, mostly Korean, and no menu."""
    if not 8 <= len(text) <= 150 or (" " not in text and len(text) < 14):
        return False
    hangul = sum("가" <= c <= "힣" for c in text)
    if hangul < 4 or hangul < 0.25 * len(text) or (len(text) > 60 and _SENTENCE_END.search(text)):
        return False
    return not any(portal.match(kind, text) for kind in ("menu", "noise", "captions", "body_ends", "bylines"))


@dataclass
class _Block:
    """Reads the items under one block title, line by line, until something ends the block."""

    portal: Portal
    drafts: list[_Draft] = field(default_factory=list)
    current: _Draft | None = None
    label: str | None = None  #: a label that stood over its headline
    listed: bool | None = None  #: whether items carry bullets or ranks; unknown until the first
    menus: int = 0
    rank: int = 1  #: the next one

    def read(self, lines: Sequence[_Line], start: int) -> tuple[list[_Draft], int]:
        """Return the items and the index of the line after the block; no items if it is none."""
        at = start
        while at < len(lines) and self._take(lines[at]):
            at += 1
        drafts = [draft for draft in self.drafts if draft.headline]
        if not self.listed and (len(drafts) < _MIN_PLAIN or (at < len(lines) and self._begins_article(lines[at].text))):
            return [], start
        return drafts, at

    def _begins_article(self, text: str) -> bool:
        return is_paragraph(text, self.portal) or self.portal.match("bylines", text) is not None

    def _take(self, line: _Line) -> bool:
        """Read one line; False if it is no part of the block."""
        text, marked = self._without_bullet(line.text)
        if marked:
            self.listed = True
            self.current = None
        inside = True
        if _block_title(line.text, self.portal) is not None:
            inside = False
        elif not text:
            self._begin()
        elif self.portal.is_label(text):
            self._take_label(text, marked)
        elif self.portal.match("noise", text):
            pass
        elif self.portal.match("menu", text):
            self.menus += 1
            inside = self.menus < 2
        elif marked or (self.current is not None and not self.current.headline):
            self._take_headline(text, line)
        else:
            inside = self._take_unmarked(text, line)
        return inside

    def _take_unmarked(self, text: str, line: _Line) -> bool:
        """Read a line without a bullet: a press, a new item of a plain list, or the block's end."""
        is_press = self.portal.match("press", text) is not None
        byline = self.portal.match("bylines", text)
        if self.current is not None and (is_press or byline):
            press = text if byline is None else byline.groupdict().get("press")
            self.current.press = self.current.press or press
            return True
        if self.listed:
            return line.indented  # what else stands within an item, such as its first words
        if not headline_like(text, self.portal):
            return False
        self.listed = False
        self._take_headline(text, line)
        return True

    def _without_bullet(self, text: str) -> tuple[str, bool]:
        bullet = _BULLET.match(text)
        rest = text[bullet.end() :] if bullet else text
        rank = _RANK.match(rest)
        if rank and int(rank[1]) == self.rank and (self.listed is not False):
            self.rank += 1
            return rest[rank.end() :], True
        return rest, bullet is not None

    def _begin(self) -> _Draft:
        draft = self.current = _Draft()
        self.drafts.append(draft)
        if self.label is not None:
            self._label(draft, self.label)
            self.label = None
        return draft

    def _take_label(self, text: str, marked: bool) -> None:
        if marked:  # a menu of sections, or a label that leads its item
            self._begin()
        if self.current is not None and not (self.current.headline and self.current.labelled):
            self._label(self.current, text)
        else:
            self.label = text

    def _label(self, draft: _Draft, label: str) -> None:
        draft.section = self.portal.section(label) if not self.portal.is_catch_all(label) else None
        draft.labelled = True

    def _take_headline(self, text: str, line: _Line) -> None:
        draft = self.current if self.current is not None and not self.current.headline else self._begin()
        # White space that folding has lost may set a label apart.
        trailing = _TRAILING_LABEL.fullmatch(line.raw[-len(text) :] if line.raw.endswith(text) else line.raw)
        if trailing and self.portal.is_label(trailing[2]):
            text = self._without_bullet(" ".join(trailing[1].split()))[0]
            self._label(draft, trailing[2])
        tagged = _TAGGED.fullmatch(text)
        if tagged and self.portal.section(tagged[1]):
            text = tagged[2]
            self._label(draft, tagged[1])
        text = _COMMENTS.sub("", text)
        if headline_like(text, self.portal):
            draft.headline = text
            self.menus = 0
        else:
            self.drafts.remove(draft)
            self.current = None


def is_paragraph(text: str, portal: Portal) -> bool:
    """Whether a line is a paragraph of prose: long, of whole sentences, no caption and no footer."""
    if len(text) < _MIN_PARAGRAPH or not (_SENTENCE_END.search(text) or text.count("다. ") >= 1):
        return False
    hangul = sum("가" <= c <= "힣" for c in text)
    return hangul >= 0.3 * len(text) and not any(portal.match(kind, text) for kind in ("captions", "body_ends", "menu"))


def _article(lines: Sequence[_Line], hint: str | None, portal: Portal) -> tuple[str, str, str | None] | None:
    """Return title, body and press of the longest run of paragraphs, or None."""
    texts = [line.text for line in lines]
    paragraphs = [i for i, text in enumerate(texts) if is_paragraph(text, portal)]
    runs: list[list[int]] = []
    for i in paragraphs:
        between = texts[runs[-1][-1] + 1 : i] if runs else []
        if runs and len(between) <= 4 and not any(portal.match("body_ends", text) for text in between):
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


def _title(texts: Sequence[str], first: int, hint: str | None, portal: Portal) -> tuple[str | None, str | None]:
    """Return the title over the paragraph at ``first`` and the press of the line between, if any."""
    over = range(first - 1, max(-1, first - 1 - _TITLE_REACH), -1)
    press, title, byline = None, None, -1
    for i in over:
        found = portal.match("bylines", texts[i])
        if found:
            byline = i
            press = press or found.groupdict().get("press")
        elif portal.match("press", texts[i]):
            press = press or texts[i]
    for i in over:
        if hint and len(texts[i]) >= 8 and hint.startswith(texts[i]):
            return texts[i], press
        # With a byline the title stands over it; what stands under it is a caption or a summary.
        if title is None and (byline < 0 or i < byline) and headline_like(texts[i], portal):
            title = texts[i]
    return title, press.strip() if press else None
