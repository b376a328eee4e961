"""Experiment files: ``configs/valid`` load, ``configs/invalid`` say what their first line expects."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from classifier.errors import ConfigError
from classifier.paths import REGISTERED_MODEL
from classifier.training.config import load_config

CONFIGS = Path(__file__).parent / "configs"
VALID = sorted((CONFIGS / "valid").glob("*.toml"))
INVALID = sorted((CONFIGS / "invalid").glob("*.toml"))
OURS = sorted((Path(__file__).parents[2] / "experiments").glob("*.toml"))


@pytest.mark.parametrize("path", [*VALID, *OURS], ids=lambda path: path.stem)
def test_valid_file_gives_candidates_each_once(path):
    config = load_config(path)
    assert config.name == path.stem
    candidates = config.expand()
    assert candidates
    assert all(candidate not in candidates[:i] for i, candidate in enumerate(candidates))
    assert len({candidate.name for candidate in candidates}) == len(candidates)


def test_the_experiments_of_the_project_are_there():
    assert {path.stem for path in OURS} >= {"sample", "ynat", "ynat-best", "ynat-entertainment", "sections8"}


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_invalid_file_is_refused_for_what_is_wrong_in_it(path):
    marker, expected = path.read_bytes().splitlines()[0].decode().split(": ", 1)
    assert marker == "# expect"
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    file, _, problem = str(caught.value).partition(": ")
    assert file == str(path)
    assert expected in problem


def test_all_problems_of_a_file_are_listed(tmp_path):
    text = (CONFIGS / "valid" / "minimal.toml").read_text(encoding="utf-8")
    (tmp_path / "x.toml").write_text(text + "[search]\nfolds = 1\nmetric = 'f1'\n[gates]\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"3 problem\(s\)") as caught:
        load_config(tmp_path / "x.toml")
    for place in ("search.folds", "search.metric", "gates"):
        assert place in str(caught.value)


def test_missing_file_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"nowhere\.toml: cannot be read"):
        load_config(tmp_path / "nowhere.toml")


def test_minimal_file_has_the_defaults():
    config = load_config(CONFIGS / "valid" / "minimal.toml")
    assert (config.search.folds, config.search.metric, config.gate.macro_f1) == (5, "macro_f1", 0.0)
    assert config.experiment.registered_model == REGISTERED_MODEL
    assert [candidate.name for candidate in config.expand()] == ["complement_nb chars"]


def test_file_expands_in_its_order_and_weighs_only_the_blocks_at_hand():
    names = [candidate.name for candidate in load_config(CONFIGS / "valid" / "everything.toml").expand()]
    assert len(names) == 2 * 2 * 2 + 2 * 2 * 2 + 1 + 2
    assert names[:5] == [
        "nbsvm chars C=0.1 alpha=1.0",
        "nbsvm 1.5*chars C=0.1 alpha=1.0",
        "nbsvm chars C=0.1 alpha=1.0 min_df=2",
        "nbsvm 1.5*chars C=0.1 alpha=1.0 min_df=2",
        "nbsvm chars C=1 alpha=1.0",
    ]
    assert names[8] == "nbsvm chars+jamo+nospace+morphemes+0.5*embeddings C=0.1 alpha=1.0"
    assert names[-3] == "logistic_regression embeddings C=10.0"
    assert names[-1] == "stack chars+nospace alphas=[1.0, 0.3] C=0.1"


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("overlapping", [("chars", 0.3), ("chars", 1.0), ("morphemes", 0.3), ("morphemes", 1.0)]),
        ("whole_numbers", [("chars", 1.0), ("chars", 0.3)]),
    ],
)
def test_repeated_candidates_are_one(stem, expected):
    candidates = load_config(CONFIGS / "valid" / f"{stem}.toml").expand()
    assert [(*candidate.features, candidate.parameters["C"]) for candidate in candidates] == expected


def test_a_config_cannot_be_changed():
    config = load_config(CONFIGS / "valid" / "minimal.toml")
    with pytest.raises(ValidationError):
        config.search.folds = 3


def test_a_stream_needs_no_candidates(tmp_path):
    (tmp_path / "x.toml").write_text(
        '[data]\ntrain = ["a.tsv"]\nholdout = 0.1\n[stream]\nbits = 18\n', encoding="utf-8"
    )
    config = load_config(tmp_path / "x.toml")
    assert config.expand() == []
    assert (config.stream.bits, config.stream.passes) == (18, 2)
