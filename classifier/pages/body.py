"""The prose of an article: its paragraphs among the lines of a page, and the title over them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from classifier.pages.headings import PRESS_WORDS
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
_LOGO = PRESS_WORDS | {"logo"}


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
    first = run[0]
    for i in range(first - 1, -1, -1):
        if portal.match("captions", texts[i]):
            continue
        if texts[i] == title or not is_sentence(texts[i], portal, _MIN_SENTENCE) or not _alike(lines[i], lines[first]):
            break
        run.insert(0, i)
    last = run[-1]
    while (
        last + 1 < len(texts) and texts[last + 1] != title and is_sentence(texts[last + 1], portal, 2 * _MIN_SENTENCE)
    ):
        if not _alike(lines[last + 1], lines[last]):
            break
        last += 1
    found = [
        texts[i]
        for i in range(run[0], last + 1)
        if i in run or i > run[-1] or is_sentence(texts[i], portal, _MIN_SENTENCE)
    ]
    return [_ADDRESS.sub("", text) for text in found], run[0], last


def _alike(first: Line, second: Line) -> bool:
    """Whether two lines are of the same element, or of elements of one kind; lines of a text are."""
    siblings = first.node.kind == second.node.kind and first.node.parent is second.node.parent
    return first.node is second.node or siblings


def _between(text: str, portal: Portal) -> bool:
    """Whether a line is of those that stand between title and paragraphs in any number."""
    if portal.match("bylines", text):
        return False
    return any(portal.match(kind, text) for kind in ("menu", "noise", "captions"))


def _title(texts: Sequence[str], first: int, portal: Portal) -> tuple[str | None, str | None]:
    """Return the title over the paragraph at ``first`` and the press of the line between, if any."""
    over = [i for i in range(first - 1, -1, -1) if not _between(texts[i], portal)][:_TITLE_REACH]
    press: str | None = None
    title: str | None = None
    bylines: list[int] = []
    for i in over:
        if is_paragraph(texts[i], portal) or (bylines and i < bylines[-1] - 2):
            break
        if portal.match("bylines", texts[i]):
            bylines.append(i)
            press = press or portal.byline_press(texts[i])
        elif portal.match("press", texts[i]):
            press = press or texts[i]
    for i in over:
        if is_paragraph(texts[i], portal):
            break
        # With a byline the title stands over it; what stands under it is a caption or a summary.
        if title is None and not (bylines and i >= bylines[0]) and headline_like(texts[i], portal):
            title = texts[i]
    return title, press


def is_aside(node: Node) -> bool:
    """Whether an element holds what is not the article: a caption, a byline, a menu."""
    for around in node.up():
        if around.tag in ("figcaption", "nav", "footer", "aside") or around.words & _ASIDE:
            return around.tag not in ("body", "html", "article", "main")
    return False


def body_of(lines: Sequence[Line], title: str, portal: Portal) -> str:
    """Return the body of the article whose title is known."""
    container = _container(lines, portal)
    within = [line for line in lines if container is None or _is_within(line, container)]
    return "\n".join(_paragraphs(within, portal, title)[0])


def _is_within(line: Line, container: Node) -> bool:
    return any(node is container for node in line.node.up())


def _container(lines: Sequence[Line], portal: Portal) -> Node | None:
    """Return the smallest element that holds most of the page's prose."""
    sizes: dict[int, tuple[int, int, Node]] = {}
    total = 0
    for line in lines:
        if not is_paragraph(line.text, portal):
            continue
        total += len(line.text)
        for node in line.node.up():
            size, _, _ = sizes.get(id(node), (0, 0, node))
            sizes[id(node)] = (size + len(line.text), node.end - node.start, node)
    holding = [(extent, node) for size, extent, node in sizes.values() if size >= 0.7 * total]
    return min(holding, key=lambda found: found[0])[1] if holding else None


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
    for image in document.images:
        if image.among(_LOGO, 4):
            alt = " ".join((image.attributes.get("alt") or "").split())
            if len(alt) <= 15 and not portal.is_site(alt):
                return alt
    return None
