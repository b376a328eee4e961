"""Predictions in Spark's workers, which are those of one machine to the last byte; and its Parquet as training rows.

A cluster of Spark's own on this machine (``local-cluster``): two workers, each in a process of its own.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import struct
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from classifier.prediction.classifier import Classifier
from classifier.training.out_of_core.partitions import FILES, partition_rows
from tests.support.documents import code_blocks

if importlib.util.find_spec("pyspark") is None:
    pytest.skip("PySpark is not installed (extra spark)", allow_module_level=True)
if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
    pytest.skip("Java is missing: apt-get install openjdk-17-jre-headless", allow_module_level=True)

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas"),
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated"),  # PySpark uses it
]

REPOSITORY = Path(__file__).parents[2]
ANSWER = "section string, probability double, tier string, reason string"


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from pyspark.sql import SparkSession

    folder = tmp_path_factory.mktemp("spark")
    here = {name: os.environ.get(name) for name in ("PYTHONPATH", "PYSPARK_PYTHON", "SPARK_LOCAL_IP")}
    os.environ |= {"PYTHONPATH": str(REPOSITORY), "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    settings = {
        "spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1",
        "spark.executor.memory": "512m", "spark.local.dir": str(folder), "spark.sql.shuffle.partitions": "4",
        "spark.sql.warehouse.dir": str(folder / "warehouse"), "spark.sql.execution.arrow.maxRecordsPerBatch": "100",
        "spark.task.maxFailures": "1", "spark.executorEnv.PYTHONPATH": str(REPOSITORY),
    }  # fmt: skip
    session = SparkSession.builder.master("local-cluster[2,1,1024]").config(map=settings).getOrCreate()
    yield session
    session.stop()
    for name, value in here.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


@pytest.fixture(scope="module")
def headlines(sample: dict[str, list[tuple[str, str]]]) -> list[str | None]:
    """1,205 headlines: four parts of 301 or 302, so that some batch of 100 has one or two rows."""
    return [None, "", "!!!", "가" * 3000, *(headline for headline, _ in sample["test"][:1201])]


@pytest.fixture(scope="module")
def table(spark: Any, headlines: list[str | None], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The headlines as a Parquet table of four parts, written and read by Spark."""
    path = str(tmp_path_factory.mktemp("table") / "headlines.parquet")
    rows = spark.createDataFrame(list(enumerate(headlines)), "id long, headline string")
    rows.repartition(4).write.parquet(path)
    return spark.read.parquet(path)


def in_bytes(answers: pd.DataFrame) -> list[tuple[Any, ...]]:
    """The rows, a probability as its eight bytes."""
    columns = [answers[name].tolist() for name in ("section", "probability", "tier", "reason") if name in answers]
    none = [[None if cell is None or cell != cell else cell for cell in column] for column in columns]
    return [
        tuple(struct.pack("<d", cell) if isinstance(cell, float) else cell for cell in row)
        for row in zip(*none, strict=True)
    ]


def classify_with(clf: Classifier) -> Any:
    from pyspark.sql.functions import pandas_udf

    def classify(headlines: pd.Series) -> pd.DataFrame:
        return clf.predict_frame(headlines.to_frame("headline"))

    classify.__annotations__ = {"headlines": pd.Series, "return": pd.DataFrame}  # not their names
    return pandas_udf(classify, ANSWER)


@pytest.mark.parametrize("by_value", [False, True])
def test_a_pandas_udf_answers_like_one_machine(
    table: Any, trained: Path, headlines: list[str | None], by_value: bool
) -> None:
    clf = Classifier.load(trained / "models" / "quick")
    udf = classify_with(clf.by_value() if by_value else clf)
    found = table.select("id", udf("headline").alias("answer")).select("id", "answer.*").toPandas().sort_values("id")
    assert found["id"].tolist() == list(range(len(headlines)))
    assert in_bytes(found) == in_bytes(clf.predict_frame(pd.DataFrame({"headline": headlines})))


def test_both_workers_answer(spark: Any, table: Any, trained: Path) -> None:
    from pyspark.sql.functions import pandas_udf

    clf = Classifier.load(trained / "models" / "quick", "fast")

    def where(headlines: pd.Series) -> pd.Series:
        clf.predict_frame(headlines.to_frame("headline"))
        return pd.Series([f"{Path.cwd().name} {os.getpid()}"] * len(headlines))

    where.__annotations__ = {"headlines": pd.Series, "return": pd.Series}
    rows = table.select(pandas_udf(where, "string")("headline").alias("process")).distinct().collect()
    workers, processes = zip(*(row.process.split() for row in rows), strict=True)
    assert set(workers) == {"0", "1"}  # the folders of the two executors
    assert len(set(processes)) == 2


def test_the_registered_model_answers_as_a_spark_udf(
    spark: Any, table: Any, inside: Path, headlines: list[str | None]
) -> None:
    import mlflow
    from pyspark.sql.functions import lit, nullif
    from pyspark.sql.functions import struct as columns

    udf = mlflow.pyfunc.spark_udf(
        spark,
        "models:/headline-classifier@champion",
        result_type="section string, probability double",
        env_manager="local",
    )
    found = table.select("id", udf(columns("headline")).alias("answer")).select("id", "answer.*")
    found = found.withColumn("section", nullif("section", lit("None")))  # MLflow makes a text of None
    answers = found.toPandas().sort_values("id")
    # A missing headline is an empty one to MLflow's model.
    expected = Classifier.load().predict_frame(pd.DataFrame({"headline": [h or "" for h in headlines]}))
    assert in_bytes(answers) == in_bytes(expected[["section", "probability"]])


def test_a_worker_with_other_versions_or_another_model_is_refused(
    table: Any, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pyspark.errors import PythonException

    shutil.copytree(trained / "models" / "quick", tmp_path / "model")
    clf = Classifier.load(tmp_path / "model")
    with monkeypatch.context() as patch:  # what the driver pickles; a worker has the version of the files
        patch.setattr("classifier.__version__", "9.9.9")
        with pytest.raises(PythonException, match=r"pickled with headline-classifier 9\.9\.9 .* Install the same"):
            table.select(classify_with(clf)("headline").alias("answer")).collect()
    shutil.copytree(trained / "models" / "champion", tmp_path / "other")
    (tmp_path / "model").rename(tmp_path / "gone")
    with pytest.raises(PythonException, match="ModelError"):
        table.select(classify_with(clf)("headline").alias("answer")).collect()


@pytest.mark.parametrize(
    ("file", "written"), [("on_spark.py", "sections"), ("registered_on_spark.py", "registered_sections")]
)
def test_the_code_of_the_how_to_runs(
    spark: Any, table: Any, headlines: list[str | None], inside: Path, tmp_path: Path, file: str, written: str
) -> None:
    (block,) = (b for b in code_blocks(REPOSITORY / "docs" / "howto" / "spark.md") if b.file == file)
    table.write.parquet(str(tmp_path / "crawl"))
    code = block.text.replace('"crawl"', repr(str(tmp_path / "crawl"))).replace(
        f'"{written}"', repr(str(tmp_path / "out"))
    )
    exec(compile(code, file, "exec"), {"__name__": "__main__"})
    found = Counter(row.section for row in spark.read.parquet(str(tmp_path / "out")).collect())
    assert found == Counter(Classifier.load().predict_frame(pd.DataFrame({"headline": headlines}))["section"])


def test_training_rows_that_spark_has_written(
    spark: Any, sample: dict[str, list[tuple[str, str]]], tmp_path: Path
) -> None:
    rows = spark.createDataFrame(sample["train"][::10], "headline string, section string")
    rows.repartition(3, "headline").write.parquet(str(tmp_path / "by_headline"))
    rows.write.partitionBy("section").parquet(str(tmp_path / "by_section"))
    found = []
    for name, copy in (("by_headline", True), ("by_headline", False), ("by_section", True), ("by_*", True)):
        folder = tmp_path / f"{name[3:]} {copy}"
        folder.mkdir()
        partitions = partition_rows([name], tmp_path, folder, lambda *_: None, copy=copy)
        found.append(
            {
                headline: partitions.sections[number]
                for headlines, numbers in partitions.blocks(range(FILES))
                for headline, number in zip(headlines, numbers, strict=True)
            }
        )
    assert len(found[0]) > 500
    assert found == found[:1] * 4
