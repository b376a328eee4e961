"""Training beyond memory: what goes to the disk, what is learned from it, and the command from config to version."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from classifier.corpus.tables import merge_repeats, read_table
from classifier.errors import ConfigError, DataError
from classifier.paths import cache_folder
from classifier.prediction.classifier import Classifier
from classifier.text.normalize import normalize
from classifier.training.config import Stream
from classifier.training.out_of_core import partitions as module
from classifier.training.out_of_core.learner import HashedSoftmaxRegression, fit_stream
from classifier.training.out_of_core.partitions import FILES, RowPartitions, partition_rows
from classifier.training.out_of_core.pipeline import train_stream
from tests.cli.test_cli import run
from tests.conftest import SMALL_CONFIG
from tests.corpus.test_parts import write_part

Sample = dict[str, list[tuple[str, str]]]

CONFIG = """
[experiment]
{experiment}
[data]
train = {train}
test = "sample:test"
[stream]
bits = 16
[gate]
macro_f1 = {floor}
"""


def nothing(*_: object) -> None:
    pass


def write_rows(path: Path, rows: list[tuple[str, str]]) -> str:
    text = "headline\tsection\n" + "".join(f"{headline}\t{section}\n" for headline, section in rows)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return str(path)


def all_rows(rows: RowPartitions) -> dict[str, str]:
    found: dict[str, str] = {}
    for i in range(FILES):
        headlines, numbers = rows.read(i)
        assert not found.keys() & set(headlines)
        found |= {h: rows.sections[n] for h, n in zip(headlines, numbers, strict=True)}
    return found


def test_repeats_and_contradictions_are_treated_as_in_memory(
    tmp_path: Path, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_HELD", 1000)
    rows = sample["train"][:3000]
    rows += rows[:500] + [(headline, "경제") for headline, _ in rows[500:1000]]
    rows += [("새 위성 발사", "IT/과학"), ("새 위성 발사", "IT과학")]  # one section in two spellings
    half = len(rows) // 2
    tables = [write_rows(tmp_path / "a.tsv.gz", rows[:half]), write_rows(tmp_path / "b.tsv", rows[half:])]
    folder = tmp_path / "rows"
    folder.mkdir()
    found = partition_rows(tables, tmp_path, folder, nothing)
    assert found.rows == len(rows)
    (tmp_path / "all.tsv").write_text(
        "headline\tsection\n" + "".join(f"{normalize(h)}\t{s}\n" for h, s in rows), encoding="utf-8"
    )
    expected, _ = merge_repeats(read_table(tmp_path / "all.tsv"))
    assert all_rows(found) == dict(zip(expected["headline"], expected["section"], strict=True))
    sizes = [len(found.read(i)[0]) for i in range(FILES)]
    assert max(sizes) < 40  # spread evenly: 2,500 rows in 256 files


def test_bad_rows_of_all_tables_are_named_together(tmp_path: Path) -> None:
    first = write_rows(tmp_path / "a.tsv", [("코스피", "경제"), ("!!!", "경제"), ("손흥민", "")])
    second = write_rows(tmp_path / "b.tsv", [("연예 대상", "연예"), ("코스피\t상승", "경제")])
    with pytest.raises(DataError) as caught:
        partition_rows([first, second], tmp_path, tmp_path, nothing)
    message = str(caught.value)
    assert "3 bad rows" in message
    assert "a.tsv: row 3: no letter or digit" in message
    assert "a.tsv: row 4: empty section" in message
    assert "row 3: 3 fields instead of 2" in message
    single = write_rows(tmp_path / "c.tsv", [("코스피", "경제")])
    (tmp_path / "rows").mkdir()
    with pytest.raises(DataError, match="one section only: 경제"):
        partition_rows([single], tmp_path, tmp_path / "rows", nothing)


def write_parts(folder: Path, rows: list[tuple[str, str]], n_parts: int = 5) -> Path:
    """Write a table as Spark does after ``repartition(n_parts, "headline")``."""
    folder.mkdir()
    for i in range(n_parts):
        part = [row for row in rows if zlib.crc32(normalize(row[0]).encode()) % n_parts == i]
        write_part(folder / f"part-{i:05}-7c.c000.snappy.parquet", part)
    write_part(folder / "part-00099-7c.c000.snappy.parquet", [])  # Spark writes such ones too
    (folder / "_SUCCESS").touch()
    return folder


def test_parts_are_read_as_one_table_and_may_stay_where_they_are(tmp_path: Path, sample: Sample) -> None:
    rows = sample["train"][::3]
    rows += rows[:500] + [(headline, "경제") for headline, _ in rows[500:1000]]
    rows += [("새 위성 발사", "IT/과학"), ("새 위성 발사", "IT과학")]
    rows.append(("새 드라마 첫 방송", "TV연예"))  # a section beside 연예 in one table, so in its parts too
    folder = write_parts(tmp_path / "crawl.parquet", rows)
    (tmp_path / "rows").mkdir()
    whole = partition_rows([write_rows(tmp_path / "whole.tsv", rows)], tmp_path, tmp_path / "rows", nothing)
    for reference in ("crawl.parquet", "crawl.parquet/*.parquet", f"file://{folder}"):
        place = tmp_path / f"rows {len(reference)}"
        place.mkdir()
        copied = partition_rows([reference], tmp_path, place, nothing)
        in_place = partition_rows([reference], tmp_path, tmp_path / "gone", nothing, copy=False)
        assert copied.rows == in_place.rows == len(rows)
        assert copied.digest.hexdigest() == in_place.digest.hexdigest()
        assert all_rows(copied) == all_rows(whole)
        for files in (range(7), range(7, FILES)):  # those held out are the same too
            found = {
                headline: in_place.sections[number]
                for headlines, numbers in in_place.blocks(files)
                for headline, number in zip(headlines, numbers, strict=True)
            }
            expected: dict[str, str] = {}
            for i in files:
                headlines, numbers = whole.read(i)
                expected |= {h: whole.sections[n] for h, n in zip(headlines, numbers, strict=True)}
            assert found == expected
        assert in_place.totals(range(9)).tolist() == copied.totals(range(9)).tolist()
        assert "TV연예" in in_place.sections
    assert not (tmp_path / "gone").exists(), "nothing was copied"
    sections = tuple(sorted(in_place.sections))
    accuracy = []
    for of in (copied, in_place):
        streamed = fit_stream(of, sections, Stream(bits=16), holdout=0.1, seed=0, progress=nothing)
        scores, _ = streamed.fast.scores([headline for headline, _ in sample["test"]])
        target = [sections.index(section) for _, section in sample["test"]]
        accuracy.append(float((scores.argmax(axis=1) == target).mean()))
    assert min(accuracy) > 0.5
    assert abs(accuracy[0] - accuracy[1]) < 0.03, accuracy
    # What changes meanwhile is noticed.
    write_part(folder / "part-00002-7c.c000.snappy.parquet", [("새 부문의 제목", "날씨")])
    with pytest.raises(DataError, match=r"part-00002-7c\S+: has changed since its rows were counted"):
        list(in_place.blocks(range(FILES)))


def test_all_broken_parts_are_named_together(tmp_path: Path, sample: Sample) -> None:
    folder = write_parts(tmp_path / "crawl", [*sample["train"][:500], ("!!!", "경제")])
    first, second = sorted(folder.glob("part-0000[13]*"))
    first.write_bytes(first.read_bytes()[:-20])
    parquet.write_table(pa.table({"headline": ["코스피 상승"], "kind": ["경제"]}), second)
    for copy in (True, False):
        with pytest.raises(DataError) as caught:
            partition_rows([str(folder)], tmp_path, tmp_path, nothing, copy=copy)
        message = str(caught.value)
        assert f"{first}: cannot be read as Parquet (" in message
        assert f"{second}: the columns are headline, kind; section missing" in message
        assert re.search(r"part-0000\d\S+: row \d+: no letter or digit in the headline", message)
    with pytest.raises(DataError, match="sample:train: with copy_rows = false"):
        partition_rows(["sample:train"], tmp_path, tmp_path, nothing, copy=False)


def test_the_fast_model_scores_what_the_learner_learned() -> None:
    learner = HashedSoftmaxRegression(3, 12, 0.5)
    dice = np.random.default_rng(0)
    words = ["코스피", "손흥민", "대통령", "축제", "금리", "멀티골", "국회"]
    headlines = [" ".join(dice.choice(words, 4)) for _ in range(400)]
    target = np.array([("코스피" in h) + 2 * ("손흥민" in h and "코스피" not in h) for h in headlines], np.intp)
    for _ in range(30):
        learner.learn(headlines, target, np.ones(len(headlines), np.float32))
    logits = learner.logits(learner.features(headlines))
    assert (logits.argmax(axis=1) == target).mean() > 0.99
    scores, known = learner.fast_model(("a", "b", "c")).scores(headlines)
    assert known.all()
    centred = logits - logits.mean(axis=1, keepdims=True)
    assert np.abs(scores - centred).max() < 0.05 * np.abs(centred).max()
    assert not learner.weights[-1].any()


def test_a_sorted_table_is_learned_as_well_as_a_mixed_one(tmp_path: Path, sample: Sample) -> None:
    rows = sample["train"]
    accuracy = []
    for name, ordered in (("mixed", rows), ("sorted", sorted(rows, key=lambda row: row[1]))):
        folder = tmp_path / name
        folder.mkdir()
        found = partition_rows([write_rows(tmp_path / f"{name}.tsv", ordered)], tmp_path, folder, nothing)
        sections = tuple(sorted(found.sections))
        streamed = fit_stream(found, sections, Stream(bits=16), holdout=0, seed=0, progress=nothing)
        scores, _ = streamed.fast.scores([headline for headline, _ in sample["test"]])
        target = [sections.index(section) for _, section in sample["test"]]
        accuracy.append(float((scores.argmax(axis=1) == target).mean()))
    assert min(accuracy) > 0.7
    assert abs(accuracy[0] - accuracy[1]) < 0.02


def test_the_command_trains_registers_and_serves_the_fast_tier(
    home: Path, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "cache"))  # other tests' rows are in the user's own
    write_rows(home / "big.tsv.gz", sample["train"])
    Path("big.toml").write_text(CONFIG.format(experiment="", train='["big.tsv.gz"]', floor=0.5), encoding="utf-8")
    done = run("train", "--stream", "big.toml", cwd=home)
    assert done.returncode == 0, done.stderr.decode()
    shown = done.stdout.decode()
    assert "promoted: there was no champion" in shown
    clf = Classifier.load(home / "models/big")
    assert clf.tier == "fast"
    answers = clf.predict(["손흥민, 개막전 멀티골…토트넘 3-1 승", "코스피, 외국인 매수에 상승 마감", "!!!"])
    assert [answer.section for answer in answers] == ["스포츠", "경제", None]
    assert {answer.tier for answer in answers} == {"fast"}
    assert sum(c.weight for c in clf.explain("코스피 상승 마감", section="경제")) == pytest.approx(
        float(clf.scorer.scores(["코스피 상승 마감"])[0][0, clf.sections.index("경제")]), abs=1e-3
    )
    figures = json.loads(run("evaluate", "sample:test", "--json", cwd=home).stdout)
    manifest = json.loads((home / "models/big/manifest.json").read_text(encoding="utf-8"))
    assert figures["macro_f1"] == pytest.approx(manifest["about"]["test"]["macro_f1"])
    assert figures["macro_f1"] > 0.7
    results = json.loads((home / "models/big/results.json").read_text(encoding="utf-8"))
    assert results["command"] == "classifier train --stream experiments/big.toml"
    assert "champion" in run("models", "list", cwd=home).stdout.decode()
    registered = Classifier.load("models:/headline-classifier@champion")
    assert registered.predict(["코스피 상승 마감"])[0].section == "경제"
    # The same rows, config and seed: the same model; and it does not beat itself.
    again = train_stream("big.toml")
    assert not again.promoted
    assert (
        json.loads((home / "models/big/manifest.json").read_text(encoding="utf-8"))["fingerprint"]
        == (manifest["fingerprint"])
    )
    assert not list((cache_folder() / "streams").iterdir()), "the rows on the disk are gone"


def test_a_gate_a_holdout_and_a_wrong_config(home: Path, sample: Sample) -> None:
    write_rows(home / "big.tsv", sample["train"][:2000])
    text = CONFIG.format(experiment="", train='["big.tsv"]', floor=0.999)
    Path("gate.toml").write_text(text.replace('test = "sample:test"', "holdout = 0.2"), encoding="utf-8")
    outcome = train_stream("gate.toml")
    assert not outcome.gate_passed
    assert "below the gate 0.9990" in outcome.verdict
    assert outcome.rows == 2000
    assert outcome.learned + outcome.test.n < 2000
    assert 250 < outcome.test.n < 550
    done = run("train", "gate.toml", cwd=home)
    assert (done.returncode, "--stream" in done.stderr.decode()) == (2, True)
    Path("labels.toml").write_text(text + '[labels]\nerrors = "drop"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"\[labels\]"):
        train_stream("labels.toml")
    for key, line in (
        (r"\[labels\]", '[labels]\ntables = { "big.tsv" = 0.5 }\n'),
        (r"data\.leave_out", 'leave_out = { "big.tsv" = ["연예"] }\n'),
        (r"data\.corrections", 'corrections = ["big.tsv"]\n'),
        (r"data\.lexicon", 'lexicon = ["lexicon"]\n'),
    ):
        ignored = text + line if line[0] == "[" else text.replace("[data]\n", f"[data]\n{line}")
        Path("ignored.toml").write_text(ignored, encoding="utf-8")
        with pytest.raises(ConfigError, match=key):
            train_stream("ignored.toml")
    search = SMALL_CONFIG.format(experiment="", estimator="sgd", features='[["chars"]]', floor=0)
    Path("search.toml").write_text(search, encoding="utf-8")
    write_rows(home / "train.tsv", sample["train"][::14])
    write_rows(home / "test.tsv", sample["test"][::10][:100])
    assert train_stream("search.toml").test.n == 100  # candidates are of no use here, and do no harm


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells a process's own peak")
def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    code = """
import re, sys
from pathlib import Path
from classifier.training.config import Stream
from classifier.training.out_of_core.learner import fit_stream
from classifier.training.out_of_core.partitions import partition_rows
folder = Path(sys.argv[2])
nothing = lambda *_: None
rows = partition_rows([sys.argv[1]], Path(), folder, nothing)
fit_stream(rows, tuple(sorted(rows.sections)), Stream(passes=1, bits=12), holdout=0.1, seed=0, progress=nothing)
print(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1])
"""
    dice = np.random.default_rng(0)
    peaks = []
    for n_rows in (80_000, 400_000):
        path, folder = tmp_path / f"{n_rows}.tsv", tmp_path / str(n_rows)
        folder.mkdir()
        numbers = dice.integers(0, 10**9, (n_rows, 2))
        path.write_text(
            "headline\tsection\n"
            + "".join(f"제목 {a} {b}\t{'경제' if a % 2 else '사회'}\n" for a, b in numbers.tolist()),
            encoding="utf-8",
        )
        done = subprocess.run([sys.executable, "-c", code, path, folder], capture_output=True, timeout=300, check=True)
        peaks.append(int(done.stdout))
    assert peaks[1] < peaks[0] * 1.15 + 20_000  # kilobytes; five times the rows
