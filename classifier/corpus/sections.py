"""The canonical sections and the spellings by which portals and newspapers call them."""

from __future__ import annotations

import logging
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from classifier.errors import DataError

logger = logging.getLogger(__name__)

SECTIONS = ("정치", "경제", "사회", "세계", "IT과학", "생활문화", "연예", "스포츠")

_ALIASES = {
    "정치": "정치일반 국회 행정 북한 정치북한 politics",
    "경제": "경제일반 금융 증권 부동산 산업 경제금융 비즈니스 economy business",
    "사회": "사회일반 사건사고 전국 지역 society national",
    "세계": "국제 해외 월드 지구촌 국제일반 세계일반 world international",
    "IT과학": "it 과학 과학기술 it과학 과학it ict it기술 테크 기술 tech science itscience",
    "생활문화": "생활 문화 라이프 문화생활 라이프스타일 문화일반 culture life lifeculture lifestyle",
    "연예": "tv연예 엔터 엔터테인먼트 방송연예 연예일반 연예방송 연예오락 entertainment enter",
    "스포츠": "sports sport 스포츠일반",
}


def _key(spelling: str) -> str:
    return re.sub(r"[^\w]|_", "", unicodedata.normalize("NFKC", spelling)).casefold()


_CANONICAL = {_key(alias): section for section, aliases in _ALIASES.items() for alias in (section, *aliases.split())}


def known_section(spelling: str) -> str | None:
    """Return the canonical section that ``spelling`` is a usual name of, or None."""
    return _CANONICAL.get(_key(spelling))


def canonical_section(spelling: str) -> str:
    """Return the canonical section for a portal's ``spelling`` (TV연예, IT/과학, 국제 …).

    A name without an alias is a section of the table's own and is returned stripped.
    """
    return known_section(spelling) or _stripped(spelling)


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names once each: canonical sections in their order, then a table's own ones by name."""
    present = set(names)
    return tuple(name for name in SECTIONS if name in present) + tuple(sorted(present - set(SECTIONS)))


def section_text(value: Any) -> str | None:
    """Return a cell of a section column as text, an empty one as ""; None if it is neither text nor a number.

    >>> section_text(2), section_text(2.0), section_text(None), section_text(["정치"])
    ('2', '2', '', None)
    """
    if value is None or value != value:  # noqa: PLR0124 (NaN, which pandas writes for an empty cell)
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None


@dataclass(frozen=True)
class Folded:
    """A table's name of a section that became another."""

    name: str
    into: str
    rows: int

    def __str__(self) -> str:
        return f"{self.name} -> {self.into} ({self.rows:,} rows)"


@dataclass(frozen=True)
class SectionNames:
    """How the names of sections in tables become the names of a model's sections."""

    fold: bool = True  #: whether usual spellings become canonical sections (IT/과학 -> IT과학)
    own: Mapping[str, str] | None = None  #: a map that is used instead; names that it lacks stay as they are
    numbers: Mapping[int, str] = field(default_factory=dict)  #: names for sections that are numbers
    known: Collection[str] = ()  #: sections of a model; several names of one table may become one of these

    def resolve(self, tables: Sequence[Mapping[str, int]]) -> tuple[dict[str, str], list[Folded]]:
        """Return the final name of every name in some tables that belong together, and which names changed.

        Spellings that differ only in signs, spaces and case (IT/과학, it 과학) are one name. If two names of one
        table would become the same section, both stay as they are in all tables, and the log says so.

        Args:
            tables: for each table, its names of sections and how many rows each has.

        Raises:
            DataError: a number has no name.
        """
        rows: Counter[str] = Counter()
        groups = []
        for table in tables:
            rows.update(table)
            groups.append(self._groups(table))
        apart: set[str] = set()
        for section, names in ((section, names) for group in groups for section, names in group.items()):
            if self.own is None and self.fold and len(names) > 1 and section not in self.known:
                apart |= names.keys() - {_key(section)}
                logger.info(
                    "sections: %s stay apart, though each is a usual name of %s; a map in [data] sections joins them",
                    ", ".join(sorted(names.values())), section,
                )  # fmt: skip
        if self.own is not None and (unused := sorted(self.own.keys() - {self._named(name) for name in rows})):
            logger.warning("sections: no row has the name %s, which [data] sections maps", ", ".join(unused))
        final: dict[str, str] = {}
        spelling: dict[str, str] = {}
        for name in rows:
            named = self._named(name)
            if self.own is not None:
                final[name] = self.own.get(named, named)
            elif not self.fold or named in self.known:
                final[name] = named
            elif _key(named) in apart:
                final[name] = spelling.setdefault(_key(named), named)
            else:
                final[name] = canonical_section(named)
        return final, [Folded(name, into, rows[name]) for name, into in final.items() if _stripped(name) != into]

    def _groups(self, table: Iterable[str]) -> dict[str, dict[str, str]]:
        """Return, for each section, the names of a table that become it, by key."""
        groups: dict[str, dict[str, str]] = defaultdict(dict)
        for name in map(self._named, table):
            groups[canonical_section(name)].setdefault(_key(name), name)
        return groups

    def _named(self, name: str) -> str:
        name = _stripped(name)
        if not self.numbers or not re.fullmatch(r"\d+(\.0)?", name):
            return name
        found = self.numbers.get(int(float(name)))
        if found is None:
            known = ", ".join(f"{number} {known}" for number, known in sorted(self.numbers.items()))
            raise DataError(f"section {name}: this number has no name among {known}. Complete [data] names.")
        return found


def _stripped(name: str) -> str:
    return unicodedata.normalize("NFC", name).strip()
