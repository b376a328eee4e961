from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from classifier.errors import DataError
from classifier.evaluation.compare import compare, interval
from classifier.evaluation.metrics import EvaluatedTable, evaluate, reliability, score
from classifier.prediction.classifier import Classifier

SECTIONS = ("정치", "경제", "사회", "스포츠")


def guesses(seed, target, strength=1.5):
    """Probabilities that lean towards the right answer."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(len(target), len(SECTIONS)))
    scores[np.arange(len(target)), target] += strength
    return np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)


def evaluated(probabilities, target, sections=SECTIONS):
    return EvaluatedTable(score(probabilities, target, sections), target, probabilities, sections)


def test_figures_are_those_of_scikit_learn():
    target = np.random.default_rng(0).integers(0, 4, 400)
    probabilities = guesses(1, target)
    predicted = probabilities.argmax(axis=1)
    found = score(probabilities, target, SECTIONS)
    assert found.n == 400
    assert found.accuracy == pytest.approx(metrics.accuracy_score(target, predicted))
    assert found.macro_f1 == pytest.approx(metrics.f1_score(target, predicted, average="macro"))
    assert found.log_loss == pytest.approx(metrics.log_loss(target, probabilities))
    report = metrics.classification_report(target, predicted, target_names=SECTIONS, output_dict=True)
    for section in SECTIONS:
        for ours, theirs in (("precision",) * 2, ("recall",) * 2, ("f1", "f1-score"), ("support",) * 2):
            assert found.per_section[section][ours] == pytest.approx(report[section][theirs])


def test_figures_of_a_real_model_are_those_of_scikit_learn(clf, sample):
    table = pd.DataFrame(sample["test"], columns=["headline", "section"])
    found = evaluate(clf.model.accurate, table)
    accurate = Classifier(clf.model, "accurate")
    predicted = [prediction.section for prediction in accurate.predict(table["headline"])]
    assert found.evaluation.macro_f1 == pytest.approx(metrics.f1_score(table["section"], predicted, average="macro"))
    assert found.evaluation.accuracy == pytest.approx(metrics.accuracy_score(table["section"], predicted))
    assert found.evaluation.accuracy > 0.5
    assert [found.sections[i] for i in found.target] == table["section"].tolist()
    assert found.evaluation.to_dict()["per_section"].keys() == set(table["section"])


def test_calibration_error_by_hand():
    # Confidences 0.9, 0.9, 0.6: bins 13, 13 and 9; of the two at 0.9 one is right, the one at 0.6 is wrong.
    probabilities = np.array([[0.9, 0.1], [0.1, 0.9], [0.6, 0.4]])
    target = np.array([0, 0, 1])
    assert score(probabilities, target, ("정치", "경제")).ece == pytest.approx((2 * 0.4 + 1 * 0.6) / 3)
    confidence, right, count = reliability(probabilities, target)
    assert count.tolist() == [0] * 9 + [1, 0, 0, 0, 2, 0]
    assert (confidence[13], right[13]) == pytest.approx((0.9, 0.5))
    assert (confidence[9], right[9]) == pytest.approx((0.6, 0.0))


def test_full_confidence_falls_into_the_last_bin():
    _, _, count = reliability(np.array([[1.0, 0.0]]), np.array([0]))
    assert count.tolist() == [0] * 14 + [1]


def test_certain_and_wrong_costs_a_finite_log_loss():
    found = score(np.array([[1.0, 0.0]]), np.array([1]), ("정치", "경제"))
    assert found.log_loss == pytest.approx(-np.log(1e-15))


def test_a_section_absent_from_the_table_does_not_enter_macro_f1():
    # The third row is answered with a section that no row has: it costs 정치 a hit, no more.
    probabilities = np.eye(4)[[0, 1, 3]]
    found = score(probabilities, np.array([0, 1, 0]), SECTIONS)
    assert found.macro_f1 == pytest.approx((2 / 3 + 1) / 2)
    assert list(found.per_section) == ["정치", "경제"]


def test_evaluate_refuses_sections_that_the_model_does_not_know(clf):
    table = pd.DataFrame({"headline": ["오늘의 운세", "내일의 운세", "국회 개원"], "section": ["운세", "운세", "정치"]})
    with pytest.raises(DataError, match=r"운세 \(2 rows\).*It knows .*정치"):
        evaluate(clf.model.accurate, table)


def test_comparing_is_a_paired_bootstrap_of_macro_f1():
    target = np.random.default_rng(2).integers(0, 3, 150)  # 스포츠 never occurs, but is answered
    probabilities = guesses(3, target, strength=2.0), guesses(4, target, strength=1.0)
    found = compare(*(evaluated(p, target) for p in probabilities), resamples=200, seed=7)

    answers = [p.argmax(axis=1) for p in probabilities]

    def difference(rows):
        labels = np.unique(target[rows])
        first, second = (
            metrics.f1_score(target[rows], answer[rows], labels=labels, average="macro", zero_division=0.0)
            for answer in answers
        )
        return first - second

    rng = np.random.default_rng(7)
    slow = [difference(rng.integers(0, 150, 150)) for _ in range(200)]
    assert found.macro_f1 == pytest.approx(difference(np.arange(150)))
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(slow, [0.025, 0.975])))
    assert found.significant == (found.low > 0)


def test_models_with_sections_in_another_order_or_more_of_them_can_be_compared():
    target = np.random.default_rng(5).integers(0, 4, 200)
    first, second = guesses(6, target), guesses(7, target)
    order = [2, 0, 3, 1]
    # 날씨 comes first in b, and is never answered.
    b = evaluated(
        np.hstack([np.zeros((200, 1)), second[:, order]]),
        np.argsort(order)[target] + 1,
        ("날씨", *(SECTIONS[i] for i in order)),
    )
    found = compare(evaluated(first, target), b, resamples=100)
    plain = compare(evaluated(first, target), evaluated(second, target), resamples=100)
    assert (found.macro_f1, found.low, found.high) == pytest.approx((plain.macro_f1, plain.low, plain.high))


def test_a_model_does_not_differ_from_itself():
    target = np.random.default_rng(8).integers(0, 4, 100)
    model = evaluated(guesses(9, target), target)
    found = compare(model, model, resamples=50)
    assert (found.macro_f1, found.low, found.high, found.significant) == (0, 0, 0, False)


def test_a_much_better_model_is_significantly_better():
    target = np.random.default_rng(10).integers(0, 4, 300)
    good, bad = (
        evaluated(guesses(11, target, strength=4.0), target),
        evaluated(guesses(12, target, strength=0.0), target),
    )
    assert compare(good, bad, resamples=200).significant
    assert compare(bad, good, resamples=200).high < 0


def test_models_evaluated_on_different_tables_are_not_compared():
    target = np.array([0, 1, 2, 3])
    with pytest.raises(ValueError, match="different tables"):
        compare(evaluated(np.eye(4), target), evaluated(np.eye(4), target[::-1]))


def test_the_interval_is_a_bootstrap_of_macro_f1():
    target = np.random.default_rng(10).integers(0, 3, 150)  # 스포츠 never occurs, but is answered
    probabilities = guesses(11, target)
    found = interval(evaluated(probabilities, target), resamples=200, seed=3)
    rng = np.random.default_rng(3)
    slow = []
    for _ in range(200):
        rows = rng.integers(0, 150, 150)
        answer = probabilities[rows].argmax(axis=1)
        labels = np.unique(target[rows])
        slow.append(metrics.f1_score(target[rows], answer, labels=labels, average="macro", zero_division=0.0))
    assert found == pytest.approx(tuple(np.quantile(slow, [0.025, 0.975])))
