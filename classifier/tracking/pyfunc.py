"""The MLflow serving adapter: the artefact as a pyfunc model, and artefacts by MLflow address.

The model is logged "from code": MLflow stores :mod:`classifier.tracking.pyfunc_code` and the
artefact's folder. Nothing in it is pickled, so nothing is unpickled.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema
from mlflow.types.schema import Map

from classifier.errors import DataError, ModelError
from classifier.model.model import Model
from classifier.paths import store_address
from classifier.prediction.classifier import Classifier

SIGNATURE = ModelSignature(
    # Without a name, so that MLflow lets a plain list of strings through as well as a column.
    inputs=Schema([ColSpec(DataType.string)]),
    outputs=Schema(
        [
            ColSpec(DataType.string, "section", required=False),
            ColSpec(DataType.double, "probability"),
            ColSpec(Map(DataType.double), "probabilities"),
        ]
    ),
    params=ParamSchema([ParamSpec("top_k", DataType.integer, 0)]),
)


class ServedClassifier(mlflow.pyfunc.PythonModel):
    """Answers with a table: ``section``, ``probability``, ``probabilities``.

    ``top_k`` keeps that many of the probabilities; 0 keeps all.
    """

    def load_context(self, context: Any) -> None:
        """Load the artefact that was logged with the model."""
        self.classifier = Classifier(Model.load(context.artifacts["artefact"]))

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Classify a column ``headline``, or a list of strings, which MLflow makes a column named 0."""
        columns = list(map(str, model_input.columns))
        if "headline" not in columns and columns != ["0"]:
            raise DataError(
                f"The input has the columns {', '.join(columns)}; give a column named headline, or a list of strings."
            )
        headlines = model_input.iloc[:, columns.index("headline") if "headline" in columns else 0]
        top_k = int((params or {}).get("top_k", 0)) or None
        predictions = self.classifier.predict([str(headline) for headline in headlines])
        return pd.DataFrame(
            {
                # As objects, so that an abstention is None and not NaN.
                "section": pd.Series([p.section for p in predictions], dtype=object),
                "probability": [p.probability for p in predictions],
                "probabilities": [dict(list(p.probabilities.items())[:top_k]) for p in predictions],
            }
        )


def fetch_model(address: str) -> Model:
    """Return the artefact of a registered model (with the number of its version) or of a run's model.

    Raises:
        ModelError: MLflow knows no such model, or it holds no artefact of this project.
    """
    mlflow.set_tracking_uri(store_address())
    try:
        name, _, alias = address.removeprefix("models:/").partition("@")
        version = mlflow.MlflowClient().get_model_version_by_alias(name, alias).version if alias else None
        if version is None and re.fullmatch(r"models:/[^/]+/\d+", address):
            version = address.rpartition("/")[2]
        folder = Path(mlflow.artifacts.download_artifacts(address))
    except (MlflowException, OSError) as error:
        raise ModelError(
            f"{address}: MLflow does not find it in {store_address()} ({error}). "
            "`classifier models list` shows what there is."
        ) from error
    found = sorted(folder.rglob("manifest.json"))
    if not found:
        raise ModelError(f"{address}: holds no artefact of this project (no manifest.json).")
    model = Model.load(found[0].parent)
    return model.with_about(version=int(version)) if version else model
