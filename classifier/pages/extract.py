"""From portal pages to one headline table that says where every row and every label came from."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from classifier.errors import DataError
from classifier.pages.article import Reading, read
from classifier.pages.html import read_page, read_stream
from classifier.pages.profile import Portal

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger(__name__)

#: How a row came by its section, the strongest first.
EVIDENCE = ("item", "article", "block", "none")

COLUMNS = ("headline", "section", "source", "block", "evidence", "press", "count", "contradicts")

#: What is read in a folder.
_PAGE_SUFFIXES = (".html", ".htm", ".xhtml", ".txt")


@dataclass(frozen=True)
class _Mention:
    """A headline as one place of one page has it."""

    headline: str
    section: str
    source: str
    block: str
    evidence: str
    press: str


@dataclass
class Extraction:
    """What a set of pages yields."""

    mentions: dict[str, Counter[_Mention]] = field(default_factory=dict)  #: by headline
    failures: list[str] = field(default_factory=list)  #: what is wrong with the pages that could not be read
    pages: int = 0  #: that could be read
    articles: int = 0
    listed: int = 0  #: items under block titles, repeats included

    def add(self, reading: Reading, source: str) -> None:
        """Add all the headlines of a page."""
        self.pages += 1
        self.articles += reading.article is not None
        self.listed += len(reading.items)
        if reading.article is not None:
            a = reading.article
            evidence = "article" if a.section else "none"
            self._add(_Mention(a.title, a.section or "", source, "", evidence, a.press or ""))
        for item in reading.items:
            section, evidence = item.section, "item"
            if section is None:
                section, evidence = item.block_section, "block"
            if section is None:
                evidence = "none"
            self._add(_Mention(item.headline, section or "", source, item.block, evidence, item.press or ""))

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
        if self.failures:
            text += f"; {len(self.failures):,} pages failed"
        return text


def _merge(mentions: Counter[_Mention]) -> dict[str, str]:
    """Return the row of a headline: the strongest evidence wins, of equals the more frequent section.

    Equally strong and equally frequent sections cancel out: the row has none. Whatever the row's
    section overrules is in ``contradicts``.
    """
    claims: dict[str, Counter[str]] = {evidence: Counter() for evidence in EVIDENCE}
    for mention, count in mentions.items():
        claims[mention.evidence][mention.section] += count
    evidence = next((e for e in EVIDENCE[:-1] if claims[e]), "none")
    ranked = claims[evidence].most_common(2)
    section = ranked[0][0]
    if len(ranked) > 1 and ranked[0][1] == ranked[1][1]:
        section, evidence = "", "none"
    first = next((m for m in mentions if m.evidence == evidence), next(iter(mentions)))
    others = [
        f"{other} ({kind} ×{count})"
        for kind in EVIDENCE[:-1]
        for other, count in claims[kind].items()
        if other != section
    ]
    return {
        "headline": first.headline,
        "section": section,
        "source": first.source,
        "block": first.block,
        "evidence": evidence,
        "press": first.press or next((m.press for m in mentions if m.press), ""),
        "count": str(mentions.total()),
        "contradicts": ", ".join(others),
    }


def find_pages(name: str) -> Iterator[str]:
    """Yield the pages that a file's, a folder's or a glob's name stands for; ``-`` is standard input.

    Raises:
        DataError: a folder or a glob holds no page.
    """
    path = Path(name)
    if name == "-" or path.is_file():
        yield name
    elif path.is_dir():
        found = sorted(p for p in path.rglob("*") if p.suffix.lower() in _PAGE_SUFFIXES and p.is_file())
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


def read_named(name: str, portal: Portal, stdin: BinaryIO) -> Reading:
    """Read one page: a file, or ``stdin`` if ``name`` is ``-``.

    Raises:
        DataError: it is no page, or says nothing that the profile knows.
    """
    page = read_stream(stdin, "standard input", portal) if name == "-" else read_page(Path(name), portal)
    reading = read(page, portal)
    if reading.article is None and not reading.items:
        raise DataError(
            f"{name}: neither an article nor a block of headlines that the profile {portal.name!r} knows. "
            "If it is a news page, copy data/portal.toml, describe its blocks there, and give --profile."
        )
    if not reading.items:
        logger.warning("%s: its article alone; no block of headlines that the profile %r knows", name, portal.name)
    return reading


def extract(names: Sequence[str], portal: Portal, stdin: BinaryIO) -> Extraction:
    """Read pages into one :class:`Extraction`; a page that fails does not stop the others.

    Args:
        names: files, folders and globs, or ``-`` for ``stdin``.
        portal: the profile by which they are read.
        stdin: what ``-`` reads.

    """
    extraction = Extraction()

    def failed(error: DataError) -> None:
        logger.warning("%s", error)
        extraction.failures.append(str(error))

    for name in names:
        try:
            for page in find_pages(name):
                try:
                    extraction.add(read_named(page, portal, stdin), page)
                except DataError as error:
                    failed(error)
        except DataError as error:  # a folder or a glob that holds none
            failed(error)
    return extraction
