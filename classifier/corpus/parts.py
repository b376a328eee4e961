"""Tables in parts: a folder as Spark and Dask write it, or a glob, here or elsewhere."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from classifier.corpus.compression import filesystem_of, is_remote
from classifier.corpus.formats import TABLE_SUFFIXES, is_table
from classifier.errors import DataError

_GLOB = frozenset("*?[")


def is_in_parts(name: str) -> bool:
    """Return whether ``name`` is an address, a folder, or a glob."""
    return is_remote(name) or Path(name).expanduser().is_dir() or not _GLOB.isdisjoint(name)


def table_parts(name: str) -> list[str]:
    """Return the files of a table in the order of their names, those in folders below too.

    A file is its own only part, also one that is not there. Names that begin with ``_`` or ``.`` are left out
    (``_SUCCESS``, ``.part-0.parquet.crc``).

    Args:
        name: a file, a folder, a glob (``crawl/date=2026-*``), or the address of one (``s3://bucket/crawl``).

    Raises:
        DataError: there is no part, or a file that is no table, or Spark is still writing the folder.
        InstallationError: there may be parts, and pyarrow is missing.
    """
    path = Path(name).expanduser()
    if not is_in_parts(name) or path.is_file():
        return [name]
    folders = (name.rstrip("/") if is_remote(name) else path.absolute().as_posix()).split("/")
    fixed = next((i for i, part in enumerate(folders) if not path.is_dir() and _GLOB & set(part)), len(folders))
    root, pattern = "/".join(folders[:fixed]) or "/", "/".join(folders[fixed:])
    filesystem, folder = filesystem_of(root)
    from pyarrow.fs import FileSelector, FileType

    try:
        if filesystem.get_file_info(folder).type == FileType.File:
            return [name]
        listed = filesystem.get_file_info(FileSelector(folder, allow_not_found=True, recursive=True))
    except OSError as error:
        raise DataError(f"{name}: cannot be listed ({error}). Check the address and the rights.") from error
    files = [PurePosixPath(info.path).relative_to(folder) for info in listed if info.type == FileType.File]
    if pattern:  # as many folders of a file as the pattern has, so that it may name folders too
        files = [file for file in files if PurePosixPath(*file.parts[: len(folders) - fixed]).match(pattern)]
    if any("_temporary" in file.parts for file in files):
        raise DataError(f"{name}: holds _temporary: Spark is still writing it, or was stopped. Let it write anew.")
    found = sorted(str(file) for file in files if not any(part[0] in "_." for part in file.parts))
    if not found:
        raise DataError(f"{name}: no table there. The name of a part ends in {', '.join(TABLE_SUFFIXES)}.")
    if others := [file for file in found if not is_table(file)]:
        what = f"{len(others):,} of {len(found):,} files are no tables, the first is {others[0]}"
        raise DataError(f"{name}: {what}. Name the parts by a glob, such as {root}/*.parquet.")
    return [f"{root.rstrip('/')}/{file}" for file in found]
