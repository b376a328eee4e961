"""Fast, accurate, cascade: each against the plain way of doing it, and all as one model."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.errors import ModelError
from classifier.evaluation.metrics import score
from classifier.model.blocks import BLOCKS, Batch
from classifier.model.calibration import Calibration
from classifier.model.cascade import Cascade, accepted, confidence
from classifier.model.fast import ZERO, FastModel
from classifier.model.model import Model
from classifier.model.scoring import softmax
from classifier.prediction.classifier import Classifier
from classifier.text.ngrams import hash_line, hash_lines, ngrams_of_line
from classifier.text.normalize import normalize, normalize_all
from classifier.training.distill import choose_threshold, fit_student, line_counts
from tests.model.test_artefact import tiny, tiny_with_fast

BITS = 12
NGRAM_RANGES = {"nospace": (1, 4), "chars": (2, 3)}
LONG = "코스피 상승 마감 " * 60


def random_tier(sections=7, seed=0, threshold=0.5, ngram_ranges=NGRAM_RANGES):
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(1 << BITS, sections))
    frequency = rng.integers(0, 9, 1 << BITS)
    names = tuple(f"s{i}" for i in range(sections))
    tier = FastModel.quantize(names, weights, rng.normal(size=sections), ngram_ranges, frequency)
    return tier.calibrated(Calibration(), threshold)


def plain_scores(tier, headline):
    """What the tier says it does, one n-gram and one section at a time."""
    normalized = normalize(headline)
    columns = []
    for name, (low, high) in tier.ngram_ranges.items():
        line = "\n" + (normalized.replace(" ", "") if name == "nospace" else normalized) + "\n"
        for n in range(low, high + 1):
            last = max(len(line) - max(n, 2) + 1, 0)
            for start in range(last):
                gram = line[start : start + n]
                hashed = sum(ord(char) * pow(0x9E3779B97F4A7C15, k, 2**64) for k, char in enumerate(gram, 1))
                columns.append(hashed % 2**64 >> (64 - tier.bits))
    sums = np.zeros(len(tier.sections))
    for column in columns:
        for section in range(len(tier.sections)):
            level = int(tier.table[section // 8, column, section % 8])
            sums[section] += (level - ZERO) * float(tier.step[section])
    return sums / np.sqrt(len(columns)) + tier.intercept


@pytest.mark.parametrize("sections", [2, 7, 8, 9, 20])
def test_the_fast_tier_scores_like_the_plain_sum(sections, sample):
    tier = random_tier(sections)
    texts = [headline for headline, _ in sample["test"][::40]] + ["가", LONG, "a\nb"]
    found, has_features = tier.scores(texts)
    assert has_features.all()
    np.testing.assert_allclose(found, [plain_scores(tier, text) for text in texts], atol=1e-4)


@pytest.mark.parametrize("sections", [7, 9])
def test_one_headline_is_scored_as_among_many(sections, sample):
    tier = random_tier(sections)
    texts = [headline for headline, _ in sample["test"][::7]] + ["", "!!!", "가", LONG, "코스피" * 14]
    found, has_features = tier.scores(texts)
    one = [tier.score_one(text) for text in texts]
    np.testing.assert_allclose([logits for logits, _ in one], found, atol=1e-5)
    assert [informed for _, informed in one] == has_features.tolist()


def test_nothing_to_read_is_unknown_to_the_fast_tier():
    tier = random_tier()
    logits, has_features = tier.scores(["", "…", "코스피"])
    assert has_features.tolist() == [False, False, True]
    assert np.array_equal(logits[:2], np.tile(tier.intercept, (2, 1)))
    assert tier.scores([])[0].shape == (0, 7)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.text(alphabet="가나 a𠮷", max_size=9), min_size=1, max_size=5),
    st.integers(1, 4).flatmap(lambda low: st.tuples(st.just(low), st.integers(low, 4))),
)
def test_the_ngrams_of_lines_are_those_of_each_line(lines, span):
    low, high = span
    bounds, columns = hash_lines("\n".join(lines), low, high, BITS)
    numbers = ngrams_of_line(np.diff(bounds), low, high)
    found = []
    for i, line in enumerate(lines):
        among = columns[:, bounds[i] : bounds[i + 1]]
        alone = np.concatenate([[], *hash_line([(line, low, high)], BITS)])
        assert sorted(among[among < 1 << BITS].tolist()) == sorted(alone.tolist())
        assert numbers[i] == len(alone)
        found += [*alone.tolist(), *np.concatenate(hash_line([("가a", 2, 3)], BITS)).tolist()]
    together = hash_line([span for line in lines for span in ((line, low, high), ("가a", 2, 3))], BITS)
    assert sorted(np.concatenate(together).tolist()) == sorted(found)


def test_bytes_are_close_to_the_weights_and_zero_stays_zero():
    rng = np.random.default_rng(1)
    weights = rng.normal(size=(1 << BITS, 7)) * (rng.random((1 << BITS, 1)) < 0.5)
    tier = FastModel.quantize(tuple("abcdefg"), weights, np.zeros(7), NGRAM_RANGES, np.ones(1 << BITS, np.int64))
    levels = tier.table[0, :-1, :7].astype(np.int64)
    back = (levels - ZERO) * tier.step
    centred = weights - weights.mean(axis=1, keepdims=True)
    assert np.square(back - centred).mean() < 2e-4 * np.square(centred).mean()
    assert not back[~weights.any(axis=1)].any()
    assert (levels.min(), levels.max()) == (1, 255)
    assert tier.table[0, -1].tobytes() == bytes([ZERO]) * 8


@pytest.mark.parametrize("wrong", ["table", "dtype", "shape", "step", "ngram_ranges"])
def test_arrays_that_do_not_fit_are_refused(wrong):
    tier = random_tier()
    parts = {"sections": tier.sections, "table": tier.table, "step": tier.step, "intercept": tier.intercept}
    parts["ngram_ranges"] = tier.ngram_ranges
    parts |= {
        "table": {"table": tier.table[:, :-1]},
        "dtype": {"table": tier.table.astype(np.int64)},
        "shape": {"table": tier.table[0]},
        "step": {"step": tier.step[:-1]},
        "ngram_ranges": {"ngram_ranges": {"nospace": (1, 5)}},
    }[wrong]
    with pytest.raises(ValueError, match="do not fit"):
        FastModel(**parts)


def test_a_student_learns_what_its_features_can_tell():
    texts = ["코스피 상승 마감", "코스피 하락 출발", "손흥민 멀티골", "손흥민 시즌 첫 골"] * 30
    target = np.eye(2)[[0, 0, 1, 1] * 30]
    counts = line_counts(texts)
    weights, intercept = fit_student(counts, target)
    tier = FastModel.quantize(
        ("경제", "스포츠"), weights, intercept, NGRAM_RANGES, np.bincount(counts.indices, minlength=1 << 19)
    )
    assert softmax(tier.scores(["코스피 2,700선", "손흥민 결승골"])[0]).argmax(axis=1).tolist() == [0, 1]


def test_the_threshold_lets_few_answers_differ():
    rng = np.random.default_rng(0)
    accurate = rng.normal(size=(5000, 4)) * 3
    fast = accurate + rng.normal(size=accurate.shape)
    target = accurate.argmax(axis=1)
    threshold, share, macro_f1 = choose_threshold(fast, accurate, target)
    stands = accepted(confidence(fast), np.ones(len(fast), np.bool_), threshold)
    differ = (fast.argmax(axis=1) != target) & stands
    assert differ.mean() <= 0.01
    assert 0.2 < share < 1
    assert share == stands.mean()
    assert macro_f1["fast"] < macro_f1["cascade"] < macro_f1["accurate"] == 1


def test_the_trained_tiers_agree(clf, sample):
    assert clf.tier == "cascade"
    texts, truth = [h for h, _ in sample["test"]], np.array([clf.sections.index(s) for _, s in sample["test"]])
    figures = {}
    for tier in ("fast", "accurate", "cascade"):
        figures[tier] = score(Classifier(clf.model, tier).predict_proba(texts), truth, clf.sections).macro_f1
    assert figures["fast"] > figures["accurate"] - 0.03
    assert figures["cascade"] > figures["accurate"] - 0.01
    tiers = [p.tier for p in clf.predict(texts)]
    assert 0 < tiers.count("accurate") < tiers.count("fast")


def test_a_cascade_answers_with_the_tier_it_names(clf, sample):
    texts = [headline for headline, _ in sample["test"][::10]] + ["", "!!!"]
    by_tier = {tier: Classifier(clf.model, tier).predict(texts) for tier in ("fast", "accurate")}
    for i, found in enumerate(clf.predict(texts)):
        expected = by_tier[found.tier][i]
        assert (found.section, found.tier) == (expected.section, expected.tier)
        assert found.probability == pytest.approx(expected.probability, abs=1e-5)
        alone = clf.predict([texts[i]])[0]
        assert (alone.section, alone.tier) == (found.section, found.tier)
        assert alone.probabilities == pytest.approx(found.probabilities, abs=1e-5)
    np.testing.assert_allclose(clf.predict_proba(texts), clf.predict_batch(texts)[0], atol=1e-6)


def test_an_accurate_model_that_is_not_asked_is_not_loaded(clf, tmp_path):
    fast = clf.model.fast
    sure = FastModel(fast.sections, fast.table, fast.step, fast.intercept, fast.ngram_ranges, 0.0)
    clf.model.replace(fast=sure).save(tmp_path)
    lazy = Classifier.load(tmp_path)
    assert lazy.predict(["코스피 상승 마감"])[0].tier == "fast"
    assert lazy.model._accurate._model is None
    assert lazy.predict(["!!!"])[0].tier == "accurate"
    assert lazy.model._accurate._model is not None


def test_a_lazy_model_keeps_its_files_when_the_folder_is_replaced(tmp_path):
    first, second = (tiny_with_fast(seed) for seed in (0, 1))
    first.save(tmp_path)
    lazy = Model.load(tmp_path, lazy=True)
    second.save(tmp_path)
    assert len(list(tmp_path.glob("*.npy"))) == 3
    assert lazy.accurate.table.tolist() == first.accurate.table.tolist()
    assert Model.load(tmp_path).fingerprint == second.fingerprint


def test_the_fast_model_is_saved_and_part_of_the_fingerprint(tmp_path):
    model = tiny_with_fast()
    assert model.fingerprint != tiny().fingerprint
    assert model.fingerprint != tiny_with_fast(threshold=0.6).fingerprint
    assert model.fingerprint != model.replace(settings={"scale": 2}).fingerprint
    loaded = Model.load(model.save(tmp_path))
    assert loaded.fingerprint == model.fingerprint == loaded.with_about(version=3).fingerprint
    assert np.array_equal(loaded.fast.scores(["코스피", LONG])[0], model.fast.scores(["코스피", LONG])[0])


def test_a_model_answers_by_the_tiers_that_it_has(tmp_path):
    accurate = tiny()
    assert accurate.tiers == ("accurate",)
    assert Classifier.load(accurate.save(tmp_path)).tier == "accurate"
    for tier in ("fast", "cascade"):
        with pytest.raises(ModelError, match=r"no fast tier.*Train again"):
            Classifier.load(tmp_path, tier)
    with pytest.raises(ValueError, match="'slow' is none of fast, accurate, cascade"):
        Classifier.load(tmp_path, "slow")
    fast = Model(accurate.sections, fast=tiny_with_fast().fast)
    assert fast.tiers == ("fast",)
    loaded = Classifier.load(fast.save(tmp_path))
    assert loaded.tier == "fast"
    assert loaded.model.primary is loaded.model.fast
    for tier in ("accurate", "cascade"):
        with pytest.raises(ModelError, match="a fast one alone"):
            Classifier.load(tmp_path, tier)
    with pytest.raises(ValueError, match="needs an accurate or a fast scorer"):
        Model(("정치", "경제"))
    with pytest.raises(ValueError, match="needs scorers of these sections"):
        Model(("정치", "사회"), tiny().accurate)


@pytest.mark.parametrize("tier", ["fast", "accurate"])
def test_an_explanation_is_of_the_tier_that_answers(clf, tier):
    model = Classifier(clf.model, tier)
    headline = "[속보] 손흥민, 개막전 멀티골…토트넘 3-1 승"
    for section in clf.sections:
        found = model.explain(headline, section=section)
        logit = model.scorer.scores([headline])[0][0, clf.sections.index(section)]
        assert sum(c.weight for c in found) == pytest.approx(float(logit), abs=1e-3)
    assert model.explain(headline)[0].text in headline


def test_a_model_scores_counts_as_it_scores_headlines(clf, sample):
    texts = [headline for headline, _ in sample["test"][::9]]
    batch = Batch(normalize_all(texts))
    model = clf.model.accurate
    counts = {name: BLOCKS[name].count(batch) for name in model.blocks}
    np.testing.assert_allclose(model.scores_of_counts(counts), model.scores(texts)[0], atol=1e-5)


def test_a_prediction_does_not_change_and_can_be_copied(clf):
    (one,) = clf.predict(["코스피 상승 마감"])
    with pytest.raises(AttributeError):
        one.section = "스포츠"
    assert copy.deepcopy(one) == one == pickle.loads(pickle.dumps(one))
    assert len({one, copy.copy(one)}) == 1
    assert one != clf.predict(["손흥민 멀티골"])[0]
    assert list(one.probabilities.values()) == sorted(one.probabilities.values(), reverse=True)
    assert one.probability == next(iter(one.probabilities.values()))


def test_a_prediction_as_a_dictionary(clf):
    one, unfamiliar = clf.predict(["코스피 상승 마감", "!!!"])
    assert one.to_dict() == {
        "headline": "코스피 상승 마감", "section": "경제", "probability": one.probability,
        "probabilities": one.probabilities, "tier": one.tier,
    }  # fmt: skip
    assert (unfamiliar.section, unfamiliar.reason) == (None, "unfamiliar")
    assert unfamiliar.to_dict()["reason"] == "unfamiliar"
    assert "reason='unfamiliar'" in repr(unfamiliar)
    assert clf.predict(["!!!"])[0] == unfamiliar != one


HEAVY = ("scipy", "sklearn", "pandas", "mlflow", "joblib", "matplotlib", "typer", "rich", "pydantic")


@pytest.mark.parametrize(("tier", "absent"), [("fast", (*HEAVY, "kiwipiepy")), ("accurate", HEAVY)])
def test_predicting_needs_numpy_and_for_the_accurate_tier_kiwi(clf, tmp_path, tier, absent):
    clf.model.save(tmp_path)
    code = (
        "import sys; from classifier import Classifier; "
        f"print(len(Classifier.load(sys.argv[1], {tier!r}).predict(['국회 본회의 개의', '코스피'])), "
        f"sorted(set({absent!r}) & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.stdout.strip(), done.stderr) == ("2 []", "")


def test_a_cascade_is_made_of_any_two_scorers():
    fast, accurate = random_tier(3, 0), random_tier(3, 1)
    texts = [f"코스피 {i}포인트 상승" for i in range(50)]
    fast = fast.calibrated(Calibration(), float(np.median(fast.probabilities(texts).max(axis=1))))
    logits, has_features, sure = Cascade(fast, lambda: accurate).tiered_scores(texts)
    assert has_features.all()
    assert 0 < sure.sum() < len(texts)
    np.testing.assert_array_equal(logits[sure], fast.scores(texts)[0][sure])
    np.testing.assert_allclose(logits[~sure], accurate.scores(texts)[0][~sure], atol=1e-6)
