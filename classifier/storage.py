"""Files that are replaced in one step, and locks between processes; all work on every system."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def is_plain(path: Path | None) -> bool:
    """Return whether ``path`` is, or can become, a regular file: no pipe, no device and not None."""
    return path is not None and (path.is_file() or not path.exists())


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a path beside ``path`` to write to; move it there in one step if the block ends without an error.

    Readers of ``path`` see the old file or the new one, never half of one. What was there stays if the block raises.

    Raises:
        OSError: the file cannot be moved.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def locked(path: Path, timeout: float) -> Iterator[None]:
    """Hold the lock file ``path``, alone among all processes of this machine, for the block.

    Args:
        path: a file of its own, made if it is not there.
        timeout: seconds to wait for another holder; 0 does not wait.

    Raises:
        TimeoutError: another process held it for all of that time.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path, timeout=timeout)
    try:
        lock.acquire()
    except Timeout:
        raise TimeoutError(f"{path} is locked by another process") from None
    try:
        yield
    finally:
        lock.release()
