"""From portal pages to one headline table that says where every row and every label came from."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from classifier.errors import DataError
from classifier.pages.article import Reading, read
from classifier.pages.profile import Portal
from classifier.pages.source import Page, read_page, read_stream

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger(__name__)

#: How a row came by its section, the strongest first.
EVIDENCE = ("item", "article", "block", "page", "address", "none")

COLUMNS = ("headline", "section", "source", "block", "evidence", "press", "count", "contradicts", "date", "url")

#: What is read in a folder.
_PAGE_SUFFIXES = (".html", ".htm", ".xhtml", ".txt", ".md", ".xml", ".rss", ".atom", ".gz")

_SHELL = "the shell of an application: its text would be brought by scripts"


@dataclass(frozen=True)
class _Mention:
    """A headline as one page has it once."""

    headline: str
    stated: tuple[tuple[str, str], ...]  #: sections by evidence, the strongest first
    source: str
    heading: str
    press: str
    is_article: bool = False
    date: str = ""
    url: str = ""


@dataclass
class Extraction:
    """What a set of pages yields."""

    mentions: dict[str, Counter[_Mention]] = field(default_factory=dict)  #: by headline
    failures: list[str] = field(default_factory=list)  #: what is wrong with the pages that could not be read
    skipped: Counter[str] = field(default_factory=Counter)  #: files of folders that are no pages, by their endings
    pages: int = 0  #: that could be read
    articles: int = 0
    listed: int = 0  #: items of lists, repeats included

    def add(self, reading: Reading, source: str) -> None:
        """Add all the headlines of a page."""
        self.pages += 1
        self.articles += reading.article is not None
        self.listed += len(reading.items)
        if (a := reading.article) is not None:
            stated = (("article", a.section),) if a.section else ()
            self._add(_Mention(a.title, stated, source, "", a.press or "", is_article=True, date=a.date, url=a.url))
        for i in reading.items:
            self._add(_Mention(i.headline, i.stated, source, i.heading, i.press or "", date=i.date, url=i.url))

    def _add(self, mention: _Mention) -> None:
        self.mentions.setdefault(mention.headline, Counter())[mention] += 1

    def rows(self) -> list[dict[str, str]]:
        """Return one row a headline, see :func:`_merge`."""
        return [_merge(found) for found in self.mentions.values()]

    def table(self, *, labelled_only: bool = False) -> pd.DataFrame:
        """Return the rows as a headline table with the columns :data:`COLUMNS`."""
        import pandas as pd

        rows = [row for row in self.rows() if row["section"] or not labelled_only]
        return pd.DataFrame(rows, columns=list(COLUMNS), dtype=str)

    def summary(self, table: pd.DataFrame) -> str:
        """Return in words what was read and what became of it in ``table``."""
        labelled = table[table["section"] != ""]
        by_evidence = labelled["evidence"].value_counts()
        shown = ", ".join(f"{by_evidence[name]:,} by {name}" for name in EVIDENCE if name in by_evidence)
        text = (
            f"{self.pages:,} pages: {self.articles:,} articles and {self.listed:,} listed items; "
            f"{len(table):,} different headlines, {len(labelled):,} with a section" + (f" ({shown})" if shown else "")
        )
        contradictory = int((table["contradicts"] != "").sum())
        if contradictory:
            text += f"; {contradictory:,} with contradictory evidence, see the column contradicts"
        if self.skipped:
            kinds = ", ".join(f"{count:,} {suffix}" for suffix, count in self.skipped.most_common())
            text += f"; files that are no pages, not read: {kinds}"
        if self.failures:
            text += f"; {len(self.failures):,} pages failed"
        return text


def _merge(mentions: Counter[_Mention]) -> dict[str, str]:
    """Return the row of a headline: the strongest evidence wins, of equals the more frequent section.

    Equally strong and equally frequent sections cancel out: the row has none. Whatever the row's
    section overrules is in ``contradicts``. The evidence of an article without a section is ``article``.
    """
    claims: dict[str, Counter[str]] = {evidence: Counter() for evidence in EVIDENCE}
    for mention, count in mentions.items():
        for kind, section in mention.stated:
            claims[kind][section] += count
    evidence = next((e for e in EVIDENCE[:-1] if claims[e]), "none")
    ranked = claims[evidence].most_common(2)
    section = ranked[0][0] if ranked else ""
    if len(ranked) > 1 and ranked[0][1] == ranked[1][1]:
        section, evidence = "", "none"
    if not ranked and any(mention.is_article for mention in mentions):
        evidence = "article"

    def first(name: str, *, prefer: bool = False) -> str:
        chosen = [m for m in mentions if (evidence, section) in m.stated or (prefer and m.is_article)]
        return next((value for m in (*chosen, *mentions) if (value := getattr(m, name))), "")

    others = [
        f"{other} ({kind} ×{count})"
        for kind in EVIDENCE[:-1]
        for other, count in claims[kind].items()
        if other != section
    ]
    return {
        "headline": next(iter(mentions)).headline,
        "section": section,
        "source": first("source"),
        "block": first("heading"),
        "evidence": evidence,
        "press": first("press"),
        "count": str(mentions.total()),
        "contradicts": ", ".join(others),
        "date": first("date", prefer=True),
        "url": first("url", prefer=True),
    }


def find_pages(name: str, skipped: Counter[str] | None = None) -> Iterator[str]:
    """Yield the pages that a file's, a folder's or a glob's name stands for; ``-`` is standard input.

    What a folder holds beside pages is counted in ``skipped``, by the ending of its name.

    Raises:
        DataError: a folder or a glob holds no page.
    """
    path = Path(name)
    if name == "-" or path.is_file():
        yield name
    elif path.is_dir():
        files = sorted(p for p in path.rglob("*") if p.is_file())
        found = [p for p in files if p.suffix.lower() in _PAGE_SUFFIXES]
        if skipped is not None:
            skipped.update(p.suffix.lower() or "without an ending" for p in set(files) - set(found))
        if not found:
            raise DataError(f"{name}: no page in this folder. Pages end in {', '.join(_PAGE_SUFFIXES)}.")
        yield from map(str, found)
    elif any(sign in name for sign in "*?["):
        matches = sorted(match for match in Path(path.anchor).glob(name.removeprefix(path.anchor)) if match.is_file())
        if not matches:
            raise DataError(f"{name}: no file matches.")
        yield from map(str, matches)
    else:
        yield name  # reading it will say that it is not there


def _page(name: str, portal: Portal, stdin: BinaryIO) -> Page:
    return read_stream(stdin, "standard input", portal) if name == "-" else read_page(Path(name), portal)


def read_named(name: str, portal: Portal, stdin: BinaryIO) -> Reading:
    """Read one page: a file, or ``stdin`` if ``name`` is ``-``.

    Raises:
        DataError: it is no page, or says nothing that the profile knows.
    """
    page = _page(name, portal, stdin)
    reading = read(page, portal)
    if reading.article is None and not reading.items:
        if page.feed is not None:
            raise DataError(f"{name}: a feed or a sitemap without titles. There is nothing to read in it.")
        if reading.is_shell:
            raise DataError(f"{name}: {_SHELL}, and its head names no article. Save the page after it has loaded.")
        raise DataError(
            f"{name}: neither an article nor a list of headlines that the profile {portal.name!r} knows. "
            f"See what was refused: classifier extract --explain {name}. "
            "If it is a news page, copy data/portal.toml, describe its lists there, and give --profile."
        )
    if reading.is_shell:
        logger.warning("%s: %s; its head alone gives a row. Save the page after it has loaded.", name, _SHELL)
    elif not reading.items:
        logger.warning("%s: its article alone; no list of headlines that the profile %r knows", name, portal.name)
    return reading


def read_all(
    names: Sequence[str],
    portal: Portal,
    stdin: BinaryIO,
    failed: Callable[[DataError], object],
    skipped: Counter[str] | None = None,
) -> Iterator[tuple[str, Reading]]:
    """Yield the pages that ``names`` stand for, each under its name; one that fails does not stop the others.

    Args:
        names: files, folders and globs, or ``-`` for ``stdin``.
        portal: the profile by which they are read.
        stdin: what ``-`` reads.
        failed: called for what cannot be read, and for a folder or a glob that holds no page.
        skipped: counts the files of folders that are no pages, by their endings.

    """
    for name in names:
        try:
            for page in find_pages(name, skipped):
                try:
                    yield page, read_named(page, portal, stdin)
                except DataError as error:
                    failed(error)
        except DataError as error:
            failed(error)


def extract(names: Sequence[str], portal: Portal, stdin: BinaryIO) -> Extraction:
    """Read pages into one :class:`Extraction`, see :func:`read_all`; failures are logged and kept."""
    extraction = Extraction()

    def failed(error: DataError) -> None:
        logger.warning("%s", error)
        extraction.failures.append(str(error))

    for page, reading in read_all(names, portal, stdin, failed, extraction.skipped):
        extraction.add(reading, page)
    return extraction


def explain_page(name: str, portal: Portal, stdin: BinaryIO) -> list[tuple[str, str, str, str]]:
    """Return a row for each headline that was found in a page and for each link that was refused, in order.

    A row holds ``headline``, ``article`` or ``refused``; the text; what states its section, or why it was refused;
    the heading over its list.

    Raises:
        DataError: it is no page.
    """
    reading = read(_page(name, portal, stdin), portal)
    rows = []
    if reading.article is not None:
        rows.append(("article", reading.article.title, f"article: {reading.article.section or 'no section'}", ""))
    rows += [
        ("headline", item.headline, ", ".join(f"{kind}: {section}" for kind, section in item.stated), item.heading)
        for item in reading.items
    ]
    refused = (link for link in reading.links if link.refused)
    return rows + [("refused", link.text, link.refused, link.heading.text if link.heading else "") for link in refused]
