"""A saved web page as lines of text, whether it is HTML or text already.

HTML goes through lexbor (by selectolax) and comes out the way a browser's plain text does: a block element is a
line, a list item starts with a bullet. So there is one reading of pages after this, that of their text.
"""

from __future__ import annotations

import codecs
import html
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from classifier.errors import DataError
from classifier.extras import need
from classifier.pages.profile import Portal

#: A page of more bytes is refused: no news page is that long, and memory stays bounded.
MAX_BYTES = 5_000_000

#: Bounds on what an HTML page may ask of the parser, far beyond any real page: elements inside each
#: other, elements (those included that the parser repeats because they were not closed), and the
#: squares of the attributes of each element.
_MAX_DEPTH, _MAX_ELEMENTS, _MAX_ATTRIBUTE_WORK = 1_000, 1_000_000, 4e9

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
#: What is saved or given in place of a page, by how it begins, and what to do.
_NO_PAGES = (
    (re.compile(rb"%PDF-"), "a PDF file", "Save the page as HTML or as text."),
    (
        re.compile(rb"(?:[a-z][\w-]*:.*\n(?:[ \t].*\n)*){0,20}?Content-Type: multipart/related", re.I),
        "a web archive (MHTML)",
        "In the browser's dialogue choose 'Webpage, HTML only' instead of 'Single File'.",
    ),
)
_LINE_END = re.compile(r"\r\n|[\n\r\v\f]")
_UNSEEN = re.compile(
    "[\0-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\u3164\uffa0\ue000-\uf8ff]"
)

_BULLET = "  • "
_INDENT = "    "
#: Before a heading, of what follows, that is no link itself or but a label.
HEADING = "# "
#: The share of letters that are Hangul below which a page is in another language.
_MIN_HANGUL = 0.2

_DROPPED = frozenset(
    "script style noscript template svg math nav form select textarea button iframe object video audio canvas "
    "figcaption head -comment !doctype".split()
)
_BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details dialog div dl dt fieldset figure footer h1 h2 h3 "
    "h4 h5 h6 header hr html legend li main ol p pre section summary table tbody td tfoot th thead tr ul".split()
)
_HEADINGS = frozenset("h1 h2 h3 h4 h5 h6".split())
_RUNNING = frozenset("p h1 h2 h3 h4 h5 h6 blockquote pre dt caption legend summary".split())
#: HTML repeats these in every block that follows until they are closed (the "adoption agency").
_FORMATTING = frozenset("a b big code em font i nobr s small strike strong tt u".split())
_EMPHASIS = frozenset("b mark strong u".split())
#: An element that holds nothing, or that the next one of its kind closes.
_UNCLOSED = frozenset(
    "area base br col dd dt embed hr img input li link meta option p param source tbody td th tr track wbr".split()
)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)([^<>]*)")
_CUT_TAG = re.compile(r"<(?:[/!a-zA-Z][^<>]*)?\Z")
_HTML = re.compile(r"<(?:!doctype|html|head|body|meta|div|ul|ol|li|p|a|span|table|section|article|h[1-6])\b", re.I)


@dataclass(frozen=True)
class Page:
    """A page's text and what its HTML says of its article outside the text."""

    lines: list[str]
    title: str | None = None  #: og:title
    section: str | None = None  #: article:section


def read_page(path: Path, portal: Portal) -> Page:
    """Read the page in a file.

    Raises:
        DataError: it cannot be read, or is too large, binary, in no known encoding, empty or not Korean.
    """
    try:
        with path.open("rb") as stream:
            return read_stream(stream, str(path), portal)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}). Check the path.") from error


def read_stream(stream: BinaryIO, where: str, portal: Portal) -> Page:
    """Read a page from an open binary stream; ``where`` names it in messages, see :func:`read_page`."""
    raw = stream.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise DataError(
            f"{where}: more than {MAX_BYTES / 1e6:.0f} MB. A news page is smaller: "
            "save the page alone, without its pictures."
        )
    for start, what, remedy in _NO_PAGES:
        if start.match(raw):
            raise DataError(f"{where}: {what}. {remedy}")
    if b"\0" in raw and not raw.startswith(_UTF16):
        raise DataError(f"{where}: a binary file (byte {raw.index(0)} is 0). Give a page as HTML or as text.")
    text = _decode(raw, where)
    page = _from_html(text, where, portal) if _is_html(text, where) else Page(_tidy(_LINE_END.split(text)))
    letters = [c for line in page.lines for c in line if c.isalpha()]
    if not letters:
        raise DataError(f"{where}: no text in it. Save the page again, after it has loaded.")
    hangul = sum("가" <= unicodedata.normalize("NFC", c) <= "힣" or "\u1100" <= c <= "\u11ff" for c in letters)
    if hangul < _MIN_HANGUL * len(letters):
        raise DataError(
            f"{where}: not a Korean page ({hangul / len(letters):.0%} of its letters are Hangul). "
            "If it is one, it was saved in a wrong encoding: save it as UTF-8."
        )
    return page


def _decode(raw: bytes, where: str) -> str:
    """Return the text of UTF-8 or else CP949 bytes, or of UTF-16 if they say so by a byte order mark.

    A character that the file's end cuts in two is left out.
    """
    if raw.startswith(_UTF16):
        return raw.decode("utf-16", "replace")
    problems = []
    for encoding in ("utf-8-sig", "cp949"):
        try:
            return codecs.getincrementaldecoder(encoding)().decode(raw)
        except UnicodeDecodeError as error:
            problems.append(f"byte {error.start} is 0x{raw[error.start]:02x}")
    raise DataError(f"{where}: neither UTF-8 ({problems[0]}) nor CP949 ({problems[1]}). Save it as UTF-8.")


def _is_html(text: str, where: str) -> bool:
    start = text[:100_000]
    if Path(where).suffix.lower() in (".html", ".htm", ".xhtml"):
        return _TAG.search(start) is not None
    return bool(_HTML.match(start.lstrip())) or len(_HTML.findall(start)) >= 5


def _check_soup(source: str, where: str) -> None:
    """Refuse HTML on which a parser that follows the standard would spend minutes or all memory."""
    inside: Counter[str] = Counter()
    depth = deepest = formatting = most = elements = 0
    work = 0.0
    for closing, name, rest in _TAG.findall(source):
        tag = name.lower()
        if tag in _UNCLOSED:
            elements += 1
        elif not closing:
            elements += 1
            inside[tag] += 1
            depth += 1
            formatting += tag in _FORMATTING
        elif inside[tag]:
            inside[tag] -= 1
            depth -= 1
            formatting -= tag in _FORMATTING
        deepest, most = max(deepest, depth), max(most, formatting)
        if len(rest) > 1000:
            work += rest.count(" ") ** 2
    for found, what, limit in (
        (deepest, "elements inside each other", _MAX_DEPTH),
        (elements * (1 + most), "elements, counting those that are never closed", _MAX_ELEMENTS),
        (work**0.5, "attributes in one element", _MAX_ATTRIBUTE_WORK**0.5),
    ):
        if found > limit:
            raise DataError(
                f"{where}: {found:,.0f} {what}; a page has at most {limit:,.0f}. It is damaged, or no news page: "
                "save it again from the browser."
            )


def _from_html(source: str, where: str, portal: Portal) -> Page:
    need("pages", "reading HTML")
    from selectolax.lexbor import LexborHTMLParser

    _check_soup(source, where)
    tree = LexborHTMLParser(_CUT_TAG.sub("", source))

    def meta(name: str) -> str | None:
        node = tree.css_first(f'meta[property="{name}"]')
        content = node.attributes.get("content") if node is not None else None
        return " ".join(content.split()) or None if content else None

    lines = _Lines(portal)
    _walk(tree.root, lines)
    return Page(_tidy(lines.done), meta("og:title"), meta("article:section"))


def _tidy(lines: list[str]) -> list[str]:
    """Return the lines with double escapes undone and without what nobody sees.

    That is control characters, directions, zero widths and the private characters of icon fonts.
    """
    return [_UNSEEN.sub("", html.unescape(line) if "&" in line else line) for line in lines]


class _Lines:
    """Gathers pieces of text into lines.

    Between two pieces that different elements hold, a line breaks if one of the pieces stands alone
    (a rank, a label, a counter), for a style sheet will have set them apart.
    """

    def __init__(self, portal: Portal) -> None:
        self.done: list[str] = []
        self._portal = portal
        self._stands_alone = portal.stands_alone
        self._pieces = [""]
        self._prefix = ""
        self._depth = 0
        self._linked = False  #: whether the line is of a link, or holds one
        self._in_link = False

    def text(self, text: str) -> None:
        self._pieces[-1] += text
        self._linked |= self._in_link

    def link(self, *, opening: bool) -> None:
        """Say that a link begins or ends here."""
        self._in_link = opening

    def apart(self) -> None:
        """Say that what comes is in another element than what came."""
        self._pieces.append("")

    def end_line(self, *, heading: bool = False) -> None:
        """End the line; a heading, not in an item, that is a label or no link is marked as one."""
        if heading and not self._depth and (bare := " ".join("".join(self._pieces).split())):
            if self._stands_alone(bare):
                self._pieces = [HEADING + bare]
            elif not self._linked and not any(self._stands_alone(" ".join(piece.split())) for piece in self._pieces):
                self._pieces[0] = HEADING + self._pieces[0]
        self._linked = False
        if len(self._pieces) > 1 and self._portal.article_section(whole := " ".join("".join(self._pieces).split())):
            self._pieces = [whole]
        joined, empty = "", 0
        for piece in self._pieces:
            bare = " ".join(piece.split())
            if not bare:
                empty += 1
                joined += " " if piece or empty > 1 else ""
            elif self._stands_alone(bare):
                self._write(joined)
                self._write(bare)
                joined = ""
            else:
                joined += piece
                empty = 0
        self._write(joined)
        self._pieces = [""]

    def _write(self, text: str) -> None:
        line = " ".join(text.split())
        if line:
            self.done.append((self._prefix or (_INDENT if self._depth else "")) + line)
            self._prefix = ""

    def begin_item(self) -> None:
        self._prefix = _BULLET
        self._depth += 1

    def end_item(self) -> None:
        self._prefix = ""
        self._depth -= 1


def _walk(root: Any, lines: _Lines) -> None:
    """Go through the tree without recursion, however deep a broken page nests."""
    node, entering = root, True
    while True:
        tag = node.tag
        descend = None
        if entering:
            if tag == "-text":
                _text(node, lines)
            elif tag == "br":
                lines.end_line()
            elif tag not in _DROPPED:
                _edge(node, tag, lines, opening=True)
                descend = node.child
                if descend is None:
                    _edge(node, tag, lines, opening=False)
        else:
            _edge(node, tag, lines, opening=False)
        if descend is not None:
            node, entering = descend, True
            continue
        if node.mem_id == root.mem_id:
            break
        following = node.next
        node, entering = (following, True) if following is not None else (node.parent, False)
    lines.end_line()


def _text(node: Any, lines: _Lines) -> None:
    text = node.text_content or ""
    if node.parent.tag != "pre":
        lines.text(text)
        return
    for line in text.splitlines():
        lines.text(line)
        lines.end_line()


def _edge(node: Any, tag: str, lines: _Lines, *, opening: bool) -> None:
    """Tell the lines that an element begins or ends here."""
    if tag == "a":
        lines.link(opening=opening)
    if tag in _BLOCKS:
        lines.end_line(heading=not opening and tag in _HEADINGS)
        if tag == "li":
            if opening:
                lines.begin_item()
            else:
                lines.end_item()
    elif node.parent.tag not in _RUNNING:
        if tag == "a" and opening and _follows_link(node):
            lines.end_line()  # links beside each other are a list, whatever the elements say
        elif tag not in _EMPHASIS or node.parent.tag != "a":  # a searched word may be marked in a headline
            lines.apart()


def _follows_link(node: Any) -> bool:
    before = node.prev
    if before is not None and before.tag == "-text" and not (before.text_content or "").strip():
        before = before.prev
    return before is not None and before.tag == "a"
