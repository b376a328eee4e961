"""Text that is no headline, composed for this test with other words than the package's examples of it."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from classifier.evaluation.unfamiliar import SHARE, fit_unfamiliar, other_text
from classifier.model.unfamiliar import strangeness
from tests.conftest import REPOSITORY

LINES = (REPOSITORY / "tests" / "evaluation" / "out_of_domain.tsv").read_text(encoding="utf-8").splitlines()[1:]
TEXTS, KINDS = zip(*(line.split("\t") for line in LINES), strict=True)


@pytest.fixture(scope="module")
def weights(sample):
    return fit_unfamiliar([headline for split in ("train", "wide") for headline, _ in sample[split]], other_text())


def test_the_test_shares_no_line_with_the_examples():
    assert Counter(KINDS) == dict.fromkeys(set(KINDS), 200)
    assert not set(TEXTS) & set(other_text())


def test_what_is_no_headline_is_unfamiliar(weights):
    found = strangeness(weights, TEXTS) > 0
    by_kind = {kind: found[np.array(KINDS) == kind].mean() for kind in dict.fromkeys(KINDS)}
    assert found.mean() >= 0.97, by_kind
    assert min(by_kind.values()) >= 0.92, by_kind


def test_headlines_not_learned_from_are_familiar(weights, sample):
    held_out = [headline for headline, _ in sample["test"]]
    assert (strangeness(weights, held_out) > 0).mean() < 2 * SHARE


def test_headlines_of_real_publishers_are_familiar(weights, corpora):
    lines = (corpora / "ynat" / "dev.tsv").read_text(encoding="utf-8").splitlines()[1:]
    assert (strangeness(weights, [line.split("\t")[1] for line in lines]) > 0).mean() <= 0.08


@pytest.mark.parametrize("text", ["", " ", "ㅋ", "a" * 5000, "\ud800", "[속보]"])
def test_any_text_gets_a_finite_number(weights, text):
    assert np.isfinite(strangeness(weights, [text, "코스피 상승 마감"])).all()
    assert strangeness(weights, [text])[0] == pytest.approx(strangeness(weights, [text, "코스피 상승 마감"])[0])


def test_no_text_gets_no_numbers(weights):
    assert strangeness(weights, []).shape == (0,)
