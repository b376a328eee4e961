"""Datasets by name: from the data home, else fetched from their official address and verified."""

from __future__ import annotations

import csv
import hashlib
import logging
import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from classifier.corpus.columns import Columns
from classifier.corpus.formats import TABLE_SUFFIXES, is_table
from classifier.corpus.sections import SectionNames
from classifier.corpus.tables import check_table, fold_sections, read_table
from classifier.errors import DataError
from classifier.extras import need
from classifier.paths import data_home, package_data
from classifier.storage import replacing

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger(__name__)

#: Seconds without a byte after which a download is given up.
TIMEOUT = 30.0


@dataclass(frozen=True)
class RemoteFile:
    """One file of a dataset at its official address."""

    name: str
    url: str
    git_blob: str
    split: str = ""
    optional: bool = False


@dataclass(frozen=True)
class Dataset:
    """A corpus that can be named in an experiment: ``name`` or ``name:split``."""

    name: str
    title: str
    licence: str
    citation: str
    section: str = ""  #: of all headlines, in files of quoted lines; "" for tables
    files: tuple[RemoteFile, ...] = ()
    columns: Columns = field(default_factory=Columns)
    parts: tuple[str, ...] = ()  #: of a corpus that the package has itself: each is a table, ``NAME/PART.tsv``

    @property
    def splits(self) -> tuple[str, ...]:
        """The names that may follow ``name:``; empty for a corpus in one piece."""
        return self.parts or tuple(file.split for file in self.files if file.split)

    def part(self, name: str) -> Path:
        """Return the table of a part."""
        return package_data() / self.name / f"{name}.tsv"


@cache
def datasets() -> dict[str, Dataset]:
    """Return the registry of datasets, by name."""
    registry = tomllib.loads((package_data() / "datasets.toml").read_text(encoding="utf-8"))
    found = {}
    for name, entry in registry.items():
        base = entry.pop("base", "")
        files = tuple(RemoteFile(url=urljoin(base, file["name"]), **file) for file in entry.pop("files", ()))
        columns, parts = Columns(**entry.pop("columns", {})), tuple(entry.pop("parts", ()))
        found[name] = Dataset(name=name, files=files, columns=columns, parts=parts, **entry)
    return found


def git_blob(content: bytes) -> str:
    """Return the id git gives a file's content: SHA-1 over ``blob <length>``, NUL and the bytes."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def verify(path: Path, file: RemoteFile, target: Path | None = None) -> None:
    """Raise a DataError unless ``path``, which is or will be ``target``, holds exactly the published bytes."""
    found = git_blob(path.read_bytes())
    if found != file.git_blob:
        raise DataError(
            f"{target or path}: the content is not what was published. Expected git blob {file.git_blob}, "
            f"found {found} ({path.stat().st_size:,} bytes). It may be damaged, cut short or changed at its address; "
            f"delete the file and run `classifier fetch` again, or get it from {file.url}"
        )


def download(file: RemoteFile, folder: Path, *, progress: bool = True, timeout: float = TIMEOUT) -> Path:
    """Fetch one file, verify its content and only then put it into ``folder``.

    Raises:
        DataError: no connection, an HTTP error, a time-out, or content that is not the published one;
            nothing is left behind, and the message says what to download by hand and where to put it.
    """
    import pooch
    import requests

    target = folder / file.name
    fetch = pooch.HTTPDownloader(progressbar=progress, timeout=timeout)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(target) as part:
            fetch(file.url, str(part), None)
            verify(part, file, target)
    except (requests.RequestException, OSError) as error:
        if isinstance(error, requests.HTTPError) and error.response is not None:
            error.response.close()  # its body is unread and its socket open; pooch leaves both
        raise DataError(
            f"{file.name} could not be fetched from {file.url} ({type(error).__name__}: {error}). "
            f"Try again later, or download it by other means and put it at {target}"
        ) from error
    return target


def _quoted_lines(path: Path, dataset: Dataset) -> pd.DataFrame:
    """Read one headline a line, quoted as in CSV where it holds a comma or a quote mark."""
    import pandas as pd

    with path.open(encoding="utf-8", newline="") as lines:
        headlines = [" ".join(",".join(cells).split()) for cells in csv.reader(lines)]
    # A line stands for one reader's comment, so a headline is repeated as often as it was discussed.
    distinct = list(dict.fromkeys(headline for headline in headlines if headline))
    return check_table(pd.DataFrame({"headline": distinct, "section": dataset.section}), str(path))


def fetch(dataset: Dataset, *, progress: bool = True, timeout: float = TIMEOUT) -> list[Path]:
    """Bring every file of ``dataset`` into the data home; what is there and whole is kept."""
    if dataset.parts:
        return [dataset.part(name) for name in dataset.parts]
    need("train", f"fetching {dataset.name}")
    folder = data_home() / dataset.name
    paths = []
    for file in dataset.files:
        path = folder / file.name
        if path.is_file():
            verify(path, file)
        else:
            download(file, folder, progress=progress, timeout=timeout)
        paths.append(path)
    return paths


def _load_split(dataset: Dataset, split: str) -> pd.DataFrame:
    if dataset.parts:
        return read_table(dataset.part(split), columns=dataset.columns)
    folder = data_home() / dataset.name
    prepared = folder / f"{split}.tsv"
    if prepared.is_file():  # a table in the data home's layout is used as it is
        return read_table(prepared)
    import pandas as pd

    wanted = [file for file in dataset.files if file.split == split]
    missing = [file for file in wanted if not (folder / file.name).is_file()]
    needed = missing if len(missing) == len(wanted) else [file for file in missing if not file.optional]
    if needed:
        logger.info("%s is not in %s: fetching it", dataset.name, folder)
        for file in needed:
            download(file, folder)
    elif missing:
        logger.warning(
            "%s: %d of %d files are in %s; `classifier fetch %s` brings the others",
            dataset.name,
            len(wanted) - len(missing),
            len(wanted),
            folder,
            dataset.name,
        )
    frames = []
    for file in wanted:
        path = folder / file.name
        if path.is_file():
            verify(path, file)
            frames.append(
                _quoted_lines(path, dataset) if dataset.section else read_table(path, columns=dataset.columns)
            )
    frame = pd.concat(frames, ignore_index=True)
    if not split:  # the parts of a corpus in one piece repeat each other
        frame = frame.drop_duplicates("headline", ignore_index=True)
    return frame.set_axis(pd.RangeIndex(1, len(frame) + 1, name="row"))


def load_corpus(
    reference: str,
    base: Path | None = None,
    *,
    labelled: bool = True,
    all_columns: bool = False,
    columns: Columns | None = None,
    names: SectionNames | None = None,
) -> pd.DataFrame:
    """Return a headline table by ``name``, ``name:split`` or file path.

    Args:
        reference: a dataset (``ynat:train``, ``entertainment``; without a split, all of it), a folder of
            your own in the data home (``crawl`` is ``crawl/headlines.tsv``, ``crawl:may`` is ``crawl/may.tsv``),
            or the path of a table.
        base: the folder that a relative path starts from; default: the working folder.
        labelled: see :func:`~classifier.corpus.tables.read_table`; every row of a dataset has a section.
        all_columns: see there; of a dataset, only the columns that the project knows are kept.
        columns: see there; they hold for a file that is given by its path.
        names: see there.

    Raises:
        DataError: the name, the split or the file is unknown, or cannot be fetched, or is bad.
    """
    need("train", f"reading {reference}")
    name, _, split = reference.partition(":")
    path = (base or Path()) / Path(reference).expanduser()
    dataset = datasets().get(name)
    if is_table(reference) or (path.is_file() and dataset is None):
        return read_table(path, labelled=labelled, all_columns=all_columns, columns=columns, names=names)
    if dataset is None:
        own = data_home() / name / f"{split or 'headlines'}.tsv"
        if re.fullmatch(r"[\w.-]+:?[\w.-]*", reference) and own.is_file():
            return read_table(own, labelled=labelled, all_columns=all_columns, names=names)
        raise DataError(
            f"{reference!r} is neither a dataset ({', '.join(datasets())}), nor a table of your own in the data home "
            f"({own}), nor a file. A table ends in {', '.join(TABLE_SUFFIXES)}, perhaps with .gz, .zst or .zip added."
        )
    if split and split not in dataset.splits:
        known = ", ".join(f"{name}:{s}" for s in dataset.splits) or f"only {name}, in one piece"
        raise DataError(f"{reference!r}: {name} has no split {split!r}. There is {known}.")
    if split or not dataset.splits:
        found = _load_split(dataset, split)
    else:
        import pandas as pd

        found = pd.concat([_load_split(dataset, part) for part in dataset.splits])
    fold_sections([found], names or SectionNames(), reference)
    return found


def slug(reference: str) -> str:
    """Return a short name for a corpus reference, for tags and file names."""
    return re.sub(r"\W+", "-", Path(reference).stem if "/" in reference else reference).strip("-")
