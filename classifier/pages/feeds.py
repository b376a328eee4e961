"""Reads RSS, Atom and RDF feeds and sitemaps with expat. Entity declarations are refused; nothing is downloaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from classifier.errors import DataError

_ENTRIES = frozenset(("item", "entry", "url"))
_FIELDS = {
    "title": "title", "link": "url", "loc": "url", "category": "categories", "subject": "categories",
    "keywords": "categories", "pubdate": "date", "published": "date", "updated": "date", "date": "date",
    "publication_date": "date", "source": "press", "name": "press", "publisher": "press",
}  # fmt: skip
_MAX_DEPTH = 100


@dataclass
class Entry:
    """One entry of a feed."""

    title: str = ""
    url: str = ""
    date: str = ""
    press: str = ""
    categories: list[str] = field(default_factory=list)


@dataclass
class Feed:
    """A feed's own title and its entries, in order."""

    title: str = ""
    entries: list[Entry] = field(default_factory=list)


class _Reader:
    """The handlers for expat; they keep the entry and the text of the element that are not closed yet."""

    def __init__(self, where: str) -> None:
        self.feed = Feed()
        self._where = where
        self._path: list[str] = []
        self._text: list[str] = []
        self._entry: Entry | None = None

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        tag = name.rpartition(":")[2].lower()
        self._path.append(tag)
        self._text = []
        if len(self._path) > _MAX_DEPTH:
            raise DataError(f"{self._where}: more than {_MAX_DEPTH} elements inside each other. It is no feed.")
        if tag in _ENTRIES and self._entry is None:
            self._entry = Entry()
        elif self._entry is not None and tag == "link" and attributes.get("rel", "alternate") == "alternate":
            self._entry.url = self._entry.url or attributes.get("href", "")
        elif self._entry is not None and tag == "category" and attributes.get("term"):
            self._entry.categories.append(attributes["term"])

    def data(self, text: str) -> None:
        self._text.append(text)

    def end(self, name: str) -> None:
        tag = self._path.pop()
        text = " ".join("".join(self._text).split())
        self._text = []
        if tag in _ENTRIES and not _ENTRIES & set(self._path) and self._entry is not None:
            self.feed.entries.append(self._entry)
            self._entry = None
        elif self._entry is None:
            if tag == "title" and len(self._path) <= 2:
                self.feed.title = self.feed.title or text
        elif (attribute := _FIELDS.get(tag)) == "categories":
            self._entry.categories += [text] if text else []
        # An author has a ``name`` too: only that of a sitemap's publication or of an Atom source is a press.
        elif attribute and text and not (tag == "name" and self._path[-1] not in ("publication", "source")):
            inside_source = "source" in self._path and tag in ("title", "name")
            attribute = "press" if inside_source else attribute
            setattr(self._entry, attribute, getattr(self._entry, attribute) or text)


def parse_feed(text: str, where: str) -> Feed:
    """Read a feed or a sitemap.

    Raises:
        DataError: it is not well-formed, or declares entities: feeds never do, attacks on parsers do.
    """
    reader = _Reader(where)

    def refuse(name: str, *_: object) -> int:
        raise DataError(f"{where}: it declares the XML entity {name!r}, which no feed needs. It is refused.")

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.EntityDeclHandler = refuse
    parser.ExternalEntityRefHandler = refuse
    parser.UnparsedEntityDeclHandler = refuse
    parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
    parser.CharacterDataHandler = reader.data
    source = text.partition("?>")[2] if text.lstrip("\ufeff \r\n\t").startswith("<?xml") else text
    try:
        parser.Parse(source.strip().encode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        raise DataError(f"{where}: a feed that is not well-formed XML ({error}). Fetch it again.") from error
    return reader.feed
