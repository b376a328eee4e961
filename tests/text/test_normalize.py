from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.text.normalize import normalize, normalize_aligned, normalize_all

# Random text hardly ever holds a tag or a hanja shorthand: mix in the pieces that the rules are about.
PIECES = """
[속보] (종합2보) <상> 【단독】 (上) 종합 속보 종합2보 3보 1보 美 日 中 北 與野 美中 文 女 銀 兆
대통령 협상 배구 경제 10 1,000 3.5 % & ' " “ ” ‘ ’ ´ 「 」
… ... · , . _ - ( [ ] ) ＫＢＳ １２ ㈜ ½ ① ㄱ ㅏ ㄳ ㅋㅋ 하 Ａ É Ā
""".split()
messy = st.lists(st.one_of(st.sampled_from([*PIECES, " ", "\u3000"]), st.text(max_size=3)), max_size=12).map("".join)
check = settings(max_examples=300, deadline=None)


@pytest.mark.parametrize(
    ("headline", "expected"),
    [
        # bracket tags
        ("[속보] 국회 본회의 개의", "국회 본회의 개의"),
        ("국회 본회의 개의(종합2보)", "국회 본회의 개의"),
        ("[종합 2보+] 국회 본회의 개의", "국회 본회의 개의"),
        ("(1보) 국회 본회의 개의", "국회 본회의 개의"),
        ("[검찰 개혁]<상> 첫걸음", "검찰 개혁 첫걸음"),
        ("【단독】 검찰 압수수색", "검찰 압수수색"),
        ("［단독］ 검찰 압수수색", "검찰 압수수색"),
        ("《르포》 새벽 시장", "새벽 시장"),
        ("[속보][단독] 검찰 압수수색", "검찰 압수수색"),
        ("[야구] 두산 역전승", "야구 두산 역전승"),
        # tags whose brackets were lost
        ("코스피 상승 마감 종합", "코스피 상승 마감"),
        ("코스피 상승 마감종합2보", "코스피 상승 마감"),
        ("코스피 상승 마감 속보", "코스피 상승 마감"),
        ("코스피 상승 마감3보", "코스피 상승 마감"),
        ("종합 병원 속보 경쟁", "종합 병원 속보 경쟁"),
        ("종합", "종합"),
        # quotes
        ("'집값' 잡는다", "집값 잡는다"),
        ('"집값" 잡는다', "집값 잡는다"),
        ("‘집값’ 잡는다", "집값 잡는다"),
        ("“집값” 잡는다", "집값 잡는다"),
        ("「집값」 잡는다", "집값 잡는다"),
        ("＂집값＂ 잡는다", "집값 잡는다"),
        ("´집값´ 잡는다", "집값 잡는다"),
        ("집값`은 잡는다", "집값은 잡는다"),
        # an ellipsis parts words
        ("코스피 하락…환율은 상승", "코스피 하락 환율은 상승"),
        ("코스피 하락...환율은 상승", "코스피 하락 환율은 상승"),
        ("코스피 하락⋯환율은 상승", "코스피 하락 환율은 상승"),
        # full-width and compatibility forms
        ("ＫＢＳ　１０％　인상", "kbs 10% 인상"),
        ("시속 3㎞", "시속 3km"),
        ("㈜한빛 상장", "주 한빛 상장"),
        ("KBS·MBC 파업", "kbs mbc 파업"),
        ("R&D 투자", "rd 투자"),
        # hanja alone: the whole word
        ("美 금리 인상", "미국 금리 인상"),
        ("北, 미사일 발사", "북한 미사일 발사"),
        ("韓·日 정상회담", "한국 일본 정상회담"),
        ("與 반발", "여당 반발"),
        # hanja in a run: its reading
        ("美中 무역전쟁", "미중 무역전쟁"),
        ("與野 합의", "여야 합의"),
        ("南北美 회동", "남북미 회동"),
        # hanja glued to Hangul
        ("女배구 우승", "여배구 우승"),
        ("文대통령 연설", "문대통령 연설"),
        ("美대통령 연설", "미국대통령 연설"),
        ("우리銀 대출", "우리은행 대출"),
        ("中정부 발표", "중국정부 발표"),
        ("협상中", "협상중"),
        # hanja after a number
        ("10日 개막", "10일 개막"),
        ("5兆원 투자", "5조원 투자"),
        # numbers
        ("1,234,567명 참가", "1234567명 참가"),
        ("1만2,000명 참가", "1만2000명 참가"),
        ("1,2위 다툼", "1 2위 다툼"),
        ("물가 3.5% 상승", "물가 3.5% 상승"),
        ("환율 1,234.5원", "환율 1234.5원"),
        ("A.B. 컴퍼니", "a b 컴퍼니"),
        # nothing left
        ("", ""),
        ("[속보]", ""),
        ("…!?", ""),
    ],
)
def test_house_style_is_taken_off(headline, expected):
    assert normalize(headline) == expected


@pytest.mark.parametrize(
    "headline",
    [
        "국회 본회의 개의 속보 종합",
        "국회 본회의 개의 '종합'",
        "국회 본회의 개의 속보!",
        "국회 본회의 개의2보3보",
        "ㄱㅏ나다",
        "하ㄳ",
    ],
)
def test_a_second_pass_finds_nothing_left_to_do(headline):
    assert normalize(normalize(headline)) == normalize(headline)


@check
@given(messy)
def test_normalizing_is_idempotent(text):
    assert normalize(normalize(text)) == normalize(text)


@check
@given(messy)
def test_the_aligned_way_gives_the_same_text(text):
    assert normalize_aligned(text)[0] == normalize(text)


# A few are substituted, many are looked up.
@check
@pytest.mark.parametrize("times", [1, 64])
@given(st.lists(st.one_of(messy, st.sampled_from(["", "\n", "ΑΣ b", "한글", "…[속보]\n", "2보"])), max_size=6))
def test_many_at_once_are_normalized_like_each_alone(times, texts):
    assert normalize_all(texts * times) == [normalize_aligned(text)[0] for text in texts] * times


# Of what is looked up alone, so that every step is taken which looks at what stands around a character.
usual = st.text(st.sampled_from("가보합종속 中美日億3500,,..%…·'“?A"), max_size=14)


@settings(max_examples=1000, deadline=None)
@given(st.lists(usual, min_size=16, max_size=20))
def test_usual_characters_are_normalized_alike_in_any_company(texts):
    assert normalize_all(texts * 4) == [normalize_aligned(text)[0] for text in texts] * 4


@check
@pytest.mark.parametrize("times", [1, 64])
@given(st.text(max_size=12))
def test_any_text_is_normalized_alike_both_ways(times, text):
    expected = [normalize_aligned(text)[0], "한은", normalize_aligned(text)[0]]
    assert normalize_all([text, "한은", text] * times) == expected * times


@pytest.mark.parametrize("step", range(0, 0x11000, 0x100))
def test_every_character_is_normalized_alike_both_ways(step):
    texts = [f"가{chr(code)} a{chr(code)} 1{chr(code)}234 {chr(code)}" for code in range(step, step + 0x100)]
    assert normalize_all(texts) == [normalize_aligned(text)[0] for text in texts]


@check
@given(messy)
def test_spans_lie_inside_the_headline_in_order_and_hold_something(text):
    result, spans = normalize_aligned(text)
    assert len(spans) == len(result)
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert [start for start, _ in spans] == sorted(start for start, _ in spans)


def test_spans_point_at_what_a_character_came_from():
    headline = "[속보] ‘美’ 금리 1,000％…"
    result, spans = normalize_aligned(headline)
    assert result == "미국 금리 1000%"
    assert [headline[slice(*spans[i])] for i in (0, 1, 3, 4, 6, 7, 10)] == ["美", "美", "금", "리", "1", "0", "％"]


@check
@given(messy)
def test_only_lower_case_letters_digits_percent_points_and_single_spaces_come_out(text):
    result = normalize(text)
    assert all(char.isalnum() or char in "%. " for char in result)
    assert not any(char.isupper() for char in result)
    assert "  " not in result
    assert result == result.strip(" ")


def test_headlines_of_the_sample_are_idempotent_and_aligned(sample):
    for headline, _ in sample["train"] + sample["test"]:
        result = normalize(headline)
        assert normalize_aligned(headline)[0] == result
        assert normalize(result) == result, headline


def test_decomposed_headlines_normalize_like_composed_ones(sample):
    for headline, _ in sample["train"] + sample["test"]:
        assert normalize(unicodedata.normalize("NFD", headline)) == normalize(headline)


@pytest.mark.parametrize("quote", list("'\"‘’“”´`＇＂"))
def test_a_quote_mark_beside_a_letter_changes_nothing(sample, quote):
    changed = []
    for headline, _ in sample["test"][::10]:
        expected = normalize(headline)
        for i in range(len(headline) + 1):
            beside_letter = any(char.isalpha() for char in headline[max(i - 1, 0) : i + 1])
            quoted = headline[:i] + quote + headline[i:]
            if beside_letter and normalize(quoted) != expected:
                changed.append(quoted)
    assert changed == []
