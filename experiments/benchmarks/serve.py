"""Load on the server, on MLflow's server with the same model, and on one that returns a constant: ``make bench-serve``.

wrk (Debian's package) sends for ten seconds at a time, from this machine to this machine, to each server in turn.
Then it sends to ours for five minutes, and our memory is read every minute.
Writes ``results/benchmarks/serve.json``. Needs a champion: ``make train``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.common import write

from classifier.paths import REGISTERED_MODEL, champion_folder, package_data
from classifier.prediction.classifier import Classifier

SECONDS = int(os.environ.get("SERVE_SECONDS", "10"))
MEMORY_MINUTES = 5
CONNECTIONS = (1, 8, 64)
BARE = """
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            await send({"type": (await receive())["type"] + ".complete"})
    while (await receive()).get("more_body"):
        pass
    body = b'{"predictions": [{"section": "sports"}]}'
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
"""


def unused_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], port: int, ready: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the block ends."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    process = subprocess.Popen(
        command, env=environment, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(600):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{ready}", timeout=2):
                    break
            except OSError:
                if process.poll() is not None:
                    raise SystemExit(f"{command} ended with {process.returncode}") from None
                time.sleep(0.2)
        yield process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def resident(process: subprocess.Popen[bytes]) -> float:
    """Return a process's resident memory in MB."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    return round(int(status.split("VmRSS:")[1].split()[0]) / 1024, 1)


def load(address: str, bodies: list[str], connections: int, seconds: int = SECONDS) -> dict[str, Any]:
    """Send requests for some seconds; return requests a second, latencies in ms and errors."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "load.lua"
        listed = ",".join(json.dumps(body, ensure_ascii=False).replace("\\/", "/") for body in bodies)
        script.write_text(
            f"local bodies = {{{listed}}}\nlocal i = 0\n"
            "request = function()\n  i = i % #bodies + 1\n"
            '  return wrk.format("POST", nil, {["Content-Type"] = "application/json"}, bodies[i])\nend\n'
            "done = function(summary, latency)\n"
            '  io.write(string.format("RESULT %f %f %f %d\\n", summary.requests / summary.duration * 1e6,'
            " latency:percentile(50) / 1000, latency:percentile(99) / 1000, summary.errors.status + summary.errors.read"
            " + summary.errors.connect + summary.errors.timeout))\nend\n",
            encoding="utf-8",
        )
        call = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(script), address]
        printed = subprocess.run(call, capture_output=True, text=True, check=True).stdout
    found = re.search(r"RESULT (\S+) (\S+) (\S+) (\d+)", printed)
    if found is None:
        raise SystemExit(printed)
    return {
        "requests_per_second": round(float(found[1]), 1),
        "p50_ms": round(float(found[2]), 3),
        "p99_ms": round(float(found[3]), 3),
        "errors": int(found[4]),
    }


def model_times(headlines: list[str]) -> dict[str, float]:
    """Return what the model itself needs, in ms, for so many headlines at once: the median of 50 batches."""
    model, found = Classifier.load(), {}
    for size in CONNECTIONS:
        times = []
        for i in range(50):
            batch = headlines[i * size % 1000 :][:size]
            start = time.perf_counter()
            model.predict(batch)
            times.append(time.perf_counter() - start)
        found[str(size)] = round(statistics.median(times) * 1000, 2)
    return found


def main() -> None:
    """Measure every server and write the figures."""
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not installed: apt-get install wrk")
    model = str(champion_folder())
    lines = (package_data() / "sample" / "test.tsv").read_text(encoding="utf-8").splitlines()[1:]
    headlines = [line.split("\t")[0] for line in lines]
    singles = [[headline] for headline in headlines[:500]]
    hundreds = [headlines[i : i + 100] for i in range(0, 1400, 100)]
    ours = [[json.dumps({"headlines": h}, ensure_ascii=False) for h in part] for part in (singles, hundreds)]
    columns = [
        [json.dumps({"dataframe_split": {"columns": ["headline"], "data": [[x] for x in h]}}) for h in part]
        for part in (singles, hundreds)
    ]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "bare.py").write_text(BARE, encoding="utf-8")
        ports = {name: unused_port() for name in ("serve", "mlflow", "bare")}
        commands = {
            "bare": [sys.executable, "-m", "uvicorn", "--app-dir", folder, "bare:app", "--no-access-log"],
            "serve": [sys.executable, "-m", "classifier", "serve", "--model", model],
            "mlflow": [
                "mlflow",
                "models",
                "serve",
                "-m",
                f"models:/{REGISTERED_MODEL}@champion",
                "--env-manager",
                "local",
            ],
        }
        ready = {"bare": "/", "serve": "/ready", "mlflow": "/ping"}
        paths = {"bare": "/", "serve": "/predict", "mlflow": "/invocations"}
        rows: list[dict[str, Any]] = []
        memory: dict[str, list[float]] = {}
        for name, command in commands.items():
            address = f"http://127.0.0.1:{ports[name]}{paths[name]}"
            with running([*command, "--port", str(ports[name])], ports[name], ready[name]) as process:
                for size, bodies in zip((1, 100), columns if name == "mlflow" else ours, strict=True):
                    for connections in CONNECTIONS:
                        found = load(address, bodies, connections)
                        rows.append({"server": name, "headlines": size, "connections": connections} | found)
                        print(rows[-1], flush=True)
                memory[name] = [resident(process)]
                if name == "serve":
                    for _ in range(MEMORY_MINUTES):
                        minute = load(address, [*ours[0], *ours[1]], 8, 60)
                        memory[name].append(resident(process))
                        print(minute, memory[name], flush=True)
    write("serve", {"seconds": SECONDS, "rows": rows, "resident_mb": memory, "model_ms": model_times(headlines)})


if __name__ == "__main__":
    main()
