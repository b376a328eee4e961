"""What a headline classifier must be able to do, whatever its figures: invariance, direction, minimum functionality.

After Ribeiro et al. 2020, "Beyond Accuracy: Behavioral Testing of NLP Models with CheckList".
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import numpy as np
import pytest

from classifier import Classifier, predict

STYLES: dict[str, Callable[[str], str]] = {
    "breaking": lambda h: f"[속보] {h}",
    "exclusive": lambda h: f"【단독】{h}",
    "roundup": lambda h: f"{h}(종합2보)",
    "roundup without its brackets": lambda h: f"{h} 종합",
    "straight quotes": lambda h: f'"{h}"',
    "curly quotes": lambda h: f"‘{h}’",
    "no quotes": lambda h: "".join(c for c in h if c not in "\"'‘’“”"),
    "typed ellipsis": lambda h: h.replace("…", "..."),
    "decomposed": lambda h: unicodedata.normalize("NFD", h),
    "full width": lambda h: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in h),
    "upper case": str.upper,
    "wide spaces": lambda h: h.replace(" ", "\u3000 "),
    "escaped quotes": lambda h: f"&amp;quot;{h}&#x27;",
    "a tag inside a word": lambda h: f"{h[:1]}<b>{h[1:2]}</b>{h[2:]}",
    "web address": lambda h: f"{h} https://n.news.example.com/article/001/0001",
    "e-mail address": lambda h: f"{h} hong@example.co.kr",
    "unseen characters": "\u200b\u00ad\u3164".join,
    "publisher and portal": lambda h: f"{h} - 한국경제 : 네이버 뉴스",
}


@pytest.mark.parametrize("style", STYLES)
def test_house_style_changes_nothing(clf: Classifier, sample: dict[str, list[tuple[str, str]]], style: str) -> None:
    headlines = [headline for headline, _ in sample["test"]][:400]
    before = clf.predict_proba(headlines)
    after = clf.predict_proba([STYLES[style](headline) for headline in headlines])
    changed = [h for h, a, b in zip(headlines, before, after, strict=True) if np.abs(a - b).max() > 1e-5]
    assert not changed


@pytest.mark.parametrize(
    ("hanja", "hangul"),
    [
        ("美 금리 인상", "미국 금리 인상"),
        ("日 총리 방한", "일본 총리 방한"),
        ("中, 희토류 수출 통제", "중국, 희토류 수출 통제"),
        ("與野, 예산안 처리 합의", "여야, 예산안 처리 합의"),
        ("野 의원들 퇴장", "야당 의원들 퇴장"),
        ("檢, 대기업 압수수색", "검찰, 대기업 압수수색"),
        ("女배구 대표팀 8강 진출", "여배구 대표팀 8강 진출"),
        ("美中 정상회담", "미중 정상회담"),
    ],
)
def test_hanja_shorthand_reads_as_hangul(clf: Classifier, hanja: str, hangul: str) -> None:
    a, b = clf.predict([hanja, hangul])
    assert a.section == b.section
    assert a.probabilities == pytest.approx(b.probabilities)


@pytest.mark.parametrize(
    ("section", "word"),
    [
        ("경제", "코스피"),
        ("스포츠", "홈런"),
        ("연예", "신곡"),
        ("정치", "국회"),
        ("세계", "백악관"),
        ("IT과학", "스마트폰"),
        ("생활문화", "전시회"),
        ("사회", "경찰"),
    ],
)
def test_a_telling_word_moves_the_probability_towards_its_section(clf: Classifier, section: str, word: str) -> None:
    neutral = ["내일 일정 발표", "새로운 소식 전해졌다", "관계자 “확인 중”", "첫날 분위기는", "올해도 관심 집중"]
    column = clf.sections.index(section)
    before = clf.predict_proba(neutral)[:, column]
    after = clf.predict_proba([f"{word} {headline}" for headline in neutral])[:, column]
    assert (after > before).all()


@pytest.mark.parametrize(
    ("headline", "word", "other", "section", "rival"),
    [
        ("축구 대표팀 감독 “내년이 고비”", "축구 대표팀 감독", "주가 하락에 증권사", "스포츠", "경제"),
        ("내년 주가 전망 엇갈려", "주가", "축구", "경제", "스포츠"),
        ("새 영화 예매 시작", "영화", "스마트폰", "연예", "IT과학"),
        ("국회 앞 긴 하루", "국회", "경찰서", "정치", "사회"),
        ("미국 대통령 발표에 관심", "미국 대통령", "가수 새 앨범", "세계", "연예"),
    ],
)
def test_a_replaced_word_moves_the_probability_from_one_section_to_another(
    clf: Classifier, headline: str, word: str, other: str, section: str, rival: str
) -> None:
    replaced = headline.replace(word, other)
    assert replaced != headline
    before, after = (prediction.probabilities for prediction in clf.predict([headline, replaced]))
    assert before[section] > after[section]
    assert before[rival] < after[rival]


PLAIN = {
    "정치": ["국회, 내년도 예산안 본회의 처리", "여야 원내대표 회동, 특검법 협상 결렬", "대통령 국정 지지율 소폭 하락"],
    "경제": ["코스피, 외국인 매수에 상승 마감", "한은 기준금리 동결", "삼성전자 2분기 영업이익 급증"],
    "사회": [
        "경찰, 보이스피싱 조직 무더기 검거",
        "법원, 음주운전 사고 운전자에 징역형",
        "아파트 화재로 주민 대피",
    ],
    "세계": ["러시아, 우크라이나 수도에 미사일 공격", "미국 대선 후보 토론회", "일본 총리, 중의원 해산 선언"],
    "IT과학": ["삼성 갤럭시 신제품 공개", "네이버, 생성형 AI 검색 서비스 출시", "국내 연구진, 차세대 배터리 소재 개발"],
    "생활문화": ["내일 전국 맑고 낮 최고 28도", "국립중앙박물관 특별전 개막", "올가을 읽을 만한 신간 소설"],
    "연예": ["걸그룹 컴백, 신곡 뮤직비디오 공개", "드라마 시청률 자체 최고 경신", "배우 A씨, 전속계약 체결"],
    "스포츠": ["프로야구 두산, LG에 역전승", "축구 대표팀 월드컵 예선 명단 발표", "쇼트트랙 월드컵 금메달"],
}


def test_plain_headlines_are_told_apart(clf: Classifier) -> None:
    asked = [(headline, section) for section, headlines in PLAIN.items() for headline in headlines]
    answers = clf.predict([headline for headline, _ in asked])
    wrong = [(a.headline, a.section, s) for a, (_, s) in zip(answers, asked, strict=True) if a.section != s]
    assert len(wrong) <= 1, wrong


def test_nothing_known_is_an_abstention(clf: Classifier) -> None:
    answers = clf.predict(["", "   ", "!!!", "…", "♥★", "[속보]"])
    assert [answer.section for answer in answers] == [None] * 6


def test_answers_do_not_depend_on_company(clf: Classifier, sample: dict[str, list[tuple[str, str]]]) -> None:
    headlines = [headline for headline, _ in sample["test"][::29]]
    together = clf.predict_proba(headlines)
    alone = np.vstack([clf.predict_proba([headline]) for headline in headlines])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    assert clf.predict_proba([]).shape == (0, 8)
    assert clf.predict([]) == []
    assert together.dtype == np.float32
    np.testing.assert_allclose(together.sum(axis=1), 1, atol=1e-5)


def test_wrong_arguments_are_type_errors(clf: Classifier) -> None:
    with pytest.raises(TypeError, match="pass a list"):
        clf.predict("코스피 상승")
    with pytest.raises(TypeError, match=r"headlines\[1\] is NoneType"):
        clf.predict(["코스피 상승", None])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="use Classifier"):
        predict(["코스피 상승"])  # type: ignore[arg-type]


def test_a_probability_means_what_it_says(clf: Classifier, sample: dict[str, list[tuple[str, str]]]) -> None:
    answers = clf.predict([headline for headline, _ in sample["test"]])
    right = np.array([a.section == s for a, (_, s) in zip(answers, sample["test"], strict=True)])
    stated = np.array([a.probability for a in answers])
    for low, high in ((0.3, 0.6), (0.6, 0.9), (0.9, 1.01)):
        band = (stated >= low) & (stated < high)
        assert right[band].mean() == pytest.approx(stated[band].mean(), abs=0.1)
