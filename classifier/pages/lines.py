"""The lines of a page and what each can be: a headline, a paragraph, the title of a list."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from classifier.pages.html import NOWHERE, Node
from classifier.pages.profile import Portal

BULLET = re.compile(
    r"(?:[•·‧∙ㆍ◦▪▫■□◆◇▶▷►●○➤✔‣⁃]\s*|[★☆※*+>–—-]\s+|\d{1,3}[.)](?!\d)\s*|[①-⑳❶-❿]\s*|[(\[]\d{1,3}[)\]]\s*)"
)
_SENTENCE_END = re.compile(r"[.!?。]['\"”’)\]]*$")
#: How the first words of an article end, as lists show them under a headline.
_LEDE_END = re.compile(r"(?:[다요죠]\.|…|\.\.\.)$")
#: A rise or fall, which lists of search terms show.
_MOVED = re.compile(r"\s(?:[▲▼]\s?\d+|[–-])$")
#: What is left of tags and characters in a page that is broken.
_DEBRIS = re.compile(r"['\"]>|</?[a-z][a-z0-9]*[\s/>]|/[a-z0-9]+>|\b[a-z]+=['\"a-z#/]|\ufffd")

#: Headings, links, pictures, emphasis and escapes of Markdown, which some extractors write.
_HEADING = re.compile(r"#{1,6} ")
_PICTURE = re.compile(r"!\[[^\[\]]*\]\([^()\s]*\)")
_LINK = re.compile(r"\[((?:[^\[\]]|\[[^\[\]]*\]){0,300})\]\(((?:https?:|[/#?.])[^()\s]*)(?: \"[^\"]*\")?\)")
_EMPHASIS = re.compile(r"\*\*([^*]+)\*\*")
_ESCAPE = re.compile(r"\\([\[\]()*_#.+|~-])")

_MIN_PARAGRAPH = 50
#: Words of the classes of elements that hold an article's first words.
LEDE_WORDS = frozenset("lede lead desc description summary dsc abstract excerpt".split())
_MAX_HEADLINE = 150
_NO_HEADLINES = ("noise", "captions", "body_ends", "bylines", "article_sections", "press")


@dataclass
class Line:
    """A line of a page."""

    text: str  #: white space folded
    indented: bool
    raw: str
    heading: bool = False  #: of what follows, and no link itself
    address: str = ""  #: of the link that it is
    node: Node = NOWHERE  #: of an HTML page, the element in which it begins
    linked: float = 0  #: of an HTML page, the share of its text that is of links

    @classmethod
    def of(cls, raw: str) -> Line:
        """Return the line that ``raw`` is."""
        raw = unicodedata.normalize("NFC", raw)
        address = ""
        if "](" in raw:
            raw = _PICTURE.sub("", raw)
            found = _LINK.search(raw)
            address = found[2] if found else ""
            raw = _LINK.sub(r"\1", raw)
        if "**" in raw or "\\" in raw:
            raw = _ESCAPE.sub(r"\1", _EMPHASIS.sub(r"\1", raw))
        bare = _HEADING.sub("", raw, count=1) if raw.startswith("#") else raw
        return cls(" ".join(bare.split()), bare[:1].isspace(), bare.strip(), heading=bare != raw, address=address)


def _count_hangul(text: str) -> int:
    return sum("가" <= c <= "힣" for c in text)


def list_title(text: str, portal: Portal) -> tuple[str, str | None] | None:
    """Return the title and the section it names, if a line, bulleted or not, is over a list of headlines."""
    if len(text) > 45:
        return None
    bullet = BULLET.match(text)
    return portal.list_title(text) or (portal.list_title(text[bullet.end() :]) if bullet else None)


def is_lede(text: str) -> bool:
    """Whether a line is the beginning of an article, as lists show it under a headline."""
    if len(text) > 60 and ("다. " in text or len(text) > 100):
        return True
    return len(text) > (30 if text.endswith(".") and not text.endswith("..") else 60) and bool(_LEDE_END.search(text))


def why_no_headline(text: str, portal: Portal, *, strict: bool = True, is_link: bool = False) -> str:
    """Return why a line of this text can be no headline, or "" if it can be one.

    A headline has some words, is mostly Korean, and is no menu. Where the page itself marks a title, ``strict`` is
    False, and less is asked. A link is one entry of a menu, a line may be a row of them.
    """
    least, letters, share = (8, 4, 0.25) if strict else (5, 2, 0.12)
    hangul = _count_hangul(text)
    reasons: tuple[tuple[str, Callable[[], object]], ...] = (
        ("the name of a section", lambda: portal.is_label(text)),
        ("too short or too long", lambda: not least <= len(text) <= _MAX_HEADLINE),
        ("a single word", lambda: strict and " " not in text and len(text) < 14),
        ("hardly any Hangul", lambda: hangul < letters or hangul < share * len(text)),
        ("first words of an article", lambda: is_lede(text) or (len(text) > 60 and _SENTENCE_END.search(text))),
        ("debris of a broken page", lambda: _DEBRIS.search(text)),
        ("a term of a ranking", lambda: _MOVED.search(text)),
        *((f"like {kind} of the profile", partial(portal.match, kind, text)) for kind in _NO_HEADLINES),
        ("an entry of a menu", lambda: portal.is_entry(text) if is_link else portal.is_menu(text)),
        ("the title of a list", lambda: list_title(text, portal)),
    )
    return next((reason for reason, holds in reasons if holds()), "")


def headline_like(text: str, portal: Portal) -> bool:
    """Whether a line of this text can be a headline."""
    return not why_no_headline(text, portal)


def is_sentence(text: str, portal: Portal, least: int) -> bool:
    """Whether a line is of prose: ``least`` characters or more, of whole sentences, no caption and no footer."""
    if len(text) < least or not (_SENTENCE_END.search(text) or "다. " in text):
        return False
    if _count_hangul(text) < 0.3 * len(text):
        return False
    return not any(portal.match(kind, text) for kind in ("captions", "body_ends", "noise")) and not portal.is_menu(text)


def is_paragraph(text: str, portal: Portal) -> bool:
    """Whether a line is a paragraph of prose, long enough that nothing but an article has it."""
    return is_sentence(text, portal, _MIN_PARAGRAPH)
