"""A store that several machines share. A machine is a working folder with a models folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.conftest import write_config, write_tables
from tests.support.postgres import postgres
from tests.support.servers import serving, unused_port


@dataclass
class Store:
    """An MLflow server that can be stopped and started again."""

    database: str
    folder: Path
    port: int = field(default_factory=unused_port)
    _running: ExitStack = field(default_factory=ExitStack)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = (
            sys.executable, "-m", "mlflow", "server", "--backend-store-uri", self.database, "--artifacts-destination",
            str(self.folder / "artifacts"), "--host", "127.0.0.1", "--port", str(self.port), "--workers", "2",
        )  # fmt: skip
        log = self.folder / "log"
        self._running.enter_context(serving(*command, port=self.port, ready="/health", cwd=self.folder, log=log))

    def stop(self) -> None:
        self._running.close()


@dataclass(frozen=True)
class Machine:
    """One of the machines that share the store."""

    folder: Path
    store: Store

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        models = {"HEADLINE_MODELS": str(self.folder / "models")}
        return subprocess.Popen(
            [sys.executable, "-m", "classifier", *arguments], cwd=self.folder, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env=os.environ | models | {"MLFLOW_TRACKING_URI": self.store.address},
        )  # fmt: skip

    def run(self, *arguments: str, status: int = 0) -> str:
        process = self.start(*arguments)
        output = process.communicate(timeout=240)[0]
        assert process.returncode == status, output
        return output

    @property
    def champion(self) -> Path:
        return self.folder / "models" / "champion"

    def enter(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Make this process one of the machine's."""
        monkeypatch.chdir(self.folder)
        monkeypatch.setenv("HEADLINE_MODELS", str(self.folder / "models"))
        monkeypatch.setenv("MLFLOW_TRACKING_URI", self.store.address)


@pytest.fixture(scope="session")
def database() -> Iterator[str]:
    pytest.importorskip("psycopg")
    with postgres() as address:
        yield address


@pytest.fixture(scope="module")
def store(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A running MLflow server over PostgreSQL, with the artefacts behind it."""
    found = Store(database, tmp_path_factory.mktemp("server"))
    found.start()
    yield found
    found.stop()


@pytest.fixture(scope="module")
def machines(
    store: Store, tmp_path_factory: pytest.TempPathFactory, sample: dict[str, list[tuple[str, str]]]
) -> tuple[Machine, Machine]:
    """Two machines with the small tables; the first has trained a weak champion, the second a strong one after it."""
    first, second = (Machine(tmp_path_factory.mktemp(name), store) for name in ("first", "second"))
    before = Path.cwd()
    for machine in (first, second):
        write_tables(machine.folder, sample)
        os.chdir(machine.folder)
        write_config("weak.toml", "sgd", '[["morphemes"]]')
        write_config("strong.toml", "linear_svc", '[["chars", "morphemes"]]')
    os.chdir(before)
    assert "promoted: there was no champion" in first.run("train", "weak.toml")
    assert "promoted: beats the champion, version 1" in second.run("train", "strong.toml")
    return first, second
