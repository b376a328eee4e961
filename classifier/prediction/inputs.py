"""Checks what is to be classified: a list of headlines, or a column of a frame."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from classifier.corpus.columns import Columns
from classifier.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


def checked(headlines: Iterable[str], name: str = "headlines") -> list[str]:
    """Return the headlines as a list, or raise a TypeError that says what they are and what to pass."""
    if isinstance(headlines, str):
        raise TypeError("headlines is one string; pass a list of headlines, or use classifier.predict(headline)")
    columns = None
    if type(headlines) is not list:
        columns = headlines if isinstance(headlines, Mapping) else getattr(headlines, "columns", None)
    if columns is not None:  # iterated, a table gives the names of its columns
        names = [*map(str, getattr(headlines, "column_names", columns))]
        likely = next((name for name in ("headline", *names) if name in names), "headline")
        raise TypeError(
            f"headlines is a {type(headlines).__name__} of {', '.join(map(repr, names)) or 'nothing'}; pass one "
            f"column of it, such as table[{likely!r}], or a DataFrame to Classifier.predict_frame"
        )
    texts = list(headlines)
    if not all(map(str.__instancecheck__, texts)):
        i = next(i for i, text in enumerate(texts) if not isinstance(text, str))
        raise TypeError(f"{name}[{i}] is {type(texts[i]).__name__}, not str: {texts[i]!r}")
    return texts


def headline_column(frame: pd.DataFrame, column: str | None = None) -> pd.Series[Any]:
    """Return a frame's column ``column``; by default ``headline``, the only one, or the only one with a usual name.

    Raises:
        DataError: there is no such column, or it is not clear which one.
    """
    names = list(map(str, frame.columns))
    wanted = names[0] if column is None and len(names) == 1 else column or "headline"
    if column is None and wanted not in names:
        with suppress(DataError):  # whose advice is for the command line
            wanted = Columns().find("frame", names)["headline"]
    if names.count(wanted) != 1:
        raise DataError(
            f"The frame has the columns {', '.join(names) or 'none'}; expected one {wanted!r}. "
            "Name the column that holds the headlines."
        )
    return frame.iloc[:, names.index(wanted)]
