"""From config to champion, on a real SQLite store."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient

from classifier.errors import ConfigError, DataError, ModelError, TrackingError
from classifier.model.model import Model
from classifier.paths import store_address
from classifier.prediction.classifier import Classifier
from classifier.text.user_words import UserWords
from classifier.tracking.registry import promote, rollback, versions
from classifier.training import splits
from classifier.training.pipeline import train
from classifier.training.publish import Outcome
from classifier.training.splits import holdout_rows
from tests.cli.test_cli import run
from tests.conftest import write_config
from tests.support.servers import heed_ctrl_c

Sample = dict[str, list[tuple[str, str]]]


def runs_of(experiment: str, stage: str) -> list[mlflow.entities.Run]:
    client = MlflowClient(store_address())
    found = client.get_experiment_by_name(experiment)
    assert found is not None
    return list(client.search_runs([found.experiment_id], f"tags.stage = '{stage}'"))


def test_a_training_leaves_runs_an_artefact_a_version_and_a_champion(inside: Path) -> None:
    (parent,) = runs_of("quick", "search")
    children = runs_of("quick", "candidate")
    assert parent.info.status == "FINISHED"
    assert [child.info.status for child in children] == ["FINISHED"] * 2
    assert {child.data.tags["mlflow.parentRunId"] for child in children} == {parent.info.run_id}
    for child in children:
        figures = set(child.data.metrics)
        assert {"cv_macro_f1", "cv_accuracy", "cv_log_loss", "cv_ece", "fit_seconds", "headlines_per_second"} <= figures
        assert {f"cv_{measure}/정치" for measure in ("precision", "recall", "f1")} <= figures
        assert not [name for name in figures if name.startswith("test_")]
        assert child.data.params["estimator"] in ("linear_svc", "complement_nb")
    assert {entry.dataset.name for entry in parent.inputs.dataset_inputs} == {"sample-train", "sample-test"}
    assert all(entry.dataset.digest for entry in parent.inputs.dataset_inputs)
    assert "lock_sha256" in parent.data.tags

    client = MlflowClient()
    paths = {item.path for folder in ("plots", "config") for item in client.list_artifacts(parent.info.run_id, folder)}
    assert {"plots/confusion_matrix.png", "plots/reliability.png", "config/quick.toml"} <= paths
    picture = Path(client.download_artifacts(parent.info.run_id, "plots/confusion_matrix.png"))
    assert picture.read_bytes().startswith(b"\x89PNG")

    (version,) = versions()
    assert version.aliases == ("champion",)
    left, champion = Model.load("models/quick"), Model.load("models/champion")
    assert left.fingerprint == champion.fingerprint == version.tags["fingerprint"]
    assert champion.about["version"] == version.number
    assert champion.about["test"]["macro_f1"] == pytest.approx(parent.data.metrics["test_macro_f1"], abs=1e-4)
    assert parent.data.metrics["test_macro_f1"] > 0.75
    assert parent.data.metrics["cv_macro_f1"] == max(child.data.metrics["cv_macro_f1"] for child in children)
    results = json.loads(Path("models/quick/results.json").read_text(encoding="utf-8"))
    assert results["test"] == champion.about["test"]
    assert results["leaderboard"][0]["candidate"] == results["winner"]


def test_an_unknown_model_address_says_what_to_do(home: Path) -> None:
    with pytest.raises(ModelError, match="classifier models list"):
        Classifier.load("models:/headline-classifier@champion")


def test_a_second_training_takes_finished_candidates_from_the_store(tables: Path) -> None:
    config = write_config("again.toml", features='[["chars"], ["nospace"]]')
    first = train(config)
    second = train(config)
    assert len(runs_of("again", "candidate")) == 2
    assert [r.evaluation for r, _ in second.leaderboard] == [r.evaluation for r, _ in first.leaderboard]
    assert not second.promoted
    assert "does not beat" in second.verdict
    fingerprints = {version.tags["fingerprint"] for version in versions()}
    assert len(fingerprints) == 1, "the same config and data give the same model, byte for byte"


def test_other_data_are_not_taken_from_the_store(tables: Path) -> None:
    config = write_config("changed.toml")
    train(config)
    lines = Path("train.tsv").read_text(encoding="utf-8").splitlines()
    Path("train.tsv").write_text("\n".join(lines[:-1]) + "\n", encoding="utf-8")
    train(config)
    assert len(runs_of("changed", "candidate")) == 2


def test_other_folds_are_not_taken_from_the_store(tables: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = write_config("folds.toml", "sgd", '[["embeddings", "chars"]]')
    plain = Path(config).read_text(encoding="utf-8")
    Path(config).write_text(plain.replace("[search]", '[search]\ngroups = "topics"'), encoding="utf-8")
    train(config)
    monkeypatch.setattr(splits, "TOPICS", 30)
    train(config)
    assert len(runs_of("folds", "candidate")) == 2, "other topics make other folds"


def test_words_of_ones_own_are_learned_with_and_change_the_search(tables: Path) -> None:
    config = write_config("words.toml", features='[["morphemes"]]')
    plain = Path(config).read_text(encoding="utf-8")
    Path(config).write_text(plain.replace("[search]", '[text]\nuser_words = "my.tsv"\n[search]'), encoding="utf-8")
    with pytest.raises(DataError, match=r"my\.tsv: the user's words cannot be read"):
        train(config)
    for number, words in enumerate(("손흥민선수\n", "손흥민선수\n나는 솔로\tNNP\t2\n"), 1):
        Path("my.tsv").write_text(words, encoding="utf-8")
        train(config)
        assert len(runs_of("words", "candidate")) == number
        assert Model.load("models/words").accurate.words == UserWords.read(Path("my.tsv"))


def test_ctrl_c_marks_the_run_as_killed_and_loses_no_candidate(tables: Path) -> None:
    grid = ", ".join(str(round(0.01 * i, 2)) for i in range(1, 400))
    config = write_config("long.toml", estimator="linear_svc", features='[["chars"]]')
    text = Path(config).read_text(encoding="utf-8")
    text = text.replace("[gate]", f"grid = {{ C = [{grid}] }}\n[gate]").replace("n_jobs = 1", "n_jobs = 2")
    Path(config).write_text(text, encoding="utf-8")
    # In a group of its own, which gets the signal as a terminal sends it: the workers too.
    process = subprocess.Popen(
        [sys.executable, "-m", "classifier", "train", config],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=heed_ctrl_c,
    )
    try:
        deadline = time.monotonic() + 300
        client = MlflowClient(store_address())
        finished = 0
        while not finished and time.monotonic() < deadline:
            time.sleep(0.3)
            found = client.get_experiment_by_name("long")
            finished = len(client.search_runs([found.experiment_id], "tags.stage = 'candidate'")) if found else 0
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=120)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "run it again to continue" in errors
    assert "Traceback" not in errors
    assert [run.info.status for run in runs_of("long", "search")] == ["KILLED"]
    children = runs_of("long", "candidate")
    assert 0 < finished <= len(children) < 399
    assert {run.info.status for run in children} == {"FINISHED"}


def promoted(outcome: Outcome) -> tuple[bool, int]:
    return outcome.promoted, outcome.version


def test_the_champion_changes_only_for_a_reason(two: Path) -> None:
    tags = MlflowClient(store_address()).get_model_version("headline-classifier", "2").tags
    assert "beats the champion, version 1 (macro-F1 +" in tags["promoted_because"]
    assert "95% interval" in tags["promoted_because"]
    assert Model.load("models/champion").about["version"] == 2

    below = train(write_config("below.toml", floor=0.999))
    assert promoted(below) == (False, 3)
    assert not below.gate_passed
    assert "below the gate" in below.verdict

    for split in ("train", "test"):
        table = pd.read_csv(f"{split}.tsv", sep="\t", quoting=3)
        table[table["section"] != "연예"].to_csv(f"{split}.tsv", sep="\t", index=False, quoting=3)
    differs = train(write_config("differs.toml"))
    assert promoted(differs) == (False, 4)
    assert "replace_champion = true" in differs.verdict
    replaces = train(write_config("replaces.toml", experiment="replace_champion = true"))
    assert promoted(replaces) == (True, 5)
    assert Classifier.load().model.about["version"] == 5

    assert rollback() == 2
    assert Classifier.load().model.about["version"] == 2
    aliases = {version.number: version.aliases for version in versions()}
    assert aliases == {5: ("previous",), 4: (), 3: (), 2: ("champion",), 1: ()}
    promote(1, reason="for the test")
    tags = MlflowClient(store_address()).get_model_version("headline-classifier", "1").tags
    assert tags["promoted_because"] == "for the test"
    assert tags["promoted_at"]
    with pytest.raises(TrackingError, match="has no version 77; it has 1, 2, 3, 4, 5"):
        promote(77, reason="")


def test_a_damaged_version_cannot_be_promoted(two: Path) -> None:
    (weights,) = (two / "mlruns").glob("**/weak/table-*.npy")
    weights.write_bytes(weights.read_bytes()[:1000])
    before = Model.load("models/champion").fingerprint
    with pytest.raises(ModelError, match=r"Version 1 .* cannot be promoted"):
        promote(1, reason="")
    weights.unlink()
    with pytest.raises(ModelError, match="cannot be promoted"):
        promote(1, reason="")
    assert Model.load("models/champion").fingerprint == before


def test_a_champion_that_cannot_be_loaded_stays_and_the_training_says_so(two: Path) -> None:
    (weights,) = (two / "mlruns").glob("**/strong/table-*.npy")
    weights.write_bytes(weights.read_bytes()[:1000])
    done = run("train", write_config("third.toml"), cwd=two)
    assert done.returncode == 1, done.stderr.decode()
    assert "the champion, version 2, cannot be loaded and stays" in done.stdout.decode()
    assert "classifier models promote 3" in done.stdout.decode()
    assert {v.number: v.aliases for v in versions()} == {3: (), 2: ("champion",), 1: ("previous",)}
    promote(3, reason="by hand")
    assert Classifier.load().model.about["version"] == 3


ODD_NAMES = ["여행·레저", "M&A", "(주)", "%", "[b]", "🎉", "..", "a/b", "a.b", "음악, 공연", "긴 이름 " * 60 + "끝"]


@pytest.mark.filterwarnings("error:constrained_layout not applied")  # what a name of 300 characters did to a picture
def test_section_names_with_ordinary_signs_are_trained_and_kept(home: Path, sample: Sample) -> None:
    for split in ("train", "test"):
        rows = [(headline, ODD_NAMES[i % len(ODD_NAMES)]) for i, (headline, _) in enumerate(sample[split][:330])]
        frame = pd.DataFrame(rows, columns=["headline", "section"])
        frame.to_csv(f"{split}.tsv", sep="\t", index=False, quoting=3)
    outcome = train(write_config("odd.toml"))
    names = {name.strip() for name in ODD_NAMES}
    assert set(Model.load("models/odd").sections) == names
    assert set(outcome.test.per_section) == names
    (child,) = runs_of("odd", "candidate")
    figures = [name for name in child.data.metrics if name.startswith("cv_f1/")]
    assert len(figures) == len(names)
    assert "cv_f1/여행.b7.레저" in figures
    assert train("odd.toml").leaderboard[0][0].evaluation == outcome.leaderboard[0][0].evaluation
    assert len(runs_of("odd", "candidate")) == 1, "taken from the store"


def test_an_unreachable_store_fails_before_anything_is_computed(tables: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with pytest.raises(TrackingError, match=r"127\.0\.0\.1:9.*MLFLOW_TRACKING_URI"):
        train(write_config("x.toml"))
    assert not (tables / "models").exists()


def test_a_store_that_is_no_database_is_named(tables: Path) -> None:
    Path("mlflow.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(TrackingError, match=r"mlflow\.db.*MLFLOW_TRACKING_URI"):
        train(write_config("x.toml"))


def test_data_that_cannot_be_learned_from_are_refused(tables: Path) -> None:
    config = write_config("x.toml")
    table = pd.read_csv("train.tsv", sep="\t", quoting=3)
    table[table["section"] == "경제"].to_csv("train.tsv", sep="\t", index=False, quoting=3)
    with pytest.raises(DataError, match="one section only: 경제"):
        train(config)
    few = pd.concat([table[table["section"] == "경제"], table[table["section"] == "연예"].head(1)])
    few.to_csv("train.tsv", sep="\t", index=False, quoting=3)
    with pytest.raises(DataError, match="sections that the training rows lack: 스포츠"):
        train(config)
    few.to_csv("test.tsv", sep="\t", index=False, quoting=3)
    with pytest.raises(DataError, match=r"too few: 경제 \(0\), 연예 \(0\)"):
        train(config)
    with pytest.raises(ConfigError, match="cannot be read"):
        train("nowhere.toml")


def test_a_holdout_is_cut_from_the_training_rows(tables: Path) -> None:
    text = Path(write_config("held.toml")).read_text(encoding="utf-8")
    Path("held.toml").write_text(text.replace('test = "test.tsv"', "holdout = 0.25"), encoding="utf-8")
    outcome = train("held.toml")
    assert outcome.test.n == pytest.approx(90, abs=9)
    assert {f["support"] for f in outcome.test.per_section.values()} <= set(range(25, 36))


def test_a_holdout_keeps_near_duplicates_together_and_the_sections_in_proportion(
    sample: dict[str, list[tuple[str, str]]],
) -> None:
    headlines = [headline for headline, _ in sample["train"]]
    sections = sorted({section for _, section in sample["train"]})
    target = np.array([sections.index(section) for _, section in sample["train"]])
    twice = [*headlines, *(f"{headline}!" for headline in headlines[:500])]
    both = np.concatenate([target, target[:500]])
    held = holdout_rows(twice, both, sections, 0.1, 0)
    assert np.array_equal(held, holdout_rows(twice, both, sections, 0.1, 0))
    assert set(held[held < 500]) == {row - len(headlines) for row in held if row >= len(headlines)}
    shares = np.bincount(both[held]) / np.bincount(both)
    assert np.all(np.abs(shares - 0.1) < 0.03)


@pytest.mark.parametrize(
    ("sizes", "share", "named"),
    [
        ((4, 4), 0.1, r"경제 \(4\), 연예 \(4\)"),
        ((200, 200, 3), 0.1, r"too few: 정치 \(3\)"),
        ((50, 1), 0.2, r"too few: 연예 \(1\)"),
        ((1, 1), 0.5, r"too few: 경제 \(1\), 연예 \(1\)"),
    ],
)
def test_a_holdout_that_cannot_hold_every_section_is_an_error(sizes: tuple[int, ...], share: float, named: str) -> None:
    target = np.repeat(np.arange(len(sizes)), sizes)
    headlines = [f"{chr(0xAC00 + 7 * i)}{chr(0xB000 + 11 * i)}{chr(0xB400 + 13 * i)}" for i in range(len(target))]
    with pytest.raises(DataError, match=rf"data.holdout: {share}.*{named}\. Add headlines"):
        holdout_rows(headlines, target, ["경제", "연예", "정치"][: len(sizes)], share, 0)


def test_parallel_and_single_searches_agree(tables: Path) -> None:
    one = train(write_config("one.toml", "linear_svc", '[["chars"], ["nospace"]]'))
    text = Path("one.toml").read_text(encoding="utf-8")
    Path("two.toml").write_text(text.replace("n_jobs = 1", "n_jobs = 2"), encoding="utf-8")
    two = train("two.toml")
    assert [r.evaluation for r, _ in one.leaderboard] == [r.evaluation for r, _ in two.leaderboard]
