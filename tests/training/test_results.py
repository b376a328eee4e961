"""Results of trainings: written beside the model, published rounded by a command of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.conftest import REPOSITORY


def test_published_results_are_rounded_and_only_those_of_the_projects_configs(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import publish
print(publish.publish(Path("models"), Path("results")))
"""
    for name, figure in (("sample", 0.123456789), ("mine", 0.5)):
        (tmp_path / "models" / name).mkdir(parents=True)
        record = {"winner": "nbsvm", "test": {"n": 7, "macro_f1": figure}, "leaderboard": [{"ece": figure}]}
        (tmp_path / "models" / name / "results.json").write_text(json.dumps(record), encoding="utf-8")
    (tmp_path / "results").mkdir()

    def publish() -> str:
        command = [sys.executable, "-c", code, str(REPOSITORY / "experiments")]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.strip()

    assert publish() == "['sample']"
    (path,) = (tmp_path / "results").iterdir()
    found = json.loads(path.read_text(encoding="utf-8"))
    assert found == {"winner": "nbsvm", "test": {"n": 7, "macro_f1": 0.1235}, "leaderboard": [{"ece": 0.1235}]}
    elsewhere = (tmp_path / "models" / "sample" / "results.json").read_text(encoding="utf-8").replace("6789", "6788")
    (tmp_path / "models" / "sample" / "results.json").write_text(elsewhere, encoding="utf-8")
    assert publish() == "[]", "the last digits of another processor change nothing"
