"""A portal's profile: the data file that says how its pages are laid out."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classifier.corpus.sections import canonical_section, known_section
from classifier.errors import ConfigError
from classifier.paths import package_data

#: Kinds of lines that a profile describes by patterns.
_KINDS = ("block_titles", "noise", "menu", "bylines", "press", "captions", "body_ends", "article_sections")

#: No line of these kinds is longer; longer ones are not matched, so that no pattern can be slow.
_LONGEST = 200

_DECORATION = " \t\u3000■□◆◇●○★☆▶▷►▣◈※|<>‹›«»=~_*#:"
_BRACKETS = "[]【】〔〕()<>《》"
_FRAME = _DECORATION + _BRACKETS
_SEPARATORS = re.compile(r"\s*[|│ㅣ]\s*|\s[·•ㆍ/>-]\s")
_MIN_WORDS, _MIN_SHARE = 3, 0.6  # of a line that are entries of menus, for it to be a menu


@dataclass(frozen=True)
class Portal:
    """What a profile says, ready to be asked."""

    name: str
    patterns: Mapping[str, tuple[re.Pattern[str], ...]]
    catch_all: frozenset[str]
    sections: Mapping[str, str]

    def match(self, kind: str, line: str) -> re.Match[str] | None:
        """Return the match of the first pattern of ``kind`` that fits the whole ``line``."""
        if len(line) > _LONGEST:
            return None
        return next((found for pattern in self.patterns[kind] if (found := pattern.fullmatch(line))), None)

    def section(self, label: str) -> str | None:
        """Return the section that ``label`` names by itself, or None."""
        bare = label.strip(_DECORATION + _BRACKETS)
        return self.sections.get(bare) or known_section(bare) if len(bare) <= 12 else None

    def is_catch_all(self, label: str) -> bool:
        """Whether ``label`` says nothing about the section."""
        return label.strip(_DECORATION + _BRACKETS) in self.catch_all

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
        return self.section(found.groupdict().get("section") or "") if found else None

    def is_menu(self, line: str) -> bool:
        """Whether ``line`` is an entry of a menu, or a row of them, with signs or spaces between."""
        if self._is_entry(line):
            return True
        parts = [part for part in _SEPARATORS.split(line[:_LONGEST]) if part]
        if len(parts) >= _MIN_WORDS:
            return sum(map(self._is_entry, parts)) >= len(parts) / 2
        words = line[:_LONGEST].split()
        others = (1 - _MIN_SHARE) * len(words)  # that may stand between the entries
        at = entries = covered = 0
        while at < len(words) >= _MIN_WORDS and others >= 0:
            length = next((n for n in (3, 2, 1) if self._is_entry(" ".join(words[at : at + n]))), 0)
            entries += length > 0
            covered += length
            others -= length == 0
            at += length or 1
        return entries >= 2 and covered >= _MIN_WORDS and others >= 0

    def _is_entry(self, text: str) -> bool:
        return self.match("menu", text) is not None or self.is_label(text)

    def block_title(self, line: str) -> tuple[str, str | None] | None:
        """Return the title and the section it names, if ``line`` opens a block of headlines."""
        # < and > decorate a title (추천 뉴스 >) or are its brackets (<경제> 추천 뉴스); brackets may frame all of it.
        titles = dict.fromkeys(line.strip(signs) for signs in (_DECORATION.replace("<", ""), _DECORATION, _FRAME))
        found = next((found for title in titles if (found := self.match("block_titles", title))), None)
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
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}). Name a portal's profile.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML: {error}") from error
    expected: dict[str, type] = {"name": str, "sections": dict, "catch_all": list, **dict.fromkeys(_KINDS, list)}
    wrong = [
        f"{key} is {'missing' if key not in content else f'no {kind.__name__}'}"
        for key, kind in expected.items()
        if not isinstance(content.get(key), kind)
    ] + [f"{key} is unknown" for key in content if key not in expected]
    if wrong:
        raise ConfigError(f"{path}: {'; '.join(wrong)}. Copy the package's data/portal.toml and change what differs.")
    return Portal(
        name=content["name"],
        patterns={kind: tuple(_pattern(path, kind, text) for text in content[kind]) for kind in _KINDS},
        catch_all=frozenset(map(str, content["catch_all"])),
        sections={key: canonical_section(str(value)) for key, value in content["sections"].items()},
    )


#: What a pattern is cut into to find its bare spaces: escapes, sets, and spaces without a quantifier.
_TOKEN = re.compile(r"(\\.|\[\^?\]?(?:\\.|[^\]\\])*\])| (?![?*+{])")


def _pattern(path: Path, kind: str, text: Any) -> re.Pattern[str]:
    """Compile a pattern in which a bare space stands for a space or none."""
    try:
        return re.compile(_TOKEN.sub(lambda found: found[1] or " ?", text), re.IGNORECASE)
    except (re.error, TypeError) as error:
        raise ConfigError(f"{path}: {kind}: {text!r} is no regular expression: {error}") from error
