"""The code blocks of a Markdown page: files that it shows, commands that it tells to run, Python."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^```(?P<head>[^\n`]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_CAPTION = re.compile(r"^:caption: (?P<name>\S+)\n", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One code block."""

    language: str
    file: str | None  #: the name of the file that it shows
    text: str

    @property
    def commands(self) -> list[str]:
        """The commands of a console block, without their prompts and comments."""
        lines = re.sub(r"\\\n\s*>?", "", self.text).splitlines()
        return [line[2:].partition("  #")[0].strip() for line in lines if line.startswith("$ ")]


def code_blocks(path: Path) -> list[Block]:
    """Return the code blocks of a page in order."""
    found = []
    for match in _FENCE.finditer(path.read_text(encoding="utf-8")):
        language = match["head"].removeprefix("{code-block}").strip()
        caption = _CAPTION.search(match["body"])
        text = _CAPTION.sub("", match["body"], count=1)
        found.append(Block(language, caption["name"] if caption else None, text))
    return found


def run_page(path: Path, folder: Path) -> int:
    """Write the files that a page shows into ``folder`` and run its `classifier` commands and its Python there.

    Returns:
        How many commands and Python blocks were run. A command that fails is an AssertionError.
    """
    ran = 0
    for block in code_blocks(path):
        if block.file is not None:
            target = folder / block.file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block.text, encoding="utf-8")
        elif block.language == "python":
            _run([sys.executable, "-c", block.text], folder, block.text)
            ran += 1
        elif block.language == "console":
            for command in block.commands:
                words = shlex.split(command)
                if words[0] == "classifier":
                    _run([sys.executable, "-m", *words], folder, command)
                    ran += 1
    return ran


def _run(call: list[str], folder: Path, shown: str) -> None:
    done = subprocess.run(call, cwd=folder, capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, (shown, done.stderr.decode())
