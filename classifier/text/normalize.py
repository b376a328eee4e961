"""The one headline normaliser, used in training and in prediction alike.

Two headlines that differ only in house style (quotes, bracket tags, ellipses, full-width forms, NFC or NFD, hanja
shorthand) become the same text, so style cannot decide a section. What a crawl leaves is removed too: HTML entities
and tags, web and e-mail addresses, invisible characters, the publisher's name after the headline. So are signs such
as emoji. What remains is lower-case letters, digits and single spaces.

The normaliser is a short list of substitutions, none of which looks beyond a line. :func:`normalize_aligned` runs the
same list and keeps, for every character of the result, its position in the original headline; explanations need it.
:func:`normalize_all` has the same result for many headlines: it replaces their usual characters by a table and uses the
list only for headlines with a rare one. So a rule for a usual character is needed in both.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from classifier.text.crawl import CRAWL_STEPS, GAP, PUBLISHERS, SOURCE, UNSEEN, UNSEEN_BEYOND, Replacement, Step

#: Increase it whenever the output changes for any input: the feature cache and the artefact depend on it.
NORMALIZER_VERSION = 3

#: Hanja that stand for a whole word when they stand alone: 美 = 미국.
_SHORTHAND = dict(
    zip(
        "美日中北韓英獨佛伊露印濠豪加西比泰越土蘭伯亞歐靑檢警軍與野女男銀證硏委勞使核",
        "미국 일본 중국 북한 한국 영국 독일 프랑스 이탈리아 러시아 인도 호주 호주 캐나다 스페인 필리핀 태국 "
        "베트남 터키 네덜란드 브라질 아시아 유럽 청와대 검찰 경찰 군 여당 야당 여성 남성 은행 증권 연구원 "
        "위원회 노조 사측 핵".split(),
        strict=True,
    )
)

#: How each hanja is read inside a longer hanja word or glued to Hangul: 美中 = 미중, 女배구 = 여배구.
_READING = dict(
    zip(
        "美日中北韓英獨佛伊露印濠豪加西比泰越土蘭伯亞歐靑檢警軍與野女男銀證硏委勞使核"
        "南東朝美前新反對故現舊親非脫無再先後外內全核黨政府法稅案說展詩社人家行號車株重電建"
        "企金銅銀兆億萬千百弗年月日時分秒父母子王大小上下高低長短老少靑文朴尹李安黃孫曺潘秋丁"
        "禹崔洪吳明劉習心風色州發協來戰數價公票食尼阿生死手足的主民國會院省市道郡區山水火木土",
        "미일중북한영독불이러인호호가서비태월토란백아구청검경군여야여남은증연위노사핵"
        "남동조미전신반대고현구친비탈무재선후외내전핵당정부법세안설전시사인가행호차주중전건"
        "기금동은조억만천백불년월일시분초부모자왕대소상하고저장단노소청문박윤이안황손조반추정"
        "우최홍오명유습심풍색주발협래전수가공표식니아생사수족적주민국회원성시도군구산수화목토",
        strict=True,
    )
)

#: Shorthand that keeps its full word even when glued to Hangul: 美대통령 = 미국대통령, 우리銀 = 우리은행.
_GLUED = frozenset("美日北韓英獨佛伊露印濠豪靑檢警與野銀證硏")

#: Tags that name the type of an article, not its topic.
_TAG_WORDS = (
    r"속보|긴급|단독|종합|상보|전문|영상|동영상|포토|사진|화보|그래픽|인터뷰|르포|기획|특집|현장|"
    r"인포그래픽|카드뉴스|게시판|알림|표|주요|이슈|분석|해설|팩트체크|[상중하]|상편|중편|하편|完|끝|"
    r"\d+|pick|픽|뉴스|자막뉴스|지금이뉴스|앵커리포트|뉴스1pick|뉴시스pic"
)
_OPEN, _CLOSE = r"[\[(<{〈《【〔「『]", r"[\])>}〉》】〕」』]"
_QUOTES = "\"'`´‘’‚‛“”„‟′″‴‵‶‷⁗«»‹›＂＇｀〝〞"


def _nfkc(match: re.Match[str]) -> str:
    return unicodedata.normalize("NFKC", match.group())


def _lower(match: re.Match[str]) -> str:
    return match.group().lower()


def _hanja(match: re.Match[str]) -> str:
    """Spell one run of hanja in Hangul; characters outside the tables stay as they are."""
    run, text = match.group(), match.string
    if len(run) > 1:
        return "".join(_READING.get(char, char) for char in run)
    before = text[match.start() - 1] if match.start() else " "
    after = text[match.end()] if match.end() < len(text) else " "
    if before.isdigit() and run not in _GLUED - {"日"}:  # 10日 = 10일, 5兆 = 5조
        return _READING.get(run, run)
    if run in _GLUED or not ("가" <= before <= "힣" or "가" <= after <= "힣"):
        return _SHORTHAND.get(run, _READING.get(run, run))
    if run == "中" and not "가" <= before <= "힣":  # 中정부 = 중국정부, but 협상中 = 협상중
        return "중국"
    return _READING.get(run, run)


_MARKS = r"\u0300-\u036f\u1160-\u11ff\u3099\u309a\uff9e\uff9f"

# A base character with the marks, jamo and half-width voicing signs that may compose with it. NFKC
# on each piece keeps the alignment simple; :func:`normalize` and :func:`normalize_aligned` both do it so.
_CLUSTER = re.compile(
    r"[\u1100-\u115f\ua960-\ua97c]+[\u1160-\u11a7\ud7b0-\ud7c6]*[\u11a8-\u11ff\ud7cb-\ud7fb]*"
    rf"|[^\x00-\x7f\u3131-\u318e\uffa0-\uffdc][{_MARKS}]*"
    r"|[\x00-\x7f][\u0300-\u036f]+"
)

# _COMPOSING: characters that may join others in a cluster. _CHANGING: characters that NFKC may change by
# themselves, which are rare. A text without the first needs NFKC only on the second.
_COMPOSING = re.compile(rf"[{_MARKS}\u1100-\u115f\ua960-\ua97c\ud7b0-\ud7fb]")
_COMPOSED_LINE = re.compile(rf"^.*{_COMPOSING.pattern}.*$", re.MULTILINE)
_CHANGING = re.compile(r"[^\x00-\x7f가-힣\u4e00-\u9fff\u00b7\u2018-\u201d\u2190-\u2193\u3131-\u318e\uffa0-\uffdc]")

_BEYOND = re.compile(f"[{UNSEEN_BEYOND}]")
_LETTERS = re.compile(r"[A-Z]+|[^\x00-\x7f가-힣]+")
_EDGES = re.compile(r"^ | $", re.MULTILINE)
_HANJA = re.compile(r"[\u4e00-\u9fff\uf900-\ufaff]+")
# Tags at the end whose brackets were lost on the way.
_TAIL = re.compile(r"(?: ?(?<=.)(?:종합|속보)(?: ?\d+ ?보)?|(?<=[가-힣])\d보)+$")

_TAG = re.compile(
    rf"{_OPEN}{GAP}*(?:{_TAG_WORDS}){GAP}*\d*{GAP}*보?{GAP}*[+]?{GAP}*{_CLOSE}"
    rf"|{_OPEN}{GAP}*\d+{GAP}*보{GAP}*{_CLOSE}"
)
_POINT_INSIDE = re.compile(r"\.(?<=\d\.)(?=\d)")

_STEPS: tuple[Step, ...] = (
    *CRAWL_STEPS,
    (re.compile(rf"[{_QUOTES}{UNSEEN}]"), ""),  # before the tags, because a quoted tag is a tag
    (_BEYOND, ""),
    (_CLUSTER, _nfkc),
    (_LETTERS, _lower),
    (_TAG, " "),
    (SOURCE, ""),
    (_HANJA, _hanja),
    (re.compile(r",(?<=\d,)(?=\d{3})"), ""),
    (_POINT_INSIDE, "\u2024"),  # keeps a decimal point through the next steps
    *((re.compile(char), "") for char in "「」『』&"),
    (re.compile("_"), " "),
    (re.compile(r"[^\w%\u2024\n ]"), " "),
    (re.compile("\u2024"), "."),
    (re.compile("  +"), " "),
    (_EDGES, ""),
    (_TAIL, ""),
)
#: The characters that need the steps of ``_FOR_UNUSUAL``.
_UNUSUAL = re.compile(
    r"[^ \n!-%'*-,;=?A-Z^-z~가-힣\u4e00-\u9fff\u00b7\u2018-\u201d\u2026\u2190-\u2193\u3131-\u3163\u3165-\u318e]"
)
_FOR_UNUSUAL = {_BEYOND, _CLUSTER, _TAG, SOURCE, _POINT_INSIDE, *map(re.compile, "「」『』&\u2024")}


def normalize(headline: str) -> str:
    """Return ``headline`` without its house style: lower-case words and numbers, single spaces."""
    return _substitute([headline])[0]


def normalize_all(headlines: Sequence[str]) -> list[str]:
    """Return ``normalize(headline)`` for each; for many of them at once that takes a tenth of the time.

    What nearly all headlines are made of (Hangul, hanja, ASCII letters, digits, the usual signs) is looked up in a
    table for the whole list; headlines that hold anything else go through the substitutions.
    """
    if len(headlines) < _MANY:
        return _substitute(headlines)
    text = _lines(headlines)
    codes = _BECOMES.take(np.frombuffer(text.encode("utf-16-le", "surrogatepass"), np.uint16), mode="clip")
    lines, doubtful = _edit(codes)
    rare = (codes == _RARE).nonzero()[0]
    if len(rare):
        doubtful += (codes == _BREAK).nonzero()[0].searchsorted(rare).tolist()
    which = sorted(set(doubtful))
    for i, line in zip(which, _substitute([headlines[i] for i in which]), strict=True):
        lines[i] = line
    return lines


def _lines(headlines: Sequence[str]) -> str:
    """Return the headlines, a line each."""
    text = "\n".join(headlines)
    if text.count("\n") >= len(headlines):  # a line break inside a headline is a space
        text = "\n".join([headline.replace("\n", " ") for headline in headlines])
    return text


def _substitute(headlines: Sequence[str]) -> list[str]:
    """Run the list of substitutions on some headlines together."""
    if not headlines:
        return []
    text = _lines(headlines)
    for step in _ON_TEXTS if _UNUSUAL.search(text) else _ON_USUAL_TEXTS:
        text = step(text)
    pattern, replacement = _STEPS[-1]
    return [pattern.sub(replacement, line) if line[-1:] in "합보" else line for line in text.split("\n")]


def _compose(text: str) -> str:
    if _COMPOSING.search(text):
        text = _COMPOSED_LINE.sub(lambda line: _CLUSTER.sub(_nfkc, _BEYOND.sub("", line.group())), text)
    return _CHANGING.sub(_nfkc_of_one, text.replace("…", "..."))


def _nfkc_of_one(match: re.Match[str]) -> str:
    char = match.group()
    return "" if char > "\uffff" and _BEYOND.match(char) else unicodedata.normalize("NFKC", char)


def _lower_whole(text: str) -> str:
    # Only a capital sigma's lower case depends on the characters around it.
    return _LETTERS.sub(_lower, text) if "\u03a3" in text else text.lower()


def _trim(text: str) -> str:
    return text.replace(" \n", "\n").replace("\n ", "\n").strip(" ")


def _on_lines_with(trigger: re.Pattern[str], steps: Sequence[Step]) -> Callable[[str], str]:
    """Return a function that does the steps on the lines with ``trigger``, the only ones that they change."""

    def step(text: str) -> str:
        pieces: list[str] = []
        last = 0
        for match in trigger.finditer(text):
            if match.start() < last:
                continue  # its line is done
            begin = text.rfind("\n", last, match.start()) + 1 or last
            end = text.find("\n", match.start())
            end = len(text) if end < 0 else end
            line = text[begin:end]
            for pattern, replacement in steps:
                line = pattern.sub(replacement, line)
            pieces += [text[last:begin], line]
            last = end
        return "".join([*pieces, text[last:]]) if pieces else text

    return step


# What a line must hold for these steps to change it.
_CRAWL_SIGNS = re.compile(r"[&<@.:](?:(?<=&)(?=#|[a-zA-Z]{2})|(?<=[<@])|(?<=\.)(?=[a-zA-Z])|(?<=:)(?=//))")
#: Faster functions that have the same result as a step.
_WHOLE: dict[re.Pattern[str], Callable[[str], str]] = {
    _BEYOND: str,
    _CLUSTER: _compose,
    _LETTERS: _lower_whole,
    _EDGES: _trim,
}


def _on_text(pattern: re.Pattern[str], replacement: Replacement) -> Callable[[str], str]:
    """Return the fastest function that does a step."""
    if pattern in _WHOLE:
        return _WHOLE[pattern]
    character = pattern.pattern
    if isinstance(replacement, str) and len(character) == 1:
        return lambda text: text.replace(character, replacement)
    return partial(pattern.sub, replacement)


#: All steps but the last, which :func:`_substitute` does on each line.
_ON_TEXTS = [
    _on_lines_with(_CRAWL_SIGNS, CRAWL_STEPS),
    *(_on_text(pattern, replacement) for pattern, replacement in _STEPS[len(CRAWL_STEPS) : -1]),
]
_ON_USUAL_TEXTS = [
    _on_text(pattern, replacement)
    for pattern, replacement in _STEPS[len(CRAWL_STEPS) : -1]
    if pattern not in _FOR_UNUSUAL
]

#: The characters of which a tail consists, if all are usual.
_OF_TAILS = " 종합속보0123456789"

#: For fewer headlines than this, the substitutions are faster than the table.
_MANY = 64

# Values in the table: for a character that is removed, for a rare one, which needs the substitutions, and for five
# groups whose result depends on their neighbours.
_DROPPED, _RARE, _COMMA, _POINT, _MARK, _OPENING, _CLOSING = range(7)
_BREAK, _SPACE, _DECIMAL, _ZERO, _A, _TOTAL, _REPORT, _FIRST, _LAST = map(ord, "\n .0a합보\u4e00\u9fff")
_AROUND = np.array([-1, 1, 2, 3])


def _table() -> NDArray[np.uint16]:
    """Return what each character of the basic plane becomes if its neighbours do not matter, (65536,)."""
    table = np.full(1 << 16, _RARE, np.uint16)
    for first, last in ("az", "09", "가힣", "ㄱㆎ", "\u4e00\u9fff", "%%", "  ", "\n\n"):
        table[ord(first) : ord(last) + 1] = np.arange(ord(first), ord(last) + 1)
    table[ord("A") : ord("Z") + 1] = table[ord("a") : ord("z") + 1]
    for characters, becomes in (
        ("\"'`‘’“”", _DROPPED),
        ("·…‥⋯!?;+=~*^#$×∼‧∙―→←↑↓↔○★♥♡", _SPACE),
        ("-:/–—", _MARK),
        (",", _COMMA),
        (".", _POINT),
        ("[(", _OPENING),
        ("])", _CLOSING),
    ):
        table[[ord(character) for character in characters]] = becomes
    for first, last in re.findall("(.)(?:-(.))?", UNSEEN, re.DOTALL):
        table[ord(first) : ord(last or first) + 1] = _DROPPED
    return table


def _readings() -> NDArray[np.uint16]:
    """Return how each hanja from ``_FIRST`` to ``_LAST`` is read inside a longer hanja word."""
    read = np.arange(_FIRST, _LAST + 1, dtype=np.uint16)
    for hanja, reading in _READING.items():
        read[ord(hanja) - _FIRST] = ord(reading)
    return read


def _among(characters: Iterable[str]) -> NDArray[np.bool_]:
    """Return which characters of the basic plane are among ``characters``, (65536,)."""
    table = np.zeros(1 << 16, np.bool_)
    table[[*map(ord, characters)]] = True
    return table


_BECOMES, _READINGS, _IS_SHORTHAND = _table(), _readings(), _among(_SHORTHAND)
# What a tag may begin with, and what a publisher's name may end with. A space may be any sign.
_TAG_STARTS = _among([word[0] for word in _TAG_WORDS.split("|")] + [*"상중하0123456789 "])
_PUBLISHER_ENDS = _among([name[-1] for name in PUBLISHERS] + [*"보스s츠예 "])


def _edit(codes: NDArray[np.uint16]) -> tuple[list[str], list[int]]:
    """Do the steps that depend on neighbours; return the lines, and the numbers of those that need the substitutions.

    ``codes`` are the characters as the table gives them. Lines that may hold an address, a tag or a publisher's name
    need the substitutions.
    """
    codes = np.concatenate([codes[codes > _RARE], [np.uint16(_BREAK)] * 3])
    signs = (codes <= _CLOSING).nonzero()[0]
    sign = codes[signs]
    around = codes.take(signs[:, None] + _AROUND, mode="clip")
    digits = around - np.uint16(_ZERO) < 10
    point = sign == _POINT
    doubtful = point & (around[:, 1] - np.uint16(_A) < 26)  # example.com
    doubtful |= (sign == _MARK) & ((around[:, 0] == _SPACE) | (around[:, 1] == _MARK))  # " - ", "://"
    doubtful |= (sign == _OPENING) & _TAG_STARTS.take(around[:, 1])
    before, after, then = around[:, 0], around[:, 1], around[:, 2]
    last = (after < _SPACE) | ((after == _SPACE) & (then <= _SPACE))
    doubtful |= (sign == _CLOSING) & last & _PUBLISHER_ENDS.take(before)  # "(연합뉴스)"
    doubtful_lines = []
    if doubtful.any():
        doubtful_lines = (codes == _BREAK).nonzero()[0].searchsorted(signs[doubtful]).tolist()
    codes[signs] = _SPACE
    codes[signs[point & digits[:, :2].all(axis=1)]] = _DECIMAL
    codes[signs[(sign == _COMMA) & digits.all(axis=1)]] = _DROPPED
    # Of several spaces the last one stays, and none at the end of a line.
    kept = codes > _RARE
    kept[:-1] &= (codes[:-1] != _SPACE) | (codes[1:] > _SPACE)
    codes = codes[kept][:-2]
    hanja = _read_hanja(codes)
    lines = codes.tobytes().decode("utf-16-le").replace("\n ", "\n").removeprefix(" ").split("\n")[:-1]
    breaks = (codes == _BREAK).nonzero()[0]
    for i in np.unique(breaks.searchsorted(hanja)).tolist():
        lines[i] = _HANJA.sub(_hanja, lines[i])
    ending = codes[breaks - 1]  # the last character of each line; no hanja is read 합 or 보
    for i in ((ending == _TOTAL) | (ending == _REPORT)).nonzero()[0].tolist():
        line = lines[i]
        tail = _TAIL.search(line, len(line.rstrip(_OF_TAILS)))
        lines[i] = line[: tail.start()] if tail else line
    return lines, doubtful_lines


def _read_hanja(codes: NDArray[np.uint16]) -> NDArray[np.intp]:
    """Spell hanja whose neighbours do not matter in Hangul, in place; return the positions of the others."""
    hanja = (codes - np.uint16(_FIRST) <= _LAST - _FIRST).nonzero()[0]
    if len(hanja):
        found = codes[hanja]
        alone = _IS_SHORTHAND.take(found)
        beside = hanja[1:] - hanja[:-1] == 1
        alone[1:] &= ~beside
        alone[:-1] &= ~beside
        codes[hanja[~alone]] = _READINGS.take(found[~alone] - np.uint16(_FIRST))
        hanja = hanja[alone]
    return hanja


def normalize_aligned(headline: str) -> tuple[str, list[tuple[int, int]]]:
    """Return ``normalize(headline)`` and, per character, its ``(start, end)`` in ``headline``."""
    text, spans = headline.replace("\n", " "), [(i, i + 1) for i in range(len(headline))]
    for pattern, replacement in _STEPS:
        pieces: list[str] = []
        aligned: list[tuple[int, int]] = []
        last = 0
        for match in pattern.finditer(text):
            start, end = match.span()
            new = replacement if isinstance(replacement, str) else replacement(match)
            pieces += [text[last:start], new]
            aligned += spans[last:start]
            if len(new) == end - start:
                aligned += spans[start:end]
            else:
                aligned += [(spans[start][0], spans[end - 1][1])] * len(new)
            last = end
        text, spans = "".join([*pieces, text[last:]]), aligned + spans[last:]
    return text, spans
