"""The accuracy that has been reached is kept: floors in ``experiments/floors.json``, refitted here and read on dev."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from classifier.corpus.datasets import load_corpus
from classifier.training.config import load_config
from classifier.training.evaluation import judge
from classifier.training.materials import gather, load_corpora
from classifier.training.search import compile_model, fit

ROOT = Path(__file__).parents[1]
FLOORS = ROOT / "experiments" / "floors.json"


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
    now = json.loads(FLOORS.read_text(encoding="utf-8"))

    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    try:
        commits = git("log", "--format=%H", "--", "experiments/floors.json").split()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no git history here to compare the floors with")
    for commit in commits:
        found = subprocess.run(
            ["git", "show", f"{commit}:experiments/floors.json"], cwd=ROOT, capture_output=True, check=False
        )
        if found.returncode == 0:  # the file may have been away in between
            assert lowered(now, json.loads(found.stdout)) == [], f"lower than in {commit[:12]}"


@pytest.mark.parametrize("name", json.loads(FLOORS.read_text(encoding="utf-8")))
def test_the_recipe_of_record_reaches_its_floor(name: str, corpora: Path) -> None:
    floor = json.loads(FLOORS.read_text(encoding="utf-8"))[name]
    recorded = json.loads((ROOT / "experiments" / "results" / f"{name}.json").read_text(encoding="utf-8"))
    assert recorded["test"]["macro_f1"] - 0.005 <= floor["macro_f1"], "the floor lies far below what was reached"

    path = ROOT / "experiments" / f"{name}.toml"
    config = load_config(path)
    (winner,) = [candidate for candidate in config.expand() if candidate.name == recorded["winner"]]
    rows = load_corpora(config, path.parent)
    made = gather(config, rows)
    everything = np.arange(len(made.target))
    features, estimator = fit(winner, made.counts, made.target, everything, made.embeddings, 0, extra=made.extra)
    model = compile_model(features, estimator, rows.sections, 1.0)
    table = load_corpus(floor["table"])
    reached = judge(model, table).evaluation.macro_f1
    assert floor["macro_f1"] <= reached < 0.9, "more would mean that the test table has leaked into the training"
