"""Files elsewhere than on this machine's disks, by an address such as ``s3://bucket/crawl/part-0.parquet``.

pyarrow reads them where they are (``s3``, ``gs``, ``abfss``, ``hdfs``, ``file``; with fsspec installed any of its
file systems, as ``fsspec+sftp://…``). Credentials are those that its libraries find by themselves.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

from classifier.errors import DataError
from classifier.extras import need


def is_remote(name: str) -> bool:
    """Return whether ``name`` is an address and not a path."""
    return "://" in name


def filesystem_of(name: str) -> tuple[Any, str]:
    """Return pyarrow's file system of an address, and the path in it.

    Raises:
        DataError: there is no such kind of address, or its server does not answer.
        InstallationError: pyarrow is missing.
    """
    need("parquet", f"{name}: an address")
    from pyarrow import ArrowException
    from pyarrow.fs import FileSystem

    try:
        filesystem, path = FileSystem.from_uri(name)
    except (ArrowException, OSError, ValueError, ImportError) as error:
        raise DataError(f"{name}: this address cannot be read ({error}). Check it, or name a file.") from error
    return filesystem, path


def open_binary(name: str) -> BinaryIO:
    """Open a file, here or elsewhere, for reading; the bytes come as they are asked for.

    Raises:
        OSError: it cannot be opened.
        DataError: see :func:`filesystem_of`.
    """
    if not is_remote(name):
        return Path(name).open("rb")
    filesystem, path = filesystem_of(name)
    opened: BinaryIO = filesystem.open_input_file(path)
    return opened
