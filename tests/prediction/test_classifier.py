"""The classifier as a Python object: what it accepts, tables, pickling and copying, explanations as text."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import classifier
from classifier import Classifier, DataError, ModelError
from classifier.model.explanation import explain
from tests.model.test_artefact import tiny_with_fast

TEXTS = ["코스피 상승 마감", "국회 본회의 개의", "!!!"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny_with_fast().save(tmp_path / "model")


@pytest.mark.parametrize(
    ("table", "named"),
    [
        (pd.DataFrame({"title": TEXTS}), "DataFrame of 'title'.*table\\['title'\\]"),
        (pd.DataFrame({"id": [1, 2, 3], "headline": TEXTS}), "'id', 'headline'.*table\\['headline'\\]"),
        (pd.DataFrame({0: TEXTS}), "'0'"),
        (pd.DataFrame(), "nothing"),
        ({"headline": TEXTS}, "dict of 'headline'"),
        ({}, "dict of nothing"),
        (pa.table({"headline": TEXTS}), "Table of 'headline'"),
    ],
    ids=str,
)
def test_a_table_is_no_list_of_headlines(folder: Path, table: object, named: str) -> None:
    clf = Classifier.load(folder)
    for call in (clf.predict, clf.predict_proba):
        with pytest.raises(TypeError, match=f"{named}.*predict_frame"):
            call(table)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("bad", "what"), [(None, "NoneType"), (float("nan"), "float"), (3, "int"), (b"x", "bytes"), (pd.NA, "NAType")]
)
def test_what_is_no_string_is_named_with_its_position(folder: Path, bad: object, what: str) -> None:
    clf = Classifier.load(folder)
    with pytest.raises(TypeError, match=rf"headlines\[1\] is {what}, not str"):
        clf.predict(["코스피", bad])  # type: ignore[list-item]


@pytest.mark.parametrize("kind", [list, tuple, iter, np.array, pd.Series, lambda texts: np.array(texts, object)])
def test_any_sequence_of_strings_is_a_list_of_headlines(folder: Path, kind: type) -> None:
    clf = Classifier.load(folder)
    assert clf.predict(kind(TEXTS)) == clf.predict(TEXTS)


def test_a_frame_keeps_its_index_and_its_gaps(folder: Path) -> None:
    clf = Classifier.load(folder)
    index = pd.Index(["a", "b", "c", "a", "e"], name="id")
    frame = pd.DataFrame({"headline": [*TEXTS, None, float("nan")], "n": range(5)}, index=index)
    found = clf.predict_frame(frame)
    assert found.index.equals(index)
    assert found.columns.tolist() == ["section", "probability", "tier", "reason"]
    for (_, row), one in zip(found.iloc[:3].iterrows(), clf.predict(TEXTS), strict=True):
        assert tuple(row) == (one.section, one.probability, one.tier, one.reason)
    assert found["section"].tolist()[2:] == [None, None, None]
    assert found["reason"].tolist() == [None, None, "unfamiliar", "missing", "missing"]
    assert found["probability"].isna().tolist() == [False] * 3 + [True] * 2
    assert clf.predict_frame(frame.rename(columns={"headline": "무엇"}), "무엇").equals(found)
    assert clf.predict_frame(frame[["headline"]].rename(columns={"headline": 7})).equals(found)
    assert clf.predict_frame(frame.rename(columns={"headline": "기사 제목"})).equals(found)
    assert clf.predict_frame(frame.iloc[:0]).empty
    with pytest.raises(DataError, match="columns 무엇, n; expected one 'headline'"):
        clf.predict_frame(frame.rename(columns={"headline": "무엇"}))
    with pytest.raises(DataError, match="expected one 'title'"):
        clf.predict_frame(frame, "title")
    with pytest.raises(TypeError, match=r"n\[0\] is int"):
        clf.predict_frame(frame, "n")


@pytest.mark.parametrize("tier", ["fast", "accurate", None])
def test_a_pickled_classifier_reads_the_same_files(folder: Path, tier: str | None) -> None:
    clf = Classifier.load(folder, tier)
    pickled = pickle.dumps(clf)
    assert len(pickled) < 500
    again = pickle.loads(pickled)
    assert (again.tier, again.model.fingerprint) == (clf.tier, clf.model.fingerprint)
    assert again.predict(TEXTS) == clf.predict(TEXTS)
    code = "import pickle, sys; print(pickle.load(sys.stdin.buffer).predict(['코스피 상승 마감'])[0].probability)"
    done = subprocess.run([sys.executable, "-c", code], input=pickled, capture_output=True, check=True, cwd="/")
    assert float(done.stdout) == clf.predict(TEXTS[:1])[0].probability


def test_a_pickled_classifier_does_not_take_another_model_for_its_own(folder: Path, tmp_path: Path) -> None:
    clf = Classifier.load(folder)
    pickled, whole = pickle.dumps(clf), pickle.dumps(clf.by_value())
    expected = clf.predict(TEXTS)
    tiny_with_fast(1).save(folder)
    with pytest.raises(ModelError, match=rf"{clf.model.fingerprint[:16]}.*by_value"):
        pickle.loads(pickled)
    assert pickle.loads(whole).predict(TEXTS) == expected
    made = Classifier(tiny_with_fast(), "fast")  # has no files
    assert pickle.loads(pickle.dumps(made)).predict(TEXTS) == made.predict(TEXTS)


@pytest.mark.parametrize("by_value", [False, True])
def test_a_process_with_other_versions_takes_no_pickle(folder: Path, by_value: bool) -> None:
    clf = Classifier.load(folder)
    pickled = pickle.dumps(clf.by_value() if by_value else clf)
    for name, other in ((classifier.__version__.encode(), b"9.9.9"), (b"kiwipiepy 0.", b"kiwipiepy 7.")):
        assert name in pickled
        with pytest.raises(ModelError, match=r"was pickled with .* Install the same versions on every machine"):
            pickle.loads(pickled.replace(name, other))
    fast = pickle.dumps(Classifier.load(folder, "fast"))
    assert b"kiwi" not in fast  # it does not use Kiwi
    assert pickle.loads(fast).predict(TEXTS) == Classifier.load(folder, "fast").predict(TEXTS)


def test_a_copy_answers_the_same_also_after_the_files_are_gone(folder: Path) -> None:
    clf = Classifier.load(folder, "fast")
    tiny_with_fast(1).save(folder)
    for again in (copy.copy(clf), copy.deepcopy(clf), copy.deepcopy({"clf": clf})["clf"]):
        assert again.predict(TEXTS) == clf.predict(TEXTS)


def test_what_speaks_against_the_runner_up_sums_to_the_difference_of_the_scores(clf: Classifier) -> None:
    headline = "손흥민 멀티골, 코스피 상승 & <마감>"
    for tier in ("fast", "accurate"):
        model = Classifier(clf.model, tier)
        found = model.explain(headline, against="runner-up")
        first, second = list(model.predict([headline])[0].probabilities)[:2]
        assert (found.section, found.against) == (first, second)
        logits = dict(zip(model.sections, model.scorer.scores([headline])[0][0], strict=True))
        assert found.score == pytest.approx(float(logits[first] - logits[second]), abs=1e-3)
        assert model.explain(headline, section=second, against="runner-up").against == first
        assert found.score == pytest.approx(-model.explain(headline, section=second, against=first).score, abs=1e-6)
    with pytest.raises(ValueError, match="'운세' is unknown"):
        clf.explain(headline, against="운세")


def test_an_explanation_is_shown_whole(clf: Classifier) -> None:
    headline = "손흥민 멀티골, 코스피 상승 & <마감>"
    found = explain(clf.model.accurate, headline, "스포츠", top=50)
    assert "".join(text for text, _, _ in found.pieces()) == headline
    assert max(share for _, _, share in found.pieces()) == 1
    weights = {part.text: part.weight for part in found}
    assert {text: weight for text, weight, _ in found.pieces() if weight} == {
        part.text: part.weight for part in found if part.span
    }
    shown = found.to_html()
    assert "&amp; &lt;" in shown
    assert f'title="{weights["코스피"]:+.2f}">코스피</mark>' in shown
    assert json.loads(json.dumps(found.to_dict()))["contributions"][-1]["text"] == "(prior)"
    assert found.to_dict()["score"] == found.score == pytest.approx(sum(part.weight for part in found))
    empty = explain(clf.model.accurate, "", "스포츠")
    assert empty.to_html() == '<span class="explanation" lang="ko"></span>'


def test_all_public_names_can_be_imported() -> None:
    for name in classifier.__all__:
        assert getattr(classifier, name) is not None
    assert set(classifier.__all__) <= set(dir(classifier))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        classifier.nothing  # noqa: B018
    assert (Path(classifier.__file__).with_name("py.typed")).is_file()
