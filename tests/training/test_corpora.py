"""On the real corpora, where $HEADLINE_DATA_HOME holds them: the known trap (floors are in test_gate.py)."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from classifier.corpus.datasets import load_corpus
from classifier.prediction.classifier import Classifier
from classifier.training.pipeline import train

EIGHT_SECTIONS = """
[experiment]
registered_model = "test-eight"
[data]
train = ["ynat:train", "entertainment"]
holdout = 0.1
[search]
folds = 2
[[candidates]]
estimator = "sgd"
features = [["chars"]]
min_df = [2]
[fast]
distil = false
"""


def test_a_quote_mark_is_not_taken_for_entertainment(home: Path, corpora: Path) -> None:
    config = home / "eight.toml"
    config.write_text(EIGHT_SECTIONS, encoding="utf-8")
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
