from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.naive_bayes import ComplementNB
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import check_estimator

from classifier.errors import ConfigError
from classifier.model.blocks import BLOCKS, Batch
from classifier.text.normalize import normalize_all
from classifier.training import estimators
from classifier.training.estimators import ESTIMATORS, NBSVM, TOLERANCE, StackedNBSVM, linear_weights, make_estimator
from classifier.training.features import HeadlineFeatures, TfidfBlock


@pytest.fixture
def to_the_end(monkeypatch):
    """Descents that go on until the tolerance is met."""
    monkeypatch.setattr(estimators, "PASSES", 10_000)


def small_counts(sections, rows=90, columns=12, seed=0):
    """Counts in which every section has favourite columns."""
    rng = np.random.default_rng(seed)
    target = np.arange(rows) % sections
    rates = 0.3 + 2.0 * (np.arange(columns) % sections == target[:, None])
    return rng.poisson(rates).astype(np.float64), np.array(["가", "나", "다"])[target]


def test_nbsvm_is_a_scikit_learn_estimator():
    inexact = "as in LinearSVC, whose coordinate descent stops at another place; see the next test"
    names = ("check_sample_weight_equivalence_on_dense_data", "check_sample_weight_equivalence_on_sparse_data")
    check_estimator(NBSVM(), expected_failed_checks=dict.fromkeys(names, inexact), on_skip=None)


@pytest.mark.usefixtures("to_the_end")
def test_a_row_of_weight_two_counts_like_two_rows_and_one_of_weight_zero_like_none():
    counts, target = small_counts(3)
    weight = np.arange(len(target)) // 3 % 3
    repeated = np.repeat(np.arange(len(target)), weight)
    weighed = NBSVM(balanced=False).fit(counts, target, sample_weight=weight)
    plain = NBSVM(balanced=False).fit(counts[repeated], target[repeated])
    np.testing.assert_allclose(weighed.decision_function(counts), plain.decision_function(counts), atol=5e-3)


@pytest.mark.filterwarnings("ignore:invalid value encountered in log:RuntimeWarning")
def test_the_tfidf_block_is_a_scikit_learn_transformer():
    negative = "feeds negative numbers: counts have none, and sublinear TF-IDF takes their logarithm"
    names = """check_pipeline_consistency check_estimators_pickle check_transformer_data_not_an_array
    check_transformer_general check_transformer_preserve_dtypes""".split()
    check_estimator(TfidfBlock(), expected_failed_checks=dict.fromkeys(names, negative), on_skip=None)


@pytest.mark.usefixtures("to_the_end")
@pytest.mark.parametrize("sections", [2, 3])
@pytest.mark.parametrize("balanced", [True, False])
def test_nbsvm_is_the_formula_of_the_paper(sections, balanced):
    counts, target = small_counts(sections)
    alpha, strength = 0.5, 0.7
    scores = []
    for section in ("가", "나", "다")[:sections]:
        p = alpha + counts[target == section].sum(axis=0)
        q = alpha + counts[target != section].sum(axis=0)
        ratio = np.log((p / p.sum()) / (q / q.sum()))
        machine = LinearSVC(C=strength, class_weight="balanced" if balanced else None, tol=TOLERANCE, random_state=0)
        scores.append(machine.fit(counts * ratio, target == section).decision_function(counts * ratio))
    model = NBSVM(C=strength, alpha=alpha, balanced=balanced).fit(sparse.csr_array(counts), target)
    expected = scores[1] if sections == 2 else np.column_stack(scores)
    np.testing.assert_allclose(model.decision_function(counts), expected, atol=1e-3)
    answers = (np.array(scores[1]) > 0).astype(int) if sections == 2 else np.argmax(scores, axis=0)
    assert model.predict(counts).tolist() == np.array(["가", "나", "다"])[answers].tolist()


@pytest.mark.usefixtures("to_the_end")
def test_nbsvm_leaves_columns_with_negative_values_unscaled():
    counts, target = small_counts(2)
    dense = np.random.default_rng(1).normal(size=(len(target), 3))
    p, q = (1 + counts[target == section].sum(axis=0) for section in ("나", "가"))
    ratio = np.concatenate([np.log((p / p.sum()) / (q / q.sum())), np.ones(3)])
    both = np.hstack([counts, dense])
    machine = LinearSVC(C=0.1, class_weight="balanced", tol=TOLERANCE, random_state=0).fit(both * ratio, target == "나")
    model = NBSVM().fit(both, target)
    np.testing.assert_allclose(model.coef_[0], machine.coef_[0] * ratio, atol=1e-3)


def test_few_passes_say_what_many_say(sample, monkeypatch):
    headlines, sections = zip(*sample["train"][::2], strict=True)
    counts = {"chars": BLOCKS["chars"].count(Batch(normalize_all(headlines)))}
    features = HeadlineFeatures(("chars",)).fit_transform(counts)
    few = NBSVM().fit(features, sections)
    monkeypatch.setattr(estimators, "PASSES", 10_000)
    many = NBSVM().fit(features, sections)
    assert not np.array_equal(few.coef_, many.coef_)
    assert np.mean(few.predict(features) == many.predict(features)) > 0.995


@pytest.mark.usefixtures("to_the_end")
def test_nbsvm_on_dense_columns_alone_is_a_linear_svm():
    rng = np.random.default_rng(2)
    dense = rng.normal(size=(60, 4))
    target = dense[:, 0] + 0.3 * rng.normal(size=60) > 0
    machine = LinearSVC(C=0.1, class_weight="balanced", tol=TOLERANCE, random_state=0).fit(dense, target)
    np.testing.assert_allclose(NBSVM().fit(dense, target).coef_, machine.coef_, atol=1e-3)


@pytest.mark.parametrize("sections", [2, 3])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_linear_weights_reproduce_the_scores(name, sections):
    counts, target = small_counts(sections)
    estimator = make_estimator(name, {}, seed=0).fit(sparse.csr_array(counts), target)
    weights, intercept = linear_weights(estimator)
    assert weights.shape == (counts.shape[1], sections)
    scores = counts @ weights + intercept
    if isinstance(estimator, ComplementNB):
        difference = scores - estimator.predict_joint_log_proba(counts)
        np.testing.assert_allclose(difference, difference[:, :1] + np.zeros(sections), atol=1e-9)
    elif sections == 2:
        np.testing.assert_allclose(scores[:, 1] - scores[:, 0], estimator.decision_function(counts), atol=1e-9)
    else:
        np.testing.assert_allclose(scores, estimator.decision_function(counts), atol=1e-9)
    assert estimator.classes_[scores.argmax(axis=1)].tolist() == estimator.predict(counts).tolist()


def test_an_unknown_estimator_is_named_with_the_known_ones():
    with pytest.raises(ConfigError, match=r"'random_forest' is unknown. There is nbsvm, stack, linear_svc"):
        make_estimator("random_forest", {}, seed=0)


def test_unknown_parameters_are_named_together():
    with pytest.raises(ConfigError, match=r"nbsvm has no parameter depth, trees. It has C, alpha"):
        make_estimator("nbsvm", {"C": 1.0, "depth": 3, "trees": 5}, seed=0)


def test_the_seed_goes_where_there_is_randomness_unless_the_grid_sets_one():
    assert make_estimator("sgd", {}, seed=5).random_state == 5
    assert make_estimator("sgd", {"random_state": 7}, seed=5).random_state == 7
    assert "random_state" not in make_estimator("complement_nb", {}, seed=5).get_params()


def test_parameters_win_over_the_defaults():
    assert make_estimator("linear_svc", {}, seed=0).C == 0.3
    assert make_estimator("linear_svc", {"C": 2.0}, seed=0).C == 2.0
    assert make_estimator("linear_svc", {"C": 2.0}, seed=0).class_weight == "balanced"


def test_the_stack_is_a_scikit_learn_estimator():
    inexact = "as in LinearSVC, and folds are drawn by row; see the tests of weights"
    names = ("check_sample_weight_equivalence_on_dense_data", "check_sample_weight_equivalence_on_sparse_data")
    check_estimator(StackedNBSVM(alphas=(1.0,)), expected_failed_checks=dict.fromkeys(names, inexact), on_skip=None)


def test_the_stack_is_the_plain_way_of_stacking():
    """Members' scores of rows they were not fitted on, then a logistic regression; one linear map in the end."""
    counts, target = small_counts(3, rows=240)
    other, other_target = small_counts(2, rows=120, seed=1)
    groups = np.arange(240) // 3
    model = StackedNBSVM(alphas=(1.0, 0.3), plain=True).fit(
        counts, target, groups=groups, auxiliary=[(sparse.csr_array(other), other_target)]
    )
    helper = NBSVM().fit(other, other_target).decision_function(counts)
    held_out, final = [], []
    for member in (
        NBSVM(alpha=1.0),
        NBSVM(alpha=0.3),
        LinearSVC(C=0.1, class_weight="balanced", tol=TOLERANCE, random_state=0),
    ):
        scores = np.empty((240, 3))
        for train, test in StratifiedGroupKFold(3, shuffle=True, random_state=0).split(counts, target, groups):
            scores[test] = clone(member).fit(counts[train], target[train]).decision_function(counts[test])
        held_out.append(scores)
        final.append(member.fit(counts, target).decision_function(counts))
    both = np.column_stack([-helper / 2, helper / 2])
    blend = LogisticRegression(class_weight="balanced", solver="newton-cholesky", tol=1e-8).fit(
        np.hstack([*held_out, both]), target
    )
    expected = blend.decision_function(np.hstack([*final, both]))
    np.testing.assert_allclose(model.decision_function(counts), expected, atol=1e-6)


def test_an_auxiliary_table_teaches_the_stack_words_that_the_rows_lack():
    """Columns 0 and 1 tell the sections; columns 2 and 3 do too, but occur in the other table alone."""
    rng = np.random.default_rng(0)
    truth = np.arange(300) % 2
    names = np.array(["가", "나"])[truth]

    def table(first):
        counts = np.zeros((300, 6))
        counts[:, 4:] = rng.poisson(1.0, (300, 2))
        noisy = np.where(rng.random(300) < 0.9, truth, 1 - truth)
        counts[np.arange(300), first + noisy] = 1
        return counts

    rows, other, unseen = table(0), table(0) + table(2), table(2)
    plain = StackedNBSVM().fit(rows, names)
    helped = StackedNBSVM().fit(rows, names, auxiliary=[(sparse.csr_array(other), np.array(["A", "B"])[truth])])
    assert np.mean(plain.predict(unseen) == names) < 0.65
    assert np.mean(helped.predict(unseen) == names) > 0.85


def test_the_stack_refuses_sections_too_small_to_hold_out():
    with pytest.raises(ValueError, match=r"two rows or more of each class; found 가 \(3\), 나 \(1\)"):
        StackedNBSVM().fit(np.eye(4), np.array(["가", "가", "가", "나"]))


def test_a_stack_of_nothing_is_refused():
    with pytest.raises(ValueError, match="plain=True"):
        StackedNBSVM(alphas=()).fit(np.eye(4), np.array(["가", "가", "나", "나"]))
