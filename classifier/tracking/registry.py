"""Registered models: versions, the champion, promotion and roll-back."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
import warnings
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import mlflow
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

import classifier
from classifier.errors import ClassifierError, ModelError, TrackingError
from classifier.model.model import Model
from classifier.paths import REGISTERED_MODEL
from classifier.storage import replacing
from classifier.tracking.download import CHAMPION_ALIAS, download_model, pull_champion
from classifier.tracking.runs import log_metrics, log_report
from classifier.tracking.store import connect, store_call

PREVIOUS_ALIAS = "previous"
ANY = -1  #: the number of no version
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


@dataclass(frozen=True)
class Registration:
    """What a version is registered with, beside its artefact."""

    run_id: str  #: of the training
    name: str  #: of the registered model
    tags: dict[str, str]  #: of the version
    note: str  #: describes the registered model, in Markdown
    #: On the test table, by name; logged on the model, so that ``mlflow.search_logged_models`` finds the best model.
    figures: dict[str, float]
    dataset: tuple[str, str]  #: name and digest of the test table


def register(folder: Path, entry: Registration) -> int:
    """Log an artefact as a pyfunc model of its run and register it; return the version's number.

    The version is described by its model card, and its size is one of its tags.

    Raises:
        TrackingError: the store does not take it. What :func:`register_later` needs is then beside the folder.
    """
    try:
        with store_call("Registering a model"):
            version = _register(folder, entry)
    except TrackingError as error:
        with replacing(_later(folder)) as part:
            part.write_text(json.dumps(asdict(entry), ensure_ascii=False), encoding="utf-8")
        raise TrackingError(
            f"{error} Nothing that was computed is lost: the model is in {folder}. When the store answers again: "
            f"`classifier models register {folder}`."
        ) from error
    _later(folder).unlink(missing_ok=True)
    return version


def register_later(folder: Path) -> tuple[str, int]:
    """Register a model that its training could not register; return the registered model's name and the version.

    Raises:
        ModelError: no training has left that to do, or the folder holds another model by now.
        TrackingError: the store does not take it.
    """
    model, path = Model.load(folder, lazy=True), _later(folder)
    try:
        entry = Registration(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(
            f"{path}: missing or damaged. A training that could not register its model leaves it. Train again."
        ) from error
    if entry.tags.get("fingerprint") != model.fingerprint:
        raise ModelError(f"{folder}: holds another model than the one that {path} describes. Train again.")
    client = connect()
    with store_call("Finding the run"):
        try:
            client.get_run(entry.run_id)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            title = entry.tags["experiment"]  # the store is another one, or was emptied
            run_id = log_report(title, f"{title}, registered later", entry.tags, entry.figures, {})
            entry = replace(entry, run_id=run_id)
    version = register(folder, entry)
    with store_call("Ending a run"):
        client.set_terminated(entry.run_id)
    return entry.name, version


def _later(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.registration.json")


def _register(folder: Path, entry: Registration) -> int:
    size = sum(file.stat().st_size for file in folder.iterdir() if file.is_file())
    with mlflow.start_run(run_id=entry.run_id):
        logged = _log_model(folder)
    client = MlflowClient()
    client.update_run(entry.run_id, status="RUNNING")
    of = {"model_id": logged.model_id, "dataset_name": entry.dataset[0], "dataset_digest": entry.dataset[1]}
    log_metrics(client, entry.run_id, entry.figures, int(time.time() * 1000), **of)
    try:
        client.create_registered_model(entry.name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    client.update_registered_model(entry.name, entry.note)
    version = client.create_model_version(
        entry.name, logged.model_uri, entry.run_id, tags=entry.tags | {"size_mb": f"{size / 1e6:.1f}"},
        description=model_card(folder), model_id=logged.model_id,
    )  # fmt: skip
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


class ChampionChangedError(TrackingError):
    """Another promotion came between, so a comparison with the champion until then decides nothing."""


def promote(number: int, name: str = REGISTERED_MODEL, *, reason: str, over: int | None = ANY) -> Model:
    """Make a version the champion; the champion until now becomes ``previous``.

    The version's artefact is fetched and checked first. The store decides between promotions at the same time, on
    whatever machines: the last one it takes holds. For the project's own registered model ``models/champion`` follows
    the store.

    Args:
        number: of the version.
        name: of the registered model.
        reason: kept as a tag of the version.
        over: the version that the new one was compared with and that has to be the champion still (None: there was
            none); :data:`ANY`: whichever is.

    Raises:
        ChampionChangedError: ``over`` is not the champion, and nothing has changed in the store; or another promotion
            at the same time was the last.
        ClassifierError: no such version, or its artefact is gone or damaged; nothing has changed.
    """
    client = connect()
    wanted = find_version(number, name)
    score, floor = (float(wanted.tags.get(key, "nan")) for key in ("macro_f1", "gate_macro_f1"))
    if score < floor:
        raise TrackingError(
            f"Version {number} of {name} cannot be promoted: its macro-F1 {score:.4f} is below its gate {floor:.4f}."
        )
    try:
        model = download_model(f"models:/{name}/{number}")
    except ClassifierError as error:
        raise type(error)(f"Version {number} of {name} cannot be promoted: {error}") from error
    model = model.with_about(name=name, version=number)
    champion = _set_champion(client, number, name, reason, over)
    if name == REGISTERED_MODEL:
        try:
            champion = pull_champion(model).about["version"]
        except ClassifierError as error:
            raise type(error)(
                f"Version {champion} of {name} is the champion in the store, but not on this machine; "
                f"`classifier models pull` fetches it. {error}"
            ) from error
    if champion != number:
        raise ChampionChangedError(
            f"Version {number} of {name} was promoted, but another promotion followed at the same time: the champion "
            f"is version {champion}. To have version {number} all the same: `classifier models promote {number}`."
        )
    return model


def _set_champion(client: MlflowClient, number: int, name: str, reason: str, over: int | None) -> int | None:
    """Move the aliases in the store; return the version that is the champion after that."""
    with store_call("Promoting"):
        champion = alias_version(name, CHAMPION_ALIAS)
        if over not in (ANY, champion):
            raise ChampionChangedError(
                f"The champion of {name} was version {over} and is now {champion}: another promotion came first."
            )
        if champion is not None and champion != number:
            client.set_registered_model_alias(name, PREVIOUS_ALIAS, str(champion))
        client.set_registered_model_alias(name, CHAMPION_ALIAS, str(number))
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        client.set_model_version_tag(name, str(number), "promoted_at", stamp)
        client.set_model_version_tag(name, str(number), "promoted_because", reason)
        return alias_version(name, CHAMPION_ALIAS)


def rollback(name: str = REGISTERED_MODEL) -> int:
    """Make the previous champion the champion again and return its number."""
    connect()
    with store_call("Rolling back"):
        previous = alias_version(name, PREVIOUS_ALIAS)
    if previous is None:
        raise TrackingError(
            f"{name} has no previous champion to return to. `classifier models list` shows what there is."
        )
    promote(previous, name, reason="rolled back")
    return previous
