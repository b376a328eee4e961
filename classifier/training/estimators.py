"""The linear estimators a search can try, and NB-SVM, the one scikit-learn does not have."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.naive_bayes import ComplementNB
from sklearn.svm import LinearSVC
from sklearn.utils import check_consistent_length, column_or_1d, gen_batches
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from classifier.errors import ConfigError

#: When an SVM's coordinate descent stops. scikit-learn's own 1e-4 takes nearly twice the time on YNAT for macro-F1 that
#: is the same to four digits; LIBLINEAR's own is 0.1 (Fan et al. 2008, "LIBLINEAR", and its README).
TOLERANCE = 0.01

#: How often NB-SVM's coordinate descents go through the rows at most. The larger the table, the more passes the
#: tolerance asks for (14 for ten thousand rows, 20 for a hundred thousand), at no gain: cross-validation on YNAT's
#: train split finds 0.8519, 0.8521, 0.8522, 0.8521 macro-F1 for 5, 8, 10 and 12 passes, and 0.8521 to the end. A good
#: answer in few passes is what the method is made for (Hsieh et al. 2008, "A Dual Coordinate Descent Method for
#: Large-scale Linear SVM").
PASSES = 8


class _BriefSVC(LinearSVC):
    """A linear SVM whose descent ends after :data:`PASSES`, without scikit-learn's warning about it."""

    def fit(self, X: ArrayLike | sparse.csr_array, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Liblinear failed to converge")
            super().fit(X, y, sample_weight)
        return self


def _svm(C: float, balanced: bool, random_state: int | None) -> _BriefSVC:
    weight = "balanced" if balanced else None
    return _BriefSVC(C=C, class_weight=weight, tol=TOLERANCE, max_iter=PASSES, random_state=random_state)


def _counting_rows(
    estimator: BaseEstimator, X: Any, y: ArrayLike, sample_weight: ArrayLike | None
) -> tuple[sparse.csr_array, NDArray[Any], NDArray[np.float64] | None, NDArray[np.intp] | slice]:
    """Return the checked rows that count, their classes and weights, and which rows these are.

    Rows of weight 0 are left out: balancing would divide by the weight of a class that has no others.
    """
    features, target = validate_data(estimator, X, y, accept_sparse="csr", dtype=[np.float32, np.float64])
    check_classification_targets(target)
    matrix = sparse.csr_array(features)
    if sample_weight is None:
        return matrix, target, None, slice(None)
    weight = np.asarray(column_or_1d(sample_weight), np.float64)
    check_consistent_length(target, weight)
    kept = np.flatnonzero(weight)
    if len(kept) == len(weight):
        return matrix, target, weight, slice(None)
    if not len(kept):
        raise ValueError("all sample weights are zero, so no row counts")
    return matrix[kept], target[kept], weight[kept], kept


class _LinearClassifier(ClassifierMixin, BaseEstimator):
    """A classifier that is one linear map: ``coef_`` and ``intercept_``, one row for two classes."""

    def decision_function(self, X: ArrayLike | sparse.csr_array) -> NDArray[np.float64]:
        """Return scores (n_rows, n_classes), or (n_rows,) for two classes."""
        check_is_fitted(self)
        features = validate_data(self, X, accept_sparse="csr", reset=False, dtype=[np.float32, np.float64])
        scores = np.asarray(features @ self.coef_.T + self.intercept_)
        return scores.ravel() if len(self.classes_) == 2 else scores

    def predict(self, X: ArrayLike | sparse.csr_array) -> NDArray[Any]:
        """Return the section with the highest score for every row."""
        scores = self.decision_function(X)
        winner = (scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)
        return np.asarray(self.classes_[winner])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class NBSVM(_LinearClassifier):
    """Support vector machine on features scaled by the naive-Bayes log-count ratio.

    Wang & Manning 2012, "Baselines and Bigrams: Simple, Good Sentiment and Topic Classification",
    section 2.3, with TF-IDF values for the counts and one classifier for each section against the
    rest. A column with negative values (a dense embedding) is no count and is not scaled.

    Args:
        C: inverse strength of the SVM's regularisation.
        alpha: added to every count before the ratio is taken.
        balanced: whether the classes weigh the same however many rows they have.
        random_state: seed of the SVM's coordinate descent.
    """

    def __init__(self, C: float = 0.1, alpha: float = 1.0, balanced: bool = True, random_state: int | None = 0) -> None:
        self.C = C
        self.alpha = alpha
        self.balanced = balanced
        self.random_state = random_state

    def fit(self, X: ArrayLike | sparse.csr_array, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit on ``X`` (n_rows, n_features), dense or sparse, and the sections ``y`` (n_rows,), weighed or not."""
        matrix, target, weight, _ = _counting_rows(self, X, y, sample_weight)
        self.classes_ = np.unique(target)
        if len(self.classes_) < 2:
            raise ValueError(f"NBSVM needs at least two classes; found one class: {self.classes_[0]!r}")
        counted = np.ones(matrix.shape[1], np.bool_)
        counted[matrix.indices[matrix.data < 0]] = False
        # Two classes need one SVM; the second would be its negative.
        positive = self.classes_[1:] if len(self.classes_) == 2 else self.classes_
        coefficients, intercepts = [], []
        scaled = sparse.csr_array((np.empty(matrix.nnz), matrix.indices, matrix.indptr), matrix.shape)
        ratios = self._log_count_ratios(matrix, target, positive, counted, weight)
        for section, ratio in zip(positive, ratios, strict=True):
            # Part by part, into the same memory for each section: new memory costs more than what is done with it.
            for part in gen_batches(matrix.nnz, 1 << 18):
                np.multiply(ratio.take(matrix.indices[part]), matrix.data[part], out=scaled.data[part])
            machine = _svm(self.C, self.balanced, self.random_state).fit(scaled, target == section, weight)
            coefficients.append(machine.coef_[0] * ratio)
            intercepts.append(machine.intercept_[0])
        self.coef_ = np.array(coefficients)
        self.intercept_ = np.array(intercepts)
        return self

    def _log_count_ratios(
        self,
        matrix: sparse.csr_array,
        target: NDArray[Any],
        positive: NDArray[Any],
        counted: NDArray[np.bool_],
        weight: NDArray[np.float64] | None,
    ) -> Iterator[NDArray[np.float64]]:
        """Yield the ratio of each section in ``positive``, (n_features,); 1 for a feature that is not counted."""
        rows = np.ones(len(target)) if weight is None else weight
        # All sections at once: for each product SciPy makes a copy of the matrix in double precision.
        sums = matrix.T @ np.column_stack([rows, (target[:, None] == positive) * rows[:, None]])
        for inside in sums.T[1:]:
            p, q = (np.where(counted, part, 0.0) + self.alpha for part in (inside, sums[:, 0] - inside))
            ratio = np.log((p / p[counted].sum()) / (q / q[counted].sum())) if counted.any() else np.ones(len(p))
            yield np.where(counted, ratio, 1.0)


class StackedNBSVM(_LinearClassifier):
    """NB-SVMs of several smoothings and of other tables, with or without a plain SVM, weighed by a logistic regression.

    Stacked generalization (Wolpert 1992): the regression is fitted on scores that the members give to rows
    which they were not fitted on. An auxiliary table has sections of its own, which need not be those of ``y``;
    the scores of a model of it are evidence all the same. All members are linear in the same
    features, so that the whole is one linear map: ``coef_`` and ``intercept_``.

    Args:
        C: inverse strength of the members' regularisation.
        alphas: smoothing of the naive-Bayes ratio, one member for each.
        plain: whether a linear SVM on the features as they are is a member too; it carries over better to headlines
            of another publisher.
        folds: by how many folds the members' scores are made.
        random_state: seed of the folds and of the coordinate descents.
    """

    def __init__(
        self,
        C: float = 0.1,
        alphas: Sequence[float] = (1.0, 0.3),
        plain: bool = False,
        folds: int = 3,
        random_state: int | None = 0,
    ) -> None:
        self.C = C
        self.alphas = alphas
        self.plain = plain
        self.folds = folds
        self.random_state = random_state

    def fit(
        self,
        X: ArrayLike | sparse.csr_array,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        auxiliary: Sequence[tuple[sparse.csr_array, NDArray[Any]]] = (),
    ) -> Self:
        """Fit on ``X`` (n_rows, n_features) and the sections ``y`` (n_rows,).

        Args:
            X: features, dense or sparse.
            y: sections.
            sample_weight: (n_rows,), what each row counts for.
            groups: (n_rows,), rows that belong into one fold, such as near-duplicates.
            auxiliary: features and sections of other tables.
        """
        matrix, target, weight, kept = _counting_rows(self, X, y, sample_weight)
        groups = None if groups is None else np.asarray(groups)[kept]
        self.classes_, sizes = np.unique(target, return_counts=True)
        folds = min(self.folds, int(sizes.min()))
        if len(self.classes_) < 2:
            raise ValueError(f"StackedNBSVM needs at least two classes; found one class: {self.classes_[0]!r}")
        if folds < 2:
            found = ", ".join(f"{name} ({size})" for name, size in zip(self.classes_, sizes, strict=True))
            raise ValueError(f"StackedNBSVM needs two rows or more of each class; found {found}")
        kind = StratifiedKFold if groups is None else StratifiedGroupKFold
        parts = list(kind(folds, shuffle=True, random_state=self.random_state).split(matrix, target, groups))

        members = [NBSVM(C=self.C, alpha=alpha, random_state=self.random_state) for alpha in self.alphas]
        if self.plain:
            members.append(_svm(self.C, True, self.random_state))
        if not members:
            raise ValueError("StackedNBSVM needs a member: give alphas, or plain=True")
        scores, maps = [], []
        for member in members:
            held_out = np.empty((len(target), len(self.classes_)))
            for train, test in parts:
                fitted = clone(member).fit(matrix[train], target[train], None if weight is None else weight[train])
                weights, intercept = linear_weights(fitted)
                held_out[test] = matrix[test] @ weights + intercept
            scores.append(held_out)
            maps.append(linear_weights(member.fit(matrix, target, weight)))
        for other, sections in auxiliary:
            weights, intercept = linear_weights(NBSVM(C=self.C, random_state=self.random_state).fit(other, sections))
            scores.append(matrix @ weights + intercept)
            maps.append((weights, intercept))

        # Newton's method converges. L-BFGS stops before, at a point that depends on the number of threads.
        blend = LogisticRegression(class_weight="balanced", solver="newton-cholesky", tol=1e-8).fit(
            np.hstack(scores), target, weight
        )
        mix, bias = linear_weights(blend)
        self.coef_ = (np.hstack([weights for weights, _ in maps]) @ mix).T
        self.intercept_ = np.concatenate([intercept for _, intercept in maps]) @ mix + bias
        if len(self.classes_) == 2:  # one score, as scikit-learn has it
            self.coef_, self.intercept_ = self.coef_[1:] * 2, self.intercept_[1:] * 2
        return self


#: Estimators by their name in a config: the class and the parameters that it has unless the grid names others.
ESTIMATORS: dict[str, tuple[type[BaseEstimator], dict[str, Any]]] = {
    "nbsvm": (NBSVM, {}),
    "stack": (StackedNBSVM, {}),
    "linear_svc": (LinearSVC, {"class_weight": "balanced", "C": 0.3, "tol": TOLERANCE}),
    "logistic_regression": (LogisticRegression, {"class_weight": "balanced", "C": 10.0, "max_iter": 300, "tol": 1e-3}),
    "sgd": (SGDClassifier, {"class_weight": "balanced", "loss": "modified_huber", "alpha": 1e-5}),
    "complement_nb": (ComplementNB, {}),
}


def make_estimator(name: str, parameters: dict[str, Any], seed: int) -> BaseEstimator:
    """Return an unfitted estimator.

    Raises:
        ConfigError: no such estimator, or it has no such parameter.
    """
    if name not in ESTIMATORS:
        raise ConfigError(f"estimator {name!r} is unknown. There is {', '.join(ESTIMATORS)}.")
    kind, defaults = ESTIMATORS[name]
    estimator = kind(**defaults)
    known = estimator.get_params()
    unknown = [key for key in parameters if key not in known]
    if unknown:
        raise ConfigError(f"{name} has no parameter {', '.join(unknown)}. It has {', '.join(sorted(known))}.")
    if "random_state" in known:
        parameters = {"random_state": seed} | parameters
    return estimator.set_params(**parameters)


def linear_weights(estimator: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a fitted estimator's weights (n_features, n_sections) and intercept (n_sections,).

    All estimators here are linear: scores are ``X @ weights + intercept``. Scores of two classes
    are spread over both columns.
    """
    if isinstance(estimator, ComplementNB):
        weights = estimator.feature_log_prob_.T
        return weights, np.zeros(weights.shape[1])
    coefficients, intercept = np.asarray(estimator.coef_), np.asarray(estimator.intercept_)
    if len(coefficients) == 1:
        return np.hstack([-coefficients.T, coefficients.T]) / 2, np.array([-intercept[0], intercept[0]]) / 2
    return coefficients.T, intercept
