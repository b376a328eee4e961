"""The registered model as MLflow serves, evaluates and finds it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest

from classifier.errors import DataError
from classifier.paths import store_address
from classifier.prediction.classifier import Classifier
from classifier.tracking.pyfunc import headlines_of
from classifier.training.reports.plots import styled

HEADLINES = ["코스피 사흘째 상승…외국인 '사자'", "손흥민, 개막전 멀티골", "???"]
CHAMPION = "models:/headline-classifier@champion"


def test_the_registered_model_answers_like_the_classifier(inside: Path) -> None:
    ours = Classifier.load().predict(HEADLINES)
    for address in (CHAMPION, "models:/headline-classifier/1"):
        assert Classifier.load(address).predict(HEADLINES) == ours
    served = mlflow.pyfunc.load_model(CHAMPION)
    for given in (HEADLINES, pd.DataFrame({"id": [1, 2, 3], "headline": HEADLINES}), {"headline": HEADLINES}):
        answers = served.predict(given)
        assert list(answers["section"]) == [p.section for p in ours]
        assert list(answers["probability"]) == pytest.approx([p.probability for p in ours])
        assert list(answers["probabilities"]) == [pytest.approx(p.probabilities) for p in ours]
    fast = Classifier.load(tier="fast").predict(HEADLINES)
    answers = served.predict(HEADLINES, params={"top_k": 2, "tier": "fast"})
    assert [len(p) for p in answers["probabilities"]] == [2, 2, 2]
    assert list(answers["probability"]) == pytest.approx([p.probability for p in fast])
    assert served.predict(pd.DataFrame({"headline": ["코스피 상승", None]}))["section"].tolist() == ["경제", None]
    with pytest.raises(DataError, match="columns title; give a table with a column named headline"):
        served.predict(pd.DataFrame({"title": HEADLINES}))


@pytest.mark.parametrize(
    "given",
    [
        ["가", "나"],
        np.array(["가", "나"]),
        np.array([["가"], ["나"]]),
        pd.Series(["가", "나"], index=[7, 9]),
        pd.DataFrame(["가", "나"]),
        pd.DataFrame({"url": ["x", "y"], "headline": ["가", "나"]}),
        {"headline": ["가", "나"]},
        {"section": ["b", "a"], "headline": np.array(["가", "나"])},
    ],
)
def test_headlines_are_found_in_every_form_that_mlflow_passes(given: object) -> None:
    assert headlines_of(given) == ["가", "나"]


def test_one_text_is_one_headline_and_a_missing_one_is_empty() -> None:
    assert headlines_of("가 나") == ["가 나"]
    assert headlines_of({"headline": "가"}) == ["가"]
    for missing in (None, float("nan"), pd.NA, pd.NaT):
        assert headlines_of(pd.DataFrame({"headline": ["가", missing]})) == ["가", ""]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["가", 7], "Row 2: the headline is 7, which is int"),
        (pd.DataFrame({"headline": [1.5]}), "Row 1: the headline is 1.5, which is float"),
        ({"headline": [["가"], {"a": 1}]}, "Row 1"),
        (pd.DataFrame({"id": [1], "url": ["x"]}), "the columns id, url; give"),
        ({}, "the columns none; give"),
    ],
)
def test_what_is_no_headline_is_refused(given: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        headlines_of(given)


def test_mlflow_evaluates_the_registered_model(inside: Path, sample: dict[str, list[tuple[str, str]]]) -> None:
    table = pd.DataFrame(sample["test"][::10], columns=["headline", "section"])
    served = mlflow.pyfunc.load_model(CHAMPION)
    with styled(), mlflow.start_run() as run:
        found = mlflow.models.evaluate(
            lambda frame: served.predict(frame)["section"], table, targets="section", model_type="classifier"
        )
    mlflow.delete_run(run.info.run_id)
    answers = [p.section for p in Classifier.load().predict(table["headline"])]
    assert found.metrics["accuracy_score"] == pytest.approx(np.mean(table["section"] == answers))


def test_the_best_model_on_a_table_is_found_by_its_figures(two: Path) -> None:
    mlflow.set_tracking_uri(store_address())
    experiments = [e.experiment_id for e in mlflow.search_experiments()]
    ranked = mlflow.search_logged_models(
        experiment_ids=experiments,
        datasets=[{"dataset_name": "test-tsv"}],
        order_by=[{"field_name": "metrics.test_macro_f1", "ascending": False, "dataset_name": "test-tsv"}],
        output_format="list",
    )
    of_test = [{m.key: m.value for m in model.metrics if m.dataset_name == "test-tsv"} for model in ranked]
    figures = [found["test_macro_f1"] for found in of_test]
    assert len(figures) == 2
    assert figures == sorted(figures, reverse=True)
    champion = mlflow.MlflowClient().get_model_version_by_alias("headline-classifier", "champion")
    assert champion.source == f"models:/{ranked[0].model_id}"


def test_the_model_is_loaded_where_the_package_is_not_installed(trained: Path) -> None:
    code = """
import sys
from pathlib import Path
sys.path[:] = [path for path in sys.path if not (Path(path) / "classifier" / "__init__.py").is_file()]
from importlib.util import find_spec
found = find_spec("classifier")  # an installation may leave a folder with data, which is no package
assert found is None or found.origin is None, found
sys.modules["cleanlab"] = sys.modules["pooch"] = None  # of a training; the model's requirements do not name them
import mlflow
model = mlflow.pyfunc.load_model("models:/headline-classifier@champion")
print(model.predict(["코스피 상승 마감"])["section"].tolist())
import classifier
print(classifier.__file__)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=trained, capture_output=True, text=True, check=False,
        env={"PATH": "", "MLFLOW_TRACKING_URI": f"sqlite:///{trained / 'mlflow.db'}"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer, file = done.stdout.splitlines()[-2:]
    assert answer == "['경제']"
    assert "mlruns" in file
