"""The headlines that a text lists under the title of a list.

Only what stands under such a title is taken for a listed headline, so menus give no rows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from classifier.pages.lines import BULLET, Line, headline_like, is_lede, is_paragraph, list_title
from classifier.pages.profile import Portal

_RANK = re.compile(r"(\d{1,3})\s*(?:위[.:]?)?(?:\s+|$)")
_TIME = re.compile(r"^\d{1,2}:\d{2}\s+")
_COMMENTS = re.compile(r"\s*[\[(]\d{1,5}[\])]$")
_CLOCK = re.compile(r"\d{1,2}:\d{2}")
_TAGGED = (
    re.compile(r"[\[【〔(<](?P<tag>[^\]】〕)>]{1,10})[\]】〕)>]\s*(?P<rest>.+)"),  # [연예] 배우 A씨 …
    re.compile(r"(?P<tag>[\w/·]{1,10})\s?[|│]\s?(?P<rest>.+)"),  # 연예 | 배우 A씨 …
    re.compile(r"(?P<rest>.+?)\s*[\[【〔(<](?P<tag>[^\[\]【】〔〕()<>]{1,10})[\]】〕)>]"),  # 배우 A씨 … (연예)
)

_MIN_PLAIN = 3  # items without bullets must be this many to be called a list
_MAX_WORD = 12  # characters of a press
#: What ends a list: two entries of menus (2 each), or three lines that are neither headlines nor known (1 each).
_MAX_MISMATCH = 3


@dataclass(frozen=True)
class Item:
    """A headline that a page lists."""

    headline: str
    press: str | None = None
    heading: str = ""  #: over its list
    #: Sections by what states them, the strongest first: ``item`` (its own label), ``block`` (a heading over its
    #: list), ``page`` (the section of the whole page), ``address`` (that of its link).
    stated: tuple[tuple[str, str], ...] = ()
    url: str = ""
    date: str = ""

    @property
    def section(self) -> str | None:
        """The section that the strongest evidence states."""
        return self.stated[0][1] if self.stated else None


def by_evidence(**sections: str | None) -> tuple[tuple[str, str], ...]:
    """Return :attr:`Item.stated` from sections by what states them; None is left out."""
    return tuple((evidence, section) for evidence, section in sections.items() if section)


def read_lists(lines: Sequence[Line], portal: Portal) -> tuple[list[Item], list[Line]]:
    """Return the items of all lists of a text, and the lines that belong to none."""
    items: list[Item] = []
    rest: list[Line] = []
    at = 0
    while at < len(lines):
        opened = list_title(lines[at].text, portal)
        drafts, end = _List(portal, lines).read(at + 1) if opened else ([], at + 1)
        if opened and drafts:
            items += [_item(draft, opened, portal) for draft in drafts]
        else:
            rest.append(lines[at])
            end = at + 1
        at = end
    return items, rest


def _item(draft: _Draft, opened: tuple[str, str | None], portal: Portal) -> Item:
    title, section = opened
    sections = by_evidence(
        item=draft.section or draft.tag, block=section, address=portal.address_section(draft.address)
    )
    return Item(draft.headline, draft.press, title, sections, draft.address)


def untagged(text: str, raw: str, portal: Portal) -> tuple[str, str | None, str | None]:
    """Return a headline without the details beside it, the label set apart after it, and the section of its tag.

    Removed are a time before it, comments after it, a label after it and a tag that is a section's name
    (``[연예] …``, ``연예 | …``, ``… (연예)``). ``raw`` is the line with its white space.
    """
    before, label = _set_apart(raw)
    if before and portal.is_label(label):
        text = " ".join(before.split())[len(" ".join(raw.split())) - len(text) :]
    else:
        label = ""
    text = _COMMENTS.sub("", _TIME.sub("", text, count=1))
    found = (tagged for form in _TAGGED if (tagged := form.fullmatch(text)) and portal.section(tagged["tag"]))
    if tagged := next(found, None):
        return tagged["rest"], label or None, portal.section(tagged["tag"])
    return text, label or None, None


@dataclass
class _Draft:
    line: int  #: where it began
    headline: str = ""
    section: str | None = None
    tag: str | None = None  #: the section that a tag before the headline names
    labelled: bool = False
    behind_menu: bool = False  #: an entry of a menu stands before it
    loose: bool = False  #: its label stands on a line that is not indented
    press: str | None = None
    address: str = ""


@dataclass
class _List:
    """Reads the items under one title, line by line, until something ends the list."""

    portal: Portal
    lines: Sequence[Line]
    drafts: list[_Draft] = field(default_factory=list)
    current: _Draft | None = None
    label: str | None = None  #: a label that stood over its headline
    label_at: int = 0  #: the line of the last label
    listed: bool | None = None  #: whether items carry bullets or ranks; unknown until the first
    mismatch_score: int = 0  #: of the lines since the last headline, see _MAX_MISMATCH
    rank: int = 1  #: the next one
    sign: str | None = None  #: the bullet of the items; 1 stands for numbers

    def read(self, start: int) -> tuple[list[_Draft], int]:
        """Return the items and the index of the line after the list; no items if it is none."""
        at = start
        while at < len(self.lines) and self._take(self.lines[at], at):
            at += 1
        drafts = [draft for draft in self.drafts if draft.headline]
        if self.mismatch_score > 1 and [draft for draft in drafts if draft.behind_menu] == drafts[-1:]:
            drafts = drafts[:-1]  # it stands within the menu that ends the list
        if not self.listed:
            if drafts and at < len(self.lines) and self._begins_article(self.lines[at].text):
                at = drafts.pop().line  # the article's title
            if len(drafts) < _MIN_PLAIN:
                return [], start
        last = drafts[-1] if drafts else None
        if last and last.loose and len(drafts) >= _MIN_PLAIN and not any(draft.labelled for draft in drafts[:-1]):
            last.section = None  # a label that no other item has belongs to the menu that follows
        return drafts, at

    def _begins_article(self, text: str) -> bool:
        if self.portal.match("menu", text):
            return False
        return is_paragraph(text, self.portal) or self.portal.match("bylines", text) is not None

    def _take(self, line: Line, at: int) -> bool:
        """Read one line; False if it is no part of the list."""
        text, marked = self._without_bullet(line.text)
        if marked:
            sign = "1" if line.text[0].isdecimal() else line.text[0]
            if not text and sign != self.sign and self._has_headline() and self.portal.match("noise", line.text):
                return True  # it stands between two counters: press · time
            if self.listed is False:
                return False  # another list
            self.listed = True
            self.sign = self.sign or sign
            self.mismatch_score += sign != self.sign
            if self.current is not None and not self.current.headline:
                self._count_empty(self.current)
            self.current = None
        counter = self.portal.match("noise", text) is not None
        if list_title(line.text, self.portal) is not None and not (counter and line.indented and not marked):
            return False
        if line.heading and self.portal.is_label(line.text):
            return not self.drafts  # a tab, or the heading of what follows
        if not text:
            self._begin(at)
        elif self.portal.is_label(text):
            self._take_label(text, marked, line, at)
        elif counter:
            self._take_counter(text, marked, at)
        elif self.portal.match("menu", text):
            self.mismatch_score += 2
        elif marked or (self.current is not None and not self.current.headline):
            self._take_headline(text, line, at)
        else:
            return self._take_unmarked(text, line, at) and self.mismatch_score < _MAX_MISMATCH
        return self.mismatch_score < _MAX_MISMATCH

    def _has_headline(self) -> bool:
        return self.current is not None and bool(self.current.headline)

    def _count_empty(self, draft: _Draft) -> None:
        """Count an item without headline; labels over the first headline are tabs, later ones a menu."""
        if not draft.labelled:
            self.mismatch_score += 1
        elif any(draft.headline for draft in self.drafts):
            self.mismatch_score += 2

    def _take_counter(self, text: str, marked: bool, at: int) -> None:
        if marked and _CLOCK.fullmatch(text):
            self._begin(at)
        else:
            self.mismatch_score += 2 * marked  # a button, as no item begins with any other counter

    def _take_unmarked(self, text: str, line: Line, at: int) -> bool:
        """Read a line without a bullet: a press, a new item of a plain list, or the list's end."""
        is_press = self.portal.match("press", text) is not None
        byline = self.portal.match("bylines", text) is not None
        if self.current is not None and (is_press or byline):
            press = self.portal.byline_press(text) if byline else text
            self.current.press = self.current.press or press
            return True
        if self.listed:
            return line.indented  # what else stands within an item, such as its first words
        if line.heading and self.drafts and not self.lines[self.drafts[0].line].heading:
            return False  # of what follows, for the headlines are no headings
        if not headline_like(text, self.portal):
            following = self.lines[at + 1].text if at + 1 < len(self.lines) else ""
            if self.current is not None and is_lede(text) and self._is_detail(following):
                return True
            # One word is a press that the profile does not know, or where the list ends.
            self.mismatch_score += 1
            return self.current is not None and " " not in text and len(text) <= _MAX_WORD
        self.listed = False
        self._take_headline(text, line, at)
        return True

    def _is_detail(self, text: str) -> bool:
        """Whether a line is a press or a counter."""
        return any(self.portal.match(kind, text) for kind in ("press", "noise"))

    def _without_bullet(self, text: str) -> tuple[str, bool]:
        bullet = BULLET.match(text)
        rest = text[bullet.end() :] if bullet else text
        rank = _RANK.match(rest)
        if rank and int(rank[1]) == self.rank and (self.listed is not False):
            self.rank += 1
            return rest[rank.end() :], True
        return rest, bullet is not None

    def _begin(self, at: int) -> _Draft:
        draft = self.current = _Draft(line=at)
        self.drafts.append(draft)
        if self.label:
            self._label(draft, self.label)
        self.label = None
        return draft

    def _take_label(self, text: str, marked: bool, line: Line, at: int) -> None:
        if self.label_at == at - 1 and any(draft.headline for draft in self.drafts):
            self.mismatch_score += 2  # two labels together are a menu
        self.label_at = at
        if marked:  # a menu of sections, or a label that leads its item
            self._begin(at)
        if self.current is None or (self.current.headline and self.current.labelled):
            self.label = text if self.label is None else ""  # several together are tabs
            self.mismatch_score += self.mismatch_score > 0
        elif self.current.headline and self.mismatch_score:
            self.mismatch_score += 1  # the label is an entry of the menu that has begun
        else:
            self._label(self.current, text)
            self.current.loose = not line.indented

    def _label(self, draft: _Draft, label: str) -> None:
        draft.section = self.portal.section(label) if not self.portal.is_catch_all(label) else None
        draft.labelled = True

    def _take_headline(self, text: str, line: Line, at: int) -> None:
        if self.current is not None and not self.current.headline:
            draft, text = self.current, text.removeprefix("위 ")  # of a rank that stood over it
        else:
            draft = self._begin(at)
        text, label, draft.tag = untagged(text, line.raw, self.portal)
        if label:
            self._label(draft, label)
        if headline_like(text, self.portal):
            draft.headline = text
            draft.address = line.address
            draft.behind_menu = self.mismatch_score > 1
            self.mismatch_score = 0
        else:
            self.drafts.remove(draft)
            self.current = None
            self.mismatch_score += 1


def _set_apart(raw: str) -> tuple[str, str]:
    """Return a line's last part, if a bar or wide white space sets it apart, and what stands before it."""
    before, bar, last = raw.replace("│", "|").rpartition("|")
    if bar:
        return before, last.strip()
    before, *rest = raw.rsplit(None, 1) or [""]
    gap = raw[len(before) : -len(rest[0])] if rest else " "
    return (before, rest[0]) if gap != " " else ("", "")
