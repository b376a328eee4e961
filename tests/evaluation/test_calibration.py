from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from classifier.evaluation.calibration import fit_temperature
from classifier.evaluation.metrics import probabilities_of


def drawn(temperature, rows=20_000, sections=4):
    """Scores and sections drawn from the softmax of the scores at a known temperature."""
    rng = np.random.default_rng(0)
    logits = rng.normal(scale=2.0, size=(rows, sections))
    chances = softmax(logits, axis=1).cumsum(axis=1)
    target = (rng.random((rows, 1)) > chances[:, :-1]).sum(axis=1)
    return logits * temperature, target


@pytest.mark.parametrize("temperature", [0.05, 0.5, 1.0, 3.0, 40.0])
def test_a_known_temperature_is_recovered(temperature):
    assert fit_temperature(*drawn(temperature)) == pytest.approx(temperature, rel=0.03)


def test_the_found_temperature_has_a_lower_log_loss_than_its_neighbours():
    scores, target = drawn(0.3)
    found = fit_temperature(scores, target)

    def log_loss(temperature):
        return -np.log(probabilities_of(scores, temperature)[np.arange(len(target)), target]).mean()

    assert log_loss(found) < min(log_loss(found * 0.9), log_loss(found * 1.1), log_loss(1.0))


@pytest.mark.parametrize("seed", range(5))
def test_the_likeliest_section_never_changes(seed):
    rng = np.random.default_rng(seed)
    scores = rng.normal(scale=10.0 ** rng.integers(-2, 3), size=(500, 7))
    target = rng.integers(0, 7, 500)
    temperature = fit_temperature(scores, target)
    assert temperature > 0
    assert np.array_equal(probabilities_of(scores, temperature).argmax(axis=1), scores.argmax(axis=1))


def test_scores_that_are_always_right_do_not_run_away():
    scores = np.eye(3)[[0, 1, 2] * 10]
    temperature = fit_temperature(scores, np.array([0, 1, 2] * 10))
    assert 0 < temperature < 0.1
    assert np.isfinite(probabilities_of(scores, temperature)).all()
