"""Korean headline and topic classifier: which section does a headline belong to?"""

from typing import TYPE_CHECKING, Any

from classifier.errors import ClassifierError
from classifier.prediction.classifier import Classifier, Prediction, predict

if TYPE_CHECKING:
    from classifier.model.explanation import Contribution

__version__ = "0.1.0"
__all__ = ["Classifier", "ClassifierError", "Contribution", "Prediction", "__version__", "predict"]


def __getattr__(name: str) -> Any:
    if name == "Contribution":  # read when it is asked for: predicting does without
        from classifier.model.explanation import Contribution

        return Contribution
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
