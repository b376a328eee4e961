"""The lines of a page and what each can be: a headline, a paragraph, the title of a block."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

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
_LINK = re.compile(r"\[((?:[^\[\]]|\[[^\[\]]*\]){0,300})\]\((?:https?:|[/#?.])[^()\s]*(?: \"[^\"]*\")?\)")
_EMPHASIS = re.compile(r"\*\*([^*]+)\*\*")
_ESCAPE = re.compile(r"\\([\[\]()*_#.+|~-])")

_MIN_PARAGRAPH = 50
_NO_HEADLINES = ("noise", "captions", "body_ends", "bylines", "article_sections")


@dataclass
class Line:
    """A line of a page."""

    text: str  #: white space folded
    indented: bool
    raw: str
    heading: bool = False  #: of what follows, and no link itself
    used: bool = False  #: belongs to a block

    @classmethod
    def of(cls, raw: str) -> Line:
        """Return the line that ``raw`` is."""
        raw = unicodedata.normalize("NFC", raw)
        if "](" in raw:
            raw = _LINK.sub(r"\1", _PICTURE.sub("", raw))
        if "**" in raw or "\\" in raw:
            raw = _ESCAPE.sub(r"\1", _EMPHASIS.sub(r"\1", raw))
        bare = _HEADING.sub("", raw, count=1) if raw.startswith("#") else raw
        return cls(" ".join(bare.split()), bare[:1].isspace(), bare.strip(), heading=bare != raw)


def block_title(text: str, portal: Portal) -> tuple[str, str | None] | None:
    """Return the title and the section it names, if a line, bulleted or not, opens a block of headlines."""
    if len(text) > 45:
        return None
    bullet = BULLET.match(text)
    return portal.block_title(text) or (portal.block_title(text[bullet.end() :]) if bullet else None)


def is_lede(text: str) -> bool:
    """Whether a line is the beginning of an article, as lists show it under a headline."""
    return len(text) > (30 if text.endswith(".") and not text.endswith("..") else 60) and bool(_LEDE_END.search(text))


def headline_like(text: str, portal: Portal) -> bool:
    """Whether a line of this text can be a headline: some words, mostly Korean, and no menu."""
    if not 8 <= len(text) <= 150 or (" " not in text and len(text) < 14):
        return False
    hangul = sum("가" <= c <= "힣" for c in text)
    if hangul < 4 or hangul < 0.25 * len(text) or (len(text) > 60 and _SENTENCE_END.search(text)):
        return False
    if is_lede(text):
        return False
    if _DEBRIS.search(text) or _MOVED.search(text) or any(portal.match(kind, text) for kind in _NO_HEADLINES):
        return False
    return block_title(text, portal) is None and not portal.is_menu(text)


def is_paragraph(text: str, portal: Portal) -> bool:
    """Whether a line is a paragraph of prose: long, of whole sentences, no caption and no footer."""
    if len(text) < _MIN_PARAGRAPH or not (_SENTENCE_END.search(text) or text.count("다. ") >= 1):
        return False
    hangul = sum("가" <= c <= "힣" for c in text)
    if hangul < 0.3 * len(text) or any(portal.match(kind, text) for kind in ("captions", "body_ends")):
        return False
    return not portal.is_menu(text)
