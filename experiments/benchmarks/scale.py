"""Several machines: Spark's start-up, what the way to its workers costs, and headlines a second; training from parts.

One machine (``classifier predict``) against Spark with one and two workers of one core each, on Parquet in eight
parts, written as Parquet. ``the way`` is the same job with a function that answers without a model. Training:
``classifier train --stream`` on parts, copied to the disk first or left where they are, one pass. What is said of 50
million headlines a day and of a billion rows is calculated from these. The rows are recombined (``recombined.py``)
and no headlines that anybody wrote.

    python -m benchmarks.scale [predicting] [training] [--rows 200000] [--training 1000000,2000000] [--model FOLDER]
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import sys
import tempfile
import zlib
from pathlib import Path
from typing import Any

import pyarrow as pa
from benchmarks.common import RESULTS, write
from benchmarks.recombined import recombined
from benchmarks.speed import MODEL
from benchmarks.streaming import CONFIG, run
from pyarrow import parquet

PARTS = 8
DAY = 50_000_000
BILLION = 1_000_000_000

#: In a process of its own: Spark with some workers, three jobs, and how long each part took.
_SPARK = """
import json, os, sys, time
import pandas as pd
begin = time.perf_counter()
from pyspark.sql import SparkSession
from pyspark.sql.functions import pandas_udf
from classifier import Classifier
workers, model, tier, table, out = sys.argv[1:]
session = (
    SparkSession.builder.master(f"local-cluster[{workers},1,1024]")
    .config("spark.ui.enabled", "false").config("spark.driver.host", "127.0.0.1")
    .config("spark.executor.memory", "512m").config("spark.local.dir", out + ".spark").getOrCreate()
)
clf = Classifier.load(model, tier)
answer = "section string, probability double, tier string, reason string"
def classify(headlines):
    return clf.predict_frame(headlines.to_frame("headline"))
def nothing(headlines):
    n = len(headlines)
    return pd.DataFrame({"section": ["x"] * n, "probability": [0.5] * n, "tier": ["x"] * n, "reason": [None] * n})
for function in (classify, nothing):
    function.__annotations__ = {"headlines": pd.Series, "return": pd.DataFrame}
rows = session.read.parquet(table)
def timed(function, rows):
    begin = time.perf_counter()
    rows.select("id", pandas_udf(function, answer)("headline").alias("a")).write.mode("overwrite").parquet(out)
    return time.perf_counter() - begin
timed(classify, rows.limit(1000).repartition(int(workers) * 2))
found = {"start": time.perf_counter() - begin, "way": timed(nothing, rows), "job": timed(classify, rows)}
session.stop()
print(json.dumps(found))
"""


def write_parts(folder: Path, n_rows: int) -> None:
    """Write recombined rows as ``repartition(8, "headline")`` leaves them."""
    folder.mkdir()
    columns: list[dict[str, list[Any]]] = [{"id": [], "headline": [], "section": []} for _ in range(PARTS)]
    for number, (headline, section) in enumerate(recombined(n_rows)):
        part = columns[zlib.crc32(headline.encode()) % PARTS]
        for name, value in zip(part, (number, headline, section), strict=True):
            part[name].append(value)
    for i, part in enumerate(columns):
        parquet.write_table(pa.table(part), folder / f"part-{i:05}.parquet")


def predicting(folder: Path, n_rows: int, model: Path) -> list[dict[str, Any]]:
    """Measure one machine without Spark, and Spark with one and two workers."""
    write_parts(folder / "table", n_rows)
    whole = parquet.read_table(folder / "table", columns=["headline"])
    parquet.write_table(whole, folder / "whole.parquet")
    parquet.write_table(whole[:1000], folder / "start.parquet")
    os.environ["PYSPARK_PYTHON"] = sys.executable
    found = []
    for tier in ("fast", "cascade"):
        command = (sys.executable, "-m", "classifier", "predict", "--model", model, "--tier", tier)
        out = ("--output", folder / "out.parquet")
        start, job = (
            run(*command, "--input", folder / f"{n}.parquet", *out, cwd=folder)[1] for n in ("start", "whole")
        )
        found.append(_row(f"`predict --tier {tier}`", 1, n_rows, start, 0, job - start))
        print(found[-1], flush=True)
        for workers in (1, 2):
            arguments = (str(workers), model, tier, folder / "table", folder / "out")
            printed, *_ = run(sys.executable, "-c", _SPARK, *arguments, cwd=folder)
            took = json.loads(printed.splitlines()[-1])
            found.append(_row(f"Spark, {tier}", workers, n_rows, took["start"], took["way"], took["job"]))
            print(found[-1], flush=True)
    return found


def _row(what: str, cores: int, n_rows: int, start: float, way: float, job: float) -> dict[str, Any]:
    return {
        "what": what,
        "workers": cores,
        "start-up, s": round(start, 1),
        "the way alone, s a million": round(way / n_rows * 1e6, 1) if way else "",
        "headlines a second": round(n_rows / job),
        "core seconds a million": round(job * cores / n_rows * 1e6, 1),
    }


def training(folder: Path, sizes: list[int]) -> list[dict[str, Any]]:
    """Measure training from parts, copied and left where they are."""
    found = []
    for size in sizes:
        write_parts(folder / f"rows{size}", size)
        for copied in (True, False):
            name = "copied" if copied else "in-place"
            text = CONFIG.format(table=f"rows{size}") + ("" if copied else "copy_rows = false\n")
            (folder / f"{name}.toml").write_text(text, encoding="utf-8")
            command = (sys.executable, "-m", "classifier", "train", "--stream", f"{name}.toml")
            _, seconds, processor, memory = run(*command, cwd=folder)
            found.append(
                {
                    "rows": size,
                    "parts": name,
                    "seconds": round(seconds),
                    "processor seconds": round(processor),
                    "peak memory MB": round(memory),
                }
            )
            print(found[-1], flush=True)
    return found


def calculated(predicted: list[dict[str, Any]], trained: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what the measured figures come to for a day's stream and for a billion rows."""
    rows = []
    for line in predicted:
        cores = DAY * line["core seconds a million"] / 1e6 / 86_400
        rows.append(
            {
                "what": f"{DAY:,} headlines a day, {line['what']}, measured with {line['workers']}",
                "core hours": round(cores * 24, 2),
                "cores, all day": round(cores, 3),
            }
        )
    for name in dict.fromkeys(line["parts"] for line in trained):
        first, *_, last = (line for line in trained if line["parts"] == name)
        each = (last["processor seconds"] - first["processor seconds"]) / (last["rows"] - first["rows"])
        hours = round(BILLION * each / 3600, 1)
        rows.append(
            {"what": f"a billion rows, one pass, {name}", "core hours": hours, "cores, all day": round(hours / 24, 3)}
        )
    return rows


def main() -> None:
    """Measure what is asked for, calculate, and write it beside what was measured before."""
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*", default=["predicting", "training"])
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--training", default="1000000,2000000")
    parser.add_argument("--model", type=Path, default=Path(MODEL))
    asked = parser.parse_args()
    path = RESULTS / "scale.json"
    found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    with tempfile.TemporaryDirectory() as name:
        if "predicting" in asked.parts:
            _check_spark()
            found["predicting"] = predicting(Path(name), asked.rows, asked.model.absolute())
        if "training" in asked.parts:
            found["training"] = training(Path(name), [int(size) for size in asked.training.split(",")])
    found["calculated"] = calculated(found.get("predicting", []), found.get("training", []))
    write("scale", found)


def _check_spark() -> None:
    if importlib.util.find_spec("pyspark") is None:
        raise SystemExit("PySpark is missing: pip install 'headline-classifier[spark]'")
    if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
        raise SystemExit("Java is missing: apt-get install openjdk-17-jre-headless, or set JAVA_HOME.")


if __name__ == "__main__":
    main()
