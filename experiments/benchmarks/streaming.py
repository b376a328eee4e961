"""Files against lists, and training beyond memory: throughput, growth and memory, in processes of their own.

``predict``: ``classifier predict --tier fast --input FILE`` on files of 1 and 10 million headlines, start-up,
reading, rendering and writing included, against ``Classifier.predict_proba`` on a list of a million of them
in memory, in turns. ``train``: ``classifier train --stream`` on 100,000, 1 and 10 million rows. The rows are
recombined (:mod:`benchmarks.recombined`). Seconds are medians of turns; memory is the highest of a process.

    python -m benchmarks.streaming [predict] [train] [--rows 10000000]
"""

from __future__ import annotations

import argparse
import math
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmarks.common import write
from benchmarks.recombined import write_table

TURNS = 3
IN_MEMORY = 1_000_000

#: Reads a million headlines into a list, then says how long the model takes for them.
_LIST = """
import sys, time
from classifier import Classifier
clf = Classifier.load(sys.argv[1], tier="fast")
headlines = []
with open(sys.argv[2], encoding="utf-8") as table:
    next(table)
    for line in table:
        headlines.append(line.split("\\t")[1])
        if len(headlines) == int(sys.argv[3]):
            break
clf.predict_proba(headlines[:10_000])
begin = time.perf_counter()
clf.predict_proba(headlines)
print(time.perf_counter() - begin)
"""

CONFIG = """
[experiment]
registered_model = "recombined"

[data]
train = ["{table}"]
holdout = 0.01

[stream]
"""


def run(*command: str | Path, cwd: Path) -> tuple[str, float, float, float]:
    """Run a process; return what it printed, its seconds, those of its processor, and its memory in MB."""
    environment = os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true"}
    begin, before = time.perf_counter(), os.times()
    memory = 0
    with tempfile.TemporaryFile() as printed:
        process = subprocess.Popen(list(map(str, command)), cwd=cwd, stdout=printed, env=environment)
        while process.poll() is None:
            # Not the peak that wait4 tells: that one begins with what this process had when it forked.
            with suppress(OSError):
                peak = re.search(r"VmHWM:\s*(\d+)", Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8"))
                memory = int(peak[1]) if peak else memory
            time.sleep(0.02)
        seconds, after = time.perf_counter() - begin, os.times()
        if process.returncode:
            raise SystemExit(f"{command} ended with {process.returncode}")
        printed.seek(0)
        text = printed.read().decode()
    processor = after.children_user + after.children_system - before.children_user - before.children_system
    return text, seconds, processor, memory / 1024


def predict(folder: Path, rows: int, model: Path) -> list[dict[str, Any]]:
    """Measure files against a list, in turns."""
    sizes = sorted({rows // 10, rows})
    for size in sizes:
        write_table(folder / f"{size}.tsv", size)
    listed = min(IN_MEMORY, rows)
    of_list: list[float] = []
    of_file: dict[tuple[int, str], list[tuple[float, float]]] = {}
    for _ in range(TURNS):
        for size in sizes:
            printed, *_ = run(sys.executable, "-c", _LIST, model, folder / f"{sizes[-1]}.tsv", str(listed), cwd=folder)
            of_list.append(listed / float(printed))
            for suffix in ("tsv", "jsonl"):
                output = folder / f"out.{suffix}"
                command = (sys.executable, "-m", "classifier", "predict", "--model", model, "--tier", "fast")
                files = ("--input", folder / f"{size}.tsv", "--output", output)
                _, seconds, _, memory = run(*command, *files, cwd=folder)
                of_file.setdefault((size, suffix), []).append((size / seconds, memory))
                output.unlink()
    in_memory = statistics.median(of_list)
    return [
        {
            "headlines": size,
            "from": "TSV",
            "to": suffix.upper(),
            "against_the_list": round(statistics.median(speed for speed, _ in turns) / in_memory, 2),
            "memory_MB": round(max(memory for _, memory in turns)),
        }
        for (size, suffix), turns in of_file.items()
    ]


def train(folder: Path, rows: int) -> list[dict[str, Any]]:
    """Measure how training from a stream grows."""
    measured = []
    for size in (rows // 100, rows // 10, rows):
        table = folder / "train.tsv"
        write_table(table, size)
        place = folder / str(size)
        place.mkdir()
        (place / "recombined.toml").write_text(CONFIG.format(table=table), encoding="utf-8")
        command = (sys.executable, "-m", "classifier", "train", "--stream", "recombined.toml")
        _, seconds, processor, memory = run(*command, cwd=place)
        measured.append({"rows": size, "seconds": seconds, "processor": processor, "memory": memory})
        print(measured[-1], flush=True)
    first = measured[0]
    return [
        {
            "rows": now["rows"],
            "seconds_against_the_first": round(now["seconds"] / first["seconds"], 1),
            "processor_seconds_against_the_first": round(now["processor"] / first["processor"], 1),
            "growth": f"n^{_exponent(before, now):.2f}" if before is not now else "",
            "memory_MB": round(now["memory"]),
        }
        for before, now in zip([first, *measured], measured, strict=False)
    ]


def _exponent(before: dict[str, float], now: dict[str, float]) -> float:
    return math.log(now["processor"] / before["processor"]) / math.log(now["rows"] / before["rows"])


def main() -> None:
    """Measure what is asked for, and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*", default=["predict", "train"])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--model", type=Path, default=Path("models/champion"), help="an artefact with a fast tier")
    parser.add_argument("--folder", help="where the tables are made: 6 GB for 10 million rows")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as name:
        if "predict" in asked.parts:
            write("streaming_predict", predict(Path(name), asked.rows, asked.model.absolute()))
        if "train" in asked.parts:
            write("streaming_train", train(Path(name), asked.rows))


if __name__ == "__main__":
    main()
