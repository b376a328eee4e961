from __future__ import annotations

import unicodedata

import numpy as np
import pytest

from classifier.model.explanation import explain
from classifier.text.morphemes import WORDS
from classifier.training.compile import compile_model
from classifier.training.estimators import make_estimator
from classifier.training.features import FeatureCache, HeadlineFeatures

AWKWARD = [
    "‘손흥민’ 멀티골…토트넘 “역전승”",
    "美中 무역전쟁 격화…與野 '네 탓'",
    unicodedata.normalize("NFD", "[속보] 국회 본회의, 예산안 가결"),
    "ＫＢＳ　드라마　시청률　１０．５％",
    "[단독]<상> 【르포】 코스피 1,000 붕괴 (종합2보)",
    "  앞뒤  빈칸이   많은 제목 ",
    "",
    "   ",
    "…!?",
    "[속보]",
    "㈜한빛 ½ 할인 😀",
    "ㅋㅋㅋ ㄱㅏ",
    "한" * 300,
]


@pytest.fixture(scope="module")
def every_block(sample):
    """A model on all blocks at once, with made-up word vectors."""
    rows = sample["train"][::6]
    sections = sorted({section for _, section in rows})
    target = np.array([sections.index(section) for _, section in rows])
    blocks = ["chars", "jamo", "nospace", "morphemes", "embeddings"]
    counts = FeatureCache(None).counts([headline for headline, _ in rows], blocks)
    vectors = np.random.default_rng(0).normal(scale=0.1, size=(WORDS, 16)).astype(np.float32)
    features = HeadlineFeatures(blocks, embeddings=vectors).fit(counts)
    estimator = make_estimator("linear_svc", {}, 0).fit(features.transform(counts), target)
    return compile_model(features, estimator, sections, 0.3)


def check_explanations(model, headlines):
    logits, _ = model.scores(headlines)
    for headline, row in zip(headlines, logits, strict=True):
        for section, logit in zip(model.sections, row, strict=True):
            found = explain(model, headline, section)
            assert sum(part.weight for part in found) == pytest.approx(float(logit), abs=1e-4), headline
            assert found[-1].text == "(prior)"
            for part in found:
                if part.span is not None:
                    assert headline[slice(*part.span)] == part.text
                    assert part.text == part.text.strip() != ""


def test_contributions_sum_to_the_score_of_every_section(clf, sample):
    headlines = [headline for headline, _ in sample["test"][:: len(sample["test"]) // 100]][:100]
    check_explanations(clf.model.accurate, headlines + AWKWARD)


def test_contributions_sum_up_whatever_the_blocks(every_block, sample):
    check_explanations(every_block, [headline for headline, _ in sample["test"][::150]] + AWKWARD)


def test_words_come_by_weight_and_only_as_many_as_asked(clf):
    headline = "손흥민 멀티골 토트넘 역전승 거두고 리그 선두 도약"
    every = explain(clf.model.accurate, headline, "스포츠", top=100)
    words = [part for part in every if part.span]
    assert len(words) == 8
    assert [abs(part.weight) for part in words] == sorted((abs(part.weight) for part in words), reverse=True)
    for top in (0, 1, 3):
        found = explain(clf.model.accurate, headline, "스포츠", top=top)
        assert [part for part in found if part.span] == words[:top]
        assert [part.text for part in found[top:]] == ["(other words)", "(prior)"]
        assert sum(part.weight for part in found) == pytest.approx(sum(part.weight for part in every), abs=1e-6)


def test_football_words_speak_for_sports(clf):
    found = {part.text: part.weight for part in explain(clf.model.accurate, "손흥민 골, 축구 대표팀 우승", "스포츠")}
    assert found["축구"] > 0
    assert found["우승"] > 0


def test_a_tag_that_the_normalizer_takes_off_has_no_say(clf):
    words = [part.text for part in explain(clf.model.accurate, "[속보] 국회 본회의 개의", "정치") if part.span]
    assert sorted(words) == ["개의", "국회", "본회의"]


def test_spans_point_into_the_decomposed_headline(clf):
    headline = unicodedata.normalize("NFD", "국회 본회의 개의")
    words = [part.text for part in explain(clf.model.accurate, headline, "정치") if part.span]
    assert sorted(words) == sorted(headline.split())


def test_a_headline_without_anything_known_is_all_prior(clf):
    for headline in ("", "…!?", "[속보]"):
        (prior,) = explain(clf.model.accurate, headline, "정치")
        assert (prior.text, prior.span) == ("(prior)", None)


def test_an_unknown_section_is_a_value_error(clf):
    with pytest.raises(ValueError):  # noqa: PT011
        explain(clf.model.accurate, "국회 본회의 개의", "운세")
    with pytest.raises(ValueError, match=r"'운세' is unknown; this model has .*정치"):
        clf.explain("국회 본회의 개의", section="운세")


def test_the_section_explained_by_default_is_the_predicted_one(clf):
    headline = "국회 본회의 예산안 가결"
    assert clf.explain(headline) == clf.explain(headline, section=clf.predict([headline])[0].section)
