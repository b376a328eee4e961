"""Drift between tables as a trained model scores them, and what chance alone makes of it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from classifier import DataError, drift
from classifier.evaluation.adaptation import answers, score_rows
from classifier.evaluation.drift import measure_drift
from classifier.evaluation.drift_report import render_drift


@pytest.fixture(scope="module")
def scored_rows(clf, sample):
    """The sample's test headlines, scored."""
    rows = sample["test"]
    return score_rows(clf.model, [h for h, _ in rows], [s for _, s in rows])


def halves(rows, seed):
    order = np.random.default_rng(seed).permutation(len(rows.target))
    return rows.take(order[::2]), rows.take(order[1::2])


@pytest.mark.parametrize("seed", range(3))
def test_two_halves_of_one_table_do_not_drift(clf, scored_rows, seed):
    found = measure_drift(clf.model, *halves(scored_rows, seed), labelled=True)
    assert found.drifted == ()
    assert all(d.value < max(d.bound, 0.1) for d in found.distances)
    assert found.estimated_accuracy == pytest.approx(found.reference_accuracy, abs=0.05)


def test_bounds_shrink_with_the_tables(clf, scored_rows):
    small = measure_drift(clf.model, scored_rows, scored_rows.take(np.arange(0, 1400, 20)), labelled=False)
    large = measure_drift(clf.model, scored_rows, scored_rows.take(np.arange(0, 1400, 2)), labelled=False)
    assert all(b.bound < a.bound for a, b in zip(small.distances, large.distances, strict=True))


def test_the_bounds_are_those_that_chance_exceeds_once_in_a_hundred_times(clf, scored_rows):
    there, here = halves(scored_rows, 0)
    unknown = [rows.unknown.astype(np.float64) for rows in (there, here)]
    spread = np.sqrt(sum(values.var() / len(values) for values in unknown))
    tested = sum(1 / (len(rows.target) // 2) for rows in (there, here))
    bounds = {d.name: d.bound for d in measure_drift(clf.model, there, here, labelled=False).distances}
    assert bounds["more unknown features"] == pytest.approx(norm.isf(0.01) * spread)
    assert bounds["two-sample test"] == pytest.approx(norm.isf(0.01) * np.sqrt(tested) / 2, rel=0.01)


def test_the_error_about_a_small_table_says_which_one_it_is(clf, scored_rows):
    few, many = scored_rows.take(np.arange(7)), scored_rows.take(np.arange(1200))
    with pytest.raises(DataError, match="found 1,200, and 7 to compare them with"):
        measure_drift(clf.model, few, many, labelled=False)
    with pytest.raises(DataError, match="found 7, and 1,200 to compare them with"):
        measure_drift(clf.model, many, few, labelled=False)


def test_other_sections_are_drift_of_the_section_mix(clf, scored_rows):
    sport = scored_rows.take(scored_rows.target == clf.sections.index("스포츠"))
    found = measure_drift(clf.model, scored_rows, sport, labelled=True)
    assert "section mix" in found.drifted
    assert found.sections["스포츠"][1] > 0.8


def test_chat_is_drift_of_confidence_and_features_and_costs_accuracy(clf, scored_rows):
    texts = [
        f"야 {what} ㅋㅋ{'ㅋ' * i}" for i in range(10) for what in ("뭐해", "어디야", "밥 먹자", "졸려", "빨리 와")
    ]
    found = measure_drift(clf.model, scored_rows, score_rows(clf.model, texts), labelled=True)
    assert {"confidence", "more unknown features", "two-sample test"} <= set(found.drifted)
    assert found.estimated_accuracy < found.reference_accuracy - 0.2


def test_headlines_like_the_training_rows_are_no_drift_from_them(clf, scored_rows):
    found = measure_drift(clf.model, clf.model.reference, scored_rows, labelled=True)
    assert "section mix" not in found.drifted
    assert next(d for d in found.distances if d.name == "two-sample test").value < 0.2
    assert found.estimated_accuracy == pytest.approx(
        (answers(clf.model, scored_rows).argmax(axis=1) == scored_rows.target).mean(), abs=0.06
    )


def test_the_report_shows_every_section_in_hangul(clf, scored_rows):
    found = measure_drift(clf.model, *halves(scored_rows, 0), labelled=True)
    page = render_drift(found, "<표>.tsv", "지난달")
    assert all(f"<div>{section}</div>" in page for section in clf.sections)
    assert "&lt;표&gt;.tsv" in page
    assert found.to_dict()["drifted"] == []


def test_the_function_compares_with_the_training_or_with_a_table(clf, tmp_path, sample):
    (tmp_path / "now.tsv").write_text("headline\n" + "\n".join(h for h, _ in sample["test"][:300]), encoding="utf-8")
    found = drift(tmp_path / "now.tsv", clf)
    assert found.reference_rows == len(clf.model.reference.target)
    assert found.reference_accuracy is not None
    same = drift(tmp_path / "now.tsv", clf, reference=tmp_path / "now.tsv")
    assert (same.drifted, same.reference_accuracy) == ((), None)
    (tmp_path / "few.tsv").write_text("headline\n코스피 상승\n", encoding="utf-8")
    with pytest.raises(DataError, match="20 headlines or more"):
        drift(tmp_path / "few.tsv", clf)
