from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from classifier.model.calibration import fit_temperature
from classifier.prediction.classifier import Classifier
from classifier.training.evaluation import probabilities_of


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


@pytest.mark.parametrize("tier", ["accurate", "fast"])
def test_a_prior_multiplies_every_probability_by_its_share(clf, sample, tier):
    headlines = [headline for headline, _ in sample["test"][::10]]
    prior = np.random.default_rng(0).dirichlet(np.ones(len(clf.sections)))
    plain, shifted = Classifier(clf.model, tier), Classifier(clf.model.with_prior(prior), tier)
    expected = plain.predict_proba(headlines) * prior
    expected /= expected.sum(axis=1, keepdims=True)
    assert shifted.predict_proba(headlines) == pytest.approx(expected, abs=1e-5)
    even = Classifier(clf.model.with_prior(np.full(len(clf.sections), 0.125)), tier)
    assert np.array_equal(even.predict_proba(headlines), plain.predict_proba(headlines))


def test_a_prior_makes_rare_sections_rarer_and_accuracy_higher_where_it_holds(clf, sample):
    """On headlines of another mix than was learned, the model that is told the mix is right more often."""
    dice = np.random.default_rng(0)
    prior = np.where(np.array(clf.sections) == "사회", 0.5, 0.5 / (len(clf.sections) - 1))
    chance = np.array([prior[clf.sections.index(section)] for _, section in sample["test"]])
    rows = dice.choice(len(chance), 3000, p=chance / chance.sum())
    headlines, sections = zip(*[sample["test"][i] for i in rows], strict=True)

    def accuracy(model):
        answers = Classifier(model, "accurate").predict_proba(headlines).argmax(axis=1)
        return np.mean([model.sections[i] == section for i, section in zip(answers, sections, strict=True)])

    assert accuracy(clf.model.with_prior(prior)) > accuracy(clf.model) + 0.01
