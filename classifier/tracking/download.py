"""Artefacts by their MLflow address, and the champion's folder, which follows the alias in the store."""

from __future__ import annotations

import logging
import re
import tempfile
from pathlib import Path

import mlflow
from filelock import FileLock, Timeout
from mlflow.exceptions import MlflowException

from classifier.errors import ClassifierError, ModelError, TrackingError
from classifier.model.artefact import MANIFEST
from classifier.model.model import Model
from classifier.paths import REGISTERED_MODEL, champion_folder, models_folder, store_address
from classifier.tracking.store import bound_requests, moved_from

logger = logging.getLogger(__name__)

CHAMPION_ALIAS = "champion"
_CHAMPION = f"models:/{REGISTERED_MODEL}@{CHAMPION_ALIAS}"
_WAIT = 60.0  #: seconds for another process of this machine to finish writing the champion's folder


def download_model(address: str) -> Model:
    """Return the artefact of a registered model, with the number of its version, or of a run's model.

    Nothing that is stored with the model is executed. For the project's champion a folder ``models/champion`` is
    brought up to date too, if there is one; if it holds the champion already, nothing is fetched.

    Args:
        address: ``models:/name@alias``, ``models:/name/version`` or ``runs:/run/model``.

    Raises:
        ModelError: MLflow has no such model, or it holds no artefact of this project, or a damaged one.
    """
    if address == _CHAMPION and (champion_folder() / MANIFEST).is_file():
        try:
            return pull_champion()
        except ClassifierError as error:
            logger.warning("%s stays as it is: %s", champion_folder(), error)
    address, number, _ = _version(address)
    return _download(address, number)


def pull_champion(have: Model | None = None) -> Model:
    """Make ``models/champion`` hold the version that bears the alias ``champion`` in the store, and return it.

    Args:
        have: a version with its number that need not be fetched if it is the champion.

    Raises:
        ClassifierError: the store does not answer or has no champion, or the folder cannot be written. The folder is
            as it was.
    """
    folder = models_folder()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        # The store decides which version it is. The lock lets one process at a time write the folder, and the last one
        # to write has read the last alias. The system gives the lock back also when a process dies.
        with FileLock(folder / ".promotion.lock", timeout=_WAIT):
            address, number, fingerprint = _version(_CHAMPION)
            model = _held()
            if model is None or (model.about.get("version"), model.fingerprint) != (number, fingerprint):
                if have is None or have.about.get("version") != number:
                    have = _download(address, number)
                model = have.with_about(name=REGISTERED_MODEL)
                model.save(champion_folder())
            return model
    except Timeout:
        raise TrackingError(
            f"{champion_folder()}: another process has been writing it for {_WAIT:.0f} s. End it and run "
            "`classifier models pull`."
        ) from None


def _held() -> Model | None:
    """Return the model in the champion's folder, if there is a whole one."""
    try:
        return Model.load(champion_folder())
    except ModelError:
        return None


def _version(address: str) -> tuple[str, int | None, str | None]:
    """Return the address with the version's number for an alias, that number, and the version's fingerprint."""
    store = store_address()
    bound_requests()
    mlflow.set_tracking_uri(store)
    if moved := moved_from():
        raise ModelError(
            f"{address}: the MLflow store {store} was moved here from {', '.join(moved)}, where its addresses still "
            "point. Run `classifier models repair` and try again."
        )
    name, _, alias = address.removeprefix("models:/").partition("@")
    if alias:
        try:
            found = mlflow.MlflowClient().get_model_version_by_alias(name, alias)
        except (MlflowException, OSError) as error:
            raise _not_found(address, error) from error
        return f"models:/{name}/{found.version}", int(found.version), found.tags.get("fingerprint")
    number = address.rpartition("/")[2] if re.fullmatch(r"models:/[^/]+/\d+", address) else None
    return address, int(number) if number else None, None


def _download(address: str, number: int | None) -> Model:
    with tempfile.TemporaryDirectory() as scratch:
        try:
            folder = Path(mlflow.artifacts.download_artifacts(address, dst_path=scratch))
        except (MlflowException, OSError) as error:
            raise _not_found(address, error) from error
        found = sorted(folder.rglob(MANIFEST))
        if not found:
            raise ModelError(f"{address}: holds no artefact of this project (no {MANIFEST}). Train again.")
        model = Model.load(found[0].parent)
    return model if number is None else model.with_about(version=number)


def _not_found(address: str, error: Exception) -> ModelError:
    return ModelError(
        f"{address}: not found in the MLflow store {store_address()} ({error}). "
        "`classifier models list` shows what there is."
    )
