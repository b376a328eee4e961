"""Fitting a calibration to a publisher's rows: what is gained, and that few rows do no harm."""

from __future__ import annotations

import numpy as np
import pytest

from classifier.evaluation.calibration import (
    CEILING,
    adapt,
    expected_calibration_error,
    fit_calibration,
    for_other_publishers,
)
from classifier.model.calibration import Calibration
from classifier.model.scoring import softmax


def drawn(rows, *, scale=1.0, power=0.0, bias=(0.0,) * 5, seed=0):
    """Logits, and sections drawn from the probabilities that a calibration makes of them."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2.5, (rows, 5)).astype(np.float32)
    probabilities = softmax(Calibration(scale, power, tuple(bias)).apply(logits)).astype(float)
    target = (probabilities.cumsum(axis=1) < rng.random((rows, 1)) * probabilities.sum(axis=1, keepdims=True)).sum(
        axis=1
    )
    return logits, target


@pytest.mark.parametrize(("scale", "power"), [(1.0, 0.0), (0.5, 0.2), (2.0, 0.6), (30.0, 0.5)])
def test_a_known_calibration_is_recovered(scale, power):
    logits, target = drawn(20_000, scale=scale, power=power)
    found = fit_calibration(logits, target)
    probabilities = softmax(found.apply(logits))
    assert expected_calibration_error(probabilities, target) < 0.015
    if scale < 10:  # where the labels are certain, many calibrations are as good
        assert found.power == pytest.approx(power, abs=0.12)


def test_one_right_section_for_all_rows_stays_finite():
    logits, _ = drawn(40)
    found = fit_calibration(logits, logits.argmax(axis=1))
    assert np.isfinite(softmax(found.apply(logits))).all()


def test_no_probability_for_other_publishers_exceeds_the_ceiling():
    logits, target = drawn(5000, scale=3.0)
    logits -= logits.mean(axis=1, keepdims=True)
    home, away = fit_calibration(logits, target), fit_calibration(logits, target, other=True)
    assert softmax(home.apply(logits)).max() > CEILING
    assert softmax(away.apply(logits)).max() <= CEILING + 1e-4
    assert away == for_other_publishers(home, 5)
    assert np.array_equal(away.apply(logits).argmax(axis=1), logits.argmax(axis=1))


def test_two_hundred_rows_find_scale_and_bias():
    bias = (1.0, -0.5, 0.0, 0.0, -0.5)
    logits, target = drawn(20_000, scale=0.6, bias=bias)
    before = expected_calibration_error(softmax(logits), target)
    adapted = adapt(Calibration(), logits[:200], target[:200])
    found = softmax(adapted.apply(logits[200:]))
    assert expected_calibration_error(found, target[200:]) < before / 2
    assert (found.argmax(axis=1) == target[200:]).mean() > (logits[200:].argmax(axis=1) == target[200:]).mean()


@pytest.mark.parametrize("seed", range(5))
def test_thirty_rows_do_no_harm_where_nothing_is_wrong(seed):
    logits, target = drawn(20_000, seed=seed)
    adapted = adapt(Calibration(), logits[:30], target[:30])
    assert expected_calibration_error(softmax(adapted.apply(logits[30:])), target[30:]) < 0.06
    assert adapted.scale == pytest.approx(1, abs=0.4)


def test_no_rows_change_nothing():
    logits, target = drawn(10)
    assert adapt(Calibration(0.7, 0.3), logits[:0], target[:0]).scale == pytest.approx(0.7)


def test_bins_hold_the_same_number_of_rows():
    probabilities = np.array([[0.9, 0.1]] * 50 + [[0.6, 0.4]] * 50)
    target = np.array([0] * 45 + [1] * 5 + [0] * 20 + [1] * 30)
    assert expected_calibration_error(probabilities, target, bins=2) == pytest.approx(0.1)
