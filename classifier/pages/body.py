"""The prose of an article: its paragraphs among the lines of a page, and the title over them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import takewhile

from classifier.pages.headings import PRESS_WORDS, logo_press
from classifier.pages.html import Document, Node
from classifier.pages.lines import Line, headline_like, is_paragraph, is_sentence
from classifier.pages.profile import Portal

_LIST_ITEM = re.compile(r"[•·*-] ")
MIN_BODY = 80
_MIN_SENTENCE = 10
_GAP = 4  # lines between two paragraphs of one article that are neither captions nor sentences
_TITLE_REACH = 12  # lines over the first paragraph among which its title is looked for
_ADDRESS = re.compile(r"\s*[(<\[]?[\w.+-]+@[\w-]+(?:\.[\w-]+)+[)>\]]?\s*$")
_ASIDE = frozenset(
    "caption figcaption copyright byline reporter journalist comment comments reply related desc footer foot notice "
    "policy".split()
)


def find_article(lines: Sequence[Line], portal: Portal) -> tuple[str, str, str | None] | None:
    """Return title, body and press of the longest run of paragraphs, or None."""
    lines = [line for line in lines if not _LIST_ITEM.match(line.text)]
    body, start, end = _paragraphs(lines, portal)
    if sum(map(len, body)) < MIN_BODY:
        return None
    texts = [line.text for line in lines]
    title, press = _title(texts, start, portal)
    if title is None:
        return None
    if press is None:
        press = next((text for text in texts[end + 1 : end + 3] if portal.match("press", text)), None)
    return title, "\n".join(body), press


def _paragraphs(lines: Sequence[Line], portal: Portal, title: str | None = None) -> tuple[list[str], int, int]:
    """Return the longest run of paragraphs, and the numbers of its first and its last line.

    Between them stand captions, bylines and boxes in any number, and few other lines. A short sentence right before
    or within the run is of it too.
    """
    texts = [line.text for line in lines]
    runs: list[list[int]] = []
    between = 0
    for i, text in enumerate(texts):
        if is_paragraph(text, portal):
            if runs and between <= _GAP:
                runs[-1].append(i)
            else:
                runs.append([i])
            between = 0
        elif portal.match("bylines", text) or (title is None and portal.match("body_ends", text)):
            between += _GAP + 1 if title is None else 1
        elif not portal.match("captions", text) and not is_sentence(text, portal, _MIN_SENTENCE):
            between += 1
    if not runs:
        return [], 0, 0
    run = max(runs, key=lambda found: sum(len(texts[i]) for i in found))
    first, last = run[0], run[-1]

    def goes_on(i: int, beside: int, least: int) -> bool:
        return texts[i] != title and is_sentence(texts[i], portal, least) and _alike(lines[i], lines[beside])

    for i in range(first - 1, -1, -1):
        if portal.match("captions", texts[i]):
            continue
        if not goes_on(i, first, _MIN_SENTENCE):
            break
        first = i
    while last + 1 < len(texts) and goes_on(last + 1, last, 2 * _MIN_SENTENCE):
        last += 1
    found = [text for text in texts[first : last + 1] if is_sentence(text, portal, _MIN_SENTENCE)]
    return [_ADDRESS.sub("", text) for text in found], first, last


def _alike(first: Line, second: Line) -> bool:
    """Whether two lines are of the same element, or of elements of one kind; lines of a text are."""
    return first.node.kind == second.node.kind and first.node.parent is second.node.parent


def _between(text: str, portal: Portal) -> bool:
    """Whether a line is of those that stand between title and paragraphs in any number."""
    kinds = ("menu", "noise", "captions")
    return not portal.match("bylines", text) and any(portal.match(kind, text) for kind in kinds)


def _title(texts: Sequence[str], first: int, portal: Portal) -> tuple[str | None, str | None]:
    """Return the title over the paragraph at ``first`` and the press of the line between, if any."""
    over = [i for i in range(first - 1, -1, -1) if not _between(texts[i], portal)][:_TITLE_REACH]
    over = list(takewhile(lambda i: not is_paragraph(texts[i], portal), over))
    press: str | None = None
    bylines: list[int] = []
    for i in over:
        if bylines and i < bylines[-1] - 2:
            break
        if portal.match("bylines", texts[i]):
            bylines.append(i)
            press = press or portal.byline_press(texts[i])
        elif portal.match("press", texts[i]):
            press = press or texts[i]
    # With a byline the title stands over it; what stands under it is a caption or a summary.
    candidates = (texts[i] for i in over if not bylines or i < bylines[0])
    return next((text for text in candidates if headline_like(text, portal)), None), press


def is_aside(node: Node) -> bool:
    """Whether an element holds what is not the article: a caption, a byline, a menu."""
    for around in node.up():
        if around.tag in ("figcaption", "nav", "footer", "aside") or around.words & _ASIDE:
            return around.tag not in ("body", "html", "article", "main")
    return False


def body_of(lines: Sequence[Line], title: str, portal: Portal) -> str:
    """Return the body of the article whose title is known."""
    container = _container(lines, portal)
    within = [line for line in lines if container is None or container in line.node.up()]
    return "\n".join(_paragraphs(within, portal, title)[0])


def _container(lines: Sequence[Line], portal: Portal) -> Node | None:
    """Return the smallest element that holds most of the page's prose."""
    lengths: Counter[Node] = Counter()  # characters of prose
    paragraphs = [line for line in lines if is_paragraph(line.text, portal)]
    for line in paragraphs:
        for node in line.node.up():
            lengths[node] += len(line.text)
    most = 0.7 * sum(len(line.text) for line in paragraphs)
    return min((n for n, length in lengths.items() if length >= most), key=lambda n: n.size, default=None)


def press_over(document: Document, lines: Sequence[Line], title: str, body: str, portal: Portal) -> str | None:
    """Return the press that a logo over the body or a line between title and body names."""
    begin = body.partition("\n")[0]
    texts = [line.text for line in lines]
    first = next((i for i, text in enumerate(texts) if begin and text.startswith(begin)), 0)
    over = texts.index(title) if title in texts[:first] else first
    for line in lines[over:first]:
        text = line.text
        if len(text) <= 15 and line.node.words & (PRESS_WORDS | {"media"}) and not portal.match("noise", text):
            return text
        if byline := portal.byline_press(text):
            return byline
        if portal.match("press", text):
            return text
    return next((press for image in document.images if (press := logo_press(image, portal))), None)
