"""Tables in parts: a folder as Spark and Dask write it, or a glob, here or elsewhere."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from classifier.corpus.formats import TABLE_SUFFIXES, is_table
from classifier.corpus.remote import filesystem_of, is_remote
from classifier.errors import DataError


def table_parts(name: str) -> list[str]:
    """Return the files of a table in the order of their names, those in folders below too.

    A file is its own only part, also one that is not there. Names that begin with ``_`` or ``.`` are left out
    (``_SUCCESS``, ``.part-0.parquet.crc``).

    Args:
        name: a file, a folder, a glob (``crawl/date=2026-*``), or the address of one (``s3://bucket/crawl``).

    Raises:
        DataError: there is no part, or a file that is no table, or Spark is still writing the folder.
    """
    if not is_remote(name) and Path(name).expanduser().is_file():
        return [name]
    address, _, query = name.partition("?") if is_remote(name) else (Path(name).expanduser().as_posix(), "", "")
    folders = address.rstrip("/").split("/")
    fixed = next((i for i, folder in enumerate(folders) if any(sign in folder for sign in "*?[")), len(folders))
    root = "/".join(folders[:fixed]) or ("/" if fixed else ".")
    query = f"?{query}" if query else ""
    files = _remote_files(root + query) if is_remote(root) else _local_files(Path(root))
    if files is None and fixed == len(folders):
        return [name]
    pattern = folders[fixed:]
    matching = [file for file in files or () if _matches(file.parts[: len(pattern)], pattern)]
    if any("_temporary" in file.parts for file in matching):
        raise DataError(f"{name}: holds _temporary: Spark is still writing it, or was stopped. Let it write anew.")
    found = sorted(str(file) for file in matching if not any(part[0] in "_." for part in file.parts))
    if not found:
        raise DataError(f"{name}: no table there. The name of a part ends in {', '.join(TABLE_SUFFIXES)}.")
    if others := [file for file in found if not is_table(file)]:
        what = f"{len(others):,} of {len(found):,} files are no tables, the first is {others[0]}"
        raise DataError(f"{name}: {what}. Name the parts by a glob, such as {root}/*.parquet.")
    return [f"{root.rstrip('/')}/{file}{query}" if root != "." else file for file in found]


def _matches(parts: tuple[str, ...], pattern: list[str]) -> bool:
    return len(parts) == len(pattern) and (not pattern or PurePosixPath(*parts).match("/".join(pattern)))


def _local_files(root: Path) -> list[PurePosixPath] | None:
    """Return the files below a folder, relative to it; None if there is no such folder."""
    if not root.is_dir():
        return None
    return [PurePosixPath(path.relative_to(root).as_posix()) for path in root.rglob("*") if path.is_file()]


def _remote_files(root: str) -> list[PurePosixPath] | None:
    from pyarrow.fs import FileSelector, FileType

    filesystem, path = filesystem_of(root)
    try:
        if filesystem.get_file_info(path).type != FileType.Directory:
            return None
        found = filesystem.get_file_info(FileSelector(path, recursive=True))
    except OSError as error:
        raise DataError(f"{root}: cannot be listed ({error}). Check the address and the rights.") from error
    return [PurePosixPath(info.path).relative_to(path) for info in found if info.type == FileType.File]
