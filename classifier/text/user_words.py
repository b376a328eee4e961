"""Words of one's own for Kiwi: names, brands, groups and coinages that its dictionary lacks."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classifier.corpus.bad_rows import BadRow, BadRows
from classifier.errors import DataError
from classifier.text.normalize import normalize_all

#: Parts of speech that a word may have: nouns, a verb's or an adjective's stem, roots, adverbs, interjections.
WORD_TAGS = ("NNP", "NNG", "NNB", "NR", "NP", "VV", "VA", "XR", "MAG", "IC")


@dataclass(frozen=True)
class UserWords:
    """Words, each with its part of speech and a score that says how much Kiwi prefers it.

    ``entries`` are (normalised word, tag, score), sorted. Kiwi reads normalised headlines, so words are normalised too.
    """

    entries: tuple[tuple[str, str, float], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.entries)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the words, or nothing if there are none."""
        return hashlib.sha256(self.to_array().tobytes()).hexdigest() if self.entries else ""

    @classmethod
    def read(cls, path: Path) -> UserWords:
        """Read a UTF-8 table: a word, its tag (NNP if left out) and its score (0 if left out), with tabs between.

        Empty lines and lines that begin with ``#`` are skipped, and so is the heading ``word`` before the first word.

        Raises:
            DataError: it cannot be read, or has bad rows; the message has their number and the first 20 of them.
        """
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except OSError as error:
            raise DataError(f"{path}: the user's words cannot be read ({error.strerror}).") from error
        except UnicodeDecodeError as error:
            raise DataError(f"{path}: the user's words are not UTF-8 ({error}). Save the file as UTF-8.") from error
        return cls._of_lines(lines, str(path), heading="word")

    @classmethod
    def from_array(cls, array: NDArray[np.uint8]) -> UserWords:
        """Return the words of :meth:`to_array`.

        Raises:
            DataError: the bytes are not UTF-8, or hold bad rows.
        """
        try:
            return cls._of_lines(array.tobytes().decode().splitlines(), "the model's user words")
        except UnicodeDecodeError as error:
            raise DataError(f"the model's user words are not UTF-8 ({error}).") from error

    def to_array(self) -> NDArray[np.uint8]:
        """Return the words as the bytes of a table, (n_bytes,)."""
        text = "".join(f"{word}\t{tag}\t{score!r}\n" for word, tag, score in self.entries)
        return np.frombuffer(text.encode(), np.uint8)

    @classmethod
    def _of_lines(cls, lines: Iterable[str], source: str, heading: str | None = None) -> UserWords:
        rows = [(number, line.split("\t")) for number, line in enumerate(lines, 1)]
        rows = [(number, cells) for number, cells in rows if cells[0].strip() and cells[0][0] != "#"]
        if rows and rows[0][1][0] == heading:
            del rows[0]
        found: dict[tuple[str, str], float] = {}
        bad = BadRows()
        for (number, cells), word in zip(rows, normalize_all([cells[0] for _, cells in rows]), strict=True):
            try:
                tag, score = _tag_and_score(word, [cell.strip() for cell in cells])
                if found.setdefault((word, tag), score) != score:
                    raise ValueError(f"{word}/{tag} is listed above with another score, {found[word, tag]:g}")
            except ValueError as error:
                bad.add(BadRow(number, str(error)))
        if bad.count:
            raise bad.error(source, "A row is a word, its tag and its score, with tabs between.")
        return cls(tuple(sorted((word, tag, score) for (word, tag), score in found.items())))


NO_WORDS = UserWords()


def _tag_and_score(word: str, cells: list[str]) -> tuple[str, float]:
    """Return the tag and the score of a line.

    Raises:
        ValueError: the line is bad; says why.
    """
    if len(cells) > 3:
        raise ValueError(f"{len(cells)} columns, at most 3 are expected")
    raw, tag, score = (*cells, "", "")[:3]
    if not word:
        raise ValueError(f"nothing is left of {raw!r} when it is normalised as headlines are")
    if (tag := tag or "NNP") not in WORD_TAGS:
        raise ValueError(f"the tag {tag!r} is none of {', '.join(WORD_TAGS)}")
    if " " in word and not tag.startswith("NN"):
        raise ValueError(f"{word!r} has a space in it; only nouns (NNP, NNG, NNB) may")
    try:
        number = float(score or 0)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"the score {score!r} is no number")
    return tag, number
