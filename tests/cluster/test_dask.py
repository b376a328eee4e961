"""A Dask scheduler and two workers, as processes of their own on loopback."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd
import pytest

from classifier.errors import ClusterError, DataError
from classifier.prediction import parts as parts_module
from classifier.prediction.classifier import Classifier
from classifier.prediction.cluster import connected
from classifier.prediction.files import Job, predict_stream
from classifier.prediction.parts import predict_parts
from tests.conftest import REPOSITORY
from tests.support.servers import heed_ctrl_c, unused_port

pytestmark = pytest.mark.cluster
pytest.importorskip("distributed")

PARTS, ROWS = 8, 6_000
Sample = dict[str, list[tuple[str, str]]]


@dataclass
class Cluster:
    """A scheduler and its workers; what is started here is ended here."""

    folder: Path
    port: int = field(default_factory=unused_port)
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    stack: ExitStack = field(default_factory=ExitStack)

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    def start(self, *command: str, packages: Path = REPOSITORY) -> subprocess.Popen[bytes]:
        log = self.stack.enter_context((self.folder / f"log{len(self.workers)}").open("ab"))
        environment = os.environ | {"PYTHONPATH": str(packages), "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "30s"}
        process = subprocess.Popen(
            [sys.executable, "-m", *command, "--no-dashboard"], cwd=self.folder, env=environment, stdout=log, stderr=log
        )
        self.stack.callback(end, process)
        return process

    def start_worker(self, packages: Path = REPOSITORY) -> subprocess.Popen[bytes]:
        command = ("distributed.cli.dask_worker", self.address, "--nthreads", "1", "--no-nanny", "--host", "127.0.0.1")
        self.workers.append(self.start(*command, packages=packages))
        return self.workers[-1]


def end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def cluster_of(workers: int, folder: Path) -> Iterator[tuple[Cluster, subprocess.Popen[bytes]]]:
    cluster = Cluster(folder)
    with cluster.stack:
        scheduler = cluster.start("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(cluster.port))
        wait_for(lambda: answers(cluster.port), 60)
        for _ in range(workers):
            cluster.start_worker()
        if workers:
            from distributed import Client

            with Client(cluster.address, timeout=30) as client:
                client.wait_for_workers(workers, timeout=60)
        yield cluster, scheduler


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    folder = tmp_path / "cluster"
    folder.mkdir()
    with cluster_of(2, folder) as (found, _):
        yield found


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory, sample: Sample) -> Path:
    """Parquet and CSV files in folders, some thousand rows each, a row without a headline in one."""
    folder = tmp_path_factory.mktemp("table")
    headlines = [headline for headline, _ in sample["train"]]
    for number in range(PARTS):
        at = folder / f"day={number % 2}"
        at.mkdir(exist_ok=True)
        rows = [f"{headlines[(number * 997 + i * 13) % len(headlines)]} {i}" for i in range(ROWS)]
        frame = pd.DataFrame({"guid": range(ROWS), "headline": rows})
        if number % 2:
            frame.to_csv(at / f"part-{number}.csv", index=False)
        else:
            frame.to_parquet(at / f"part-{number}.parquet")
    with (folder / "day=1" / "part-1.csv").open("a") as file:
        file.write("not of this table\n")
    return folder


@pytest.fixture(scope="module")
def model(two_trained: Path) -> Path:
    return two_trained / "models" / "strong"


@pytest.fixture(scope="module")
def expected(table: Path, model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What one process writes of each part, by the name of its output."""
    folder, clf = tmp_path_factory.mktemp("expected"), Classifier.load(model, "accurate")
    found = {}
    for part in sorted(table.rglob("part-*")):
        output = folder / f"{part.name}.jsonl"
        predict_stream(clf, Job(str(part), output, keep=("guid",)))
        found[f"{part.parent.name}/{output.name}"] = output.read_bytes()
    assert len(found) == PARTS
    return found


def written(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def call(table: Path, model: Path, output: Path, *more: str) -> subprocess.Popen[str]:
    command = ["predict", "--input", str(table), "--output", str(output), "--model", str(model), "--keep", "guid"]
    return subprocess.Popen(
        [sys.executable, "-m", "classifier", *command, "--tier", "accurate", *more], text=True,
        stderr=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=heed_ctrl_c,
    )  # fmt: skip


def test_a_killed_worker_has_its_parts_done_again(
    cluster: Cluster, table: Path, model: Path, expected: dict[str, bytes], tmp_path: Path
) -> None:
    output = tmp_path / "out"
    process = call(table, model, output, "--scheduler", cluster.address)
    wait_for(lambda: len(list(output.rglob("part-*"))) >= 2, 120)
    cluster.workers[0].kill()
    assert len(list(output.rglob("part-*"))) < PARTS, "it is killed half-way"
    _, messages = process.communicate(timeout=180)
    assert process.returncode == 0, messages
    assert f"part-1.csv: row {ROWS + 2}" in messages
    assert f"{PARTS * ROWS + 1:,} rows written, 1 of them without a section" in messages
    assert written(output) == expected
    assert not list(tmp_path.glob("out.*"))


def test_after_an_interruption_no_part_is_done_twice(
    cluster: Cluster, table: Path, model: Path, expected: dict[str, bytes], tmp_path: Path
) -> None:
    output = tmp_path / "out"
    process = call(table, model, output, "--scheduler", cluster.address)
    wait_for(lambda: len(list(output.rglob("part-*"))) >= 2, 120)
    process.send_signal(signal.SIGINT)
    _, messages = process.communicate(timeout=60)
    assert process.returncode == 130, messages
    assert re.search(rf"interrupted after [1-{PARTS - 1}] of {PARTS} parts; .* with --resume goes on", messages)
    time.sleep(3)  # a part under way may still end
    done = {path: path.stat().st_mtime_ns for path in output.rglob("part-*")}
    assert 2 <= len(done) < PARTS
    process = call(f"{table}/*/part-*", model, output, "--scheduler", cluster.address, "--resume", "--top", "2")
    assert "--resume cannot go on, because the interrupted run was another: top was None" in process.communicate()[1]
    process = call(table, model, output, "--scheduler", cluster.address, "--resume")
    _, messages = process.communicate(timeout=180)
    assert process.returncode == 0, messages
    assert written(output) == expected
    assert {path: path.stat().st_mtime_ns for path in done} == done


def test_a_broken_part_is_named_and_the_others_are_done(
    cluster: Cluster, table: Path, model: Path, tmp_path: Path
) -> None:
    parts, output, clf = tmp_path / "parts", tmp_path / "out", Classifier.load(model)
    parts.mkdir()
    for number in range(3):
        (parts / f"{number}.csv").write_text(f"headline\n프로야구 개막전 매진 {number}\n", encoding="utf-8")
    whole = table / "day=0" / "part-0.parquet"
    (parts / "3.parquet").write_bytes(whole.read_bytes()[:5000])
    job = Job(str(parts), output)
    with pytest.raises(DataError, match=r"1 of 4 parts failed, the others are written\. .*3\.parquet"):
        predict_parts(clf, job, cluster.address)
    assert sorted(written(output)) == ["0.csv.jsonl", "1.csv.jsonl", "2.csv.jsonl"]
    shutil.copy(whole, parts / "3.parquet")
    assert predict_parts(clf, Job(str(parts), output, resume=True), cluster.address).rows == ROWS
    here = tmp_path / "here"
    predict_parts(clf, Job(str(parts), here))
    assert written(here) == written(output)
    predict_parts(clf, Job(str(parts), tmp_path / "tables", "parquet"), cluster.address)
    assert len(pd.read_parquet(tmp_path / "tables" / "3.parquet.parquet")) == ROWS


def test_a_full_disk_fails_the_parts_that_do_not_fit(
    cluster: Cluster, table: Path, model: Path, expected: dict[str, bytes], tmp_path: Path
) -> None:
    output = tmp_path / "out"
    small = output / "day=0"
    small.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(small)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk needs root")
    job = Job(str(table), output, keep=("guid",))
    clf = Classifier.load(model, "accurate")
    try:
        with pytest.raises(DataError, match=r"4 of 8 parts failed, .*No space left on device.* --resume") as caught:
            predict_parts(clf, job, cluster.address)
        assert str(table / "day=0") in str(caught.value)
        assert not list(small.rglob("*"))  # nothing half-written
    finally:
        subprocess.run(["umount", str(small)], check=True)
    predict_parts(clf, replace(job, resume=True), cluster.address)
    assert written(output) == expected


def test_a_worker_without_the_model_says_so(cluster: Cluster, table: Path, model: Path, tmp_path: Path) -> None:
    moved = tmp_path / "model"
    shutil.copytree(model, moved)
    clf = Classifier.load(moved)
    moved.rename(tmp_path / "elsewhere")
    job = Job(str(table), tmp_path / "out")
    with pytest.raises(Exception, match=str(moved)) as caught:
        predict_parts(clf, job, cluster.address)
    assert type(caught.value).__name__ == "ModelError"
    assert not written(tmp_path / "out")


def test_a_worker_of_another_version_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(REPOSITORY / "classifier", other / "classifier", ignore=shutil.ignore_patterns("__pycache__"))
    start = other / "classifier" / "__init__.py"
    text = start.read_text(encoding="utf-8")
    start.write_text(text.replace("__version__ = ", "__version__ = '0.0.1' or "), encoding="utf-8")
    with cluster_of(1, tmp_path) as (cluster, _):
        cluster.start_worker(other)
        from distributed import Client

        with Client(cluster.address, timeout=30) as client:
            client.wait_for_workers(2, timeout=60)
        refused = pytest.raises(ClusterError, match=r"1 of 2 machines .*tcp://.*this process has 0\.0\.1 \(")
        with refused, connected(cluster.address):
            pass


def test_a_scheduler_that_is_not_there_or_has_no_worker(
    table: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classifier.prediction.cluster._SECONDS", 2)
    begin = time.monotonic()
    address = f"tcp://127.0.0.1:{unused_port()}"
    with pytest.raises(ClusterError, match=f"{address}: no Dask scheduler answers"), connected(address):
        pass
    with pytest.raises(ClusterError, match="no Dask scheduler answers"), connected("nowhere://x"):
        pass
    none = pytest.raises(ClusterError, match="has no worker")
    with cluster_of(0, tmp_path) as (cluster, _), none, connected(cluster.address):
        pass
    assert time.monotonic() - begin < 60
    done = call(table, model, tmp_path / "out", "--scheduler", address)
    _, messages = done.communicate(timeout=60)
    assert done.returncode == 2
    assert "no Dask scheduler answers" in messages
    assert "Traceback" not in messages


def test_when_all_workers_or_the_scheduler_go_what_is_done_stays(
    table: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts_module, "_PATIENCE", 3.0)
    clf = Classifier.load(model, "accurate")
    for number, what in enumerate(("no worker is left", "no worker is left|went away")):
        output = tmp_path / f"out{number}"
        with cluster_of(1, tmp_path) as (cluster, scheduler):
            victim = scheduler if number else cluster.workers[0]

            def kill(_rows: int, _done: int, _parts: int | None) -> None:
                victim.kill()  # noqa: B023 - called within this turn

            with pytest.raises(ClusterError, match=rf"({what}).*--resume"):
                predict_parts(clf, Job(str(table), output, keep=("guid",)), cluster.address, progress=kill)
        assert 1 <= len(list(output.rglob("part-*"))) < PARTS
        assert json.loads((tmp_path / f"out{number}.progress").read_text(encoding="utf-8"))["made_from"]["parts"]


def test_a_search_on_the_cluster_finds_what_one_machine_finds(cluster: Cluster, two: Path) -> None:
    results = {}
    for name in ("here", "there"):
        config = (two / "strong.toml").read_text(encoding="utf-8").replace("n_jobs = 1", "n_jobs = 2")
        config += '\n[[candidates]]\nestimator = "complement_nb"\nfeatures = [["chars"]]\n'
        (two / f"{name}.toml").write_text(config, encoding="utf-8")
        more = ["--scheduler", cluster.address] if name == "there" else []
        os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{two / name}.db"  # so that no candidate is taken from a store
        command = [sys.executable, "-m", "classifier", "train", f"{name}.toml", *more]
        done = subprocess.run(command, cwd=two, capture_output=True, text=True, timeout=240, check=False)
        assert done.returncode == 0, done.stderr
        results[name] = json.loads((two / "models" / name / "results.json").read_text(encoding="utf-8"))
    for key in ("winner", "cross_validation", "test", "leaderboard"):
        assert results["here"][key] == results["there"][key]


def test_an_audit_on_the_cluster_finds_what_one_machine_finds(cluster: Cluster, sample: Sample, tmp_path: Path) -> None:
    table = tmp_path / "crawl.tsv"
    rows = [f"{headline}\t{section}\n" for headline, section in sample["train"][:800]]
    table.write_text("".join(["headline\tsection\n", *rows]), encoding="utf-8")
    found = {}
    for name in ("here", "there"):
        more = ["--scheduler", cluster.address] if name == "there" else []
        command = [sys.executable, "-m", "classifier", "audit", str(table), "--output", name, *more]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False)
        assert done.returncode == 0, done.stderr
        found[name] = (tmp_path / name / "review.tsv").read_bytes()
    assert found["here"] == found["there"]
    assert found["here"].count(b"\n") > 1
