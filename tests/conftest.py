"""Fixtures: a folder for every test, with a real SQLite store and real models."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest

from classifier.cli import MLFLOW_SETTINGS
from classifier.paths import package_data, store_address
from classifier.prediction.classifier import Classifier

# MLflow reads these when it is imported; the command line sets the same.
for name, value in MLFLOW_SETTINGS.items():
    os.environ[name] = value

REPOSITORY = Path(__file__).parents[1]

QUICK_CONFIG = """
[experiment]
description = "A quick search for the tests."

[data]
train = ["sample:train"]
test = "sample:test"

[search]
folds = 2

[[candidates]]
estimator = "linear_svc"
features = [["chars", "morphemes"]]
grid = { C = [0.3] }

[[candidates]]
estimator = "complement_nb"
features = [["chars"]]
"""


@pytest.fixture(autouse=True)
def no_store_left_behind() -> Iterator[None]:
    """MLflow sets the variable for the store it opened last; the next test's store is another."""
    yield
    os.environ.pop("MLFLOW_TRACKING_URI", None)


@pytest.fixture(scope="session")
def migrated_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty MLflow database: making one takes seconds, copying it a moment."""
    from mlflow import MlflowClient

    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    MlflowClient(f"sqlite:///{path}").search_experiments(max_results=1)
    return path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, migrated_store: Path) -> Path:
    """An empty working folder with a fresh store in ``mlflow.db``."""
    shutil.copy(migrated_store, tmp_path / "mlflow.db")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path


@contextmanager
def working_in(folder: Path) -> Iterator[None]:
    """Make a folder the working folder, and the store in it the store."""
    before, address = Path.cwd(), os.environ.pop("MLFLOW_TRACKING_URI", None)
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
        os.environ.pop("MLFLOW_TRACKING_URI", None)  # MLflow sets it for the store it opened last
        if address is not None:
            os.environ["MLFLOW_TRACKING_URI"] = address


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, migrated_store: Path) -> Path:
    """A working folder in which the quick config has been trained. Copy it before changing anything."""
    from classifier.training.pipeline import train

    folder = tmp_path_factory.mktemp("trained")
    shutil.copy(migrated_store, folder / "mlflow.db")
    (folder / "quick.toml").write_text(QUICK_CONFIG, encoding="utf-8")
    with working_in(folder):
        train("quick.toml")
    return folder


@pytest.fixture
def inside(trained: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The trained folder as the working folder, and its store as the store. Change nothing in it."""
    import mlflow

    monkeypatch.chdir(trained)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)  # MLflow sets it for the store it opened last
    mlflow.set_tracking_uri(store_address())
    return trained


@pytest.fixture(scope="session")
def clf(trained: Path) -> Classifier:
    """The quick model, trained on the sample corpus."""
    return Classifier.load(trained / "models" / "quick")


@pytest.fixture(scope="session")
def sample() -> dict[str, list[tuple[str, str]]]:
    """The sample corpus: (headline, section) by split."""
    return {
        split: [
            (line.split("\t")[0], line.split("\t")[1])
            for line in (package_data() / "sample" / f"{split}.tsv").read_text(encoding="utf-8").splitlines()[1:]
        ]
        for split in ("train", "test", "wide", "desk")
    }


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The data home with the real corpora; without them the test is skipped by name."""
    home = Path(os.environ.get("HEADLINE_DATA_HOME", ""))
    if not (home / "ynat" / "dev.tsv").is_file():
        pytest.skip("the real corpora are not in $HEADLINE_DATA_HOME")
    return home


SMALL_CONFIG = """
[experiment]
{experiment}
[data]
train = ["train.tsv"]
test = "test.tsv"
[search]
folds = 2
n_jobs = 1
[fast]
distil = false
[[candidates]]
estimator = "{estimator}"
features = {features}
[gate]
macro_f1 = {floor}
"""


def write_tables(folder: Path, sample: dict[str, list[tuple[str, str]]]) -> None:
    """Write a small training and a small test table of three sections."""
    for split, count in (("train", 120), ("test", 60)):
        rows = [
            row
            for section in ("경제", "연예", "스포츠")
            for row in [(h, s) for h, s in sample[split] if s == section][:count]
        ]
        frame = pd.DataFrame(rows, columns=["headline", "section"])
        frame.to_csv(folder / f"{split}.tsv", sep="\t", index=False, quoting=3)


@pytest.fixture
def tables(home: Path, sample: dict[str, list[tuple[str, str]]]) -> Path:
    """A working folder with a small table of three sections."""
    write_tables(home, sample)
    return home


@pytest.fixture(scope="session")
def two_trained(
    tmp_path_factory: pytest.TempPathFactory, migrated_store: Path, sample: dict[str, list[tuple[str, str]]]
) -> Path:
    """What :func:`two` copies."""
    from classifier.training.pipeline import train

    folder = tmp_path_factory.mktemp("two")
    shutil.copy(migrated_store, folder / "mlflow.db")
    write_tables(folder, sample)
    with working_in(folder):
        assert train(write_config("weak.toml", "sgd", '[["morphemes"]]')).promoted
        assert train(write_config("strong.toml", "linear_svc", '[["chars", "morphemes"]]')).promoted
    return folder


@pytest.fixture
def two(two_trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the small tables and two versions: a weak one, and a strong one that is the champion."""
    from classifier.tracking.store import repair

    folder = tmp_path / "two"
    shutil.copytree(two_trained, folder)
    monkeypatch.chdir(folder)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    repair(copied=True)
    return folder


def write_config(
    name: str,
    estimator: str = "complement_nb",
    features: str = '[["chars"]]',
    floor: float = 0.0,
    experiment: str = "",
) -> str:
    """Write a config for the small tables and return its path."""
    text = SMALL_CONFIG.format(estimator=estimator, features=features, floor=floor, experiment=experiment)
    Path(name).write_text(text, encoding="utf-8")
    return name
