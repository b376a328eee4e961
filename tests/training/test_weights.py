"""Weights of rows: as the config states them, and less for likely label errors."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from classifier.corpus.tables import merge_repeats
from classifier.corpus.writer import write_table
from classifier.errors import ConfigError
from classifier.training.config import NOISE_MODEL, Labels
from classifier.training.dataset import TrainingSet, section_numbers, training_set
from classifier.training.pipeline import train
from classifier.training.weights import stated_weights, weigh
from tests.support.faulty import SECTIONS, faulty

Rows = tuple[TrainingSet, pd.DataFrame, np.ndarray]


def test_rows_weigh_what_is_stated_for_their_table_and_section() -> None:
    frame = pd.DataFrame(
        {
            "headline": list("가나다라"),
            "section": ["정치", "경제", "정치", "경제"],
            "table": ["a", "a", "b", "b"],
            "evidence": ["item", "block", "item", "block"],
        }
    )
    stated = Labels(tables={"a": 0.5, "b": {"경제": 0.2}}, evidence={"block": 0.5})
    assert stated_weights(frame, stated).tolist() == [0.5, 0.25, 1.0, 0.1]
    assert stated_weights(frame, Labels()) is None
    with pytest.raises(ConfigError, match="nothing is learned from 'c'"):
        stated_weights(frame, Labels(tables={"c": 0.5}))
    with pytest.raises(ConfigError, match="b has no rows of the section '연예'"):
        stated_weights(frame, Labels(tables={"b": {"연예": 0.5}}))


@pytest.fixture(scope="module")
def rows(sample: dict[str, list[tuple[str, str]]]) -> tuple[TrainingSet, pd.DataFrame, np.ndarray]:
    """The faulty table as a training set and as a table, and which of its labels are wrong."""
    frame, wrong = faulty(sample)
    frame, _ = merge_repeats(frame[frame["section"] != ""])
    headlines = frame["headline"].tolist()
    target = section_numbers(frame["section"].tolist(), SECTIONS)
    data = training_set(headlines, target, SECTIONS, NOISE_MODEL.features, 2)
    return data, frame, np.array([headline in wrong for headline in headlines])


def test_likely_errors_are_dropped_from_each_fit(rows: Rows) -> None:
    data, frame, wrong = rows
    weighed = weigh(data, Labels(errors="drop"), frame, n_jobs=1)
    assert set(np.unique(weighed.weights)) == {0.0, 1.0}
    assert (weighed.weights[wrong] == 0).mean() > 0.6
    assert (weighed.weights[~wrong] == 0).mean() < 0.1
    for fold, (train_rows, test_rows) in enumerate(data.folds):
        found, weights = weighed.part(fold)
        np.testing.assert_array_equal(found, train_rows)
        assert (weights[train_rows] == 0).any()
        assert (weights[test_rows] == 1).all(), "rows on which a candidate is scored are not assessed"


def test_the_rows_that_score_a_candidate_have_no_part_in_assessing_its_labels(rows: Rows) -> None:
    data, frame, _ = rows
    labels = Labels(errors="weigh", error_weight=0.25)
    before = weigh(data, labels, frame, n_jobs=1).fold_weights
    train_rows, test_rows = data.folds[0]
    changed = data.target.copy()
    changed[test_rows] = (changed[test_rows] + 1) % len(SECTIONS)
    after = weigh(replace(data, target=changed, folds=data.folds[:1]), labels, frame, n_jobs=1).fold_weights
    np.testing.assert_array_equal(before[0][train_rows], after[0][train_rows])
    assert set(np.unique(before[0][train_rows])) == {0.25, 1.0}


def test_evidence_weighs_rows_alone_and_together_with_errors(rows: Rows) -> None:
    data, frame, _ = rows
    evidence = frame["evidence"].to_numpy()
    alone = weigh(data, Labels(evidence={"block": 0.5}), frame)
    np.testing.assert_array_equal(alone.weights, np.where(evidence == "block", 0.5, 1.0))
    assert all(weights is alone.weights for weights in alone.fold_weights)
    both = weigh(replace(data, folds=[]), Labels(evidence={"block": 0.5}, errors="weigh", error_weight=0.5), frame, 1)
    assert set(np.unique(both.weights[evidence == "block"])) == {0.25, 0.5}
    assert weigh(data, Labels(), frame).weights is None


def test_evidence_that_cannot_be_weighed_is_an_error_or_a_warning(rows: Rows, caplog: pytest.LogCaptureFixture) -> None:
    data, frame, _ = rows
    weigh(data, Labels(evidence={"blok": 0.5}), frame)
    assert "no training row has the evidence blok" in caplog.text
    frame = frame.assign(evidence=np.where(data.target == 1, "block", "item"))
    with pytest.raises(ConfigError, match=r"weight 0 to all rows .* of 연예"):
        weigh(data, Labels(evidence={"block": 0}), frame)
    with pytest.raises(ConfigError, match="no training table has"):
        weigh(data, Labels(evidence={"block": 0.5}), frame.drop(columns="evidence"))


@pytest.mark.slow
def test_a_training_on_dirty_labels_profits_from_dropping_them(
    home: Path, sample: dict[str, list[tuple[str, str]]], caplog: pytest.LogCaptureFixture
) -> None:
    frame, _ = faulty(sample, flipped=200)
    write_table(frame[frame["section"] != ""], home / "dirty.tsv")
    test = [row for row in sample["test"] if row[1] in SECTIONS]
    write_table(pd.DataFrame(test, columns=["headline", "section"]), home / "test.tsv")
    text = (
        '[data]\ntrain = ["dirty.tsv"]\ntest = "test.tsv"\n[search]\nfolds = 2\nn_jobs = 1\n{labels}\n'
        '[[candidates]]\nestimator = "linear_svc"\nfeatures = [["chars"]]\n[fast]\ndistil = false\n'
    )
    scores = {}
    for name, labels in (("kept", ""), ("dropped", '[labels]\nerrors = "drop"\nevidence = {block = 0.9}')):
        (home / f"{name}.toml").write_text(text.format(labels=labels), encoding="utf-8")
        with caplog.at_level("INFO"):
            scores[name] = train(f"{name}.toml").test.macro_f1
    assert "rows dropped" in caplog.text
    assert scores["dropped"] > scores["kept"]
