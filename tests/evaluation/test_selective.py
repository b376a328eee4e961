"""Thresholds for a promised precision, and prediction sets, against data whose truth is known and against crepes."""

from __future__ import annotations

import numpy as np
import pytest
from crepes import ConformalClassifier

from classifier.evaluation.selective import NEVER, PredictionSets, precision_thresholds, set_level


def drawn(rows, seed=0, sections=4, sharpness=2.0):
    """Probabilities, and sections drawn from them: calibrated by construction."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, sharpness, (rows, sections))
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    target = (probabilities.cumsum(axis=1) < rng.random((rows, 1))).sum(axis=1)
    return probabilities, target


@pytest.mark.parametrize("coverage", [0.8, 0.903, 0.951])
def test_sets_are_those_of_crepes(coverage):
    reference, target = drawn(603)
    probabilities, _ = drawn(400, seed=1)
    conformal = ConformalClassifier().fit(1 - reference[np.arange(603), target], bins=target)
    wanted = np.column_stack(
        [conformal.predict_p(1 - probabilities[:, [k]], bins=np.full(400, k), smoothing=False)[:, 0] for k in range(4)]
    )
    sets = PredictionSets(reference, target, np.zeros(603, bool), coverage)
    assert sets.p_values(probabilities) == pytest.approx(wanted)
    likeliest = np.arange(4) == probabilities.argmax(axis=1)[:, None]
    assert np.array_equal(sets.find(probabilities), (wanted > 1 - coverage) | likeliest)


@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95])
def test_every_section_is_covered(coverage):
    reference, target = drawn(8000)
    probabilities, truth = drawn(20_000, seed=2)
    sets = PredictionSets(reference, target, np.zeros(8000, bool), coverage).find(probabilities)
    for section in range(4):
        covered = sets[truth == section, section].mean()
        assert coverage - 0.03 < covered
    assert sets.sum(axis=1).mean() < 4


def test_own_rows_restore_the_coverage_of_a_shifted_publisher():
    reference, target = drawn(4000)
    shifted, truth = drawn(6000, seed=3, sharpness=0.8)
    shifted = shifted**2 / (shifted**2).sum(axis=1, keepdims=True)  # the model is surer than it is right
    none = np.zeros(4000, bool)
    before = PredictionSets(reference, target, none, 0.9).find(shifted[400:])
    own = np.append(none, np.ones(400, bool))
    both = np.vstack([reference, shifted[:400]]), np.append(target, truth[:400])
    after = PredictionSets(*both, own, 0.9).find(shifted[400:])
    rows = np.arange(5600), truth[400:]
    assert before[rows].mean() < 0.85
    assert abs(after[rows].mean() - 0.9) < 0.03


def test_the_level_without_own_rows_and_with_too_few_of_them():
    assert set_level(np.zeros(0), 0.9) == pytest.approx(0.1)
    assert set_level(np.array([0.2, 0.4, 0.5]), 0.9) == 0  # three rows cannot promise 90%: every section is in the set


@pytest.mark.parametrize("precision", [0.8, 0.9, 0.97])
def test_the_precision_is_kept_on_new_rows(precision):
    thresholds = precision_thresholds(*drawn(20_000), precision)
    probabilities, truth = drawn(20_000, seed=4)
    answer = probabilities.argmax(axis=1)
    given = probabilities.max(axis=1) >= thresholds[answer]
    assert given.mean() > 0.05
    assert (answer == truth)[given].mean() > precision - 0.015


def test_an_overconfident_model_is_held_to_what_is_right_and_a_modest_one_to_what_it_claims():
    probabilities, target = drawn(20_000)
    surer = probabilities**3 / (probabilities**3).sum(axis=1, keepdims=True)
    answer = surer.argmax(axis=1)
    given = surer.max(axis=1) >= precision_thresholds(surer, target, 0.9)[answer]
    assert (answer == target)[given].mean() >= 0.9
    modest = probabilities**0.5 / (probabilities**0.5).sum(axis=1, keepdims=True)
    kept = modest.max(axis=1) >= precision_thresholds(modest, target, 0.9)[answer]
    assert modest.max(axis=1)[kept].mean() >= 0.9


def test_a_section_that_is_never_right_gets_no_answers():
    probabilities, target = drawn(4000)
    target[target == 2] = 1
    assert precision_thresholds(probabilities, target, 0.9)[2] == NEVER
