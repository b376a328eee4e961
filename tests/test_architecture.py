"""The rules of the architecture that no linter checks."""

from __future__ import annotations

import ast
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

PACKAGE = REPOSITORY / "classifier"
MODULES = sorted(PACKAGE.rglob("*.py"))

#: A package imports only from packages to its left. What stands beside them is for all of them.
PACKAGES = (
    "corpus", "pages", "text", "model", "evaluation", "prediction", "tracking", "training", "curation", "server", "cli",
)  # fmt: skip
SHARED = {"errors", "extras", "paths", "storage"}
#: `Classifier.load("models:/…")` asks MLflow, when it is called and never on import.
EXCEPTIONS = {("prediction/classifier.py", "tracking/download.py")}


def name_of(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def module_file(name: str) -> str | None:
    """Return the file of a module of ours, or None if the name is another's or no module."""
    parts = name.split(".")
    path = PACKAGE.joinpath(*parts[1:])
    if parts[0] != "classifier" or len(parts) == 1:  # the package itself has only its public names
        return None
    found = [file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()]
    return name_of(found[0]) if found else None


def imported(path: Path) -> set[str]:
    """Return every name that a file imports, at its top, in functions and for type checking."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


IMPORTS = {name_of(path): {file for name in imported(path) if (file := module_file(name))} for path in MODULES}


def test_every_file_belongs_to_a_package_or_is_shared() -> None:
    assert {path.parent.name for path in PACKAGE.glob("*/__init__.py")} <= set(PACKAGES)
    assert {path.stem for path in PACKAGE.glob("*.py")} <= SHARED | {"__init__", "__main__", "sklearn", "verbs"}


@pytest.mark.parametrize("file", IMPORTS)
def test_packages_import_only_from_packages_to_their_left(file: str) -> None:
    package = file.split("/", maxsplit=1)[0]
    if package not in PACKAGES:
        return
    right = PACKAGES[PACKAGES.index(package) + 1 :]
    wrong = {other for other in IMPORTS[file] if other.split("/")[0] in right}
    assert {(file, other) for other in wrong} <= EXCEPTIONS


@pytest.mark.parametrize("name", sorted(SHARED))
def test_what_all_packages_share_imports_none_of_them(name: str) -> None:
    assert {file.removesuffix(".py") for file in IMPORTS[f"{name}.py"]} <= SHARED


def test_no_two_files_import_each_other() -> None:
    graph = {file: {other for other in found if other != file} for file, found in IMPORTS.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {error.args[1]}")


def test_only_tracking_imports_mlflow() -> None:
    users = {name_of(path) for path in MODULES if any(name.split(".")[0] == "mlflow" for name in imported(path))}
    assert users
    assert {user.split("/")[0] for user in users} == {"tracking"}


def test_importing_the_package_is_light_and_touches_nothing(tmp_path: Path) -> None:
    code = """
import sys, socket
opened = []
sys.addaudithook(lambda event, args: opened.append(args[0]) if event == "open" and "w" in str(args[1] or "") else None)
socket.socket.connect = None
import classifier, logging
heavy = {"mlflow", "sklearn", "scipy", "pandas", "matplotlib", "kiwipiepy"} & set(sys.modules)
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
heavy = {{"mlflow", "sklearn", "scipy", "pandas", "matplotlib", "joblib", "pyarrow"}} & set(sys.modules)
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


def test_no_file_is_longer_than_400_lines() -> None:
    assert {path.name: n for path in MODULES if (n := len(path.read_text(encoding="utf-8").splitlines())) > 400} == {}


def test_the_lock_names_no_host_and_pins_every_package_by_hash() -> None:
    text = (REPOSITORY / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in text
    assert "file:" not in text
    blocks = [block for block in text.replace("\\\n", "").splitlines() if block and not block.startswith("#")]
    assert all("==" in block and "--hash=sha256:" in block for block in blocks)
