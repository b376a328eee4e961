"""The rules of the house that no linter knows."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

PACKAGE = REPOSITORY / "classifier"
MODULES = sorted(PACKAGE.rglob("*.py"))

#: A room imports only from rooms before it; prediction knows neither training nor the audit.
ROOMS = ("corpus", "text", "model", "training", "audit", "prediction")


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_rooms_import_only_from_rooms_to_their_left(path: Path) -> None:
    place = path.relative_to(PACKAGE)
    if len(place.parts) == 1 or place.parts[0] == "cli":
        return  # the package's door, what all rooms share, and the roof over them
    room = place.parts[0]
    allowed = set(ROOMS[: ROOMS.index(room) + 1])
    if room == "prediction":
        allowed -= {"training", "audit"}
    found = {name.split(".")[1] for name in imported(path) if name.startswith("classifier.") and name.count(".") >= 1}
    doors = {"serving"} if place.name == "registry.py" else set()
    outside = {name for name in found if name in ROOMS} - allowed
    if doors:  # the registry logs the serving adapter's code, and knows nothing else of prediction
        outside.discard("prediction")
        assert {n for n in imported(path) if "prediction" in n} == {
            "classifier.prediction", "classifier.tracking.pyfunc",
        }  # fmt: skip
    assert not outside


def test_only_tracking_registry_and_serving_import_mlflow() -> None:
    users = {
        str(path.relative_to(PACKAGE)) for path in MODULES if any(n.split(".")[0] == "mlflow" for n in imported(path))
    }
    assert users == {
        "training/tracking.py",
        "training/registry.py",
        "prediction/serving.py",
        "prediction/pyfunc_code.py",
    }


def test_importing_the_package_is_light_and_touches_nothing(tmp_path: Path) -> None:
    code = """
import sys, socket
opened = []
sys.addaudithook(lambda event, args: opened.append(args[0]) if event == "open" and "w" in str(args[1] or "") else None)
socket.socket.connect = None
import classifier, logging
heavy = {"mlflow", "sklearn", "scipy", "pandas", "pandera", "matplotlib", "kiwipiepy"} & set(sys.modules)
assert not heavy, heavy
assert not opened, opened
assert not logging.getLogger().handlers
"""
    done = subprocess.run([sys.executable, "-B", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("arguments", [["--help"], ["predict", "--help"], ["predict", "코스피 상승"], ["--version"]])
def test_the_command_line_imports_no_more_than_it_needs(trained: Path, arguments: list[str]) -> None:
    code = f"""
import sys
from classifier.cli import app
try:
    app({arguments!r})
except SystemExit as end:
    assert not end.code, end.code
heavy = {{"mlflow", "sklearn", "scipy", "pandas", "pandera", "matplotlib", "joblib", "pyarrow"}} & set(sys.modules)
assert not heavy, heavy
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=trained, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


def test_the_served_path_never_unpickles() -> None:
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        assert "import pickle" not in text
        assert "joblib.load" not in text
        assert "allow_pickle=True" not in text


def test_no_file_is_too_large_to_hold_in_the_head() -> None:
    assert {path.name: n for path in MODULES if (n := len(path.read_text(encoding="utf-8").splitlines())) > 400} == {}


def test_the_lock_names_no_host_and_pins_every_package_by_hash() -> None:
    text = (REPOSITORY / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in text
    assert "file:" not in text
    blocks = [block for block in text.replace("\\\n", "").splitlines() if block and not block.startswith("#")]
    assert all("==" in block and "--hash=sha256:" in block for block in blocks)
