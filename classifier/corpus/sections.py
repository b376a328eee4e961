"""The canonical sections and the spellings by which portals and newspapers call them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

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

    A name that no alias knows is a section of the table's own and is returned stripped.
    """
    return known_section(spelling) or unicodedata.normalize("NFC", spelling).strip()


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names once each: canonical sections in their order, then a table's own ones by name."""
    present = set(names)
    return tuple(name for name in SECTIONS if name in present) + tuple(sorted(present - set(SECTIONS)))
