"""Servers of the tests: on loopback, bounded in time, ended with all their children."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def heed_ctrl_c() -> None:
    """Undo, in a child, that a shell makes what it runs in the background deaf to SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def unused_port() -> int:
    """Return a port that the system says nobody uses; tests that run side by side get different ones."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(*command: str, port: int, ready: str, cwd: Path, log: Path) -> Iterator[str]:
    """Run a server on loopback, wait until it answers, and end it and its children."""
    address = f"http://127.0.0.1:{port}"
    scripts = Path(sys.executable).parent  # as in an activated environment
    environment = os.environ | {
        "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=cwd, stdout=output, stderr=output, start_new_session=True, env=environment
        )
    try:
        deadline = time.monotonic() + 90
        while True:
            try:
                with urllib.request.urlopen(address + ready, timeout=2):
                    break
            except OSError as error:
                if isinstance(error, urllib.error.HTTPError):
                    error.close()
                assert process.poll() is None, log.read_text()[-2000:]
                assert time.monotonic() < deadline, log.read_text()[-2000:]
                time.sleep(0.2)
        yield address
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
