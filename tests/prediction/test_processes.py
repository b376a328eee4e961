"""One classifier in a server that forks, as Python services are run."""

from __future__ import annotations

import json
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.servers import serving, unused_port


@pytest.mark.skipif(sys.platform == "win32", reason="gunicorn needs fork")
def test_gunicorn_preloads_a_model_that_has_answered(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("gunicorn")
    monkeypatch.setenv("MODEL", str(trained / "models" / "quick"))
    port = unused_port()
    log = tmp_path / "log"
    command = ["gunicorn", "tests.support.preloaded_app:app", "--preload", "--workers", "2", "--threads", "4"]
    with serving(
        *command, "--bind", f"127.0.0.1:{port}", port=port, ready="/", cwd=Path(__file__).parents[2], log=log
    ) as address:

        def ask(_: int) -> tuple[list[str], list[str], int]:
            with urllib.request.urlopen(address, timeout=30) as answer:
                first, now, process = json.load(answer)
            return first, now, process

        answers: list[tuple[list[str], list[str], int]] = []
        deadline = time.monotonic() + 60
        with ThreadPoolExecutor(8) as pool:
            # Which worker takes a connection is the system's choice, so they are asked until both have answered.
            while len({process for _, _, process in answers}) < 2 and time.monotonic() < deadline:
                answers += pool.map(ask, range(64))
    assert all(first == now for first, now, _ in answers)
    assert len({process for _, _, process in answers}) == 2
    # The workers ended when they were told to: none was killed, none aborted.
    assert "SIGABRT" not in log.read_text()
    assert "SIGKILL" not in log.read_text()
    assert "timeout" not in log.read_text().lower()
