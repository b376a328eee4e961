"""On the real corpora, where $HEADLINE_DATA_HOME holds them: the main figures and the known trap."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from classifier.corpus.datasets import load_corpus
from classifier.prediction.classifier import Classifier
from classifier.training.train import train

CHARACTERS_ONLY = """
[experiment]
registered_model = "test-ynat"
[data]
train = {train}
{test}
[search]
folds = 2
[[candidates]]
estimator = "nbsvm"
features = [["chars"]]
min_df = [2]
grid = {{ C = [0.1] }}
[fast]
distil = false
[gate]
macro_f1 = {floor}
"""


def test_characters_alone_reach_the_floor_on_ynat_dev(home: Path, corpora: Path) -> None:
    config = home / "characters.toml"
    config.write_text(
        CHARACTERS_ONLY.format(train='["ynat:train"]', test='test = "ynat:dev"', floor=0.82), encoding="utf-8"
    )
    outcome = train(config)
    assert outcome.test.n == 9107
    assert outcome.gate_passed, outcome.test.macro_f1
    assert outcome.test.macro_f1 < 0.9, "more would mean that dev has leaked into the training"


def test_a_quote_mark_is_not_taken_for_entertainment(home: Path, corpora: Path) -> None:
    config = home / "eight.toml"
    config.write_text(
        CHARACTERS_ONLY.format(train='["ynat:train", "entertainment"]', test="holdout = 0.1", floor=0.0),
        encoding="utf-8",
    )
    outcome = train(config)
    assert outcome.test.per_section["연예"]["recall"] > 0.7
    assert outcome.test.per_section["연예"]["precision"] > 0.7

    clf = Classifier.load(home / "models" / "eight")
    rows = load_corpus("ynat:dev")["headline"].tolist()
    plain = random.Random(0).sample(rows, 200)
    before = [answer.section for answer in clf.predict(plain)]
    styled = {
        "quoted": [f"“{headline}”" for headline in plain],
        "first word quoted": ["‘" + headline.replace(" ", "’ ", 1) for headline in plain],
        "tagged": [f"{headline} [종합]" for headline in plain],
        "both": [f'"{headline}" [종합]' for headline in plain],
    }
    for style, headlines in styled.items():
        after = [answer.section for answer in clf.predict(headlines)]
        flipped = sum(a != b for a, b in zip(before, after, strict=True))
        assert flipped == 0, f"{style}: {flipped} labels changed"
    assert before.count("연예") < 20, "Yonhap's seven sections are not entertainment"


def test_entertainment_headlines_lose_nothing_without_their_quotes(home: Path, corpora: Path) -> None:
    rows = load_corpus("entertainment")
    assert set(rows["section"]) == {"연예"}
    assert rows["headline"].str.contains("[\"'‘“]", regex=True).mean() == pytest.approx(0.9, abs=0.15)
