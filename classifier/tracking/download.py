"""Artefacts by their MLflow address."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import mlflow
from mlflow.exceptions import MlflowException

from classifier.errors import ModelError
from classifier.model.model import Model
from classifier.paths import store_address
from classifier.tracking.store import moved_from


def download_model(address: str) -> Model:
    """Return the artefact of a registered model, with the number of its version, or of a run's model.

    Nothing that is stored with the model is executed.

    Args:
        address: ``models:/name@alias``, ``models:/name/version`` or ``runs:/run/model``.

    Raises:
        ModelError: MLflow has no such model, or it holds no artefact of this project, or a damaged one.
    """
    store = store_address()
    mlflow.set_tracking_uri(store)
    if moved := moved_from():
        raise ModelError(
            f"{address}: the MLflow store {store} was moved here from {', '.join(moved)}, where its addresses still "
            "point. Run `classifier models repair` and try again."
        )
    with tempfile.TemporaryDirectory() as scratch:
        try:
            name, _, alias = address.removeprefix("models:/").partition("@")
            version = mlflow.MlflowClient().get_model_version_by_alias(name, alias).version if alias else None
            if version is None and re.fullmatch(r"models:/[^/]+/\d+", address):
                version = address.rpartition("/")[2]
            folder = Path(mlflow.artifacts.download_artifacts(address, dst_path=scratch))
        except (MlflowException, OSError) as error:
            raise ModelError(
                f"{address}: not found in the MLflow store {store} ({error}). "
                "`classifier models list` shows what there is."
            ) from error
        found = sorted(folder.rglob("manifest.json"))
        if not found:
            raise ModelError(f"{address}: holds no artefact of this project (no manifest.json). Train again.")
        model = Model.load(found[0].parent)
    return model.with_about(version=int(version)) if version else model
