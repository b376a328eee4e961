"""The classifier as a scikit-learn estimator: for pipelines, ``cross_val_score`` and ``mlflow.models.evaluate``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.errors import DataError
from classifier.extras import need
from classifier.model.model import Model
from classifier.prediction.classifier import Classifier
from classifier.prediction.inputs import checked, headline_column

need("train", "classifier.sklearn")

from sklearn.base import BaseEstimator, ClassifierMixin  # noqa: E402 - after the check
from sklearn.utils.validation import check_is_fitted  # noqa: E402


class HeadlineClassifier(ClassifierMixin, BaseEstimator):
    """One configuration, trained without a search and without MLflow.

    ``X`` is a sequence of headlines, or a DataFrame whose column ``headline``, or whose only column, holds them.
    If no feature of a headline is known, ``predict`` returns the likeliest section all the same:
    scikit-learn has no abstention.

    Args:
        estimator: as in a config: ``nbsvm``, ``linear_svc``, ``logistic_regression``, ``complement_nb``, ``sgd``.
        features: feature blocks: ``chars``, ``morphemes``, ``nospace``, ``jamo``, ``embeddings``.
        min_df: a feature in fewer headlines is left out.
        block_weights: factors on the blocks' values; 1 for those that are not named.
        parameters: of the estimator, such as ``{"C": 0.1}``.
        folds: of the cross-validation that calibrates the probabilities, at most as many as the smallest section
            has rows; below 2 the probabilities are not calibrated.
        random_state: seed of everything random.

    Attributes:
        classes_: the sections, sorted; the columns of ``predict_proba``.
        classifier_: the fitted :class:`~classifier.Classifier`.
    """

    def __init__(
        self,
        estimator: str = "nbsvm",
        features: Sequence[str] = ("chars", "morphemes"),
        *,
        min_df: int = 1,
        block_weights: Mapping[str, float] | None = None,
        parameters: Mapping[str, Any] | None = None,
        folds: int = 3,
        random_state: int = 0,
    ) -> None:
        self.estimator, self.features, self.min_df = estimator, features, min_df
        self.block_weights, self.parameters = block_weights, parameters
        self.folds, self.random_state = folds, random_state

    @classmethod
    def load(cls, source: str | Path | None = None, tier: str | None = None) -> HeadlineClassifier:
        """Return a trained model as a fitted estimator; the arguments are those of :meth:`Classifier.load`."""
        found = cls()
        found.classifier_ = Classifier.load(source, tier)
        found.classes_ = np.sort(np.array(found.classifier_.sections))
        return found

    def fit(self, X: Any, y: Iterable[Any]) -> HeadlineClassifier:
        """Train on headlines and their sections.

        Raises:
            DataError: there is one section only.
            TypeError: something in ``X`` is no string.
            ConfigError: there is no such estimator, block or parameter.
            ValueError: ``X`` and ``y`` differ in length.
        """
        from classifier.training.compile import fit_model
        from classifier.training.config import Candidate
        from classifier.training.dataset import TrainingSet, feature_cache
        from classifier.training.features import FeatureCache, check_blocks
        from classifier.training.search import cross_validate
        from classifier.training.splits import make_folds

        check_blocks(list(self.features))
        headlines = _headlines(X)
        self.classes_, target, rows = np.unique(np.asarray(y), return_inverse=True, return_counts=True)
        if len(headlines) != len(target):
            raise ValueError(f"X has {len(headlines):,} headlines, y has {len(target):,} sections")
        if len(rows) < 2:
            raise DataError(f"y has one section only: {self.classes_[0]}. A classifier needs two or more.")
        sections = tuple(map(str, self.classes_))
        candidate = Candidate(
            estimator=self.estimator, features=tuple(self.features), min_df=self.min_df,
            block_weights=dict(self.block_weights or {}), parameters=dict(self.parameters or {}),
        )  # fmt: skip
        folds = min(self.folds, int(rows.min()))
        data = TrainingSet(
            headlines=headlines,
            counts=FeatureCache(None).counts(headlines, list(self.features)),
            target=target,
            sections=sections,
            folds=make_folds(headlines, target, sections, folds, self.random_state) if folds > 1 else [],
            embeddings=feature_cache().embeddings() if "embeddings" in self.features else None,
            seed=self.random_state,
        )
        temperature = cross_validate(candidate, data).temperature if folds > 1 else 1.0
        self.classifier_ = Classifier(Model(sections, fit_model(candidate, data, temperature=temperature)))
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float32]:
        """Return probabilities, (n_headlines, n_classes)."""
        check_is_fitted(self)
        column = [self.classifier_.sections.index(str(name)) for name in self.classes_]
        return self.classifier_.predict_proba(_headlines(X))[:, column]

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the likeliest section of every headline, (n_headlines,)."""
        likeliest = self.predict_proba(X).argmax(axis=1)
        return np.asarray(self.classes_[likeliest])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array, tags.input_tags.string = False, True
        return tags


def _headlines(X: Any) -> list[str]:
    """Return the headlines of a sequence, an array of one column or a DataFrame."""
    found = headline_column(X) if hasattr(X, "columns") else X
    return checked(np.ravel(found) if isinstance(found, np.ndarray) else found, "X")
