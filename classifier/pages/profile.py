"""A portal's profile: the data file that says how its pages are laid out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from classifier.corpus.encoding import read_toml
from classifier.corpus.sections import canonical_section, known_section
from classifier.errors import ConfigError
from classifier.paths import package_data

#: Kinds of lines that a profile describes by patterns.
_KINDS = (
    "list_titles", "no_news_lists", "noise", "menu", "bylines", "press", "captions", "body_ends", "article_sections",
)  # fmt: skip
_NO_KIND: dict[str, re.Match[str] | None] = dict.fromkeys(_KINDS)

#: No line of these kinds is longer; longer ones are not matched, so that no pattern can be slow.
_LONGEST = 200

_LONGEST_LABEL = 24  # with the decoration around it
_REMEMBERED = 20_000

#: What headlines have and the entries of menus have not.
_HEADLINE_SIGNS = re.compile("[…\"'‘’“”?!%↑↓]|\\.\\.|\\d[,.]\\d")

_NAMES = re.compile(r"\s*(?:[,;>|·/]|및)\s*")
_TITLE_PARTS = re.compile(r"\s*[|:<>»,ㅣ]\s*|\s[-–·]\s")
_OF_PRESS = re.compile(r"\s*(?:주요|많이|가장|랭킹|인기|헤드라인|최신)(?: ?본)?\s?(?:뉴스|기사)?$")
_DECORATION = " \t\u3000■□◆◇●○★☆▶▷►▣◈※|<>‹›«»=~_*#:"
_BRACKETS = "[]【】〔〕()<>《》"
_FRAME = _DECORATION + _BRACKETS
_SEPARATORS = re.compile(r"\s*[|│ㅣ]\s*|\s[·•ㆍ/>-]\s")
_MIN_WORDS, _MIN_SHARE = 3, 0.6  # of a line that are entries of menus, for it to be a menu


@dataclass(frozen=True)
class Portal:
    """A profile, checked and compiled."""

    name: str
    patterns: Mapping[str, tuple[re.Pattern[str], ...]]
    catch_all: frozenset[str]
    portals: frozenset[str]
    sections: Mapping[str, str]
    addresses: Sequence[tuple[re.Pattern[str], str]]
    no_articles: re.Pattern[str]
    any_kind: re.Pattern[str]  #: all patterns in one: most lines match none, and are tried once
    #: What was asked lately: the matches of a line by kind, and the section of a label.
    _found: dict[str, dict[str, re.Match[str] | None]] = field(default_factory=dict, compare=False, repr=False)
    _named: dict[str, str | None] = field(default_factory=dict, compare=False, repr=False)

    def match(self, kind: str, line: str) -> re.Match[str] | None:
        """Return the match of the first pattern of ``kind`` that fits the whole ``line``."""
        found = self._found.get(line)
        if found is None:
            if len(self._found) > _REMEMBERED:
                self._found.clear()
            plain = len(line) > _LONGEST or self.any_kind.fullmatch(line) is None
            found = self._found[line] = _NO_KIND if plain else {}
        if kind not in found:
            found[kind] = next(filter(None, (pattern.fullmatch(line) for pattern in self.patterns[kind])), None)
        return found[kind]

    def address_section(self, address: str) -> str | None:
        """Return the section that a page's address names, or None."""
        return next((section for pattern, section in self.addresses if pattern.search(address)), None)

    def leads_elsewhere(self, address: str) -> bool:
        """Whether an address is no article's: a search, a shop, a blog."""
        return self.no_articles.search(address) is not None

    def section_in(self, names: str) -> str | None:
        """Return the first section among names that stand together, such as 오피니언, 사회 or 정치 > 국회."""
        return self.section(names) or next((s for name in _NAMES.split(names) if (s := self.section(name))), None)

    def section_in_title(self, title: str) -> str | None:
        """Return the section that a page's title names beside the portal's name (정치 : 네이버 뉴스), or None."""
        parts = [part for part in _TITLE_PARTS.split(title) if part.strip()]
        if not parts or (len(parts) == 1 and len(title) > 12) or max(map(len, parts)) > 20:
            return None
        names = [name for part in parts for name in (part, *(part.split() if len(part.split()) < 3 else ()))]
        return next((s for name in names if (s := self.section(name))), None)

    def is_site(self, name: str) -> bool:
        """Whether a name is that of a portal, which is no press."""
        return any(portal in name.casefold() for portal in self.portals)

    def byline_press(self, line: str) -> str | None:
        """Return the press that a byline names, or None."""
        found = self.match("bylines", line)
        press = (found.groupdict().get("press") or "").strip() if found else ""
        return press if press and not press.endswith(("기자", "특파원", "위원", "작가")) else None

    def press_of(self, text: str) -> str | None:
        """Return the press that a text names: its name, or the title of its list (새벽일보 주요뉴스)."""
        bare = _OF_PRESS.sub("", text)
        return bare if self.match("press", bare) and self.list_title(bare) is None else None

    def section(self, label: str) -> str | None:
        """Return the section that ``label`` names by itself, or None."""
        if len(label) > _LONGEST_LABEL:
            return None
        if label not in self._named:
            bare = label.strip(_DECORATION + _BRACKETS)
            named = self.sections.get(bare) or known_section(bare) if len(bare) <= 12 else None
            if len(self._named) > _REMEMBERED:
                self._named.clear()
            self._named[label] = named
        return self._named[label]

    def is_catch_all(self, label: str) -> bool:
        """Whether ``label`` says nothing about the section."""
        return len(label) <= _LONGEST_LABEL and label.strip(_DECORATION + _BRACKETS) in self.catch_all

    def is_label(self, line: str) -> bool:
        """Whether ``line`` is a label and nothing else: a section's name or a catch-all."""
        return self.is_catch_all(line) or self.section(line) is not None

    def stands_alone(self, text: str) -> bool:
        """Whether a piece of a line is a line of its own: a rank, a label, a counter, a press or a caption."""
        kinds = ("noise", "press", "captions")
        return text.isdecimal() or self.is_label(text) or any(self.match(kind, text) for kind in kinds)

    def article_section(self, line: str) -> str | None:
        """Return the section of the page's article, if that is what ``line`` says."""
        found = self.match("article_sections", line)
        return self.section_in(found.groupdict().get("section") or "") if found else None

    def is_menu(self, line: str) -> bool:
        """Whether ``line`` is an entry of a menu, or a row of them, with signs or spaces between."""
        if self.is_entry(line):
            return True
        parts = [part for part in _SEPARATORS.split(line[:_LONGEST]) if part]
        if len(parts) >= _MIN_WORDS:
            return sum(map(self.is_entry, parts)) >= len(parts) / 2
        if _HEADLINE_SIGNS.search(line):
            return False
        words = line[:_LONGEST].split()
        others = (1 - _MIN_SHARE) * len(words)  # that may stand between the entries
        at = entries = covered = 0
        while at < len(words) >= _MIN_WORDS and others >= 0:
            length = next((n for n in (3, 2, 1) if self.is_entry(" ".join(words[at : at + n]))), 0)
            entries += length > 0
            covered += length
            others -= length == 0
            at += length or 1
        return entries >= 2 and covered >= _MIN_WORDS and others >= 0

    def is_entry(self, text: str) -> bool:
        """Whether ``text`` is one entry of a menu."""
        return self.match("menu", text) is not None or self.is_label(text)

    def list_title(self, line: str) -> tuple[str, str | None] | None:
        """Return the title and the section it names, if ``line`` is the title of a list of headlines."""
        # < and > decorate a title (추천 뉴스 >) or are its brackets (<경제> 추천 뉴스); brackets may frame all of it.
        titles = dict.fromkeys(line.strip(signs) for signs in (_DECORATION.replace("<", ""), _DECORATION, _FRAME))
        found = next((found for title in titles if (found := self.match("list_titles", title))), None)
        if found is None:
            return None
        title = found[0]
        named = found.groupdict().get("section")
        if named is not None:
            section = self.section(named)
            # A bracket may hold what is no section (`[포토]`); a bare word must be one (`스포츠 뉴스`).
            return None if section is None and title[0] not in _BRACKETS else (title, section)
        return title, next((s for word in title.split() if (s := self.section(word))), None)


def load_portal(path: Path | None = None) -> Portal:
    """Read a profile; without ``path``, the one of the package.

    Raises:
        ConfigError: it cannot be read, or a key or a pattern is wrong.
    """
    path = path or package_data() / "portal.toml"
    content = read_toml(path, "A portal's profile")
    lists = (*_KINDS, "catch_all", "portals", "no_articles")
    expected: dict[str, type] = {"name": str, "sections": dict, "addresses": dict, **dict.fromkeys(lists, list)}
    wrong = [
        f"{key} is {'missing' if key not in content else f'no {kind.__name__}'}"
        for key, kind in expected.items()
        if not isinstance(content.get(key), kind)
    ] + [f"{key} is unknown" for key in content if key not in expected]
    if wrong:
        raise ConfigError(f"{path}: {'; '.join(wrong)}. Copy the package's data/portal.toml and change what differs.")
    patterns = [str(text) for kind in _KINDS for text in content[kind]]
    return Portal(
        name=content["name"],
        patterns={kind: tuple(_pattern(path, kind, text) for text in content[kind]) for kind in _KINDS},
        any_kind=_pattern(path, "patterns", "|".join(f"(?:{_GROUP_NAME.sub('(?:', text)})" for text in patterns)),
        catch_all=frozenset(map(str, content["catch_all"])),
        portals=frozenset(str(name).casefold() for name in content["portals"]),
        sections={key: canonical_section(str(value)) for key, value in content["sections"].items()},
        addresses=[
            (_pattern(path, "addresses", text), canonical_section(str(section)))
            for text, section in content["addresses"].items()
        ],
        no_articles=_pattern(path, "no_articles", "|".join(f"(?:{text})" for text in content["no_articles"]) or "(?!)"),
    )


_GROUP_NAME = re.compile(r"\(\?P<\w+>")

#: What a pattern is cut into to find its bare spaces: escapes, sets, and spaces without a quantifier.
_TOKEN = re.compile(r"(\\.|\[\^?\]?(?:\\.|[^\]\\])*\])| (?![?*+{])")


def _pattern(path: Path, kind: str, text: Any) -> re.Pattern[str]:
    """Compile a pattern in which a bare space stands for a space or none."""
    try:
        return re.compile(_TOKEN.sub(lambda found: found[1] or " ?", text), re.IGNORECASE)
    except (re.error, TypeError) as error:
        raise ConfigError(f"{path}: {kind}: {text!r} is no regular expression: {error}") from error
