"""Files that are replaced in one step, on every system."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def is_regular_or_new(path: Path | None) -> bool:
    """Return whether ``path`` is a regular file or not there yet; a pipe, a device and None are not."""
    return path is not None and (path.is_file() or not path.exists())


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a new path to write to, beside ``path``; that file replaces ``path`` if the block ends without an error.

    Readers of ``path`` see the old file or the new one, never half of one. What was there stays if the block raises.

    Raises:
        OSError: the file cannot be moved.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
