"""The headlines that an HTML page lists: links to articles, in repeated structure or under a known heading.

Every link is either a headline or refused for a reason that can be shown (``extract --explain``).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile
from operator import attrgetter
from urllib.parse import urljoin

from classifier.pages.headings import (
    MAX_LABEL_PARTS,
    OWN_CHOICE,
    PRESS_WORDS,
    TITLE_WORDS,
    Count,
    Heading,
    Headings,
    logo_press,
    page_section,
)
from classifier.pages.html import HEADINGS, NOWHERE, Document, Node, Part
from classifier.pages.lines import LEDE_WORDS, is_lede, why_no_headline
from classifier.pages.lists import Item, by_evidence, untagged
from classifier.pages.profile import Portal

_MENU_TAGS = frozenset(("nav", "footer"))
_MENU_WORDS = frozenset(
    "nav gnb lnb snb menu breadcrumb breadcrumbs paging paginate pagination sns share util login sitemap family path "
    "location skip tags hashtags".split()
)
#: What stands in these is no news, even if it reads like it.
_BOX_WORDS = frozenset(
    "footer foot copyright keyword keywords hashtag ad ads adv banner comment comments reply cmt notice powerlink "
    "promotion".split()
)
_SIDE_WORDS = frozenset("aside side sidebar right rank ranking related recommend popular".split())
_ARTICLE = re.compile(
    r"\d{6,}|/\d{4}/\d{1,2}/\d{1,2}/|/(article|articles|view|news|read|v)/(\w*/)*\w*\d|"
    r"[?&](aid|idx\w*|id|no|seq|newsid|news_id|article\w*|code|cid|uid|key)=\w*\d{3}",
    re.IGNORECASE,
)
_NOWHERE = re.compile(r"\s*(#.*|javascript:.*|mailto:.*)?$", re.IGNORECASE | re.DOTALL)
_CUT = re.compile(r"\s*(?:…|\.{2,})$")
_RANKED = re.compile(r"^(?:\d{1,3}[.)](?!\d)|[①-⑳])\s*")
_PICKED = re.compile(r"\s*(?:언론사\s?(?:선정|픽)|PiCK|선정)\s*$", re.IGNORECASE)
_DETAILS = 8  # parts after a headline in which its press and its label are looked for
_ALIKE = frozenset("li dd dt tr td a article p".split())  # in lists these are alike whatever their class
_NEAR = 14  # parts between two links to one article that are of one item
_WHOLE = frozenset("body html main header footer nav aside form".split())  # more than an item
_MANY = 8
_MAX_PRESS = 20  # characters
_PROSE = 50  # characters of a lede; an item has one text of that length at most
_MOST_PARTS = 40  # of an item
_ENTRIES = 3  # a link beside so many links like it, none of them a headline, is in a menu


@dataclass(eq=False)
class Link:
    """A link that may be a listed headline."""

    node: Node
    text: str = ""
    raw: str = ""
    part: int = 0  #: the number of the part that holds the text
    flagged: bool = False  #: whether the page marks it as a title
    refused: str = ""  #: why it is no headline
    heading: Heading | None = None
    item: Node = NOWHERE  #: the largest element around it that holds no other headline
    end: int = 0  #: of the parts that belong to it
    peers: int = 0  #: headlines in the same list

    @cached_property
    def address(self) -> str:
        """The link's address, empty if it leads nowhere."""
        address = self.node.attributes.get("href") or ""
        return "" if _NOWHERE.match(address) else address.strip()

    @cached_property
    def is_article(self) -> bool:
        """Whether its address is like that of an article."""
        return _ARTICLE.search(self.address) is not None


@dataclass
class Listed:
    """What a page lists."""

    items: list[Item] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)  #: accepted and refused, in the page's order
    used: set[int] = field(default_factory=set)  #: numbers of the parts that belong to items
    section: str | None = None  #: of the whole page
    has_headlines: bool = False  #: whether any link reads like a headline


def read_links(document: Document, portal: Portal) -> Listed:
    """Return the headlines that the page lists, and why the other links are none."""
    found = [link for node in document.links if (link := _read(document, node, portal)) is not None]
    has_headlines = any(not link.refused for link in found)
    _refuse_menus(found)
    _refuse_repeats(_accepted(found))
    candidates = _accepted(found)
    texts = _count(found)
    count = _count(candidates)
    prose = Count([n for n, part in enumerate(document.parts) if len(part.raw) > _PROSE and part.link is None])
    for link in candidates:
        link.item = _item(link, count, texts, prose)
    _count_peers(candidates, count, texts)
    candidates = _accepted(found)
    count = _count(candidates)
    _set_ends(document, candidates, count)
    inside = {number for link in candidates for number in range(link.item.start, link.end)}
    headings = Headings(document, portal, count, inside.__contains__)
    section = page_section(document, portal)
    listed = Listed(links=found, section=section, has_headlines=has_headlines)
    strong = sum(link.is_article for link in candidates)
    for link in candidates:
        over = list(headings.over(link.item, link.item.start))
        link.heading = over[0] if over else None
        link.refused = _why_refused(link, over, strong, portal)
        if not link.refused:
            listed.items.append(_make(document, link, over, section, portal))
            listed.used.update(range(link.item.start, link.end))
    return listed


def _accepted(links: list[Link]) -> list[Link]:
    return [link for link in links if not link.refused]


def _count(links: list[Link]) -> Count:
    return Count([link.part for link in links])


def _read(document: Document, node: Node, portal: Portal) -> Link | None:
    """Return what a link says; None if it says nothing, as a picture does."""
    best: Link | None = None
    outside = any(element.size <= MAX_LABEL_PARTS and _is_title(element) for element in node.near(3))
    for number, part in enumerate(document.parts[node.start : node.end], node.start):
        if part.link is not node:
            continue
        text, raw = _whole(part, node)
        around = list(part.node.within(node.start, node.end))
        own = any(_is_title(element) for element in around if element is not node)
        flagged = outside or own or _is_title(node)
        words = set().union(*(element.words for element in around))
        if words & LEDE_WORDS and not flagged:
            refused = "first words of an article"
        else:
            refused = why_no_headline(text, portal, strict=not flagged, is_link=True)
        if not refused and len(text) <= _MAX_PRESS and words & PRESS_WORDS:
            refused = "the name of a press"
        link = Link(node, text, raw, number, flagged, refused)
        if not refused and own:
            return link  # the title in a link that is a whole card
        if best is None or (best.refused and (not refused or len(text) > len(best.text))):
            best = link
    return best


def _is_title(node: Node) -> bool:
    return node.tag in HEADINGS or bool(node.words & TITLE_WORDS)


def _whole(part: Part, node: Node) -> tuple[str, str]:
    """Return a link's text, completed from its title if it is cut off."""
    text = part.text
    stem = _CUT.sub("", text)
    title = " ".join((node.attributes.get("title") or "").split())
    if stem != text and len(title) > len(stem) and title.replace(" ", "").startswith(stem.replace(" ", "")):
        return title, title
    return text, part.raw


def _refuse_menus(found: list[Link]) -> None:
    """Refuse the links in menus, footers and advertisements; an element that holds half of all headlines is none."""
    candidates = _accepted(found)
    count, texts = _count(candidates), _count(found)
    most = max(_MANY, len(candidates) / 2)

    def is_menu(node: Node) -> bool:
        if node.tag in _MENU_TAGS or node.attributes.get("role") in ("navigation", "contentinfo"):
            return True
        if node.tag in ("html", "body") or not node.words & (_MENU_WORDS | _BOX_WORDS) or count(node) > most:
            return False
        return bool(node.words & _BOX_WORDS) or texts(node) >= 2 * count(node)

    verdicts: dict[Node | None, bool] = {None: False}  # whether an element is in a menu
    for link in found:
        new = list(takewhile(lambda node: node not in verdicts, link.node.up()))
        for node in reversed(new):
            verdicts[node] = verdicts[node.parent] or is_menu(node)
        if verdicts[link.node] and not link.refused:
            link.refused = "in a menu, a footer or an advertisement"


def _refuse_repeats(candidates: list[Link]) -> None:
    """Refuse of links to one article beside each other all but the one that is its title."""
    best: Link | None = None
    for link in candidates:
        if best is None or not _same_article(best, link):
            best = link
            continue
        better = (link.flagged, not is_lede(link.text)) > (best.flagged, not is_lede(best.text))
        best, other = (link, best) if better else (best, link)
        other.refused = "beside the headline of the same article"


def _same_article(first: Link, second: Link) -> bool:
    if second.part - first.part > _NEAR or first.address != second.address:
        return False
    rows = [
        next((node for node in link.node.up() if node.tag in ("li", "tr", "article")), None) for link in (first, second)
    ]
    if rows[0] is not rows[1]:
        return False
    if first.address:
        return first.text == second.text or not (first.flagged and second.flagged)
    return first.text == second.text and not _in_alike_elements(first.node, second.node)


def _in_alike_elements(first: Node, second: Node) -> bool:
    """Whether two links are in different elements of one list."""
    above = {node.parent: node for node in first.up()}
    node = next(node for node in second.up() if node.parent in above)
    return node is not second and node.kind == above[node.parent].kind


def _item(link: Link, count: Count, texts: Count, prose: Count) -> Node:
    """Return the largest element around a headline that holds no other and no heading of a list."""
    node = link.node
    while (parent := node.parent) is not None and parent.tag not in _WHOLE and count(parent) == 1:
        others = [child for child in parent.children if child is not node]
        if any(_is_heading(child) for child in others) or prose(parent) > 1 or parent.size > _MOST_PARTS:
            break
        if sum(texts(child) > 0 for child in others if _alike(child) == _alike(node)) >= _ENTRIES:
            link.refused = "among the entries of a menu"
            break
        node = parent
    return node


def _is_heading(node: Node) -> bool:
    return node.tag in HEADINGS or any(child.tag in HEADINGS for child in node.children)


def _alike(node: Node) -> object:
    if node.tag in _ALIKE:
        return node.tag
    return node.tag, node.words or None


def _count_peers(candidates: list[Link], count: Count, texts: Count) -> None:
    """Count the headlines of each list, and refuse those among entries of a menu."""
    seen: dict[Node, dict[Node, tuple[int, int]]] = {}
    for link in candidates:
        parent = link.item.parent
        if parent is None:
            continue
        if parent not in seen:
            seen[parent] = _runs(parent, count, texts)
        link.peers, entries = seen[parent][link.item]
        if entries > link.peers:
            link.refused = "among the entries of a menu"


def _runs(parent: Node, count: Count, texts: Count) -> dict[Node, tuple[int, int]]:
    """Return for each child how many children like it hold headlines, and how many hold other links alone."""
    groups: dict[object, list[Node]] = {}
    last: object = None
    number = 0
    for child in parent.children:
        if not child.size:
            continue
        alike = _alike(child)
        if child.tag not in _ALIKE and not child.words:  # without a class only neighbours are alike
            number += alike != last
            alike = (alike, number)
        last = _alike(child)
        groups.setdefault(alike, []).append(child)
    result: dict[Node, tuple[int, int]] = {}
    for group in groups.values():
        holding = sum(count(child) > 0 for child in group)
        entries = sum(texts(child) > 0 and not count(child) for child in group)
        result |= dict.fromkeys(group, (holding, entries))
    return result


def _set_ends(document: Document, candidates: list[Link], count: Count) -> None:
    """Set the end of the parts that belong to each headline: a press may follow the item as a part beside it."""
    for number, link in enumerate(candidates):
        item = link.item
        following = candidates[number + 1].item if number + 1 < len(candidates) else None
        end = item.end
        if item.tag not in ("li", "tr", "article") and item.parent is not None:
            for child in item.parent.children[item.position + 1 :]:
                far = child.end - item.end > _DETAILS or child.tag in ("ul", "ol", "nav")
                if count(child) or _is_heading(child) or far:
                    break
                end = child.end
            line = document.parts[item.end - 1].line
            while end < len(document.parts) and document.parts[end].line == line and document.parts[end].link is None:
                end += 1
        link.end = max(item.end, min(end, following.start) if following is not None else end)


def _why_refused(link: Link, over: list[Heading], strong: int, portal: Portal) -> str:
    """Return why a link that reads like a headline is none, or "" if it is one."""
    nearest = over[0] if over else None
    telling = next((heading for heading in over if heading.refused or heading.titles or heading.section), None)
    if telling is not None and telling.refused:
        return f"in a list of something else: {telling.text}"
    if link.address and portal.leads_elsewhere(link.address):
        return "its address is no article's"
    if strong >= _MANY and not link.is_article and (link.address or link.node.attributes.get("href")):
        return "its address is not like those of the page's articles"
    known = nearest is not None and (nearest.titles or nearest.section is not None or nearest.press is not None)
    points = 2 * link.is_article + min(link.peers, 3) - 1 + link.flagged + 2 * known
    return "" if points >= 2 else "alone: neither in a list nor under a known heading, nor an article's address"


def _make(document: Document, link: Link, over: list[Heading], page: str | None, portal: Portal) -> Item:
    """Return the item that a headline and what stands around it make."""
    text, own_label, own = untagged(link.text, link.raw, portal)
    text = _RANKED.sub("", text) or text
    if own_label and not portal.is_catch_all(own_label):
        own = portal.section(own_label)
    press, label = _details(document, link, portal)
    nearest = over[0] if over else None
    if press is None and nearest is not None:
        press = nearest.press
    aside = any(
        node.tag == "aside" or node.words & _SIDE_WORDS for node in link.item.up() if node.tag not in ("body", "html")
    )
    named = None
    for heading in over[:1] if aside else over:
        named = heading.section
        if named is not None or (OWN_CHOICE.search(heading.text) and not heading.is_label):
            break
    chosen = nearest is not None and named is None and OWN_CHOICE.search(nearest.text) is not None
    sections = by_evidence(
        item=label or own,
        block=named,
        page=page if not chosen and not aside else None,
        address=next((s for address in _addresses(document, link) if (s := portal.address_section(address))), None),
    )
    try:
        url = urljoin(document.address, link.address) if link.address else ""
    except ValueError:  # of a damaged address
        url = link.address
    return Item(text, press, nearest.text if nearest else "", sections, url)


def _addresses(document: Document, link: Link) -> Iterator[str]:
    """Yield the address of a headline, then those of the other links of its item, which may be of a portal's copy."""
    yield link.address
    yield from (node.attributes.get("href") or "" for node in _from(document.links, link) if node.start < link.end)


def _from(nodes: list[Node], link: Link) -> list[Node]:
    """Return a few of the nodes, which are in the page's order, from where the item of a link begins."""
    first = bisect_left(nodes, link.item.start, key=attrgetter("start"))
    return nodes[first : first + _DETAILS]


def _details(document: Document, link: Link, portal: Portal) -> tuple[str | None, str | None]:
    """Return the press and the section's name that stand beside a headline."""
    press = weak = None
    labels: set[str] = set()
    for number in range(link.item.start, min(link.end, link.part + _DETAILS)):
        part = document.parts[number]
        text = _PICKED.sub("", part.text).strip(" ·|")
        if number == link.part or not text or len(text) > 30:
            continue
        around = set().union(*(node.words for node in part.node.within(link.item.start, link.end)))
        if portal.is_label(text):
            labels |= {section} if (section := portal.section(text)) else set()
        elif portal.match("noise", text) or portal.match("menu", text):
            continue
        elif (around & PRESS_WORDS and len(text) <= _MAX_PRESS) or portal.match("press", text):
            press = press or text
        elif byline := portal.byline_press(text):
            press = press or byline
        elif around & {"info", "name"} and len(text) <= 14:
            weak = weak or text
    label = labels.pop() if len(labels) == 1 else None
    if press is None:
        logos = (logo_press(image, portal) for image in _from(document.images, link) if link.item in image.up())
        press = next(filter(None, logos), weak)
    return press, label
