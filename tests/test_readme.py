"""The papers are true: every command, code block and table of the READMEs."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from classifier.training.config import load_config
from tests.conftest import REPOSITORY

READMES = ["README.md", "README.ko.md"]


def blocks(name: str, language: str) -> list[str]:
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def commands(name: str) -> list[str]:
    lines = "\n".join(blocks(name, "console")).splitlines()
    return [line[2:].partition("  #")[0].strip() for line in lines if line.startswith("$ ")]


@pytest.mark.parametrize("name", READMES)
def test_the_python_of_a_readme_runs(name: str, inside: Path) -> None:
    (block,) = blocks(name, "python")
    names: dict[str, object] = {}
    exec(compile(block, name, "exec"), names)
    assert names["predict"]("손흥민, 개막전 멀티골…토트넘 3-1 승").section == "스포츠"


@pytest.mark.parametrize("name", READMES)
def test_the_commands_of_a_readme_run(name: str, inside: Path) -> None:
    found = commands(name)
    assert any(command.startswith("classifier predict") for command in found)
    assert "make train" in found
    assert "make test" in found
    for command in found:
        words = shlex.split(command)
        if words[0] == "classifier":
            done = subprocess.run(
                [sys.executable, "-m", *words], cwd=inside, capture_output=True, timeout=120, check=False
            )
            assert (done.returncode, done.stderr) == (0, b""), command
        elif words[0] == "make":  # its recipes are this suite, or what it tests
            done = subprocess.run(["make", "-n", *words[1:]], cwd=REPOSITORY, capture_output=True, check=False)
            assert done.returncode == 0, command
        else:
            assert words[:2] == ["git", "clone"], command


@pytest.mark.parametrize("name", READMES)
def test_the_config_of_a_readme_is_valid(name: str, tmp_path: Path) -> None:
    (block,) = blocks(name, "toml")
    (tmp_path / "mine.toml").write_text(block, encoding="utf-8")
    assert len(load_config(tmp_path / "mine.toml").expand()) == 4


def test_both_readmes_say_the_same() -> None:
    assert commands("README.md") == commands("README.ko.md")
    assert blocks("README.md", "toml") == blocks("README.ko.md", "toml")


def test_the_tables_are_those_of_the_results() -> None:
    done = subprocess.run(
        [sys.executable, REPOSITORY / "experiments" / "tables.py", "--check"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, "run `make tables`"


def test_the_links_of_the_papers_lead_somewhere() -> None:
    for name in (*READMES, "CONTRIBUTING.md", "experiments/README.md", "data/README.md"):
        path = REPOSITORY / name
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text(encoding="utf-8")):
            if not target.startswith("http"):
                assert (path.parent / target).exists(), f"{name}: {target}"


@pytest.mark.parametrize("section", ["정치", "경제", "사회", "세계", "IT과학", "생활문화", "연예", "스포츠"])
def test_the_sections_are_named_in_both_readmes(section: str) -> None:
    for name in READMES:
        assert section in (REPOSITORY / name).read_text(encoding="utf-8")
