"""Korean headline and topic classifier: which section does a headline belong to?"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from classifier.errors import (
    ClassifierError,
    ConfigError,
    DataError,
    InstallationError,
    ModelError,
    TrackingError,
)
from classifier.prediction.answers import Prediction
from classifier.prediction.classifier import Classifier, predict

if TYPE_CHECKING:
    from classifier.model.explanation import Contribution, Explanation
    from classifier.verbs import audit, calibrate, drift, evaluate, explain, extract, fetch, train

__version__ = "0.1.0"
__all__ = [
    "Classifier", "ClassifierError", "ConfigError", "Contribution", "DataError", "Explanation", "InstallationError",
    "ModelError", "Prediction", "TrackingError", "__version__", "audit", "calibrate", "drift", "evaluate", "explain",
    "extract", "fetch", "predict", "train",
]  # fmt: skip

#: What is imported when it is asked for: predicting does without.
_LATER = {"Contribution": "model.explanation", "Explanation": "model.explanation"} | dict.fromkeys(
    ("audit", "calibrate", "drift", "evaluate", "explain", "extract", "fetch", "train"), "verbs"
)


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(import_module(f"classifier.{_LATER[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
