"""Files against lists, and training beyond memory: throughput, growth and memory, in processes of their own.

Predicting: ``classifier predict --tier fast --input TABLE`` on 1 and 10 million rows, start-up, reading, rendering and
writing included, against ``Classifier.predict_proba`` on a list of a million of them in memory, in turns. Training:
``classifier train --stream`` on 100,000, 1 and 10 million rows, one pass. The rows are recombined
(``recombined.py``) and no headlines that anybody wrote.

    python -m benchmarks.streaming [predicting] [training] [--rows 10000000] [--turns 3] [--model models/ynat-best]
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmarks.clock import peak_memory
from benchmarks.common import RESULTS, write
from benchmarks.recombined import write_table
from benchmarks.speed import MODEL, at_least, at_most, row

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
passes = 1
"""


def run(*command: str | Path, cwd: Path) -> tuple[str, float, float, float]:
    """Run a process; return what it printed, its seconds, those of its processor, and its memory in MB."""
    environment = os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true"}
    begin, before = time.perf_counter(), os.times()
    memory = 0.0
    with tempfile.TemporaryFile() as printed:
        process = subprocess.Popen(list(map(str, command)), cwd=cwd, stdout=printed, env=environment)
        while process.poll() is None:
            with suppress(OSError):
                memory = peak_memory(Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")) or memory
            time.sleep(0.02)
        seconds, after = time.perf_counter() - begin, os.times()
        if process.returncode:
            raise SystemExit(f"{command} ended with {process.returncode}")
        printed.seek(0)
        text = printed.read().decode()
    processor = after.children_user + after.children_system - before.children_user - before.children_system
    return text, seconds, processor, memory


def predicting(folder: Path, rows: int, turns: int, model: Path) -> list[dict[str, Any]]:
    """Measure files against a list, in turns."""
    sizes = sorted({rows // 10, rows})
    for size in sizes:
        write_table(folder / f"{size}.tsv", size)
    listed = min(IN_MEMORY, rows)
    found: dict[tuple[int, str], list[tuple[float, float]]] = {}
    for _ in range(turns):
        for size in sizes:
            for suffix in ("tsv", "jsonl"):
                output = folder / f"out.{suffix}"
                command = (sys.executable, "-m", "classifier", "predict", "--model", model, "--tier", "fast")
                files = ("--input", folder / f"{size}.tsv", "--output", output)
                before = _listed(folder / f"{sizes[-1]}.tsv", listed, model)
                _, seconds, _, memory = run(*command, *files, cwd=folder)
                after = _listed(folder / f"{sizes[-1]}.tsv", listed, model)
                output.unlink()
                # Against what the list takes just before and just after.
                share = (before + after) / 2 / listed / (seconds / size)
                found.setdefault((size, suffix), []).append((share, memory))
                print(
                    size, suffix, round(share, 3), round(memory), f"{listed / before:,.0f} a second listed", flush=True
                )
    return [
        {
            "headlines": size,
            "from": "TSV",
            "to": suffix.upper(),
            "throughput against the list": round(statistics.median(share for share, _ in measured), 2),
            "peak memory MB": round(max(memory for _, memory in measured)),
        }
        for (size, suffix), measured in found.items()
    ]


def _listed(table: Path, rows: int, model: Path) -> float:
    """Return the seconds that a list in memory takes."""
    printed, *_ = run(sys.executable, "-c", _LIST, model, table, str(rows), cwd=table.parent)
    return float(printed)


def training(folder: Path, rows: int) -> list[dict[str, Any]]:
    """Measure how training from a stream grows."""
    measured: list[dict[str, float]] = []
    for size in (rows // 100, rows // 10, rows):
        place = folder / str(size)
        place.mkdir()
        write_table(place / "train.tsv", size)
        (place / "recombined.toml").write_text(CONFIG.format(table="train.tsv"), encoding="utf-8")
        command = (sys.executable, "-m", "classifier", "train", "--stream", "recombined.toml")
        _, seconds, processor, memory = run(*command, cwd=place)
        (place / "train.tsv").unlink()
        measured.append({"rows": size, "seconds": seconds, "processor": processor, "memory": memory})
        print(measured[-1], flush=True)
    return [
        {
            "rows": now["rows"],
            "processor seconds, against the first": round(now["processor"] / measured[0]["processor"], 1),
            "growth since the row before": f"n^{_exponent(before, now):.2f}" if before is not now else "",
            "peak memory MB": round(now["memory"]),
        }
        for before, now in zip([measured[0], *measured], measured, strict=False)
    ]


def _exponent(before: dict[str, float], now: dict[str, float]) -> float:
    return math.log(now["processor"] / before["processor"]) / math.log(now["rows"] / before["rows"])


def summary(found: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return the lines that `make bench` shows: the largest file, and the last step of growth."""
    rows = []
    for line in found.get("predicting", [])[-2:]:
        name = f"fast, predict --input of {line['headlines']:,} lines, TSV to {line['to']}, against a list in memory"
        rows.append(row(name, "≥ 0.5×", "0.8×", line["throughput against the list"], at_least(0.5, 0.8)))
    if trained := found.get("training"):
        last = trained[-1]
        name = f"train --stream from {trained[-2]['rows']:,} to {last['rows']:,} rows, exponent of n"
        exponent = float(last["growth since the row before"].removeprefix("n^"))
        rows.append(row(name, "≤ 1.1", "1", exponent, at_most(1.1, 1.0), ""))
    return rows


def main() -> None:
    """Measure what is asked for, and write it beside what was measured before."""
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*", default=["predicting", "training"])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--model", type=Path, default=Path(MODEL), help="an artefact with a fast tier")
    parser.add_argument("--folder", help="where the tables are made: 6 GB for 10 million rows")
    asked = parser.parse_args()
    path = RESULTS / "streaming.json"
    found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    with tempfile.TemporaryDirectory(dir=asked.folder) as name:
        if "predicting" in asked.parts:
            found["predicting"] = predicting(Path(name), asked.rows, asked.turns, asked.model.absolute())
        if "training" in asked.parts:
            found["training"] = training(Path(name), asked.rows)
    write(
        "streaming", {"rows": summary(found)} | {key: found[key] for key in ("predicting", "training") if key in found}
    )


if __name__ == "__main__":
    main()
