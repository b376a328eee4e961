from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.text.crawl import PUBLISHERS
from classifier.text.normalize import _TAG_WORDS, normalize, normalize_aligned, normalize_all

# Random text hardly ever holds a tag or a hanja shorthand: mix in the pieces that the rules are about.
PIECES = """
[속보] (종합2보) <상> 【단독】 (上) 종합 속보 종합2보 3보 1보 美 日 中 北 與野 美中 文 女 銀 兆
대통령 협상 배구 경제 10 1,000 3.5 % & ' " “ ” ‘ ’ ´ 「 」
… ... · , . _ - ( [ ] ) ＫＢＳ １２ ㈜ ½ ① ㄱ ㅏ ㄳ ㅋㅋ 하 Ａ É Ā
&quot; &amp; &amp;lt; &#39; &#x27 &nbsp; & ; # <b> </b> <br/> < > = www. a.b.com /c https:// @
kim@b.co.kr | : – 연합뉴스 kbs 기사본문
\u200b \u00ad \u3164 \u2060 \ufe0f \u115f \U000e0100 \U0001f600 \x00
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
        # HTML entities, escaped once and more, some without their semicolon
        ("&quot;집값&quot; 잡는다", "집값 잡는다"),
        ("&amp;quot;집값&amp;amp;quot; 잡는다", "집값 잡는다"),
        ("&#39;집값&#x27; &#039;잡는다&#8217;", "집값 잡는다"),
        ("&#38;quot;집값&#x26;#39; 잡는다", "집값 잡는다"),
        ("&quot집값&quot 잡는다&#39", "집값 잡는다"),
        ("&QUOT;집값&NBSP;잡는다&AMP;LT;", "집값 잡는다"),
        ("A사&middot;B사&nbsp;합병&hellip;&ldquo;시너지&rdquo;", "a사 b사 합병 시너지"),
        ("R&amp;D 예산, AT&amp;T, M&A&#44; S&P500", "rd 예산 att ma sp500"),
        ("국&shy;회&#8203; 개&zwnj;의&#10;가결&#0;", "국회 개의 가결"),
        ("&lt;오징어 게임&gt; 시즌2", "오징어 게임 시즌2"),
        ("R&D 투자; AT&T; S&TD 상장", "rd 투자 att std 상장"),
        ("&없는이름; &nosuchname; 가", "없는이름 nosuchname 가"),
        # tags
        ("수학 <b>올림피</b>아드 금메달", "수학 올림피아드 금메달"),
        ("수학 &lt;b&gt;올림피&lt;/b&gt;아드 금메달", "수학 올림피아드 금메달"),
        ('<font color="red">코스피</font><br/>상승<BR>마감', "코스피 상승 마감"),
        ('<a href="https://a.example.com/1">코스피</a> <img src=x> 상승<!-- 끝 -->', "코스피 상승"),
        ("[<b>속보</b>] 코스피 상승", "코스피 상승"),
        ("a<b, 3<5, 5>3", "a b 3 5 5 3"),
        ("<오징어 게임>·<Her>·<Big>·<기생충> 재개봉", "오징어 게임 her big 기생충 재개봉"),
        # addresses
        ("금리 동결 https://n.news.example.com/article/001/0001?sid=1&amp;b=2", "금리 동결"),
        ("금리 동결(HTTP://EXAMPLE.COM)…환율 상승", "금리 동결 환율 상승"),
        ("금리 동결 https://ko.example.org/wiki/한국은행_총재 전망", "금리 동결 전망"),
        ("금리 동결 https://example.com/a1입니다", "금리 동결 입니다"),
        ("금리 동결 www.example.co.kr/a", "금리 동결"),
        ("금리 동결 n.news.example.com han.gl/AbC9", "금리 동결"),
        ("금리 동결 https://exam\u200bple.com/a\u00adb", "금리 동결"),
        ("[홍길동 기자 hong.gd+a@mail.example.co.kr] 금리 동결", "홍길동 기자 금리 동결"),
        ("금리 동결 mailto:hong@example.com", "금리 동결"),
        ("naver.com·쿠팡.com·Booking.com 제재", "naver com 쿠팡 com booking com 제재"),
        ("naver.co.kr 접속 장애", "naver co kr 접속 장애"),
        ("@realDonaldTrump 계정, BTS@MAMA, 3@5", "realdonaldtrump 계정 bts mama 3 5"),
        ("U.S.A. vs.LG 3.5배, 2025.4.1 개막", "u s a vs lg 3.5배 2025.4.1 개막"),
        ("A/B 테스트: and/or", "a b 테스트 and or"),
        # characters that nobody sees
        ("국\u200b회 본\u200c회\u200d의 개\ufeff의", "국회 본회의 개의"),
        ("국\u00ad회 본\u2060회의 \u200e개\u202a의\u202c", "국회 본회의 개의"),
        ("국\u3164회 본\u115f회\u1160의 개\uffa0의", "국회 본회의 개의"),
        ("국\ufe0f회 본\U000e0101회의 \U0001f600개\ufe0e의", "국회 본회의 개의"),
        ("국\x00회 본\x08회\x7f의 개\u0085의", "국회 본회의 개 의"),
        ("E\u200b\u0301 a\U000e0101\u0301", "é á"),
        ("ᄒ\u200bᅡ\u00adᆫ국", "한국"),
        # publishers and portals behind
        ("금리 동결 - 한국경제", "금리 동결"),
        ("금리 동결 | 연합뉴스", "금리 동결"),
        ("금리 동결 : 네이버 뉴스", "금리 동결"),
        ("금리 동결 - 머니투데이 : 네이버뉴스", "금리 동결"),
        ("금리 동결 – 부산일보 | Daum 뉴스", "금리 동결"),
        ("금리 동결 / YTN", "금리 동결"),
        ("금리 동결 (매일경제)", "금리 동결"),
        ("금리 동결[KBS 뉴스]", "금리 동결"),
        ("금리 동결 ｜ 연합뉴스", "금리 동결"),
        ("금리 동결&nbsp;-&nbsp;연합뉴스&nbsp;", "금리 동결"),
        ("금리 동결 < 금융 < 경제 < 기사본문 - 어느신문", "금리 동결"),
        ("마감 시황 종합2보 - 연합뉴스", "마감 시황"),
        ("금리 동결 - 한국경제 https://example.com/1", "금리 동결"),
        ("금리 동결 - 외국인 순매수", "금리 동결 외국인 순매수"),
        ("금리 동결 - 한국경제 전망", "금리 동결 한국경제 전망"),
        ("금리 동결-한국경제", "금리 동결 한국경제"),
        ("흔들리는 한국경제", "흔들리는 한국경제"),
        ("연합뉴스 - 수습기자 공채", "연합뉴스 수습기자 공채"),
        ("코스피: 3,000 | 코스닥: 1,000", "코스피 3000 코스닥 1000"),
        # nothing left
        ("", ""),
        ("[속보]", ""),
        ("…!?", ""),
    ],
)
def test_house_style_is_taken_off(headline, expected):
    assert normalize(headline) == expected
    assert normalize_all([headline, "한은"] * 64) == [expected, "한은"] * 64
    assert normalize_aligned(headline)[0] == expected


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
usual = st.text(st.sampled_from("가보합종속 中美日億羅3500,,..%…·'“?Aa-:/[](()\u200b"), max_size=14)


@settings(max_examples=1000, deadline=None)
@given(st.lists(usual, min_size=16, max_size=20))
def test_usual_characters_are_normalized_alike_in_any_company(texts):
    assert normalize_all(texts * 4) == [normalize_aligned(text)[0] for text in texts] * 4


@pytest.mark.parametrize(
    "around", ["[{}]가", "( “{}”!)가", "가[{}]", "가 ({} ) …", "가({} 뉴스)-kbs", "가( {}스포츠)가"]
)
def test_what_stands_in_brackets_is_normalized_alike_both_ways(around):
    tags = _TAG_WORDS.replace("[상중하]", "상|중|하").replace(r"\d+", "3|12보").split("|")
    texts = [
        around.format(name) for name in [*tags, *map(str.upper, tags), *PUBLISHERS, "부산일보", "네이버", "nate ", ""]
    ]
    assert normalize_all(texts) == [normalize_aligned(text)[0] for text in texts]


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


def test_spans_skip_what_a_crawl_left():
    headline = "&quot;<b>국\u200b회</b>&amp;quot; www.example.com 개&#54924; - 연합뉴스"
    result, spans = normalize_aligned(headline)
    assert result == "국회 개회"
    assert [headline[slice(*span)] for span in spans] == ["국", "회", " www.example.com ", "개", "&#54924;"]


def test_spans_point_at_what_a_character_came_from():
    headline = "[속보] ‘美’ 금리 1,000％…"
    result, spans = normalize_aligned(headline)
    assert result == "미국 금리 1000%"
    assert [headline[slice(*spans[i])] for i in (0, 1, 3, 4, 6, 7, 10)] == ["美", "美", "금", "리", "1", "0", "％"]


CRAWL = {
    "an address behind": lambda h: f"{h} https://n.news.example.com/article/001/0001",
    "an e-mail address behind": lambda h: f"{h} hong@example.co.kr",
    "quotes escaped": lambda h: f"&quot;{h}&#039;",
    "quotes escaped twice": lambda h: f"&amp;ldquo;{h}&amp;rdquo;",
    "a tag round a syllable": lambda h: f"{h[:2]}<b>{h[2:3]}</b>{h[3:]}",
    "zero-width space": "\u200b".join,
    "soft hyphen": "\u00ad".join,
    "byte order mark": lambda h: "\ufeff" + h,
    "Hangul filler": "\u3164".join,
    "marks of direction": lambda h: f"\u202b{h[:2]}\u200f{h[2:]}\u202c",
    "variation selector": "\ufe0f".join,
    "variation selector beyond the basic plane": "\U000e0100".join,
    "publisher": lambda h: f"{h} - 한국경제",
    "portal": lambda h: f"{h} : 네이버 뉴스",
}


@pytest.mark.parametrize("left", CRAWL)
def test_what_a_crawl_leaves_changes_nothing(sample, left):
    headlines = [headline for headline, _ in sample["test"]]
    expected = normalize_all(headlines)
    changed = [CRAWL[left](headline) for headline in headlines]
    assert normalize_all(changed) == expected
    assert [normalize(headline) for headline in changed[:200]] == expected[:200]


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


@pytest.mark.parametrize(
    "piece", ["a", "a.", "&amp;", "&#0", "<a =", "<!--", "< a", "- kbs", "|kbs ", "http://", "a@", "(", " "]
)
def test_a_long_headline_takes_time_in_proportion(piece):
    text = piece * (100_000 // len(piece)) + " a@ .com ://"  # for hours, if it were in proportion to the square
    assert normalize(text) == normalize_all([text, *["한은"] * 64])[0]
