"""The code that MLflow keeps with a logged model and runs to load it. Not for importing."""

from mlflow.models import set_model

from classifier.tracking.pyfunc import ServedClassifier

set_model(ServedClassifier())
