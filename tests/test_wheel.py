"""A built wheel in environments of its own, outside the repository: all of it trains; the base alone predicts."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from classifier.prediction.classifier import Classifier
from scripts.wheel import build_wheel
from tests.conftest import QUICK_CONFIG, REPOSITORY


def pip(python: Path, *arguments: str | Path, cwd: Path) -> None:
    """Install into the environment of ``python`` with the pip of the tests: one of its own takes seconds to make."""
    command = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--python", python)
    call(*command, "install", "--no-compile", *arguments, cwd=cwd)


def call(*command: str | Path, cwd: Path, status: int = 0) -> str:
    done = run(*command, cwd=cwd)
    assert done.returncode == status, done.stderr[-3000:]
    return done.stdout if status == 0 else done.stderr


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k not in ("MLFLOW_TRACKING_URI", "PYTHONPATH")}
    return subprocess.run(
        list(map(str, command)), cwd=cwd, capture_output=True, text=True, timeout=600, check=False, env=environment
    )


@pytest.fixture(scope="module")
def wheel(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    listed = call("git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=REPOSITORY)
    for name in filter(lambda name: (REPOSITORY / name).is_file(), listed.splitlines()):
        (folder / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(REPOSITORY / name, folder / "source" / name)
    built = build_wheel(folder / "source", trained / "models" / "quick", folder)
    names = zipfile.ZipFile(built).namelist()
    assert "classifier/_data/sample/train.tsv" in names
    assert "classifier/_data/experiments/sample.toml" in names
    assert not any(name.startswith(("tests/", "experiments/", "data/")) for name in names)
    return built


@pytest.mark.slow
def test_the_wheel_trains_and_predicts_outside_the_repository(wheel: Path, tmp_path: Path) -> None:
    call(sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv", cwd=tmp_path)
    python = tmp_path / "venv/bin/python"
    # The packages are those of the lock, lent by the environment of the tests, which has been made of it: all that the
    # extra asks for must be among them, for nothing else can be had here.
    (lent,) = (tmp_path / "venv/lib").glob("python3*/site-packages")
    (lent / "lent.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    pip(python, "--no-index", "--ignore-installed", "--no-deps", wheel, cwd=tmp_path)
    pip(python, "--no-index", f"{wheel}[train]", cwd=tmp_path)
    code = "import classifier; print(classifier.__file__)"
    assert call(python, "-c", code, cwd=tmp_path).startswith(str(lent))
    # The default experiment, which the wheel carries, with a search cut short.
    code = "from classifier.paths import default_experiment as d; print(d().read_text())"
    assert 'train = ["sample:train", "sample:wide", "sample:desk"]' in call(python, "-c", code, cwd=tmp_path)
    (tmp_path / "quick.toml").write_text(QUICK_CONFIG, encoding="utf-8")
    command = tmp_path / "venv/bin/classifier"
    assert "promoted: there was no champion" in call(command, "train", "quick.toml", cwd=tmp_path)
    headline = "손흥민, 개막전 멀티골…토트넘 3-1 승"
    answer = json.loads(call(command, "predict", "--format", "jsonl", headline, cwd=tmp_path))
    assert answer["section"] == "스포츠"
    code = "from classifier import predict; print(predict('코스피, 외국인 매수에 상승 마감').section)"
    assert call(python, "-c", code, cwd=tmp_path).strip() == "경제"


@pytest.mark.slow
def test_the_base_alone_predicts_and_says_what_the_rest_needs(
    wheel: Path, trained: Path, clf: Classifier, tmp_path: Path
) -> None:
    call(sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv", cwd=tmp_path)
    python = tmp_path / "venv/bin/python"
    # The versions of the lock, of what the wheel itself asks for and no more.
    lock = (REPOSITORY / "requirements.lock").read_text(encoding="utf-8")
    pins = [line.removesuffix("\\").strip() for line in lock.splitlines() if "==" in line and "--hash" not in line]
    (tmp_path / "pins.txt").write_text("\n".join(pins), encoding="utf-8")
    pip(python, "--constraint", tmp_path / "pins.txt", wheel, cwd=tmp_path)
    code = (
        "from importlib.util import find_spec; "
        "names = 'pandas scipy sklearn mlflow pyarrow selectolax zstandard'.split(); "
        "print([name for name in names if find_spec(name)])"
    )
    assert call(python, "-c", code, cwd=tmp_path).strip() == "[]"

    # Before anything is trained, the model in the wheel answers, and says once that it does.
    code = (
        "from classifier import predict; print(predict('코스피, 외국인 매수에 상승 마감').section, "
        "predict('프로야구 개막전 매진').section)"
    )
    done = run(python, "-c", code, cwd=tmp_path)
    assert done.stdout.split() == ["경제", "스포츠"], done.stderr
    assert done.stderr.count("the model that came with the package answers") == 1

    command, model = tmp_path / "venv/bin/classifier", trained / "models/quick"
    headlines = ["손흥민, 개막전 멀티골…토트넘 3-1 승", "코스피, 외국인 매수에 상승 마감", "!!!"]
    table = "headline,guid\n" + "".join(f'"{headline}",{i}\n' for i, headline in enumerate(headlines))
    (tmp_path / "in.csv.gz").write_bytes(gzip.compress(table.encode()))
    said = call(command, "predict", "--model", model, "--input", "in.csv.gz", "--format", "jsonl", cwd=tmp_path)
    answers = [json.loads(line) for line in said.splitlines()]
    for answer, expected in zip(answers, clf.predict(headlines), strict=True):
        assert (answer["headline"], answer["section"]) == (expected.headline, expected.section)
        assert answer["probabilities"] == pytest.approx(expected.probabilities, abs=2e-6)
    assert "멀티골" in call(command, "explain", headlines[0], "--model", model, cwd=tmp_path)
    (tmp_path / "in.parquet").write_bytes(b"PAR1")
    (tmp_path / "page.html").write_text("<p>코스피</p>", encoding="utf-8")
    for arguments, extra in [
        (("train",), "train"),
        (("evaluate", "sample:test", "--model", model), "train"),
        (("audit", "sample:test"), "train"),
        (("extract", "page.html"), "train"),
        (("fetch", "ynat"), "train"),
        (("models", "list"), "train"),
        (("ui",), "train"),
        (("predict", "--model", "models:/headline-classifier@champion", "코스피"), "train"),
        (("predict", "--model", model, "--page", "page.html"), "pages"),
        (("predict", "--model", model, "--input", "in.parquet"), "parquet"),
        (("predict", "--model", model, "--input", "in.csv.gz", "--output", "out.tsv.zst"), "zstd"),
    ]:
        said = call(command, *arguments, cwd=tmp_path, status=2)
        assert f"pip install 'headline-classifier[{extra}]'" in said
        assert "Traceback" not in said
