"""The accuracy that has been reached is kept: floors in ``experiments/floors.json``, refitted here and read on dev."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from classifier.corpus.datasets import load_corpus
from classifier.evaluation.metrics import evaluate
from classifier.training.compile import fit_model
from classifier.training.config import Candidate, load_config
from classifier.training.dataset import load_corpora, prepare
from classifier.training.weights import weigh

ROOT = Path(__file__).parents[1]
FLOORS = json.loads((ROOT / "experiments" / "floors.json").read_text(encoding="utf-8"))


def recorded(name: str) -> dict[str, Any]:
    """Return what the last training of an experiment came to."""
    found: dict[str, Any] = json.loads((ROOT / "experiments" / "results" / f"{name}.json").read_text(encoding="utf-8"))
    return found


def winner(name: str) -> Candidate:
    """Return the candidate that won it, which its config must still have."""
    candidates = load_config(ROOT / "experiments" / f"{name}.toml").expand()
    (found,) = [candidate for candidate in candidates if candidate.name == recorded(name)["winner"]]
    return found


def lowered(now: dict[str, dict[str, object]], before: dict[str, dict[str, object]]) -> list[str]:
    """Return the floors that are gone, or lower without a word why."""
    return [
        name
        for name, floor in before.items()
        if name not in now or (now[name]["macro_f1"] < floor["macro_f1"] and not now[name].get("lowered_because"))
    ]


def test_a_floor_that_is_lowered_or_removed_says_why() -> None:
    before = {"a": {"macro_f1": 0.85}}
    assert lowered({"a": {"macro_f1": 0.85}}, before) == []
    assert lowered({"a": {"macro_f1": 0.84}}, before) == ["a"]
    assert lowered({}, before) == ["a"]
    assert lowered({"a": {"macro_f1": 0.84, "lowered_because": "the corpus was corrected"}}, before) == []


def test_no_floor_has_been_lowered_in_silence() -> None:
    def git(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)

    log = git("log", "--format=%H", "--", "experiments/floors.json") if shutil.which("git") else None
    if log is None or log.returncode:
        pytest.skip("no git history here to compare the floors with")
    for commit in log.stdout.split():
        found = git("show", f"{commit}:experiments/floors.json")
        if found.returncode == 0:  # the file may have been away in between
            assert lowered(FLOORS, json.loads(found.stdout)) == [], f"lower than in {commit[:12]}"


def reached_on_record(name: str) -> float:
    """Return the macro-F1 on record: of the experiment's own test table, or of the floor's table."""
    if "table" not in FLOORS[name]:
        return float(recorded(name)["test"]["macro_f1"])
    rows = json.loads((ROOT / "experiments" / "results" / "benchmarks" / "elsewhere.json").read_text(encoding="utf-8"))
    (found,) = [row["macro-F1"] for row in rows if row["table"] == FLOORS[name]["table"]]
    return float(found)


@pytest.mark.parametrize("name", FLOORS)
def test_a_floor_lies_close_below_what_the_recipe_of_record_reached(name: str) -> None:
    assert reached_on_record(name) - 0.005 <= FLOORS[name]["macro_f1"]
    winner(name)  # fails unless the config still has it


@pytest.mark.gate
@pytest.mark.parametrize("name", FLOORS)
def test_the_recipe_of_record_reaches_its_floor(name: str, corpora: Path) -> None:
    floor = FLOORS[name]["macro_f1"]
    path = ROOT / "experiments" / f"{name}.toml"
    config = load_config(path)
    rows = load_corpora(config, path.parent)
    data = weigh(prepare(config, rows), config.labels, rows.learned)
    test = load_corpus(FLOORS[name]["table"]) if "table" in FLOORS[name] else rows.test
    reached = evaluate(fit_model(winner(name), data, weights=data.weights), test).evaluation.macro_f1
    assert floor <= reached < 0.9, "more would mean that the test table has leaked into the training"
