"""One store, several machines: MLflow's server over PostgreSQL, artefacts through its proxy."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient

from classifier.errors import ModelError, TrackingError
from classifier.model.model import Model
from classifier.prediction.classifier import Classifier
from classifier.tracking.registry import register_later, versions
from classifier.training.pipeline import train
from tests.cluster.conftest import Machine, Store
from tests.conftest import write_config

pytestmark = pytest.mark.cluster

CHAMPION = "models:/headline-classifier@champion"
HEADLINES = ["코스피 사흘째 상승…외국인 '사자'", "손흥민, 개막전 멀티골", "???"]
Machines = tuple[Machine, Machine]


def version_in(folder: Path) -> object:
    return Model.load(folder).about["version"]


def champion_of(store: Store) -> int:
    return int(MlflowClient(store.address).get_model_version_by_alias("headline-classifier", "champion").version)


def test_the_champion_of_each_machine_follows_the_store(
    machines: Machines, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = machines
    assert (version_in(first.champion), version_in(second.champion)) == (1, 2)
    first.enter(monkeypatch)
    loaded = Classifier.load(CHAMPION)
    assert loaded.about()["version"] == version_in(first.champion) == 2
    assert loaded.predict(HEADLINES) == Classifier.load(second.champion).predict(HEADLINES)
    stamp = (first.champion / "manifest.json").stat()
    assert Classifier.load(CHAMPION).model.fingerprint == loaded.model.fingerprint
    assert (first.champion / "manifest.json").stat() == stamp, "the folder holds the champion: nothing is written"
    served = mlflow.pyfunc.load_model(CHAMPION).predict(HEADLINES)
    assert list(served["section"]) == [p.section for p in loaded.predict(HEADLINES)]

    assert "version 1 is the champion again" in first.run("models", "rollback")
    assert version_in(second.champion) == 2
    assert "version 1" in second.run("models", "pull")
    assert version_in(second.champion) == 1
    assert second.run("predict", "--format", "tsv", HEADLINES[1]).split("\t")[0]
    assert "version 2 is the champion" in second.run("models", "promote", "2")
    assert not list(first.folder.glob("ml*")) + list(second.folder.glob("ml*")), "all of it went to the server"


def test_a_damaged_champion_is_fetched_anew(machines: Machines, monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = machines
    first.run("models", "pull")
    next(first.champion.glob("columns-*.npy")).write_bytes(b"")
    first.enter(monkeypatch)
    with pytest.raises(ModelError):
        Model.load(first.champion)
    first.run("models", "pull")
    assert version_in(first.champion) == 2


def test_a_promotion_race_between_machines_is_decided_by_the_store(machines: Machines, store: Store) -> None:
    for _ in range(2):
        racers = [machine.start("models", "promote", str(number)) for number, machine in enumerate(machines, 1)]
        outputs = [racer.communicate(timeout=120)[0] for racer in racers]
        champion = champion_of(store)
        winner = racers[champion - 1]
        assert winner.returncode == 0, outputs
        assert version_in(machines[champion - 1].champion) == champion
        for racer, output in zip(racers, outputs, strict=True):
            assert racer.returncode == 0 or "another promotion followed" in output
        for machine in machines:
            machine.run("models", "pull")
            assert version_in(machine.champion) == champion


def test_four_trainings_at_once_lose_nothing_and_agree_on_one_champion(machines: Machines, store: Store) -> None:
    experiment = 'registered_model = "four"\ntitle = "Four at once"'
    names = [("complement_nb", '[["chars"]]'), ("sgd", '[["morphemes"]]'), ("linear_svc", '[["chars"]]')]
    names.append(("linear_svc", '[["chars", "morphemes"]]'))
    racers = []
    for number, (estimator, features) in enumerate(names):
        machine = machines[number % 2]
        text = write_config(str(machine.folder / f"four{number}.toml"), estimator, features, experiment=experiment)
        racers.append((machine, machine.start("train", text)))
    outputs = [racer.communicate(timeout=300)[0] for _, racer in racers]
    assert [racer.returncode for _, racer in racers] == [0] * 4, outputs
    assert not [output for output in outputs if "writes it later" in output]
    client = MlflowClient(store.address)
    found = {version.version: version for version in client.search_model_versions("name='four'")}
    assert sorted(int(number) for number in found) == [1, 2, 3, 4]
    for number, (machine, _) in enumerate(racers):
        model = Model.load(machine.folder / "models" / f"four{number}")
        (version,) = [v for v in found.values() if v.tags["fingerprint"] == model.fingerprint]
        run = client.get_run(version.run_id)
        assert run.info.status == "FINISHED"
        assert run.data.metrics["test_macro_f1"] == pytest.approx(model.about["test"]["macro_f1"], abs=1e-4)
        experiment_id = run.info.experiment_id
    assert len(client.search_runs([experiment_id], "tags.stage = 'candidate'")) == 4
    champion = client.get_model_version_by_alias("four", "champion")
    promoted = [o for o in outputs if ": promoted: " in o]
    assert f"four version {champion.version} in" in "".join(promoted)
    scores = {number: float(version.tags["macro_f1"]) for number, version in found.items()}
    assert scores[champion.version] == max(scores.values())


SEARCH = """
[[candidates]]
estimator = "sgd"
features = [["chars"]]
"""


def test_a_store_that_goes_away_costs_nothing_that_was_computed(
    machines: Machines, store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first, _ = machines
    first.enter(monkeypatch)
    config = Path(write_config("away.toml"))
    config.write_text(config.read_text(encoding="utf-8") + SEARCH, encoding="utf-8")

    def stop(done: int, of: int) -> None:
        if done == 1:
            store.stop()

    try:
        with pytest.raises(TrackingError, match=r"classifier models register .*away"):
            train(config, progress=stop)
    finally:
        store.start()
    assert "The training goes on and writes it later" in caplog.text
    model = Model.load(first.folder / "models" / "away")
    assert model.about["test"]["n"] == 180
    assert not [v for v in versions() if v.tags["fingerprint"] == model.fingerprint]
    name, number = register_later(first.folder / "models" / "away")
    (version,) = [v for v in versions(name) if v.number == number]
    assert version.tags["fingerprint"] == model.fingerprint
    assert version.tags["experiment"] == "away"
    assert Classifier.load(f"models:/{name}/{number}").model.fingerprint == model.fingerprint
    with pytest.raises(ModelError, match="missing or damaged"):
        register_later(first.folder / "models" / "away")


def test_a_store_that_comes_back_before_the_end_has_everything(
    machines: Machines, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = machines
    first.enter(monkeypatch)
    config = Path(write_config("back.toml"))
    config.write_text(config.read_text(encoding="utf-8") + SEARCH, encoding="utf-8")

    def stop(done: int, of: int) -> None:
        if done == 1:
            store.stop()
        elif done == of:
            store.start()

    outcome = train(config, progress=stop)
    client = MlflowClient(store.address)
    experiment = client.get_experiment_by_name("back").experiment_id
    runs = client.search_runs([experiment], "tags.stage = 'candidate'")
    assert sorted(run.info.status for run in runs) == ["FINISHED"] * 2
    (parent,) = client.search_runs([experiment], "tags.stage = 'search'")
    assert parent.info.status == "FINISHED"
    assert parent.data.metrics["test_macro_f1"] == pytest.approx(outcome.test.macro_f1, abs=1e-4)
    assert train(config).leaderboard[0][0].evaluation == outcome.leaderboard[0][0].evaluation


class Unavailable(BaseHTTPRequestHandler):
    """A store that answers 503."""

    def do_GET(self) -> None:
        self.send_error(503)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        pass


def test_a_store_that_answers_503_is_named(machines: Machines, monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = machines
    first.enter(monkeypatch)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Unavailable)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{server.server_port}")
    before = version_in(first.champion)
    try:
        with pytest.raises(TrackingError, match=rf"127.0.0.1:{server.server_port}: .*503.*Check that the store"):
            train(write_config("x.toml"))
        with pytest.raises(ModelError, match="503"):
            Classifier.load(CHAMPION)
    finally:
        server.shutdown()
        server.server_close()
    assert version_in(first.champion) == before
