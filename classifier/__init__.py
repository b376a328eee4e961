"""Korean headline and topic classifier: which section does a headline belong to?"""

from classifier.errors import ClassifierError
from classifier.model.explanation import Contribution
from classifier.prediction.classifier import Classifier, Prediction, predict

__version__ = "0.1.0"
__all__ = ["Classifier", "ClassifierError", "Contribution", "Prediction", "__version__", "predict"]
