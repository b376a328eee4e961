"""The MLflow store: a tested connection, clear errors, and correct addresses after a move of the folder."""

from __future__ import annotations

import logging
import os
import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from sqlalchemy.exc import SQLAlchemyError

from classifier.errors import TrackingError
from classifier.paths import store_address

logger = logging.getLogger(__name__)

_SERVER_TIMEOUT = "10"
_ARTIFACTS = "/mlruns/"
#: Where MLflow keeps the addresses of artefacts in a database.
_ADDRESSES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)


@contextmanager
def _interrupt_deferred() -> Iterator[None]:
    """Hold Ctrl-C back until the block is done: an interrupted write would leave the database locked."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: held.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if held:
        raise KeyboardInterrupt


@contextmanager
def store_call(what: str) -> Iterator[None]:
    """Let the block call the store: Ctrl-C waits for its end, and a failure is a TrackingError with advice."""
    try:
        with _interrupt_deferred():
            yield
    except (MlflowException, SQLAlchemyError, sqlite3.Error, OSError) as error:
        lines = str(error).strip().splitlines()
        reason = lines[0].rstrip(".") if lines else type(error).__name__
        raise TrackingError(
            f"{what} failed on the MLflow store {store_address()}: {reason}. "
            "Check that the store is reachable and whole, or name another with MLFLOW_TRACKING_URI."
        ) from error


def bound_requests() -> None:
    """Bound how long a request to a server waits and how often it is repeated, unless the user has set it."""
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", _SERVER_TIMEOUT)
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")


def connect() -> MlflowClient:
    """Return a client of the project's store, after one test request.

    If the store and its artefacts were moved to this folder together, the addresses in it are mended first.

    Raises:
        TrackingError: the store does not answer; better now than after the computing.
    """
    bound_requests()
    address = store_address()
    with store_call("Opening"):
        mlflow.set_tracking_uri(address)
        client = MlflowClient(address)
        client.search_experiments(max_results=1)
    if moved := moved_from():
        logger.warning("the MLflow store was moved here from %s: %d addresses mended", ", ".join(moved), repair())
    return client


def _database() -> Path | None:
    """Return the file of the store, or None if the store is not one file."""
    address = store_address()
    path = Path(address.removeprefix("sqlite:///"))
    return path if address.startswith("sqlite:///") and path.is_file() else None


def _root(address: str) -> str:
    """Return the folder in which an artefact's ``mlruns`` is; empty for an address that is no path."""
    path = address.removeprefix("file://")
    return path[: path.rindex(_ARTIFACTS)] if path.startswith("/") and _ARTIFACTS in path else ""


def moved_from(*, copied: bool = False) -> list[str]:
    """Return the folders in which the store's addresses look for artefacts that are beside the store instead.

    Args:
        copied: whether a folder counts that still has the artefacts too.
    """
    database = _database()
    if database is None:
        return []
    here = database.resolve().parent
    with (
        store_call("Reading addresses"),
        closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as store,
    ):
        if not store.execute("SELECT 1 FROM sqlite_master WHERE name = 'experiments'").fetchone():
            return []
        addresses = [row[0] for row in store.execute("SELECT artifact_location FROM experiments") if row[0]]
    found = []
    for address in addresses:
        root = _root(address)
        if not root or here == Path(root).resolve():
            continue  # not on this disk, or where it belongs
        there = Path(address.removeprefix("file://"))
        if (here / there.relative_to(root)).is_dir() and (copied or not there.exists()):
            found.append(root)
    return list(dict.fromkeys(found))


def repair(*, copied: bool = False) -> int:
    """Make the store's addresses of artefacts point to the folder that the store is in; return how many changed.

    Args:
        copied: mend them also if the artefacts are still in the old folder, as after a copy.

    Raises:
        TrackingError: the store is not a SQLite file, or cannot be written.
    """
    database = _database()
    if database is None:
        raise TrackingError(f"{store_address()} is not a SQLite file. Only addresses in such a store can be mended.")
    here = database.resolve().parent
    changed = 0
    roots = moved_from(copied=copied)
    with store_call("Mending addresses"), closing(sqlite3.connect(database)) as store, store:
        for root in roots:
            for table, column in _ADDRESSES:
                rows = store.execute(f"SELECT rowid, {column} FROM {table} WHERE {column} LIKE '%{_ARTIFACTS}%'")  # noqa: S608
                for row, address in rows.fetchall():
                    if _root(address) == root:
                        new = address.replace(root + _ARTIFACTS, f"{here}{_ARTIFACTS}", 1)
                        store.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (new, row))  # noqa: S608
                        changed += 1
    return changed
