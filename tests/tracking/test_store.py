"""A store that was moved, old versions that are deleted, and names that MLflow accepts."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlflow import MlflowClient
from mlflow.utils.validation import _validate_metric_name

from classifier.errors import ModelError, TrackingError
from classifier.paths import store_address
from classifier.prediction.classifier import Classifier
from classifier.tracking.prune import find_prunable, prune
from classifier.tracking.registry import versions
from classifier.tracking.runs import metric_name
from classifier.tracking.store import connect, moved_from, repair
from tests.cli.test_cli import run

CHAMPION = "models:/headline-classifier@champion"


def test_a_moved_folder_is_noticed_and_mended(two: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = Classifier.load(CHAMPION).predict(["코스피 상승 마감"])
    moved = two.with_name("moved")
    two.rename(moved)
    monkeypatch.chdir(moved)
    monkeypatch.delenv("MLFLOW_TRACKING_URI")  # MLflow sets it for the store it opened last
    with pytest.raises(ModelError, match=rf"moved here from {two}.*classifier models repair"):
        Classifier.load(CHAMPION)
    done = run("models", "repair", cwd=moved)
    assert done.returncode == 0, done.stderr.decode()
    assert Classifier.load(CHAMPION).predict(["코스피 상승 마감"]) == before
    assert moved_from() == []
    assert repair() == 0


def test_whatever_writes_to_a_moved_store_mends_it_first(
    two: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    moved = two.with_name("moved")
    two.rename(moved)
    monkeypatch.chdir(moved)
    connect()
    assert f"the MLflow store was moved here from {two}" in caplog.text
    assert Classifier.load(CHAMPION).sections
    assert not two.exists(), "nothing is written to the old folder"


def test_a_copy_is_mended_on_request_alone(two: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = two.with_name("copy")
    shutil.copytree(two, copy)
    monkeypatch.chdir(copy)
    assert moved_from() == []
    assert moved_from(copied=True) == [str(two)]
    assert repair(copied=True) > 0
    shutil.rmtree(two)
    assert Classifier.load(CHAMPION).sections


def test_a_store_that_is_no_file_cannot_be_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    assert moved_from() == []
    with pytest.raises(TrackingError, match="not a SQLite file"):
        repair()


def test_artefacts_that_are_not_on_this_disk_are_left_where_they_are(home: Path) -> None:
    client = connect()
    for number, address in enumerate(("mlflow-artifacts:/7", "s3://bucket/mlruns/8", "")):
        client.create_experiment(f"elsewhere {number}", address or None)
    connect()
    assert moved_from() == moved_from(copied=True) == []


def test_nothing_that_an_alias_points_to_may_go(two: Path) -> None:
    found = find_prunable(keep=0)
    assert (found.versions, found.searches, found.folders) == ([], [], [])


def test_old_versions_go_with_their_runs_and_files_after_they_were_listed(two: Path) -> None:
    MlflowClient(store_address()).delete_registered_model_alias("headline-classifier", "previous")
    assert find_prunable(keep=2).versions == []
    found = find_prunable(keep=1)
    assert [version.number for version in found.versions] == [1]
    assert (len(found.searches), len(found.candidates), len(found.models)) == (1, 1, 1)
    size = sum(file.stat().st_size for file in (two / "mlruns").rglob("*") if file.is_file())
    assert 0 < found.megabytes * 1e6 < size
    assert run("models", "prune", "--keep", "1", cwd=two).returncode == 1, "not without a yes"
    assert len(versions()) == 2
    done = run("models", "prune", "--keep", "1", "--yes", cwd=two)
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.decode().startswith("version 1\tweak\t0.")
    assert [version.number for version in versions()] == [2]
    left = sum(file.stat().st_size for file in (two / "mlruns").rglob("*") if file.is_file())
    assert left == pytest.approx(size - found.megabytes * 1e6)
    assert Classifier.load(CHAMPION).sections
    assert find_prunable(keep=1).folders == []
    prune(find_prunable(keep=1))


@given(st.lists(st.text(min_size=1, max_size=300), min_size=2, max_size=5, unique=True))
def test_different_sections_have_different_metrics_that_mlflow_accepts(names: list[str]) -> None:
    made = [f"f1/{metric_name(name)}" for name in names]
    assert len(set(made)) == len(names)
    for name in made:
        _validate_metric_name(name)
        assert len(name) <= 250
