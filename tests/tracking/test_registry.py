"""The registry under strain: gates, races, servers, sockets, and stores that fail."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import mlflow
import pytest
from filelock import FileLock
from mlflow import MlflowClient

from classifier.errors import ClassifierError, TrackingError
from classifier.paths import store_address
from classifier.prediction.classifier import Classifier
from classifier.tracking import download
from classifier.tracking.download import pull_champion
from classifier.tracking.registry import ChampionChangedError, find_version, promote, rollback, versions
from classifier.tracking.ui import free_port
from classifier.training.pipeline import train
from tests.conftest import write_config
from tests.support.servers import serving, unused_port

HEADLINES = ["코스피 사흘째 상승…외국인 '사자'", "손흥민, 개막전 멀티골", "???"]


def post(address: str, body: dict[str, Any]) -> tuple[int, Any]:
    request = urllib.request.Request(
        address, json.dumps(body).encode(), {"Content-Type": "application/json"}, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_the_champion_serves_over_a_socket(trained: Path, tmp_path: Path) -> None:
    port = unused_port()
    command = (
        sys.executable, "-m", "mlflow", "models", "serve", "--model-uri", "models:/headline-classifier@champion",
        "--env-manager", "local", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
    )  # fmt: skip
    ours = Classifier.load(trained / "models/champion").predict(HEADLINES)
    expected = [
        {"section": p.section, "probability": pytest.approx(p.probability, abs=1e-6),
         "probabilities": pytest.approx(p.probabilities, abs=1e-6)}
        for p in ours
    ]  # fmt: skip
    os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{trained / 'mlflow.db'}"
    try:
        with serving(*command, port=port, ready="/ping", cwd=trained, log=tmp_path / "log") as address:
            for body in (
                {"dataframe_split": {"columns": ["headline"], "data": [[h] for h in HEADLINES]}},
                {"dataframe_records": [{"id": 7, "headline": h} for h in HEADLINES]},
                {"inputs": HEADLINES},
                {"inputs": {"headline": HEADLINES}},
                {"instances": HEADLINES},
            ):
                status, answer = post(f"{address}/invocations", body)
                assert status == 200, answer
                assert answer["predictions"] == expected
            body = {"inputs": [*HEADLINES, None], "params": {"top_k": 2, "tier": "fast"}}
            _, answer = post(f"{address}/invocations", body)
            assert [len(row["probabilities"]) for row in answer["predictions"]] == [2, 2, 2, 2]
            assert answer["predictions"][-1]["section"] is None
            status, answer = post(f"{address}/invocations", {"dataframe_records": [{"title": "x"}]})
            assert status >= 400
            assert "column named headline" in answer
    finally:
        del os.environ["MLFLOW_TRACKING_URI"]


def test_a_logged_model_holds_no_pickle(trained: Path) -> None:
    stored = {path.name for path in (trained / "mlruns").rglob("*") if path.is_file()}
    assert {"pyfunc_code.py", "manifest.json", "MLmodel"} <= stored
    assert not [name for name in stored if name.endswith((".pkl", ".pickle", ".joblib", ".cloudpickle"))]
    (description,) = (trained / "mlruns").rglob("MLmodel")
    assert "python_model: python_model.pkl" not in description.read_text(encoding="utf-8")


@pytest.mark.slow
def test_all_of_it_works_with_a_tracking_server(tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = unused_port()
    folder = tmp_path / "server"
    folder.mkdir()
    shutil.copy(tables / "mlflow.db", folder / "mlflow.db")
    command = (
        sys.executable, "-m", "mlflow", "server", "--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}",
        "--artifacts-destination", str(folder / "artifacts"), "--host", "127.0.0.1", "--port", str(port),
        "--workers", "1",
    )  # fmt: skip
    with serving(*command, port=port, ready="/health", cwd=folder, log=tmp_path / "log") as address:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        first = train(write_config("weak.toml", "sgd", '[["morphemes"]]'))
        second = train(write_config("strong.toml", "linear_svc", '[["chars", "morphemes"]]'))
        assert (first.promoted, second.promoted) == (True, True)
        assert {v.number: v.aliases for v in versions()} == {1: ("previous",), 2: ("champion",)}
        promote(1, reason="by hand")
        ours = Classifier.load().predict(HEADLINES)
        assert Classifier.load("models:/headline-classifier@champion").predict(HEADLINES) == ours
        answers = mlflow.pyfunc.load_model("models:/headline-classifier/1").predict(HEADLINES)
        assert list(answers["section"]) == [p.section for p in ours]
    assert not list(tables.glob("mlruns/*")), "everything went to the server"


def test_a_version_below_its_gate_cannot_be_promoted(two: Path) -> None:
    MlflowClient(store_address()).set_model_version_tag("headline-classifier", "1", "gate_macro_f1", "0.999")
    with pytest.raises(TrackingError, match=r"Version 1 .* below its gate 0\.9990"):
        promote(1, reason="")
    assert Classifier.load().about()["version"] == 2


@pytest.mark.slow
def test_promotions_race_and_predict_never_fails(two: Path) -> None:
    known = {v.tags["fingerprint"] for v in versions()}
    failures: list[str] = []
    seen: set[str] = set()
    stop = threading.Event()

    def ask() -> None:
        while not stop.wait(0.02):  # the racers need the processor too
            try:
                clf = Classifier.load()
                clf.predict(HEADLINES)
                seen.add(clf.model.fingerprint)
            except Exception as error:  # whatever it is, it is what this test is about
                failures.append(repr(error))

    asking = threading.Thread(target=ask)
    asking.start()
    ends = []
    try:
        for _ in range(2):
            racers = [
                subprocess.Popen(
                    [sys.executable, "-m", "classifier", "models", "promote", str(number)],
                    stderr=subprocess.PIPE, text=True,
                )
                for number in (1, 2)
            ]  # fmt: skip
            messages = [racer.communicate(timeout=120)[1] for racer in racers]
            ends += list(zip([racer.returncode for racer in racers], messages, strict=True))
            champion = next(v for v in versions() if "champion" in v.aliases)
            assert Classifier.load().model.fingerprint == champion.tags["fingerprint"]
    finally:
        stop.set()
        asking.join()
    assert not failures
    assert seen <= known
    for status, message in ends:
        assert status in (0, 2)
        assert "is the champion" in message if status == 0 else "another promotion followed" in message
    assert any(status == 0 for status, _ in ends)


def test_a_folder_that_cannot_be_written_follows_the_store_later(two: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rollback()
    monkeypatch.setattr(download, "_WAIT", 0.2)
    with FileLock("models/.promotion.lock", timeout=0):
        with pytest.raises(TrackingError, match=r"Version 2 .* in the store, but not on this machine.*models pull"):
            promote(2, reason="")
        assert Classifier.load("models:/headline-classifier@champion").about()["version"] == 2
    assert Classifier.load().about()["version"] == 1
    assert pull_champion().about["version"] == Classifier.load().about()["version"] == 2


def test_a_comparison_with_another_champion_promotes_nobody(two: Path) -> None:
    with pytest.raises(ChampionChangedError, match="was version 1 and is now 2"):
        promote(1, reason="", over=1)
    assert Classifier.load().about()["version"] == 2
    promote(1, reason="", over=2)
    assert Classifier.load("models:/headline-classifier@champion").about()["version"] == 1


def test_champion_and_challenger_are_compared_on_one_table(two: Path) -> None:
    call = [sys.executable, "-m", "classifier", "evaluate", "test.tsv", "--model", "models/strong"]
    call += ["--against", "models/weak"]
    report = json.loads(subprocess.run([*call, "--json"], capture_output=True, check=True, timeout=60).stdout)
    d = report["difference"]
    assert d["macro_f1"] == pytest.approx(report["macro_f1"] - report["against"]["macro_f1"])
    assert d["low"] < d["macro_f1"] < d["high"]
    assert d["significant"] == (d["low"] > 0 or d["high"] < 0)
    assert report["differing"]
    assert all(row["model"] != row["against"] for row in report["differing"])
    shown = subprocess.run(call, capture_output=True, check=True, timeout=60, text=True).stdout
    assert "95% interval" in shown
    assert report["differing"][0]["headline"][:10] in shown


def test_show_prints_the_card_and_the_tags(inside: Path) -> None:
    version = find_version(1)
    assert {"experiment", "macro_f1", "train", "git_commit", "lock_sha256", "config_sha256"} <= set(version.tags)
    assert version.description.startswith("# headline-classifier")
    client = MlflowClient(store_address())
    assert "classifier models rollback" in client.get_registered_model("headline-classifier").description


def test_an_experiment_deleted_in_the_ui_is_restored(two: Path, caplog: pytest.LogCaptureFixture) -> None:
    client = MlflowClient(store_address())
    client.delete_experiment(client.get_experiment_by_name("weak").experiment_id)
    train("weak.toml")
    assert "was deleted in MLflow; it is restored" in caplog.text
    assert client.get_experiment_by_name("weak").lifecycle_stage == "active"


class Stranger(BaseHTTPRequestHandler):
    """A server that is no MLflow."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write("<html>안녕하세요</html>".encode())

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        pass


def test_a_server_that_is_no_mlflow_is_named(tables: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Stranger)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{server.server_port}")
    try:
        with pytest.raises(TrackingError, match=f"127.0.0.1:{server.server_port}"):
            train(write_config("x.toml"))
    finally:
        server.shutdown()
        server.server_close()
    assert not Path("models").exists()


def test_a_locked_database_is_an_error_before_the_computing(tables: Path) -> None:
    holder = sqlite3.connect("mlflow.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(TrackingError, match="locked"):
            train(write_config("x.toml"))
    finally:
        holder.execute("ROLLBACK")
        holder.close()
    assert not Path("models").exists()
    assert versions() == [], "and once it is free it answers"


def test_a_full_disk_ends_with_a_message_and_keeps_what_was_logged(
    two: Path, sample: dict[str, list[tuple[str, str]]]
) -> None:
    """A file may not grow beyond a limit: what a full disk does, without filling one."""
    rows = [row for row in sample["train"] if row[1] in ("경제", "연예", "스포츠")]
    lines = "".join(f"{headline}\t{section}\n" for headline, section in rows)
    Path("train.tsv").write_text("headline\tsection\n" + lines, encoding="utf-8")
    config = write_config("full.toml", "linear_svc", '[["chars", "morphemes", "jamo"]]')
    limit = Path("mlflow.db").stat().st_size + 100_000  # enough for the runs, too little for the artefact

    def fill() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run(
        [sys.executable, "-m", "classifier", "train", config],
        capture_output=True, text=True, timeout=120, check=False, preexec_fn=fill,
    )  # fmt: skip
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "File too large" in done.stderr
    assert "Free some space" in done.stderr
    assert [version.number for version in versions()] == [2, 1]
    assert Classifier.load().about()["version"] == 2
    runs = MlflowClient(store_address()).search_runs(
        [MlflowClient(store_address()).get_experiment_by_name("full").experiment_id], "tags.stage = 'search'"
    )
    assert [run.info.status for run in runs] == ["FAILED"]


def test_no_address_at_all_is_a_port_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert free_port("127.0.0.1", port) != port
        with pytest.raises(ClassifierError, match="No free port"):
            free_port("127.0.0.1", port, tries=1)
