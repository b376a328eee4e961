"""Calibrated logits: what they promise for any scorer."""

from __future__ import annotations

import numpy as np
import pytest

from classifier.model.calibration import Calibration

LOGITS = np.random.default_rng(3).normal(0, 3, (200, 5)).astype(np.float32)
CALIBRATIONS = [
    Calibration(),
    Calibration(0.5),
    Calibration(2.0, 0.6),
    Calibration(1.5, 0.4, (0.5, -0.5, 0.0, 1.0, -1.0)),
    Calibration(2.0, 0.5, longest=3.0),
]


@pytest.mark.parametrize("calibration", CALIBRATIONS)
def test_one_headline_and_many_get_the_same(calibration):
    many = calibration.apply(LOGITS)
    assert many.dtype == np.float32
    for row, found in zip(LOGITS, many, strict=True):
        assert calibration.apply_one(row.tolist()) == pytest.approx(found.tolist(), abs=1e-4)


@pytest.mark.parametrize("calibration", CALIBRATIONS[:3])
def test_without_biases_the_order_of_the_sections_stays(calibration):
    assert np.array_equal(calibration.apply(LOGITS).argsort(axis=1), LOGITS.argsort(axis=1))


def test_a_power_takes_more_from_long_logits():
    short, long = np.array([[1.0, -1.0]], np.float32), np.array([[10.0, -10.0]], np.float32)
    calibration = Calibration(1.0, 0.5)
    assert calibration.apply(long)[0, 0] / 10 < calibration.apply(short)[0, 0]


def test_no_logits_are_longer_than_the_limit():
    found = np.linalg.norm(Calibration(2.0, 0.5, longest=3.0).apply(LOGITS), axis=1)
    assert found.max() == pytest.approx(3, abs=1e-5)
    assert found.min() < 2.9


@pytest.mark.parametrize("calibration", CALIBRATIONS)
def test_zeros_stay_finite(calibration):
    zeros = np.zeros((1, 5), np.float32)
    assert np.isfinite(calibration.apply(zeros)).all()
    assert np.isfinite(calibration.apply_one([0.0] * 5)).all()


@pytest.mark.parametrize("calibration", CALIBRATIONS)
def test_a_second_calibration_comes_on_top_of_the_first(calibration):
    both = calibration.then(0.8, [0.3, 0.0, 0.0, -0.1, 0.2])
    plain = calibration.apply(LOGITS) * 0.8 + np.array([0.3, 0.0, 0.0, -0.1, 0.2])
    found = both.apply(LOGITS)
    assert found - found.mean(axis=1, keepdims=True) == pytest.approx(
        plain - plain.mean(axis=1, keepdims=True), abs=1e-4
    )
    assert sum(both.bias) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    "wrong", [{"scale": 0.0}, {"scale": -1.0}, {"power": 1.0}, {"bias": (float("nan"),)}, {"scale": float("inf")}]
)
def test_what_is_no_calibration_is_refused(wrong):
    with pytest.raises(ValueError, match="no calibration"):
        Calibration(**wrong)
