"""What of old versions and runs may be deleted, and its deletion."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mlflow import MlflowClient
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from classifier.paths import REGISTERED_MODEL
from classifier.tracking.registry import Version, versions
from classifier.tracking.runs import STAGE_TAG, USED_TAG, search_runs
from classifier.tracking.store import connect, store_call


@dataclass(frozen=True)
class Prunable:
    """What may be deleted of a registered model."""

    name: str
    versions: list[Version]  #: newest first
    searches: list[str]  #: runs of trainings, by id
    candidates: list[str]  #: runs of candidates, by id
    models: list[str]  #: MLflow's ids of the logged models
    folders: list[str]  #: addresses of the artefacts of all of these
    megabytes: float  #: of the folders that are on this machine


def find_prunable(name: str = REGISTERED_MODEL, *, keep: int = 3) -> Prunable:
    """Return what may be deleted; nothing is changed.

    A version may go if it has no alias and is not among the newest. Its training's run goes with it, and so do
    trainings of the same experiments that failed or were interrupted before one that finished. A candidate's run goes
    if no training that stays has used its result.

    Args:
        name: the registered model.
        keep: how many of the newest versions stay besides those with an alias.
    """
    client = connect()
    listed = versions(name)
    staying = {version.number for version in listed[:keep]} | {v.number for v in listed if v.aliases}
    going = [version for version in listed if version.number not in staying]
    with store_call("Reading old versions"):
        details = {v.number: client.get_model_version(name, str(v.number)) for v in listed}
        kept_runs = {details[number].run_id for number in staying}
        experiments = {client.get_run(d.run_id).info.experiment_id for d in details.values() if d.run_id}
        searches, candidates, folders = [], [], []
        old = {details[v.number].run_id for v in going}
        for experiment in sorted(experiments):
            finished = 0
            for run in search_runs(client, experiment, f"tags.{STAGE_TAG} = 'search'"):
                failed = run.info.status in ("FAILED", "KILLED") and run.info.start_time < finished
                if run.info.run_id not in kept_runs and (failed or run.info.run_id in old):
                    searches.append(run.info.run_id)
                    folders.append(run.info.artifact_uri)
                elif run.info.status == "FINISHED":
                    finished = max(finished, run.info.start_time)
            for run in search_runs(client, experiment, f"tags.{STAGE_TAG} = 'candidate'"):
                if run.data.tags.get(USED_TAG) in searches:
                    candidates.append(run.info.run_id)
                    folders.append(run.info.artifact_uri)
        models = [details[v.number].source.removeprefix("models:/") for v in going]
        folders += [client.get_logged_model(model).artifact_location for model in models]
    return Prunable(name, going, searches, candidates, models, folders, _megabytes(folders))


def _megabytes(folders: Iterable[str]) -> float:
    files = {file for folder in folders for file in Path(folder.removeprefix("file://")).rglob("*") if file.is_file()}
    return sum(file.stat().st_size for file in files) / 1e6


def prune(found: Prunable) -> None:
    """Delete what :func:`find_prunable` found, artefacts first.

    Raises:
        TrackingError: the store refuses; what is deleted by then stays deleted, and the rest is found again.
    """
    client = MlflowClient()
    with store_call("Deleting old versions"):
        for folder in found.folders:
            get_artifact_repository(folder).delete_artifacts()
        for version in found.versions:
            client.delete_model_version(found.name, str(version.number))
        for model in found.models:
            client.delete_logged_model(model)
        for run in (*found.candidates, *found.searches):
            client.delete_run(run)
