"""The headings of an HTML page: which list each is over, and which section it names."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from operator import attrgetter

from classifier.pages.html import HEADINGS, Document, Node, Part
from classifier.pages.profile import Portal

TITLE_WORDS = frozenset("tit title ttl headline heading subject subj hl".split())
PRESS_WORDS = frozenset(
    "press office cp writing source company publisher newspaper paper provider agency publication outlet".split()
)
_LOGO_WORDS = PRESS_WORDS | {"logo"}
ACTIVE_WORDS = frozenset("on active selected current".split())
_HEAD_WORDS = TITLE_WORDS | {"head", "hd", "header", "screen", "blind", "name"}
_HEAD_TAGS = HEADINGS | {"caption", "dt", "legend"}
_LONGEST = 60
_MOST = 100  # headings of one element that are looked at for one list
_NO_LEVEL = 7  # of a heading that is none by its tag
_REACH = 4  # elements around a text that may make it a heading
MAX_LABEL_PARTS = 8  # of an element that may make its text a heading or a title
#: What is in the titles of lists that choose from all sections: the page's section is not that of their items.
OWN_CHOICE = re.compile(
    r"많이|인기|랭킹|추천|공감|댓글|화제|급상승|핫|베스트|best|hot|당신|함께|관련|이슈|포토|사진|영상|오피니언|기획|"
    r"연재|언론사|분야|실시간|주간|일간|독자|기자|사설|칼럼|속보|pick|top",
    re.IGNORECASE,
)
_MORE = re.compile(r"\s*(?:더 ?보기|전체 ?보기|바로 ?가기|목록|홈|[+>›»])+$")


@dataclass(frozen=True)
class Heading:
    """A heading over a list."""

    text: str
    section: str | None
    is_label: bool  #: a section's name and nothing else
    titles: bool  #: whether it is a title of lists of news, as the profile knows them
    refused: bool  #: whether what stands under it is no news
    press: str | None
    start: int  #: the number of its part
    level: int  #: 1 to 6 as in h1 to h6, 7 for what is no heading by its tag
    active: bool


class Count:
    """How many of some parts, given by their numbers in order, are in an element."""

    def __init__(self, numbers: Sequence[int]) -> None:
        self._numbers = numbers

    def __call__(self, node: Node) -> int:
        """Return how many there are in an element."""
        return self.between(node.start, node.end)

    def between(self, start: int, end: int) -> int:
        """Return how many there are from part ``start`` to before part ``end``."""
        return bisect_left(self._numbers, end) - bisect_left(self._numbers, start)


class Headings:
    """The headings of a page, by the element to whose lists they belong.

    Args:
        document: the page.
        portal: the profile.
        count: counts the headlines.
        within: whether a part belongs to a listed headline.

    """

    def __init__(self, document: Document, portal: Portal, count: Count, within: Callable[[int], bool]) -> None:
        self._scopes: dict[Node, list[Heading]] = {}
        self._count = count
        before: Part | None = None
        for index, part in enumerate(document.parts):
            if within(index) or part.node.tag == "pre" or (before is not None and part.line == before.line):
                continue
            before = part
            found = self._heading(document, portal, index, part)
            if found is None:
                continue
            scope = next((node for node in part.node.up() if count(node)), None)
            if scope is not None:
                self._scopes.setdefault(scope, []).append(found)

    def _heading(self, document: Document, portal: Portal, index: int, part: Part) -> Heading | None:
        text = _MORE.sub("", part.text) or part.text
        title = portal.list_title(text) if len(text) <= _LONGEST else None
        if not text or len(text) > _LONGEST or (title is None and portal.match("noise", text)):
            return None
        section = title[1] if title else portal.section(text)
        is_label = title is None and portal.is_label(text)
        around = list(takewhile(lambda element: element.size <= MAX_LABEL_PARTS, part.node.near(_REACH)))
        tagged = any(element.tag in _HEAD_TAGS for element in around)
        menu = title is None and portal.match("menu", text) is not None
        refused = portal.match("no_news_lists", text) is not None or (menu and tagged)
        if not (tagged or (not menu and any(e.tag != "li" and e.words & _HEAD_WORDS for e in around))):
            # Neither its tag nor a class says that it is a heading, so only what the profile knows is one.
            if part.link is not None or not (title or refused or is_label):
                return None
            if is_label and not self._over_a_list(document, index):
                return None
        active = any(element.words & ACTIVE_WORDS for element in around)
        named = any(element.words & (PRESS_WORDS | {"name"}) for element in around[:2])
        press = portal.press_of(text)
        if press is None and named and section is None and title is None and len(text) <= 15:
            press = text
        level = next((int(element.tag[1]) for element in around if element.tag in HEADINGS), _NO_LEVEL)
        return Heading(text, section, is_label, title is not None, refused, press, index, level, active)

    def _over_a_list(self, document: Document, index: int) -> bool:
        """Whether a bare label is right over a headline, and not one of several tabs."""
        following = document.parts[index + 1 : index + 4]
        return any(self._count(part.node) for part in following if part.link is not None)

    def over(self, item: Node, start: int) -> Iterator[Heading]:
        """Yield the headings over the headline that begins at part ``start``, the nearest first.

        A heading is over a headline if no other list stands between them, or if its level is higher than those of
        all nearer headings. Labels without a headline between them are tabs: only the active one counts.
        """
        level = _NO_LEVEL + 1
        begin = start
        for node in item.up():
            found = self._scopes.get(node, [])
            at = bisect_left(found, start, key=attrgetter("start")) - 1
            last = max(0, at - _MOST)
            near = at >= 0 and not self._count.between(found[at].start, begin)
            while at >= last and (near or level > 1):
                tabs = [found[at]]
                while at > last and not self._count.between(found[at - 1].start, found[at].start):
                    at -= 1
                    tabs.append(found[at])
                labels = [tab for tab in tabs if tab.is_label]
                if len({tab.section for tab in labels}) > 1:
                    labels = [tab for tab in labels if tab.active][:1]
                yield from [t for t in tabs if (near or t.level < level) and (not t.is_label or t in labels)]
                level = min(level, *(tab.level % _NO_LEVEL for tab in tabs))  # 0 if one has none: it may be of any
                near = False
                at -= 1
            begin = min(begin, node.start)


def page_section(document: Document, portal: Portal) -> str | None:
    """Return the section that the whole page is of, or None.

    Its title states it, or else its address, its highest heading or the entry of a menu that is marked as the
    present one.
    """
    for title in (document.meta.get("og:title", ""), document.title):
        if section := portal.section_in_title(title):
            return section
    if section := portal.address_section(document.address):
        return section
    active: set[str] = set()
    for part in document.parts:
        section = portal.section(part.text) if len(part.raw) < 20 else None
        if section is None:
            continue
        around = list(part.node.near(4))
        if any(node.tag == "h1" or node.words >= {"kakao", "body"} for node in around):
            return section
        current = any(
            node.attributes.get("aria-current") or node.attributes.get("aria-selected") == "true" for node in around
        )
        if current or any(node.words & ACTIVE_WORDS and node.size <= 3 for node in around):
            active.add(section)
    return active.pop() if len(active) == 1 else None


def logo_press(image: Node, portal: Portal) -> str | None:
    """Return the press that a picture names if it is a press's logo, or None."""
    alt = image.attributes["alt"] or ""
    return alt if len(alt) <= 15 and image.among(_LOGO_WORDS, 4) and not portal.is_site(alt) else None
