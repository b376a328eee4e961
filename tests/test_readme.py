"""The READMEs are true: every command, code block, table and link."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from classifier.training.config import load_config
from tests.conftest import REPOSITORY
from tests.support.documents import Block, code_blocks

READMES = ["README.md", "README.ko.md"]


def blocks(name: str, language: str) -> list[Block]:
    return [block for block in code_blocks(REPOSITORY / name) if block.language == language]


def commands(name: str) -> list[str]:
    return [command for block in blocks(name, "console") for command in block.commands]


@pytest.mark.parametrize("name", READMES)
def test_the_python_of_a_readme_runs(name: str, inside: Path) -> None:
    (block,) = blocks(name, "python")
    names: dict[str, object] = {}
    exec(compile(block.text, name, "exec"), names)
    assert names["predict"]("손흥민, 개막전 멀티골…토트넘 3-1 승").section == "스포츠"


ECONOMY = """<h1>한은, 기준금리 동결…“물가 더 지켜봐야”</h1><p>새벽일보 | 입력 2024.04.11 09:30</p>
<p>한국은행 금융통화위원회가 기준금리를 연 3.50%로 동결했다. 물가와 가계부채를 더 지켜봐야 한다는 판단이다.</p>
<p>금통위는 의결문에서 물가상승률이 목표에 수렴한다는 확신이 들 때까지 긴축 기조를 유지하겠다고 밝혔다.</p>
<h3>[경제] 랭킹 뉴스</h3><ul><li>코스피 2,700선 회복…외국인 순매수<li>서울 아파트값 12주 연속 상승
<li>배우 A씨, 첫 단독 예능 ‘산골 밥상’으로 시청률 1위<li>반도체 수출 석 달째 늘어</ul>"""
SPORTS = """[스포츠] 많이 본 뉴스
• 손흥민, 개막전 멀티골…토트넘 3-1 승
• 프로야구 개막전 다섯 구장 매진

지금 뜨는 뉴스
• 1
    배우 A씨, 첫 단독 예능 ‘산골 밥상’으로 시청률 1위 올라
    연예
• 2
    출근길 지하철에서 생긴 따뜻한 일
    뉴스
"""


@pytest.mark.parametrize("name", READMES)
def test_the_commands_of_a_readme_run(name: str, trained: Path, tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    shutil.copytree(trained, inside)
    (inside / "pages").mkdir()
    (inside / "pages" / "economy.html").write_text(ECONOMY, encoding="utf-8")
    (inside / "pages" / "sports.txt").write_text(SPORTS, encoding="utf-8")
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
            assert done.returncode == 0, (command, done.stderr)
        elif words[0] == "make":  # its recipes are this suite, or what it tests
            done = subprocess.run(["make", "-n", *words[1:]], cwd=REPOSITORY, capture_output=True, check=False)
            assert done.returncode == 0, command
        else:
            assert words[:2] == ["git", "clone"], command


@pytest.mark.parametrize("name", READMES)
def test_the_config_of_a_readme_is_valid(name: str, tmp_path: Path) -> None:
    (block,) = blocks(name, "toml")
    (tmp_path / "mine.toml").write_text(block.text, encoding="utf-8")
    assert len(load_config(tmp_path / "mine.toml").expand()) == 4


def test_both_readmes_say_the_same() -> None:
    assert commands("README.md") == commands("README.ko.md")
    assert blocks("README.md", "toml") == blocks("README.ko.md", "toml")


def test_a_readme_is_read_in_five_minutes() -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    prose = re.sub(r"```.*?```|<!-- table.*?<!-- end -->", "", text, flags=re.DOTALL)
    assert len(prose.split()) < 900


def test_the_tables_are_those_of_the_results() -> None:
    done = subprocess.run(
        [sys.executable, REPOSITORY / "experiments" / "tables.py", "--check"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, "run `make tables`"


def test_the_links_lead_somewhere() -> None:
    for name in (*READMES, "CONTRIBUTING.md", "experiments/README.md", "data/README.md"):
        path = REPOSITORY / name
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text(encoding="utf-8")):
            if not target.startswith("http"):
                assert (path.parent / target).exists(), f"{name}: {target}"


@pytest.mark.parametrize("section", ["정치", "경제", "사회", "세계", "IT과학", "생활문화", "연예", "스포츠"])
def test_the_sections_are_named_in_both_readmes(section: str) -> None:
    for name in READMES:
        assert section in (REPOSITORY / name).read_text(encoding="utf-8")
