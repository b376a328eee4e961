"""Registered models: versions, the champion, promotion and roll-back."""

from __future__ import annotations

import shutil
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

import classifier
from classifier.errors import ClassifierError, TrackingError
from classifier.model.model import Model
from classifier.paths import REGISTERED_MODEL, champion_folder, models_folder
from classifier.storage import locked
from classifier.tracking.download import download_model
from classifier.tracking.runs import log_metrics
from classifier.tracking.store import connect, store_call

CHAMPION_ALIAS = "champion"
PREVIOUS_ALIAS = "previous"
#: What a served model needs beside MLflow and the package's own code, which goes along.
_NEEDED = ("filelock", "kiwipiepy", "numpy", "pandas", "rich", "typer")


@dataclass(frozen=True)
class Version:
    """One version of a registered model."""

    number: int
    created: float  #: seconds since the epoch
    aliases: tuple[str, ...]
    tags: dict[str, str]  #: experiment, train, test_table, macro_f1, gate_macro_f1, size_mb, fingerprint, …
    description: str  #: the model card


def register(
    run_id: str,
    folder: Path,
    name: str,
    *,
    tags: dict[str, str],
    note: str,
    figures: Mapping[str, float],
    dataset: tuple[str, str],
) -> int:
    """Log the artefact as a pyfunc model of the run and register it; return the version's number.

    The version is described by its model card, and its size is one of its tags.

    Args:
        run_id: the training's run.
        folder: the artefact.
        name: the registered model.
        tags: of the version.
        note: describes the registered model, in Markdown.
        figures: on the test table, by name; they are logged on the model, so that
            ``mlflow.search_logged_models`` finds the best model on a table.
        dataset: name and digest of the test table.
    """
    size = sum(file.stat().st_size for file in folder.iterdir() if file.is_file())
    tags = tags | {"size_mb": f"{size / 1e6:.1f}"}
    with store_call("Registering a model"), mlflow.start_run(run_id=run_id):
        logged = _log_model(folder)
    with store_call("Registering a model"):
        client = MlflowClient()
        client.update_run(run_id, status="RUNNING")
        of = {"model_id": logged.model_id, "dataset_name": dataset[0], "dataset_digest": dataset[1]}
        log_metrics(client, run_id, figures, int(time.time() * 1000), **of)
        try:
            client.create_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        client.update_registered_model(name, note)
        version = client.create_model_version(
            name, logged.model_uri, run_id, tags=tags, description=model_card(folder), model_id=logged.model_id
        )
    return int(version.version)


def model_card(folder: Path) -> str:
    """Return the card of an artefact, in Markdown."""
    return (folder / "README.md").read_text(encoding="utf-8")


def _log_model(folder: Path) -> Any:
    """Log an artefact as a pyfunc model of the active run, with this package, so that no one need install it."""
    from classifier.tracking import pyfunc

    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as scratch:
        warnings.simplefilter("ignore")  # MLflow's own remarks about type hints and requirements
        package = shutil.copytree(
            Path(classifier.__file__).parent, Path(scratch) / "classifier",
            ignore=shutil.ignore_patterns("__pycache__", "_data"),
        )  # fmt: skip
        return mlflow.pyfunc.log_model(
            name="model",
            python_model=str(Path(pyfunc.__file__).with_name("pyfunc_code.py")),
            artifacts={"artefact": str(folder)},
            code_paths=[str(package)],
            signature=pyfunc.SIGNATURE,
            input_example=(["코스피, 외국인 매수에 2% 상승 마감"], {"top_k": 3}),
            pip_requirements=[f"{needed}=={metadata.version(needed)}" for needed in _NEEDED],
        )


def versions(name: str = REGISTERED_MODEL) -> list[Version]:
    """Return all versions of a registered model, newest first."""
    client = connect()
    with store_call("Listing versions"):
        found = client.search_model_versions(f"name='{name}'")
        aliases: dict[int, list[str]] = {}
        if found:
            for alias, number in client.get_registered_model(name).aliases.items():
                aliases.setdefault(int(number), []).append(alias)
    listed = [
        Version(
            number=int(version.version),
            created=version.creation_timestamp / 1000,
            aliases=tuple(sorted(aliases.get(int(version.version), []))),
            tags=dict(version.tags),
            description=version.description or "",
        )
        for version in found
    ]
    return sorted(listed, key=lambda version: -version.number)


def registered_models() -> list[str]:
    """Return the names of the registered models that have a version, sorted."""
    client = connect()
    with store_call("Listing registered models"):
        return sorted({version.name for version in client.search_model_versions()})


def find_version(number: int, name: str = REGISTERED_MODEL) -> Version:
    """Return one version.

    Raises:
        TrackingError: there is none of that number; says which there are.
    """
    known = versions(name)
    for version in known:
        if version.number == number:
            return version
    numbers = ", ".join(str(version.number) for version in reversed(known)) or "none"
    raise TrackingError(f"{name} has no version {number}; it has {numbers}. `classifier models list` shows them.")


def alias_version(name: str, alias: str) -> int | None:
    """Return the number of the version that bears ``alias``, or None."""
    client = MlflowClient()
    try:
        return int(client.get_model_version_by_alias(name, alias).version)
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None
        raise


def promote(number: int, name: str = REGISTERED_MODEL, *, reason: str) -> Model:
    """Make a version the champion; the champion until now becomes ``previous``.

    The version's artefact is fetched and checked first. For the project's own registered model it
    then replaces ``models/champion`` in one step.

    Raises:
        ClassifierError: no such version, or its artefact is gone or damaged; nothing has changed.
    """
    client = connect()
    wanted = find_version(number, name)
    score, floor = (float(wanted.tags.get(key, "nan")) for key in ("macro_f1", "gate_macro_f1"))
    if score < floor:
        raise TrackingError(
            f"Version {number} of {name} cannot be promoted: its macro-F1 {score:.4f} is below its gate {floor:.4f}."
        )
    with _alone():
        return _promote(client, number, name, reason)


def _promote(client: MlflowClient, number: int, name: str, reason: str) -> Model:
    try:
        model = download_model(f"models:/{name}/{number}")
    except ClassifierError as error:
        raise type(error)(f"Version {number} of {name} cannot be promoted: {error}") from error
    model = model.with_about(name=name, version=number)
    if name == REGISTERED_MODEL:
        model.save(champion_folder())  # first, for a full disk is likelier than a store that stops answering now
    with store_call("Promoting"):
        champion = alias_version(name, CHAMPION_ALIAS)
        if champion is not None and champion != number:
            client.set_registered_model_alias(name, PREVIOUS_ALIAS, str(champion))
        client.set_registered_model_alias(name, CHAMPION_ALIAS, str(number))
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        client.set_model_version_tag(name, str(number), "promoted_at", stamp)
        client.set_model_version_tag(name, str(number), "promoted_because", reason)
    return model


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the lock of promotions in this folder, or raise a TrackingError if another process holds it."""
    folder = models_folder()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with locked(folder / ".promotion.lock", timeout=0):
            yield  # the system gives the lock back also when the process dies
    except TimeoutError:
        raise TrackingError(
            "Another promotion is under way in this folder; nothing was changed by this one. "
            "See `classifier models list` and try again."
        ) from None


def rollback(name: str = REGISTERED_MODEL, *, reason: str = "rolled back") -> int:
    """Make the previous champion the champion again and return its number."""
    connect()
    with store_call("Rolling back"):
        previous = alias_version(name, PREVIOUS_ALIAS)
    if previous is None:
        raise TrackingError(
            f"{name} has no previous champion to return to. `classifier models list` shows what there is."
        )
    promote(previous, name, reason=reason)
    return previous
