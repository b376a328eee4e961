"""The MLflow serving adapter: the artefact as a pyfunc model.

The model is logged "from code": MLflow stores :mod:`classifier.tracking.pyfunc_code`, this package and the
artefact's folder. Nothing in it is pickled, so nothing is unpickled.
"""

from __future__ import annotations

from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema
from mlflow.types.schema import Map

from classifier.errors import DataError
from classifier.model.model import Model
from classifier.prediction.classifier import Classifier

#: The inputs have no schema: with one, MLflow would take the first column of a table, whatever its name is.
SIGNATURE = ModelSignature(
    outputs=Schema(
        [
            ColSpec(DataType.string, "section", required=False),
            ColSpec(DataType.double, "probability"),
            ColSpec(Map(DataType.double), "probabilities"),
        ]
    ),
    params=ParamSchema([ParamSpec("top_k", DataType.integer, 0), ParamSpec("tier", DataType.string, "")]),
)
_FORMS = 'give a table with a column named headline, {"headline": [...]}, or a list of strings'


class ServedClassifier(mlflow.pyfunc.PythonModel):
    """Answers with a table: ``section``, ``probability``, ``probabilities``.

    Parameters: ``top_k`` keeps that many of the probabilities, 0 keeps all; ``tier`` is ``fast``, ``accurate`` or
    ``cascade``, by default the usual one of the model.
    """

    def load_context(self, context: Any) -> None:
        """Load the artefact that was logged with the model."""
        self.model = Model.load(context.artifacts["artefact"])

    # Dictionaries and lists come too, but of their types MLflow would make a schema, and of no type a warning.
    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Classify headlines; if a headline is missing, its section is None.

        Args:
            context: of MLflow.
            model_input: a table with a column ``headline``, a dictionary with that key, or strings.
            params: see the class; None for the defaults.

        Raises:
            DataError: there is no column ``headline``, or a headline is no text.
        """
        given = params or {}
        top_k = int(given.get("top_k") or 0) or None
        predictions = Classifier(self.model, given.get("tier") or None).predict_part(headlines_of(model_input))
        return pd.DataFrame(
            {
                # As objects, so that an abstention is None and not NaN.
                "section": pd.Series([p.section for p in predictions], dtype=object),
                "probability": [p.probability for p in predictions],
                "probabilities": [dict(list(p.probabilities.items())[:top_k]) for p in predictions],
            }
        )


def headlines_of(model_input: Any) -> list[str]:
    """Return the headlines in what MLflow passes to a model; a missing one is empty.

    Raises:
        DataError: there is no column ``headline``, or a headline is no text.
    """
    values = model_input
    if isinstance(values, pd.DataFrame | dict):
        columns = {str(name): name for name in values}
        if "headline" not in columns and list(columns) != ["0"]:  # MLflow makes a list a table with the column 0
            raise DataError(f"The input has the columns {', '.join(columns) or 'none'}; {_FORMS}.")
        values = values[columns.get("headline", columns.get("0"))]
    values = [values] if isinstance(values, str) else np.asarray(values, dtype=object).ravel().tolist()
    headlines = []
    for row, value in enumerate(values, 1):
        missing = value is None or (not isinstance(value, str) and pd.isna(value) is True)
        if not missing and not isinstance(value, str):
            raise DataError(f"Row {row}: the headline is {value!r:.60}, which is {type(value).__name__}; {_FORMS}.")
        headlines.append("" if missing else value)
    return headlines
