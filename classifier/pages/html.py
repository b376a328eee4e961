"""An HTML page as a tree of elements and the parts of text in them.

HTML is parsed by lexbor (through selectolax). What follows needs few facts, so they are copied into small objects in
one pass: elements with their range of parts, links, and parts of text as a browser would set them apart.
"""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice, takewhile
from typing import Any

from classifier.errors import DataError
from classifier.extras import need

#: Bounds on what an HTML page may ask of the parser, far beyond any real page: elements inside each
#: other, elements (those included that the parser repeats because they were not closed), and the
#: squares of the attributes of each element.
_MAX_DEPTH, _MAX_ELEMENTS, _MAX_ATTRIBUTE_WORK = 1_000, 1_000_000, 4e9

_UNSEEN = re.compile(
    "[\0-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\u3164\uffa0\ue000-\uf8ff]"
)
_DROPPED = frozenset(
    "script style noscript template svg math select option textarea button iframe object video audio canvas head input "
    "-comment !doctype".split()
)
_BLOCKS = frozenset(
    "address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption figure "
    "footer form h1 h2 h3 h4 h5 h6 header hr html legend li main menu nav ol p pre section summary table tbody td "
    "tfoot th thead tr ul".split()
)
HEADINGS = frozenset("h1 h2 h3 h4 h5 h6".split())
#: The text of these is running text: nothing in them is set apart.
_RUNNING = frozenset("p blockquote pre dt caption legend summary".split())
#: HTML repeats these in every element that follows until they are closed (the "adoption agency").
_FORMATTING = frozenset("a b big code em font i nobr s small strike strong tt u".split())
EMPHASIS = frozenset("b font mark strong u".split())
#: An element that holds nothing, or that the next one of its kind closes.
_UNCLOSED = frozenset(
    "area base br col dd dt embed hr img input li link meta option p param source tbody td th tr track wbr".split()
)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)([^<>]*)")
_CUT_TAG = re.compile(r"<(?:[/!a-zA-Z][^<>]*)?\Z")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")


@lru_cache(maxsize=4096)
def words(names: str) -> frozenset[str]:
    """Return the words of class names, in lower case."""
    return frozenset(word.lower() for word in _WORD.findall(names[:300]))


class Node:
    """An element. ``start`` and ``end`` are the range of its parts in :attr:`Document.parts`."""

    __slots__ = ("attributes", "children", "end", "parent", "position", "start", "tag", "words")

    def __init__(self, tag: str, attributes: dict[str, str | None], parent: Node | None, start: int) -> None:
        self.tag = tag
        self.attributes = attributes
        self.parent = parent
        self.start = self.end = start
        self.children: list[Node] = []
        #: The words of its class and its id, in lower case: ``news_tit01`` is news and tit.
        self.words = words(f"{attributes.get('class') or ''} {attributes.get('id') or ''}")
        self.position = 0  # among the children of its parent
        if parent is not None:
            self.position = len(parent.children)
            parent.children.append(self)

    @property
    def size(self) -> int:
        """How many parts are in it."""
        return self.end - self.start

    @property
    def kind(self) -> tuple[str, str | None]:
        """What elements of one list share: tag and class."""
        return self.tag, self.attributes.get("class")

    def up(self) -> Iterator[Node]:
        """Yield the element and those around it, from the inside."""
        node: Node | None = self
        while node is not None:
            yield node
            node = node.parent

    def near(self, reach: int) -> Iterator[Node]:
        """Yield the element and those around it, ``reach`` in all."""
        return islice(self.up(), reach)

    def within(self, start: int, end: int) -> Iterator[Node]:
        """Yield the element and those around it that lie from part ``start`` to before part ``end``."""
        return takewhile(lambda node: node.start >= start and node.end <= end, self.up())

    def among(self, names: frozenset[str], reach: int) -> bool:
        """Whether the element or one of those around it, ``reach`` in all, has one of these words."""
        return any(node.words & names for node in self.near(reach))


#: Where a line of a text is.
NOWHERE = Node("", {}, None, 0)


@dataclass(slots=True, eq=False)
class Part:
    """A piece of text that is set apart from what stands around it."""

    raw: str  #: with the white space around it
    node: Node  #: the element in which it begins
    link: Node | None
    line: int  #: parts of one line are not parted by a block or a line break
    depth: int  #: of list items around it
    opens_item: bool
    alone: bool  #: a rank, a label, a counter, a press: not of the sentence beside it
    text: str = ""  #: the text, white space folded


@dataclass
class Document:
    """What an HTML page holds."""

    root: Node
    parts: list[Part]
    links: list[Node]  #: in the page's order
    images: list[Node]  #: that have a text of their own (``alt``, white space folded)
    meta: dict[str, str] = field(default_factory=dict)  #: by property or name, in lower case
    title: str = ""
    canonical: str = ""
    data: list[dict[str, Any]] = field(default_factory=list)  #: objects of JSON-LD

    @property
    def address(self) -> str:
        """The page's own address, empty if its head does not give it."""
        return self.meta.get("og:url") or self.canonical


def parse(source: str, where: str, stands_alone: Callable[[str], bool]) -> Document:
    """Parse HTML; ``stands_alone`` says which pieces of a line are set apart from the rest.

    Raises:
        DataError: it asks for more than any page does, so that parsing it could take minutes or all memory.
    """
    need("pages", "reading HTML")
    from selectolax.lexbor import LexborHTMLParser

    _check_soup(source, where)
    tree = LexborHTMLParser(_CUT_TAG.sub("", source))
    document = _Builder(stands_alone).build(tree.root)
    for node in tree.css("meta"):
        found = node.attributes
        name, content = found.get("property") or found.get("name") or found.get("itemprop"), found.get("content")
        if name and content and content.strip():
            document.meta.setdefault(name.lower().strip(), _clean(content))
    title, canonical = tree.css_first("head > title"), tree.css_first('link[rel="canonical"]')
    document.title = _clean(title.text()) if title is not None else ""
    document.canonical = (canonical.attributes.get("href") or "").strip() if canonical is not None else ""
    for node in tree.css('script[type="application/ld+json"]'):
        document.data += _objects(node.text())
    return document


def _clean(text: str) -> str:
    return " ".join(tidy(text).split())


def tidy(text: str) -> str:
    """Return a text with double escapes undone and without what nobody sees.

    That is control characters, directions, zero widths and the private characters of icon fonts.
    """
    return _UNSEEN.sub("", html.unescape(text) if "&" in text else text)


def _objects(text: str) -> list[dict[str, Any]]:
    """Return the objects of JSON-LD, those of a list or a graph one by one; none if it is damaged."""
    try:
        found = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return []
    objects = found if isinstance(found, list) else [found]
    graphs = [thing.get("@graph") for thing in objects if isinstance(thing, dict)]
    objects += [thing for graph in graphs if isinstance(graph, list) for thing in graph]
    return [thing for thing in objects if isinstance(thing, dict)]


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


class _Builder:
    """Goes through the parser's tree once, without recursion, however deep a broken page nests."""

    def __init__(self, stands_alone: Callable[[str], bool]) -> None:
        self._stands_alone = stands_alone
        self._parts: list[Part] = []
        self._links: list[Node] = []
        self._images: list[Node] = []
        self._pending: list[str] = []  # texts of the piece that is not yet closed
        self._pending_node = NOWHERE
        self._space = ""
        self._link: Node | None = None
        self._line = self._depth = 0
        self._opens_item = False
        self._apart = False  # whether the next piece is in another element than the last

    def build(self, root: Any) -> Document:
        top = current = Node(root.tag, {}, None, 0)
        node = root.child
        last = root.mem_id
        while node is not None:
            tag = node.tag
            descend = None
            if tag == "-text":
                self._text(node.text_content or "", current)
            elif tag == "br":
                self._end_line()
            elif tag == "img":
                self._image(node, current)
            elif tag not in _DROPPED:
                current = self._open(node, tag, current)
                descend = node.child
                if descend is None:
                    current = self._close(current)
            if descend is not None:
                node = descend
                continue
            following = node.next
            while following is None:
                node = node.parent
                if node is None or node.mem_id == last:
                    break
                current = self._close(current)
                following = node.next
            node = following
        self._end_line()
        for part in self._parts:
            part.text = " ".join(part.raw.split())
        top.end = len(self._parts)
        return Document(top, self._parts, self._links, self._images)

    def _open(self, source: Any, tag: str, parent: Node) -> Node:
        self._edge(tag, parent, opening=True)
        node = Node(tag, source.attributes, parent, len(self._parts))
        if tag == "a":
            self._links.append(node)
            self._link = node
        elif tag == "li":
            self._depth += 1
            self._opens_item = True
        return node

    def _close(self, node: Node) -> Node:
        parent = node.parent or node
        self._edge(node.tag, parent, opening=False)
        node.end = len(self._parts) + bool(self._pending)
        if node.tag == "a":
            self._link = None
        elif node.tag == "li":
            self._depth -= 1
            self._opens_item = False
        return parent

    def _edge(self, tag: str, parent: Node, *, opening: bool) -> None:
        """Begin a new part if the element that begins or ends here separates texts."""
        if tag in _BLOCKS:
            self._end_line()
        elif tag == "a":
            self._flush()
            if opening and self._parts and self._parts[-1].link is not None and self._parts[-1].line == self._line:
                self._end_line()  # links beside each other are a list, whatever the elements say
            self._apart = True
        elif parent.tag not in _RUNNING and (tag not in EMPHASIS or parent.tag != "a"):
            self._flush()  # but a searched word may be marked in a headline
            self._apart = True

    def _image(self, source: Any, parent: Node) -> None:
        if alt := " ".join((source.attributes.get("alt") or "").split()):
            node = Node("img", {"alt": alt}, parent, len(self._parts) + bool(self._pending))
            self._images.append(node)

    def _text(self, text: str, node: Node) -> None:
        text = tidy(text)
        if node.tag == "pre":
            for line in text.splitlines():
                self._piece(line, node)
                self._end_line()
        else:
            self._piece(text, node)

    def _piece(self, text: str, node: Node) -> None:
        if not text or text.isspace():
            self._space = " " if text else self._space
            if self._pending and text:
                self._pending.append(" ")
            return
        if not self._pending:
            self._pending_node = node
        self._pending.append(text)

    def _flush(self) -> None:
        """Close the piece: it is a part of its own, or goes on with the one before."""
        if not self._pending:
            return
        raw, self._pending = self._space + "".join(self._pending), []
        node, self._space = self._pending_node, ""
        last = self._parts[-1] if self._parts else None
        joined = last is not None and last.line == self._line and last.link is self._link
        alone = (joined or self._apart) and self._stands_alone(" ".join(raw.split()))
        if last is not None and joined and not last.alone and not alone and not _beside(last.node, node):
            last.raw += raw
        else:
            if last is not None and joined and not last.alone and self._stands_alone(" ".join(last.raw.split())):
                last.alone = True
            self._parts.append(Part(raw, node, self._link, self._line, self._depth, self._opens_item, alone))
            self._opens_item = False

    def _end_line(self) -> None:
        self._flush()
        self._line += 1
        self._space = ""
        self._apart = False


def _beside(first: Node, second: Node) -> bool:
    """Whether two elements stand beside each other, so that neither is a marked word of the other's text."""
    if first is second or (first.tag in EMPHASIS and second.tag in EMPHASIS):
        return False
    return first not in second.up() and second not in first.up()
