"""A built wheel in an empty environment, outside the repository: train, then predict."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.conftest import QUICK_CONFIG, REPOSITORY


def test_the_wheel_trains_and_predicts_in_an_empty_environment(tmp_path: Path) -> None:
    def call(*command: str | Path, cwd: Path = tmp_path) -> str:
        done = subprocess.run(
            list(map(str, command)), cwd=cwd, capture_output=True, text=True, timeout=600, check=False, env=environment
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    environment = {k: v for k, v in os.environ.items() if k not in ("MLFLOW_TRACKING_URI", "PYTHONPATH")}
    call(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, REPOSITORY)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "classifier/_data/sample/train.tsv" in names
    assert "classifier/_data/experiments/sample.toml" in names
    assert not any(name.startswith(("tests/", "experiments/", "data/")) for name in names)

    call(sys.executable, "-m", "venv", tmp_path / "venv")
    python = tmp_path / "venv/bin/python"
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile")
    call(*pip, "--require-hashes", "-r", REPOSITORY / "requirements.lock")
    call(*pip, "--no-deps", wheel)
    # The default experiment, which the wheel carries, with a search cut short.
    carried = call(python, "-c", "from classifier.places import default_experiment as d; print(d().read_text())")
    assert 'train = ["sample:train"]' in carried
    (tmp_path / "quick.toml").write_text(QUICK_CONFIG, encoding="utf-8")
    command = tmp_path / "venv/bin/classifier"
    assert "promoted: there was no champion" in call(command, "train", "quick.toml")
    answer = json.loads(call(command, "predict", "--format", "jsonl", "손흥민, 개막전 멀티골…토트넘 3-1 승"))
    assert answer["section"] == "스포츠"
    code = "from classifier import predict; print(predict('코스피, 외국인 매수에 상승 마감').section)"
    assert call(python, "-c", code).strip() == "경제"
