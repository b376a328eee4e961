"""Finds the columns of headlines and sections in a table: those that the user names, or those with a usual name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from classifier.errors import DataError

_USUAL = {
    "headline": "headline title 제목 기사제목 뉴스제목 헤드라인 타이틀 newstitle articletitle text sentence",
    "section": "section category label topic topicidx class target 분류 기사분류 뉴스분류 카테고리 섹션 주제 통합분류1",
}


def _key(name: str) -> str:
    return re.sub(r"[\s_-]", "", unicodedata.normalize("NFKC", name)).casefold()


@dataclass(frozen=True)
class Columns:
    """Which columns hold the headlines and the sections; None: the column with a usual name."""

    headline: str | None = None  #: name of a column
    section: str | None = None  #: name of a column
    sheet: str | None = None  #: of an Excel file, or a file in a zip archive; None: the first or only one

    def find(self, where: str, header: Sequence[str], keep: Sequence[str] | None = ()) -> dict[str, str]:
        """Return which column of ``header`` is the headline, the section and each column to keep.

        Without a stated name, a column that is called ``headline`` is taken, or else the only one with a usual name
        (title, 제목, text …; for sections category, label, 분류 …), in upper or lower case.

        Args:
            where: the table's name, for messages.
            header: the names of its columns.
            keep: columns wanted besides the headline; None for all of them.

        Returns:
            The columns of ``header`` by their names in this package: ``headline``, ``section`` if it is there and
            wanted, and the others. A column ``headline`` or ``section`` that is not chosen becomes ``input_headline``
            or ``input_section``.

        Raises:
            DataError: a column is missing or occurs twice, or several columns have a usual name.
        """
        header = [name for name in header if name]
        wanted = ["headline", *(keep if keep is not None else ["section"])]
        found = {}
        for name in dict.fromkeys(wanted):
            stated = {"headline": self.headline, "section": self.section}.get(name)
            fitting = _fitting(name, stated, header)
            if len(fitting) > 1:
                raise DataError(
                    f"{where}: {' and '.join(fitting)} may each be the {name}. Choose one with --{name}-column "
                    f"(in an experiment: [data] columns.{name})."
                )
            if fitting:
                found[name] = fitting[0]
            elif stated is not None or keep is not None or name == "headline":
                raise missing_column(where, stated or name, header)
        if keep is None:
            others = [name for name in dict.fromkeys(header) if name not in found.values()]
            found |= {f"input_{name}" if name in ("headline", "section") else name: name for name in others}
        if repeated := [name for name in found.values() if header.count(name) > 1]:
            raise DataError(f"{where}: the columns are {', '.join(header)}; {', '.join(repeated)} occurs twice.")
        return found


def _fitting(name: str, stated: str | None, header: Sequence[str]) -> list[str]:
    wanted = stated if stated is not None else name
    if wanted in header:
        return [wanted]
    if name not in _USUAL:
        return []
    keys = {_key(wanted)} if stated is not None else set(_USUAL[name].split())
    return list(dict.fromkeys(column for column in header if _key(column) in keys))


def missing_column(where: str, name: str, header: Sequence[str]) -> DataError:
    """Return the error for a table without the column ``name``."""
    advice = "The first line of a table names its columns."
    if name in _USUAL:
        advice = f"{advice} Say with --{name}-column which one holds the {name}s"
        advice += "; for a file of one headline a line use --input-format txt." if name == "headline" else "."
    if len(header) == 1 and re.search("[,;\t|]", header[0]):
        advice = "The columns of a TSV file are separated by tabs. For commas or semicolons use --input-format csv."
    return DataError(f"{where}: the columns are {', '.join(header) or 'none'}; {name} missing. {advice}")


def looks_like_header(line: str) -> bool:
    r"""Return whether a line of text is the header of a table: short cells, one of which is a usual name for headlines.

    >>> looks_like_header("id\tnews,title of it"), looks_like_header("index,title,topic_idx")
    (False, True)
    """
    usual = set(_USUAL["headline"].split())
    for separator in "\t,;|":
        cells = [cell.strip(' "') for cell in line.split(separator)]
        if len(cells) > 1 and max(map(len, cells)) <= 30 and usual & set(map(_key, cells)):
            return True
    return False


def in_words(found: dict[str, str]) -> str:
    """Return a text with the chosen columns, "" if they are called ``headline`` and ``section``."""
    chosen = [
        f"{name}s from the column {found[name]}" for name in ("headline", "section") if found.get(name, name) != name
    ]
    return ", ".join(chosen)
