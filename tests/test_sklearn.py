"""The facade for scikit-learn, in scikit-learn's own tools and in MLflow's."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from classifier import Classifier, ConfigError, DataError
from classifier.sklearn import HeadlineClassifier

SECTIONS = ("스포츠", "경제", "연예")


@pytest.fixture(scope="module")
def rows(sample: dict[str, list[tuple[str, str]]]) -> tuple[list[str], np.ndarray]:
    chosen = [row for section in SECTIONS for row in [r for r in sample["train"] if r[1] == section][:80]]
    return [headline for headline, _ in chosen], np.array([section for _, section in chosen])


@pytest.fixture(scope="module")
def fitted(rows: tuple[list[str], np.ndarray]) -> HeadlineClassifier:
    return HeadlineClassifier("linear_svc", ["chars"], min_df=1, parameters={"C": 0.3}).fit(*rows)


def test_it_learns_one_configuration(
    fitted: HeadlineClassifier, rows: tuple[list[str], np.ndarray], sample: dict[str, list[tuple[str, str]]]
) -> None:
    test = [(headline, section) for headline, section in sample["test"] if section in SECTIONS]
    headlines = [headline for headline, _ in test]
    assert fitted.classes_.tolist() == sorted(SECTIONS)
    probabilities = fitted.predict_proba(headlines)
    assert probabilities.shape == (len(test), 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert fitted.score(headlines, [section for _, section in test]) > 0.7
    stated = probabilities.max(axis=1).mean()
    assert stated == pytest.approx(fitted.score(headlines, [section for _, section in test]), abs=0.1)
    assert fitted.predict(np.array(headlines, object)[:, None]).tolist() == fitted.predict(headlines).tolist()
    assert fitted.predict(pd.DataFrame({"headline": headlines, "n": 1})).tolist() == fitted.predict(headlines).tolist()
    assert pickle.loads(pickle.dumps(fitted)).predict(headlines[:5]).tolist() == fitted.predict(headlines[:5]).tolist()


def test_scikit_learns_tools_take_it(rows: tuple[list[str], np.ndarray]) -> None:
    model = HeadlineClassifier("linear_svc", ["chars"], parameters={"C": 0.3}, folds=2)
    copied = clone(model)
    assert copied.get_params() == model.get_params()
    with pytest.raises(NotFittedError):
        copied.predict(["코스피"])
    for scoring in ("accuracy", "neg_log_loss"):
        found = cross_val_score(make_pipeline(model), *rows, cv=2, scoring=scoring, error_score="raise")
        assert found.mean() > (0.5 if scoring == "accuracy" else -1)


def test_numbers_are_classes_too_and_few_rows_are_not_calibrated() -> None:
    headlines = ["코스피 상승 마감", "손흥민 멀티골", "국회 본회의 개의"]
    found = HeadlineClassifier("complement_nb", ["chars"]).fit(headlines, [10, 9, 2])
    assert found.classes_.tolist() == [2, 9, 10]
    assert found.predict(headlines).tolist() == [10, 9, 2]


def test_wrong_input_says_what_is_wrong(rows: tuple[list[str], np.ndarray]) -> None:
    model = HeadlineClassifier("linear_svc", ["chars"])
    with pytest.raises(DataError, match="one section only"):
        model.fit(["가", "나"], ["경제", "경제"])
    with pytest.raises(ValueError, match="X has 1 headlines, y has 2"):
        model.fit(["가"], ["경제", "사회"])
    with pytest.raises(TypeError, match=r"X\[1\] is NoneType"):
        model.fit(["가", None], ["경제", "사회"])
    with pytest.raises(ConfigError, match="bigrams"):
        HeadlineClassifier("linear_svc", ["bigrams"]).fit(*rows)
    with pytest.raises(ConfigError, match="forest"):
        HeadlineClassifier("forest", ["chars"]).fit(*rows)


def test_a_trained_model_is_a_fitted_estimator(trained: Path, clf: Classifier) -> None:
    found = HeadlineClassifier.load(trained / "models/quick")
    headlines = ["코스피 상승 마감", "손흥민 멀티골"]
    assert found.predict(headlines).tolist() == [p.section for p in clf.predict(headlines)]
    assert found.classes_.tolist() == sorted(clf.sections)
    column = list(found.classes_).index("경제")
    assert found.predict_proba(headlines)[0, column] == pytest.approx(
        clf.predict_proba(headlines)[0, clf.sections.index("경제")]
    )


def test_mlflow_evaluates_it(home: Path, fitted: HeadlineClassifier, rows: tuple[list[str], np.ndarray]) -> None:
    import koreanize_matplotlib  # noqa: F401 - MLflow draws the sections' names
    import mlflow

    from classifier.paths import store_address

    mlflow.set_tracking_uri(store_address())
    frame = pd.DataFrame({"headline": rows[0], "section": rows[1]})
    with mlflow.start_run():
        found = mlflow.models.evaluate(
            fitted.predict, frame, targets="section", model_type="classifier",
            evaluator_config={"log_model_explainability": False},
        )  # fmt: skip
    assert found.metrics["accuracy_score"] == pytest.approx(fitted.score(*rows))
