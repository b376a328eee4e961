"""The documentation: it builds without a warning, its code runs, its pictures and links are right."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.support.documents import code_blocks, run_page

DOCS = REPOSITORY / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)
ELSEWHERE = {"spark.md"}  # its code runs in tests/cluster/test_spark.py
SLOW = {"from-a-crawl.md"}
WITH_CODE = [
    pytest.param(page, marks=pytest.mark.slow) if page.name in SLOW else page
    for page in PAGES
    if page.name not in ELSEWHERE and any(b.language in ("python", "console") for b in code_blocks(page))
]


@pytest.mark.parametrize("page", WITH_CODE, ids=lambda page: str(page.relative_to(DOCS)))
def test_the_code_of_a_page_runs(page: Path, trained: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    shutil.copytree(trained, folder)
    assert run_page(page, folder)


def test_the_documentation_builds_without_a_warning(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", DOCS, tmp_path],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert 'id="classifier-predict"' in (tmp_path / "reference" / "cli.html").read_text(encoding="utf-8")


def test_the_picture_shows_todays_imports() -> None:
    done = subprocess.run([sys.executable, REPOSITORY / "scripts" / "architecture.py", "--check"], check=False)
    assert done.returncode == 0, "run `make picture`"
