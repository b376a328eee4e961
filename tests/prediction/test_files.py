"""Predictions of whole files: the same as of a list, in order, and whole again after any interruption."""

from __future__ import annotations

import gzip
import json
import os
import pty
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.corpus.bad_rows import BadRow
from classifier.corpus.stream import Chunk, Position
from classifier.errors import DataError
from classifier.model.blocks import BLOCKS, Batch
from classifier.model.linear import LinearModel, Weights
from classifier.model.model import Model
from classifier.prediction.answers import REASONS, BatchPrediction
from classifier.prediction.classifier import Classifier
from classifier.prediction.files import Interrupted, Job, predict_part, predict_stream
from classifier.prediction.parts import predict_parts
from classifier.prediction.writers import Layout, LineRenderer, output_format
from tests.support.servers import heed_ctrl_c

SECTIONS = ("정치", "경제", "IT과학", 'my "own"')


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory, sample: dict[str, list[tuple[str, str]]]) -> Path:
    """A folder with a model of characters alone and random weights: quick, and every headline has its own answer."""
    dice = np.random.default_rng(0)
    found = BLOCKS["chars"].find(Batch([headline for headline, _ in sample["train"][:2000]]))
    columns = np.unique(found.column)
    weights = dice.normal(size=(len(columns), len(SECTIONS))).astype(np.float32)
    block = Weights(columns, np.ones(len(columns), np.float32), weights)
    linear = LinearModel.of_blocks(SECTIONS, np.zeros(len(SECTIONS), np.float32), {"chars": block})
    return Model(SECTIONS, linear, about={"name": "random"}).save(tmp_path_factory.mktemp("quick") / "model")


@pytest.fixture(scope="module")
def headlines(sample: dict[str, list[tuple[str, str]]]) -> list[str]:
    return [headline for headline, _ in sample["train"]]


def command(model: Path, *arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "classifier", "predict", "--model", str(model), *map(str, arguments)]


def run(model: Path, *arguments: str | Path, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command(model, *arguments), input=stdin, capture_output=True, timeout=180, check=False)


def unpacked(path: Path) -> bytes:
    raw = path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(raw)
    if path.suffix == ".zst":
        return zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True).read()
    return raw


@pytest.mark.parametrize("kind", ["txt", "tsv", "csv", "jsonl", "parquet"])
def test_a_file_is_answered_as_a_list_is(quick: Path, headlines: list[str], tmp_path: Path, kind: str) -> None:
    clf = Classifier.load(quick)
    rows = [*headlines[:300], "!!!", 'a "quoted" \\ one']
    frame = pd.DataFrame({"guid": [f"g{i}" for i in range(len(rows))], "headline": rows, "section": "경제"})
    path = tmp_path / f"in.{kind}"
    if kind == "txt":
        path.write_text("\n".join(rows), encoding="utf-8")
    elif kind == "parquet":
        frame.to_parquet(path)
    elif kind == "jsonl":
        path.write_text(frame.to_json(orient="records", lines=True), encoding="utf-8")
    else:
        options = {"sep": "\t", "quoting": 3} if kind == "tsv" else {}
        frame.to_csv(path, index=False, **options)  # type: ignore[call-overload]
    keep = ("guid", "section") if kind != "txt" else ()
    output = tmp_path / "out.jsonl"
    done = predict_stream(clf, Job(str(path), output, keep=keep))
    assert (done.rows, done.bad) == (len(rows), 0)
    answers = [json.loads(line) for line in output.read_text(encoding="utf-8").split("\n")[:-1]]
    for i, (answer, expected) in enumerate(zip(answers, clf.predict(rows), strict=True)):
        assert answer["headline"] == expected.headline
        assert answer["section"] == expected.section
        assert answer["probability"] == pytest.approx(expected.probability, abs=1e-6)
        assert list(answer["probabilities"]) == list(expected.probabilities)
        assert answer["probabilities"] == pytest.approx(expected.probabilities, abs=1e-6)
        if keep:
            assert (answer["guid"], answer["input_section"]) == (f"g{i}", "경제")
    assert not (tmp_path / "out.jsonl.progress").exists()


def test_the_command_keeps_columns_packs_by_suffix_and_tells_broken_rows(quick: Path, tmp_path: Path) -> None:
    path = tmp_path / "in.tsv.gz"
    path.write_bytes(gzip.compress("guid\theadline\n1\t코스피 상승\nbroken\n2\t손흥민  멀티골\n".encode()))
    done = run(quick, "--input", path, "--output", tmp_path / "out.tsv.zst", "--keep", "guid", "--top", "2")
    assert (done.returncode, done.stdout) == (0, b"")
    assert "row 3: 1 fields instead of 2: 'broken'; passed through" in done.stderr.decode()
    assert "1 of 3 rows could not be read" in done.stderr.decode()
    lines = [line.split("\t") for line in unpacked(tmp_path / "out.tsv.zst").decode().split("\n")[:-1]]
    assert lines[0] == ["headline", "section", "probability", "section_2", "probability_2", "guid"]
    assert [len(line) for line in lines] == [6, 6, 6, 6]
    assert lines[2] == ["broken", "", "", "", "", ""]
    assert lines[3][0] == "손흥민 멀티골"
    assert [line[-1] for line in lines[1:]] == ["1", "", "2"]
    to_stdout = run(quick, "--input", path, "--format", "jsonl")
    answers = [json.loads(line) for line in to_stdout.stdout.splitlines()]
    assert answers[1] == {
        "headline": "broken", "section": None, "probability": None, "probabilities": None, "tier": None,
        "error": "row 3: 1 fields instead of 2",
    }  # fmt: skip
    strict = run(quick, "--input", path, "--strict")
    assert strict.returncode == 2
    assert "row 3: 1 fields instead of 2: 'broken'. Mend it" in strict.stderr.decode()
    assert "(not readable)" in run(quick, "--input", path, "--format", "table").stdout.decode()


@given(
    st.lists(st.text(st.characters(codec="utf-8"), max_size=20), min_size=1, max_size=30),
    st.integers(1, 6),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=100, deadline=None)
def test_rendered_lines_say_what_the_arrays_say(texts: list[str], top: int, seed: int) -> None:
    dice = np.random.default_rng(seed)
    probabilities = dice.dirichlet(np.full(len(SECTIONS), 0.3), size=len(texts)).astype(np.float32)
    fast = dice.random(len(texts)) < 0.8
    reason = dice.integers(0, len(REASONS), len(texts)).astype(np.uint8)
    answers = BatchPrediction(probabilities, reason, fast)
    chunk = Chunk(texts, {0: BadRow(7, "why\t\x01", texts[0])}, {"tag": texts[::-1]}, Position())
    lines = LineRenderer(Layout(SECTIONS, "jsonl", keep=("tag",))).render(chunk, answers).decode().split("\n")
    assert lines.pop() == ""
    for i, answer in enumerate(map(json.loads, lines)):
        assert (answer["headline"], answer["tag"]) == (texts[i], texts[-1 - i])
        if not i:
            assert (answer["section"], answer["error"]) == (None, "row 7: why\t\x01")
            continue
        assert list(answer["probabilities"].values()) == sorted(answer["probabilities"].values(), reverse=True)
        named = [answer["probabilities"][section] for section in SECTIONS]
        assert named == pytest.approx(probabilities[i].tolist(), abs=1e-6)
        best = SECTIONS[int(probabilities[i].argmax())]
        assert answer["section"] == (None if reason[i] else best)
        assert answer["tier"] == ("fast" if fast[i] else "accurate")
        assert answer.get("reason") == REASONS[reason[i]]
    best = LineRenderer(Layout(SECTIONS, "jsonl", top)).render(chunk, answers).decode().split("\n")
    assert {len(json.loads(line)["probabilities"]) for line in best[1:-1]} <= {min(top, len(SECTIONS))}
    tsv = LineRenderer(Layout(SECTIONS, "tsv", top, keep=("tag",)))
    table = (tsv.header + tsv.render(chunk, answers)).decode().split("\n")
    assert table.pop() == ""
    assert {line.count("\t") for line in table} == {2 * top + 1}
    assert [line.split("\t")[0] for line in table[1:]] == [" ".join(text.split()) for text in texts]


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["jsonl", "tsv.gz"])
def test_killed_again_and_again_it_ends_with_every_row_once(
    quick: Path, headlines: list[str], tmp_path: Path, suffix: str
) -> None:
    dice = random.Random(0)
    path = tmp_path / "in.txt.gz"
    lines = [f"{headline} {i}".encode() for i, headline in enumerate(headlines * 80)]
    lines[1000] = b"\xff broken"
    path.write_bytes(gzip.compress(b"\n".join(lines), 1))
    whole, output = tmp_path / f"whole.{suffix}", tmp_path / f"out.{suffix}"
    options = ("--format", "tsv" if "tsv" in suffix else "jsonl", "--input", path, "--output")
    assert run(quick, *options, whole).returncode == 0
    record = tmp_path / f"out.{suffix}.progress"
    seen = interruptions = 0
    for _ in range(100):
        process = subprocess.Popen(
            command(quick, *options, output, "--resume"), stderr=subprocess.PIPE, preexec_fn=heed_ctrl_c
        )
        assert process.stderr
        # Wait until it is ahead of the last interruption, then kill it, or press Ctrl-C; the fourth run may end.
        while process.poll() is None and interruptions < 3:
            written = output.stat().st_size if output.exists() else 0
            if (_rows(record) or 0) > seen or (interruptions == 0 and written > 1_000_000):
                time.sleep(dice.random() / 5)
                process.send_signal(signal.SIGKILL if interruptions % 3 else signal.SIGINT)
                break
            time.sleep(0.01)
        said = process.stderr.read().decode()
        process.stderr.close()
        status = process.wait(60)
        if (rows := _rows(record)) is None:
            # It had written its last line before the signal came, if one did.
            assert status in (0, -signal.SIGKILL, -signal.SIGINT), said
            break
        interruptions += 1
        assert status == -signal.SIGKILL or (status == 130 and "--resume goes on" in said), said
        assert "Traceback" not in said
        seen = rows
        with output.open("ab") as stream:  # as if the machine had died in the middle of a line
            stream.write(b'{"headline": "half a li')
    assert not record.exists(), said
    assert interruptions >= 2
    assert unpacked(output) == unpacked(whole)
    assert unpacked(output).count(b"\n") == len(lines) + ("tsv" in suffix)


def _rows(record: Path) -> int | None:
    """Return how far a run says it has come; None if there is no record."""
    try:
        return int(json.loads(record.read_text(encoding="utf-8"))["rows"])
    except FileNotFoundError:
        return None


class _Stop:
    """Answers, until Ctrl-C comes after some chunks."""

    def __init__(self, clf: Classifier, chunks: int, name: str = "a") -> None:
        self.clf, self.chunks, self.name = clf, chunks, name
        self.sections, self.tier = clf.sections, clf.tier

    def predict_batch(self, texts: list[str]) -> object:
        self.chunks -= 1
        if self.chunks < 0:
            raise KeyboardInterrupt
        return self.clf.predict_batch(texts)

    def about(self) -> dict[str, str]:
        return {"fingerprint": self.name}


@pytest.fixture
def interrupted(quick: Path, headlines: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    """A run that was interrupted after three chunks."""
    from classifier.corpus import stream as rows

    monkeypatch.setattr(rows, "_READ_SIZE", 5000)
    path = tmp_path / "in.txt"
    path.write_text("\n".join(headlines[:1000]), encoding="utf-8")
    job = Job(str(path), tmp_path / "out.jsonl", resume=True)
    with pytest.raises(Interrupted) as caught:
        predict_stream(_Stop(Classifier.load(quick), 3), job)  # type: ignore[arg-type]
    assert re.fullmatch(r"[1-9]\d\d rows", caught.value.written)
    assert caught.value.resumable
    return job


def resume(quick: Path, job: Job, name: str = "a", **changed: object) -> int:
    from dataclasses import replace

    clf = _Stop(Classifier.load(quick), 10**9, name)
    return predict_stream(clf, replace(job, **changed)).rows  # type: ignore[arg-type]


def test_resume_refuses_another_input_model_or_options(quick: Path, interrupted: Job) -> None:
    path, output = Path(interrupted.source), interrupted.output
    assert output is not None
    before = output.read_bytes()
    content = path.read_bytes()
    with pytest.raises(DataError, match="model was 'a', now it is 'b'"):
        resume(quick, interrupted, "b")
    with pytest.raises(DataError, match="format says tsv, the suffix says jsonl"):
        resume(quick, interrupted, format="tsv")
    with pytest.raises(DataError, match="top was None, now it is 3"):
        resume(quick, interrupted, top=3)
    path.write_bytes(content + b"\nmore")
    with pytest.raises(DataError, match="size of the input was"):
        resume(quick, interrupted)
    path.write_bytes(b"X" + content[1:])
    with pytest.raises(DataError, match="not what the interrupted run read"):
        resume(quick, interrupted)
    path.write_bytes(content)
    assert output.read_bytes() == before
    output.write_bytes(before[:-1] + b"?")
    with pytest.raises(DataError, match="not what the interrupted run wrote"):
        resume(quick, interrupted)
    output.write_bytes(before[:-50])
    with pytest.raises(DataError, match="not what the interrupted run wrote"):
        resume(quick, interrupted)
    output.write_bytes(before + b"half a line")
    assert resume(quick, interrupted) == 1000
    texts = [json.loads(line)["headline"] for line in output.read_bytes().split(b"\n")[:-1]]
    assert texts == content.decode().split("\n")
    with pytest.raises(DataError, match="it is finished, or something else wrote it"):
        resume(quick, interrupted)
    record = output.with_name("out.jsonl.progress")
    record.write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match="damaged"):
        resume(quick, interrupted)


@pytest.mark.parametrize(("chunks", "written"), [(0, "0 of 3 parts"), (2, "2 of 3 parts")])
def test_an_interrupted_table_in_parts_says_how_many_are_written_and_goes_on(
    quick: Path, headlines: list[str], tmp_path: Path, chunks: int, written: str
) -> None:
    parts, output, clf = tmp_path / "parts", tmp_path / "out", Classifier.load(quick)
    parts.mkdir()
    for number in range(3):
        rows = headlines[number * 10 : number * 10 + 10]
        pd.DataFrame({"headline": rows}).to_csv(parts / f"{number}.csv", index=False)
    job = Job(str(parts), output, resume=True)
    with pytest.raises(Interrupted) as caught:
        predict_parts(_Stop(clf, chunks), job)  # type: ignore[arg-type]
    assert caught.value == Interrupted(written, resumable=True)
    whole = {path.name: path.stat().st_mtime_ns for path in output.iterdir() if path.suffix == ".jsonl"}
    assert len(whole) == chunks
    assert predict_parts(_Stop(clf, 10), job).rows == 10 * (3 - chunks)  # type: ignore[arg-type]
    after = {path.name: path.stat().st_mtime_ns for path in output.iterdir()}
    assert sorted(after) == ["0.csv.jsonl", "1.csv.jsonl", "2.csv.jsonl"]
    assert after | whole == after


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "parquet", "xlsx", "tsv"])
def test_every_table_of_predictions_holds_the_same(
    quick: Path, headlines: list[str], tmp_path: Path, suffix: str
) -> None:
    import openpyxl

    clf = Classifier.load(quick)
    rows = ["=HYPERLINK(1)", "-5도 한파, 내일까지", '큰따옴표 "둘"', "!!!", *headlines[:30]]
    path, output = tmp_path / "in.jsonl", tmp_path / f"out.{suffix}"
    lines = [json.dumps({"headline": row, "tag": f"@{i}"}, ensure_ascii=False) for i, row in enumerate(rows)]
    path.write_text("\n".join([*lines, "[]"]), encoding="utf-8")
    done = predict_stream(clf, Job(str(path), output, top=2, keep=("tag",)))
    assert (done.rows, done.bad) == (len(rows) + 1, 1)
    if suffix.startswith("csv"):
        assert unpacked(output).startswith(b"\xef\xbb\xbf")
        frame = pd.read_csv(output, encoding="utf-8-sig")
        frame[["headline", "tag"]] = frame[["headline", "tag"]].apply(lambda column: column.str.lstrip("'"))
    elif suffix == "xlsx":
        frame = pd.read_excel(output)
        sheet = openpyxl.load_workbook(output).active
        assert sheet is not None
        assert sheet["A2"].data_type == "s"
    else:
        frame = pd.read_parquet(output) if suffix == "parquet" else pd.read_csv(output, sep="\t", quoting=3)
    assert list(frame) == ["headline", "section", "probability", "section_2", "probability_2", "tag"]
    assert frame["headline"].tolist()[:-1] == rows
    assert frame["tag"].tolist()[:-1] == [f"@{i}" for i in range(len(rows))]
    assert frame.iloc[-1][["section", "probability", "section_2"]].isna().all()
    for row, expected in zip(frame.itertuples(), clf.predict(rows), strict=False):
        first, second = list(expected.probabilities.items())[:2]
        assert expected.section == (row.section if isinstance(row.section, str) else None)
        assert (row.section_2, row.probability) == (second[0], pytest.approx(first[1], abs=1e-6))
    assert not list(tmp_path.glob("*.lock")) + list(tmp_path.glob("*.progress"))


@pytest.mark.parametrize("suffix", ["csv", "jsonl.gz", "parquet"])
def test_a_part_is_written_whole_and_as_the_stream_writes_it(
    quick: Path, headlines: list[str], tmp_path: Path, suffix: str
) -> None:
    clf = Classifier.load(quick)
    (tmp_path / "in.txt").write_text("\n".join(headlines[:500]), encoding="utf-8")
    (tmp_path / "empty.txt").touch()
    part, stream = tmp_path / f"part.{suffix}", tmp_path / f"stream.{suffix}"
    for _ in range(2):  # again over what is there
        assert predict_part(clf, Job(str(tmp_path / "in.txt"), part)).rows == 500
    predict_stream(clf, Job(str(tmp_path / "in.txt"), stream))
    whole = part.read_bytes()
    assert unpacked(part) == unpacked(stream)
    with pytest.raises(Interrupted):
        predict_part(_Stop(clf, 0), Job(str(tmp_path / "in.txt"), part))  # type: ignore[arg-type]
    assert part.read_bytes() == whole
    assert predict_part(clf, Job(str(tmp_path / "empty.txt"), tmp_path / f"empty.{suffix}")).rows == 0
    assert (tmp_path / f"empty.{suffix}").exists()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.tsv", "guid\tsection\n1\t경제\n", "headline missing"),
        ("a.jsonl", "[]\n3\n", "row"),
        ("a.txt", "", "no rows"),
        ("a.tsv", "guid\theadline\n", "no rows"),
        ("a.txt.gz", "no gzip", "cannot be read"),
    ],
)
@pytest.mark.parametrize("suffix", ["tsv", "xlsx"])
def test_a_run_that_reads_no_row_leaves_no_output(
    quick: Path, tmp_path: Path, name: str, content: str, message: str, suffix: str
) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    clf = Classifier.load(quick)
    with pytest.raises(DataError, match=message):
        predict_stream(clf, Job(str(tmp_path / name), tmp_path / f"out.{suffix}"))
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_an_output_of_before_survives_a_run_that_fails_early(quick: Path, tmp_path: Path) -> None:
    (tmp_path / "in.tsv").write_text("guid\n1\n", encoding="utf-8")
    output = tmp_path / "out.tsv"
    output.write_text("of before", encoding="utf-8")
    with pytest.raises(DataError):
        predict_stream(Classifier.load(quick), Job(str(tmp_path / "in.tsv"), output))
    assert output.read_text(encoding="utf-8") == "of before"


def test_the_format_is_that_of_the_suffix_or_an_error_names_the_formats(tmp_path: Path) -> None:
    assert output_format(tmp_path / "out.csv.gz") == "csv"
    assert output_format(tmp_path / "out", "jsonl") == "jsonl"
    assert (output_format(None), output_format(None, terminal=True)) == ("jsonl", "table")
    assert output_format(Path("/dev/null")) == "jsonl"
    for name, chosen, message in (
        ("out.xls", None, ".jsonl, .tsv, .csv, .parquet, .xlsx"),
        ("out", None, ".jsonl, .tsv, .csv, .parquet, .xlsx"),
        ("out.csv", "jsonl", "suffix says csv"),
        ("out.xlsx.gz", None, "plain file"),
        ("out.csv", "xml", "none of table, jsonl, tsv, csv, parquet, xlsx"),
    ):
        with pytest.raises(DataError, match=re.escape(message)):
            output_format(tmp_path / name, chosen)
    with pytest.raises(DataError, match="standard output: parquet needs a plain file"):
        output_format(None, "parquet")


def test_what_cannot_be_written_or_would_destroy_is_refused(quick: Path, tmp_path: Path) -> None:
    clf = Classifier.load(quick)
    path = tmp_path / "in.txt"
    path.write_text("코스피 상승\n", encoding="utf-8")
    with pytest.raises(DataError, match="this is the input too"):
        predict_stream(clf, Job(str(path), path, "jsonl"))
    with pytest.raises(DataError, match="cannot be written"):
        predict_stream(clf, Job(str(path), path / "out.jsonl"))
    with pytest.raises(DataError, match="--resume needs --output"):
        predict_stream(clf, Job(str(path), resume=True))
    if Path("/dev/full").exists():
        with pytest.raises(DataError, match="No space left"):
            predict_stream(clf, Job(str(path), Path("/dev/full")))
    assert path.read_text(encoding="utf-8") == "코스피 상승\n"


def test_a_full_disk_ends_the_run_and_leaves_what_can_be_gone_on_with(
    quick: Path, headlines: list[str], tmp_path: Path
) -> None:
    path, output = tmp_path / "in.txt", tmp_path / "out.jsonl"
    path.write_text("\n".join(headlines), encoding="utf-8")
    import resource

    def limit() -> None:  # a file of at most a megabyte, as on a full disk
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    done = subprocess.run(
        command(quick, "--input", path, "--output", output),
        capture_output=True,
        preexec_fn=limit,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "cannot be written (File too large)" in done.stderr.decode()
    assert run(quick, "--input", path, "--output", output, "--resume").returncode == 0
    texts = [json.loads(line)["headline"] for line in output.read_bytes().split(b"\n")[:-1]]
    assert texts == headlines


def test_two_runs_do_not_write_one_output(quick: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    process = subprocess.Popen(command(quick, "--input", "-", "--output", output), stdin=subprocess.PIPE)
    try:
        deadline = time.monotonic() + 60
        while not (tmp_path / "out.jsonl.lock").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        done = run(quick, "--input", "-", "--output", output, stdin=b"a\n")
        assert (done.returncode, "another run is writing it" in done.stderr.decode()) == (2, True)
        process.communicate("코스피 상승\n".encode(), timeout=60)
        assert process.returncode == 0
    finally:
        process.kill()
        process.wait()
    assert output.read_bytes().count(b"\n") == 1


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells a process's own peak")
def test_memory_does_not_grow_with_the_input(quick: Path, headlines: list[str], tmp_path: Path) -> None:
    code = (
        "import re, sys; from pathlib import Path\n"
        "from classifier import Classifier\n"
        "from classifier.prediction.files import Job, predict_stream\n"
        "predict_stream(Classifier.load(sys.argv[1]), Job(sys.argv[2], Path(sys.argv[3])))\n"
        'print(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1])'
    )
    peaks = []
    for times in (4, 40):
        path = tmp_path / "in.txt"
        path.write_text("\n".join(headlines * times), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-c", code, str(quick), str(path), str(tmp_path / "out.jsonl")],
            capture_output=True, timeout=300, check=True,
        )  # fmt: skip
        peaks.append(int(done.stdout))
    assert peaks[1] < peaks[0] * 1.15 + 10_000  # kilobytes; ten times the input


def test_a_bar_on_a_terminal_and_nothing_on_a_pipe(quick: Path, headlines: list[str], tmp_path: Path) -> None:
    path = tmp_path / "in.txt"
    path.write_text("\n".join(headlines), encoding="utf-8")
    arguments = command(quick, "--input", path, "--output", tmp_path / "out.jsonl")
    assert subprocess.run(arguments, capture_output=True, timeout=60, check=True).stderr == b""
    ours, theirs = pty.openpty()
    subprocess.run(arguments, stderr=theirs, timeout=60, check=True, env={**os.environ, "COLUMNS": "120"})
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 4096):
            shown += piece
    except OSError:  # the other side is closed
        pass
    os.close(ours)
    assert f"{len(headlines):,} rows" in shown.decode()
    assert "100%" in shown.decode()


def test_resuming_from_standard_input_takes_the_same_input_again(
    quick: Path, headlines: list[str], tmp_path: Path
) -> None:
    raw = "\n".join(headlines).encode()
    output = tmp_path / "out.jsonl"
    process = subprocess.Popen(
        command(quick, "--input", "-", "--output", output),
        stdin=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=heed_ctrl_c,
    )  # fmt: skip
    assert process.stdin
    process.stdin.write(raw[: len(raw) // 2])
    process.stdin.flush()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (output.exists() and output.stat().st_size > 1000):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[1].decode()
    assert (process.returncode, "interrupted after" in said) == (130, True)
    shutil.copy(output, tmp_path / "half")
    other = run(quick, "--input", "-", "--output", output, "--resume", stdin=raw[1:])
    assert (other.returncode, "first" in other.stderr.decode()) == (2, True)
    assert run(quick, "--input", "-", "--output", output, "--resume", stdin=raw).returncode == 0
    texts = [json.loads(line)["headline"] for line in output.read_bytes().split(b"\n")[:-1]]
    assert texts == headlines
    assert 0 < len((tmp_path / "half").read_bytes()) < output.stat().st_size
