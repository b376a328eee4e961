"""When a classifier gives no section, and which sections a prediction set has."""

from __future__ import annotations

import copy
import json
import pickle

import numpy as np
import pytest

from classifier import Classifier, DataError, ModelError
from classifier.model.model import Model

ARTICLE = "한국은행은 오늘 기준금리를 동결했다고 밝혔다. " * 20


@pytest.fixture(scope="module")
def headlines(sample):
    return [headline for headline, _ in sample["test"]]


@pytest.fixture(scope="module")
def careful(trained):
    return Classifier.load(trained / "models" / "quick", min_precision=0.9, coverage=0.9)


def test_by_default_only_text_without_features_and_articles_get_no_section(clf, headlines):
    assert all(prediction.section for prediction in clf.predict(headlines))
    assert [p.reason for p in clf.predict(["", "…", ARTICLE, "코스피 상승"])] == [
        "unfamiliar", "unfamiliar", "too long", None,
    ]  # fmt: skip
    assert clf.predict([ARTICLE])[0].section is None
    assert clf.predict_article("기준금리 동결", ARTICLE).section is not None


def test_a_promised_precision_is_kept_on_headlines_not_learned_from(careful, clf, sample):
    found = careful.predict([headline for headline, _ in sample["test"]])
    given = [(p.section, section) for p, (_, section) in zip(found, sample["test"], strict=True) if p.section]
    assert 0.2 < len(given) / len(found) < 1
    assert np.mean([section == truth for section, truth in given]) >= 0.88
    assert {p.reason for p in found if p.section is None} <= {"uncertain", "unfamiliar"}
    assert np.allclose(
        careful.predict_proba([p.headline for p in found]), clf.predict_proba([p.headline for p in found])
    )


def test_text_that_is_no_headline_is_unfamiliar(careful):
    texts = [
        "나는 어제 친구와 함께 영화를 봤다.",
        "가나다라마바사",
        "asdf qwer zxcv",
        "010-1234-5678",
        "배송이 빨라서 좋아요",
    ]
    assert {p.reason for p in careful.predict(texts)} == {"unfamiliar"}


def test_sets_hold_the_right_section_as_often_as_asked(careful, sample):
    found = careful.predict([headline for headline, _ in sample["test"]])
    covered = [truth in p.prediction_set for p, (_, truth) in zip(found, sample["test"], strict=True)]
    assert np.mean(covered) >= 0.87
    assert all(p.prediction_set[0] == next(iter(p.probabilities)) for p in found)
    assert 1 <= np.mean([len(p.prediction_set) for p in found]) < 4


def test_one_headline_alone_gets_what_it_gets_among_many(careful, headlines):
    some = [*headlines[:20], "", ARTICLE, "ㅋㅋㅋㅋ"]
    together = careful.predict(some)
    for text, prediction in zip(some, together, strict=True):
        (alone,) = careful.predict([text])
        assert (alone.section, alone.reason, alone.prediction_set) == (
            prediction.section, prediction.reason, prediction.prediction_set,
        )  # fmt: skip


def test_the_promises_survive_pickling_and_copying(careful, headlines):
    for twin in (pickle.loads(pickle.dumps(careful)), copy.deepcopy(careful), careful.by_value()):
        assert twin.predict(headlines[:30]) == careful.predict(headlines[:30])
    prediction = careful.predict(headlines[:5])[3]
    assert pickle.loads(pickle.dumps(prediction)) == prediction


def test_json_lines_have_reason_and_sections(careful, headlines, tmp_path):
    from classifier.prediction.files import Job, predict_stream

    texts = [*headlines[:50], "ㅋㅋㅋㅋ 배고파", ARTICLE]
    (tmp_path / "in.txt").write_text("\n".join(texts), encoding="utf-8")
    predict_stream(careful, Job(str(tmp_path / "in.txt"), tmp_path / "out.jsonl", coverage=0.9))
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    for row, prediction in zip(rows, careful.predict([text.strip() for text in texts]), strict=True):
        wanted = prediction.to_dict()
        assert (row["section"], row.get("reason"), row["sections"]) == (
            wanted["section"], wanted.get("reason"), wanted["sections"],
        )  # fmt: skip


@pytest.mark.parametrize(
    "promise", [{"min_precision": 0.0}, {"min_precision": 1.0}, {"coverage": 1.5}, {"coverage": -1}]
)
def test_a_promise_that_is_no_share_is_refused(trained, promise):
    with pytest.raises(ValueError, match="above 0 and below 1"):
        Classifier.load(trained / "models" / "quick", **promise)


def test_a_model_without_the_arrays_says_so(clf):
    bare = Model(clf.sections, clf.model.accurate)
    with pytest.raises(ModelError, match="Train it again"):
        Classifier(bare, min_precision=0.9)


def test_calibrating_to_a_publisher_changes_the_probabilities_and_is_refused_where_it_does_not_help(clf, sample):
    rows = sample["desk"][:400]
    texts, sections = [h for h, _ in rows], [s for _, s in rows]
    fitted = clf.calibrated(texts, sections)
    assert fitted.model.fingerprint != clf.model.fingerprint
    assert fitted.model.reference.own.sum() == 400
    loss = [
        -np.log([dict(p.probabilities)[s] for p, s in zip(c.predict(texts), sections, strict=True)]).mean()
        for c in (clf, fitted)
    ]
    assert loss[1] < loss[0]
    with pytest.raises(DataError, match="too few"):
        clf.calibrated(texts[:5], sections[:5])
    with pytest.raises(DataError, match="날씨"):
        clf.calibrated(texts[:30], ["날씨"] * 30)
    # Sections drawn from what the model says: nothing is left to gain.
    dice = np.random.default_rng(1)
    drawn = [clf.sections[dice.choice(len(p), p=p / p.sum())] for p in clf.predict_proba(texts[:40]).astype(float)]
    with pytest.raises(ModelError, match="not make the probabilities better"):
        clf.calibrated(texts[:40], drawn)
