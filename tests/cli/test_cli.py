"""The command line, as a process: what it prints where, and how it ends."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from classifier.cli import app
from classifier.training.pipeline import train
from tests.conftest import write_config
from tests.support.servers import heed_ctrl_c


def run(*arguments: str, cwd: Path, stdin: bytes | None = None, **variables: str) -> subprocess.CompletedProcess[bytes]:
    environment = {name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"}
    environment |= {"COLUMNS": "160", **variables}
    return subprocess.run(
        [sys.executable, "-m", "classifier", *arguments],
        cwd=cwd, input=stdin, capture_output=True, timeout=180, check=False, env=environment,
    )  # fmt: skip


def test_predict_answers_in_json_lines(trained: Path) -> None:
    headlines = ["손흥민, 개막전 멀티골…토트넘 3-1 승", "한은, 기준금리 동결", "!!!"]
    done = run("predict", *headlines, cwd=trained)
    assert (done.returncode, done.stderr) == (0, b"")
    rows = [json.loads(line) for line in done.stdout.decode().splitlines()]
    assert [row["headline"] for row in rows] == headlines
    assert [row["section"] for row in rows] == ["스포츠", "경제", None]
    keys = {"headline", "section", "probability", "probabilities", "tier"}
    assert [set(row) - keys for row in rows] == [set(), set(), {"reason"}]
    assert all(sum(row["probabilities"].values()) == pytest.approx(1, abs=1e-4) for row in rows)


def test_predict_reads_a_file_or_standard_input_and_writes_a_file(trained: Path, tmp_path: Path) -> None:
    text = "코스피 상승 마감\n\n손흥민 멀티골\n"
    (tmp_path / "in.txt").write_bytes(text.encode("cp949"))
    options = ("--format", "tsv", "--model", str(trained / "models/quick"))
    from_file = run("predict", "--input", "in.txt", "--output", "out.tsv", *options, cwd=tmp_path)
    from_stdin = run("predict", "--input", "-", *options, cwd=tmp_path, stdin=text.encode())
    assert from_file.returncode == from_stdin.returncode == 0
    assert from_file.stdout == b""
    written = (tmp_path / "out.tsv").read_text(encoding="utf-8")
    assert written == from_stdin.stdout.decode()
    lines = [line.split("\t") for line in written.splitlines()]
    assert lines[0] == ["headline", "section", "probability"]
    assert [line[1] for line in lines[1:]] == ["경제", "", "스포츠"]


def test_predict_shows_a_table_with_the_next_best(trained: Path) -> None:
    done = run("predict", "--format", "table", "--top", "2", "코스피 상승 마감", cwd=trained)
    assert done.stdout.decode().startswith("경제 ")
    assert done.stdout.decode().count("%") == 2


def test_explain_names_the_words_that_decided(trained: Path) -> None:
    done = run("explain", "손흥민, 개막전 멀티골", cwd=trained)
    assert done.returncode == 0
    shown = done.stdout.decode()
    assert "스포츠" in shown
    assert "멀티골" in shown
    assert "score" in shown


def test_evaluate_prints_one_json_object(trained: Path) -> None:
    done = run("evaluate", "sample:test", "--json", cwd=trained)
    assert done.returncode == 0
    figures = json.loads(done.stdout)
    assert set(figures) == {"macro_f1", "accuracy", "per_section", "log_loss", "ece", "n", "model"}
    assert set(figures["model"]) == {"name", "version", "fingerprint", "tier"}
    assert (figures["model"]["version"], figures["model"]["tier"]) == (1, "accurate")
    manifest = json.loads((trained / "models/quick/manifest.json").read_text(encoding="utf-8"))
    assert figures["macro_f1"] == pytest.approx(manifest["about"]["test"]["macro_f1"])
    assert "macro-F1" in run("evaluate", "sample:test", cwd=trained).stdout.decode()
    fast = json.loads(run("evaluate", "sample:test", "--json", "--tier", "fast", cwd=trained).stdout)
    assert fast["model"]["tier"] == "fast"
    assert fast["log_loss"] != figures["log_loss"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("predict", "코스피"), "No champion yet"),
        (("predict", "코스피"), "classifier train"),
        (("predict", "코스피", "--model", "models/nowhere"), "no model there"),
        (("predict",), "--input FILE"),
        (("predict", "코스피", "--input", "-"), "--input FILE"),
        (("predict", "코스피", "--format", "xml"), "table, jsonl, tsv"),
        (("predict", "--input", "nowhere.txt"), "cannot be read"),
        (("evaluate", "nowhere.tsv"), "No champion yet"),
        (("train", "nowhere.toml"), "cannot be read"),
        (("fetch", "wikipedia"), "none of sample, lexicon, ynat, entertainment"),
        (("models", "promote", "7"), "has no version 7"),
        (("models", "rollback"), "no previous champion"),
        (("explain",), "HEADLINE"),
    ],
)
def test_a_wrong_call_says_why_and_ends_with_2(home: Path, arguments: tuple[str, ...], message: str) -> None:
    done = run(*arguments, cwd=home)
    assert done.returncode == 2
    assert done.stdout == b""
    assert message in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


def test_train_keeps_data_and_progress_apart_and_fails_a_gate_with_1(tables: Path) -> None:
    done = run("train", write_config("strict.toml", floor=0.999), cwd=tables)
    assert done.returncode == 1
    shown = done.stdout.decode()
    assert "complement_nb chars" in shown
    assert "below the gate 0.9990" in shown
    assert "candidates" in done.stderr.decode()
    assert (tables / "models/strict/manifest.json").is_file()
    assert not (tables / "models/champion").exists()


def test_fetch_lists_the_datasets_with_their_licences(home: Path) -> None:
    shown = run("fetch", "--list", cwd=home).stdout.decode()
    assert [line.split("\t")[:2] for line in shown.splitlines()] == [
        ["sample", "Apache-2.0"],
        ["lexicon", "Apache-2.0"],
        ["ynat", "CC BY-SA 4.0"],
        ["entertainment", "CC BY-SA 4.0"],
    ]


def test_models_lists_promotes_and_rolls_back(tables: Path) -> None:
    train(write_config("a.toml"))
    train(write_config("b.toml", "sgd", '[["morphemes"]]'))
    shown = run("models", "list", cwd=tables).stdout.decode()
    assert "champion" in shown
    promoted = run("models", "promote", "2", "--reason", "trying it", cwd=tables)
    assert (promoted.returncode, promoted.stderr.decode().strip()) == (
        0, "headline-classifier version 2 is the champion",
    )  # fmt: skip
    assert "promoted_because\ttrying it" in run("models", "show", "2", cwd=tables).stdout.decode()
    back = run("models", "rollback", cwd=tables)
    assert back.stderr.decode().strip() == "headline-classifier version 1 is the champion again"


def test_a_reader_that_leaves_early_is_no_error(trained: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "classifier", "predict", "--input", "-", "--format", "jsonl"],
        cwd=trained, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin
    assert process.stdout
    assert process.stderr
    process.stdin.write("코스피 상승 마감\n".encode() * 5000)
    process.stdin.close()
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(60) == 0
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()


def test_ui_takes_a_free_port_and_stops_on_ctrl_c(trained: Path, tmp_path: Path) -> None:
    with socket.socket() as taken:
        port = 20_000 + os.getpid() % 9_000  # below those that the system hands out, so that the next one is free
        taken.bind(("127.0.0.1", port))
        taken.listen()
        log = tmp_path / "log"  # a file: nobody reads along, and a full pipe would stop the server
        with log.open("w") as stderr:
            process = subprocess.Popen(
                [sys.executable, "-m", "classifier", "ui", "--port", str(port)],
                cwd=trained, stderr=stderr, start_new_session=True, preexec_fn=heed_ctrl_c,
            )  # fmt: skip
        try:
            deadline = time.monotonic() + 120
            page = address = ""
            while time.monotonic() < deadline and not page:
                said = re.search(r"MLflow UI: (http://127\.0\.0\.1:\d+)", log.read_text())
                address = said[1] if said else ""
                try:
                    with urllib.request.urlopen(address or "http://127.0.0.1:9", timeout=5) as response:
                        page = response.read().decode()
                except OSError:
                    time.sleep(0.2)
            assert "<title>MLflow</title>" in page, log.read_text()
            assert not address.endswith(f":{port}")
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
            with pytest.raises(OSError, match="refused"):
                urllib.request.urlopen(address, timeout=5)
        finally:
            if process.poll() is None:
                process.terminate()  # it ends its server; killed, it could not
                process.wait(60)


def test_help_names_every_verb(home: Path) -> None:
    shown = run("--help", cwd=home).stdout.decode()
    verbs = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    assert {"train", "evaluate", "predict", "explain", "extract", "audit", "fetch", "ui"} <= verbs
    assert all(re.search(rf"│ {verb} ", shown) for verb in (*verbs, "models"))
    assert run("--version", cwd=home).stdout.startswith(b"classifier 0.")


def test_options_stand_in_groups(home: Path) -> None:
    shown = run("predict", "--help", cwd=home).stdout.decode()
    assert [name for name in re.findall(r"╭─ (\w+)", shown) if name not in ("Arguments", "Options")] == [
        "Input", "Model", "Output", "Cluster",
    ]  # fmt: skip


def test_standard_output_is_utf8_on_a_system_of_cp949(trained: Path) -> None:
    headline = "새 요금표 – 발표 😀"
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for variables, output_format in (({"PYTHONIOENCODING": "cp949"}, "jsonl"), (ascii_only, "table")):
        done = run("predict", headline, "--format", output_format, "--tier", "fast", cwd=trained, **variables)
        assert (done.returncode, done.stderr) == (0, b"")
        assert headline in done.stdout.decode("utf-8")
    failed = run("predict", "--input", f"{headline}.tsv", cwd=trained, **ascii_only)
    assert (failed.returncode, b"cannot be read" in failed.stderr) == (2, True)


def test_brackets_in_a_headline_are_no_markup(trained: Path, tmp_path: Path) -> None:
    rows = ["애매한 [/b] 모음\t사회", "[b]오늘의 이야기[/b] 둘\t사회", ":smile: [/정치] 셋\t정치"]
    (tmp_path / "[b]t.tsv").write_text("headline\tsection\n" + "\n".join(rows) + "\n", encoding="utf-8")
    model = str(trained / "models/quick")
    done = run("evaluate", "[b]t.tsv", "--model", model, "--against", model, "--tier", "fast", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    assert "[b]t.tsv" in done.stdout.decode()
    explained = run("explain", "[/b] 코스피 [b]상승[/b] 마감", "--model", model, cwd=tmp_path).stdout.decode()
    assert "score" in explained
    shown = run("predict", *[row.split("\t")[0] for row in rows], "--model", model, "--format", "table", cwd=tmp_path)
    assert all(row.split("\t")[0] in shown.stdout.decode() for row in rows)


def test_a_headline_that_begins_with_a_hyphen(trained: Path) -> None:
    refused = run("predict", "-5도 한파", cwd=trained)
    assert (refused.returncode, refused.stdout) == (2, b"")
    assert 'after --: predict -- "-5도 한파"' in refused.stderr.decode()
    done = run("predict", "--", "-5도 한파", cwd=trained)
    assert json.loads(done.stdout)["headline"] == "-5도 한파"


def test_a_tilde_is_the_home_folder_wherever_a_path_is_taken(trained: Path, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("코스피 상승 마감\n", encoding="utf-8")
    shutil.copytree(trained / "models/quick", tmp_path / "quick")
    options = ("--input", "~/in.txt", "--output", "~/out.tsv", "--model", "~/quick", "--tier", "fast")
    done = run("predict", *options, cwd=trained, HOME=str(tmp_path))
    assert (done.returncode, done.stderr) == (0, b"")
    assert (tmp_path / "out.tsv").read_text(encoding="utf-8").splitlines()[1].startswith("코스피 상승 마감\t")


def test_verbose_logs_the_steps_and_the_traceback_of_an_error(trained: Path, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("코스피 상승 마감\n", encoding="utf-8")
    call = ("predict", "--model", str(trained / "models/quick"), "--tier", "fast", "--input")
    done = run("-v", *call, "in.txt", cwd=tmp_path)
    assert "fingerprint" in done.stderr.decode()
    assert "1 rows in" in done.stderr.decode()
    failed = run("-v", *call, "nowhere.txt", cwd=tmp_path)
    assert (failed.returncode, "Traceback" in failed.stderr.decode()) == (2, True)


def test_an_empty_list_of_versions_says_which_models_there_are(trained: Path) -> None:
    done = run("models", "list", "--name", "nothing", cwd=trained)
    assert (done.returncode, done.stdout) == (0, b"")
    assert "nothing has no versions. The store has versions of: headline-classifier" in done.stderr.decode()
