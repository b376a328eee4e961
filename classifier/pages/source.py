"""Reads pages from files: HTML, text or a feed, compressed or not, one page or a web archive."""

from __future__ import annotations

import codecs
import gzip
import io
import re
import unicodedata
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from classifier.errors import DataError
from classifier.pages.feeds import Feed, parse_feed
from classifier.pages.html import Document, parse, tidy
from classifier.pages.profile import Portal

#: A page of more bytes is refused: no news page is that long, and memory stays bounded.
MAX_BYTES = 5_000_000

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
#: Files that are not pages, by their first bytes: what each is, and what to do.
_NO_PAGES = (
    (re.compile(rb"%PDF-"), "a PDF file", "Save the page as HTML or as text."),
    (re.compile(rb"WARC/\d"), "a WARC archive of many pages", "Give the pages in it, each as a file of its own."),
    (re.compile(rb"PK\x03\x04"), "a ZIP archive or an office document", "Unpack it, and give the pages in it."),
    (
        re.compile(rb"(?:[a-z][\w-]*:.*\n(?:[ \t].*\n)*){0,20}?Content-Type: multipart/related", re.I),
        "a web archive (MHTML)",
        "In the browser's dialogue choose 'Webpage, HTML only' instead of 'Single File'.",
    ),
)
_LINE_END = re.compile(r"\r\n|[\n\r\v\f]")
#: Addresses in a text, and lines that are addresses from a server's root.
_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s()<>\"가-힣]+|^\s*/[\w%./?=&~:;,#+@!-]{8,}\s*$", re.I)
_HTML = re.compile(r"<(?:!doctype|html|head|body|meta|div|ul|ol|li|p|a|span|table|section|article|h[1-6])\b", re.I)
_ANY_TAG = re.compile(r"</?[a-zA-Z][a-zA-Z0-9]*[^<>]*")
_XML = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*|<\?[^>]*>\s*|<!DOCTYPE[^>\[]*(?:\[.*?\]\s*)?>\s*)*", re.S | re.I
)
_FEED = re.compile(r"\s*<(?:\w+:)?(?:rss|feed|rdf|urlset|sitemapindex)\b", re.I)

_HANGUL = re.compile("[가-힣\u1100-\u11ff]+")
#: The share of letters that are Hangul below which a page is in another language.
_MIN_HANGUL = 0.2


@dataclass(frozen=True)
class Page:
    """A page: its text by lines, and its HTML or its entries if it is HTML or a feed."""

    lines: list[str] = field(default_factory=list)
    document: Document | None = None
    feed: Feed | None = None


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
    raw = _unpacked(stream, where)
    for start, what, remedy in _NO_PAGES:
        if start.match(raw):
            raise DataError(f"{where}: {what}. {remedy}")
    if len(raw) > MAX_BYTES:
        raise DataError(
            f"{where}: more than {MAX_BYTES / 1e6:.0f} MB. A news page is smaller: "
            "save the page alone, without its pictures."
        )
    return _page(raw, where, portal)


def _unpacked(stream: BinaryIO, where: str) -> bytes:
    """Return a page's bytes without gzip's packing, and not many more than MAX_BYTES of them."""
    raw = stream.read(MAX_BYTES + 1)
    if raw.startswith(b"\x1f\x8b"):
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(raw)) as unpacked:
                raw = unpacked.read(MAX_BYTES + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(f"{where}: a damaged gzip file ({error}). Save or fetch it again.") from error
    return raw


def _page(raw: bytes, where: str, portal: Portal) -> Page:
    if b"\0" in raw and not raw.startswith(_UTF16):
        raise DataError(f"{where}: a binary file (byte {raw.index(0)} is 0). Give a page as HTML or as text.")
    text = _decode(raw, where)
    prolog = _XML.match(text[:20_000])
    begin = prolog.end() if prolog else 0
    if _FEED.match(text, begin):
        feed = parse_feed(text, where)
        _check_korean(" ".join(entry.title for entry in feed.entries) or feed.title, where)
        return Page(feed=feed)
    if text.lstrip().startswith("<?xml") and not _HTML.match(text, begin):
        raise DataError(
            f"{where}: XML that is neither a feed nor a sitemap nor a page. There is nothing to read in it."
        )
    if _is_html(text, where):
        document = parse(text, where, portal.stands_alone)
        shown = " ".join(part.raw for part in document.parts)
        _check_korean(shown if any(map(str.isalpha, shown)) else document.meta.get("og:title", ""), where)
        return Page(document=document)
    lines = [tidy(line) for line in _LINE_END.split(text)]
    _check_korean("\n".join(_ADDRESS.sub("", line) for line in lines), where)
    return Page([line for line in lines if not line.strip() or _ADDRESS.sub("", line).strip()])


def _check_korean(text: str, where: str) -> None:
    text = unicodedata.normalize("NFC", text)
    letters = sum(map(str.isalpha, text))
    if not letters:
        raise DataError(f"{where}: no text in it. Save the page again, after it has loaded.")
    hangul = sum(map(len, _HANGUL.findall(text)))
    if hangul < _MIN_HANGUL * letters:
        raise DataError(
            f"{where}: not a Korean page ({hangul / letters:.0%} of its letters are Hangul). "
            "If it is one, it was saved in a wrong encoding: save it as UTF-8."
        )


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
    if {".html", ".htm", ".xhtml"} & {suffix.lower() for suffix in Path(where).suffixes[-2:]}:
        return _ANY_TAG.search(start) is not None
    return bool(_HTML.match(start.lstrip())) or len(_HTML.findall(start)) >= 5
