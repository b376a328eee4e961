"""Portal pages put together from parts, whole or damaged: the same seed gives the same pages.

A page is composed of menus, articles, blocks of headlines and footers, written as text or as HTML in one
of many ways, and knows what it holds. Damaged pages then lose or gain what broken downloads do.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

#: What menus, share buttons and footers say. Wherever such a line lands, it is no headline.
MENUS = (
    "홈|뉴스홈|정치|경제|사회|생활/문화|IT/과학|세계|연예|스포츠|오피니언|포토|랭킹|전체보기|더보기|로그인|"
    "회원가입|검색|"
    "구독하기|MY뉴스|날씨|운세|만화|웹툰|쇼핑|증권|부동산|자동차|블로그|카페|지도|사전|메일|뉴스스탠드|"
    "언론사별 보기|신문 보기|"
    "주요 메뉴 바로가기 (상단)|본문 컨텐츠 바로가기|주요 메뉴 바로가기 (하단)|본문 바로가기|메뉴 바로가기|"
    "전체 메뉴 열기|전체메뉴 닫기|"
    "검색창 열기|마이페이지|이전 기사|다음 기사|이전 페이지|목록으로|맨 위로|맨위로 이동|화면 상단으로 이동|"
    "기사 공유하기|URL 복사|"
    "카카오톡 공유하기|페이스북 공유하기|트위터로 보내기|네이버 블로그 공유하기|밴드에 공유하기|"
    "글자 크기 조절|본문 듣기|인쇄하기|스크랩|"
    "회사소개|회사 소개|광고문의|광고 안내|제휴문의|제휴 제안|사업제휴 문의|고객센터|고객센터 문의하기|"
    "이용약관|서비스 이용약관|"
    "개인정보처리방침|개인정보 처리방침|위치기반서비스 이용약관|청소년보호정책|"
    "청소년 보호정책 (책임자: 홍길동)|이메일 무단수집 거부|"
    "이메일무단수집거부|저작권 안내|저작권 규약|책임의 한계와 법적고지|뉴스 도움말|뉴스 고객센터 문의하기|"
    "뉴스 제보하기|기사 제보 안내|"
    "기사제보|정정보도 청구|고충처리인|독자권익위원회|편집규약|윤리강령|RSS|뉴스레터 구독신청|"
    "모바일 앱 다운로드|사이트맵|채용 안내|"
    "기사배열 책임자 : 김철수|사업자등록번호 : 120-81-00000|통신판매업신고번호 : 제2012-서울-0001호|"
    "대표이사 : 홍길동|발행인 : 홍길동|"
    "주소 : 서울특별시 중구 세종대로 1길 10|대표전화 : 02-1234-5678|등록번호 : 서울 아01234|"
    "등록일자 : 2011년 5월 3일|"
    "Copyright ⓒ 새벽일보. All rights reserved.|무단전재 및 재배포 금지|ⓒ 새벽일보, 무단 전재 및 재배포 금지|"
    "댓글 쓰기|댓글 운영정책|전체 댓글 보기|기사 전체보기|뉴스 더보기 >|관련기사 더보기|좋아요|훈훈해요|"
    "후속기사 원해요|"
    "좋아요 응원수 12|기사원문 보기|언론사 구독 안내|이 기사를 추천합니다|기자 구독하기|알림 받기|배너 닫기|"
    "프린트|가나다순 보기"
).split("|")

#: What services call themselves: as long as a headline. Only where they stand tells what they are.
LURES = (
    "내 주변 맛집 지도에서 찾기|오늘의 운세 무료로 보기|아파트 매물 시세 한눈에 보기|중소기업 제품 홍보관 입점 신청|"
    "새벽일보 어린이 글짓기 대회|우리 동네 부동산 실거래가 조회|신춘문예 응모 작품 접수 중|주식 종목 토론방 들어가기|"
    "프로야구 경기 일정과 순위표|전국 영화관 상영 시간표 예매|고속도로 교통 상황 실시간 확인|"
    "건강검진 병원 비교 예약 서비스"
).split("|")

TITLES = (
    "[{s}] 랭킹 뉴스|[{s}] 인기 뉴스|{s} 많이 본 뉴스|많이 본 {s} 뉴스|{s} 뉴스|【{s}】 주요 기사|"
    "<{s}> 추천 뉴스|{s} 랭킹 뉴스|"
    "■ {s} 인기기사|▶ 이 시각 {s} 뉴스|{s} 뉴스 TOP 10|실시간 {s} 뉴스"
).split("|")
PLAIN_TITLES = (
    "많이 본 뉴스|지금 뜨는 뉴스|당신을 위한 인기글|함께 보면 좋은 뉴스|추천 뉴스|이 시각 주요뉴스|"
    "실시간 랭킹 뉴스|관련기사|"
    "오늘의 핫이슈|최신 뉴스|가장 많이 본 뉴스|인기 기사 TOP 5|실시간 인기 기사|놓치면 안 될 뉴스|다른 기자 기사"
).split("|")
FAKE_TITLES = (
    "뉴스|전체 메뉴|주요 서비스|서비스 전체보기|바로가기|패밀리 사이트|뉴스 서비스|고객센터|메뉴|관련 사이트".split("|")
)
LABELS = {
    "정치": "정치", "경제": "경제", "사회": "사회", "세계": "국제|세계", "IT과학": "IT/과학|"
    "IT", "생활문화": "생활/문화|라이프",
    "연예": "연예|TV연예|엔터", "스포츠": "스포츠",
}  # fmt: skip
CATCH_ALL = ("뉴스", "종합", "이슈", "기타")
PRESSES = "새벽일보|아주경제|한국방송|연합뉴스|서울신문|머니투데이|이데일리|뉴시스|MBC|스포츠조선".split("|")
NOISE = "댓글0|댓글 12|조회수 1,204|3시간 전|15분 전|방금 전|2024.04.11.|2024-04-11 09:30|new|댓글 1.2만|공감 5".split(
    "|"
)
BULLETS = "•|·|-|*|▶|■|ㆍ|○|▪|–|>".split("|")
ENDINGS = "라고 관계자가 11일 밝혔다.|는 전망이 나왔다.|는 지적이 잇따르고 있다.|는 분석이 힘을 얻고 있다.".split("|")


@dataclass
class Item:
    """A planted headline and what stands with it."""

    headline: str
    section: str | None = None
    label: str | None = None
    press: str | None = None
    noise: list[str] = field(default_factory=list)


@dataclass
class Block:
    """A planted block of headlines."""

    title: str
    section: str | None
    items: list[Item]
    way: str  #: where labels and ranks stand


@dataclass
class Article:
    """A planted article."""

    title: str
    press: str
    paragraphs: list[str]


@dataclass
class Menu:
    """A planted menu, perhaps under a title."""

    title: str | None
    entries: list[str]


Part = Block | Article | Menu


@dataclass
class Page:
    """A page made up: its bytes, and what it holds."""

    name: str
    raw: bytes
    parts: list[Part]
    damage: list[str] = field(default_factory=list)

    @property
    def items(self) -> list[tuple[str, str | None, str | None]]:
        """Headline, section of its own, section of its block."""
        return [(i.headline, i.section, p.section) for p in self.parts if isinstance(p, Block) for i in p.items]

    @property
    def articles(self) -> list[Article]:
        """The articles."""
        return [part for part in self.parts if isinstance(part, Article)]

    @property
    def menus(self) -> set[str]:
        """All that menus say."""
        return {entry for part in self.parts if isinstance(part, Menu) for entry in part.entries}


def pages(seed: int, count: int, corpus: list[tuple[str, str]]) -> list[Page]:
    """Return ``count`` pages made of the corpus' headlines; four in five of them damaged."""
    random = Random(seed)
    headlines = [headline for headline, _ in corpus]
    return [page(random, headlines, damaged=random.random() < 0.8) for _ in range(count)]


def page(random: Random, headlines: list[str], *, damaged: bool) -> Page:
    """Return one page."""
    parts = _parts(random, headlines, lures=not damaged)
    as_html = random.random() < 0.5
    text = _Html(random).page(parts) if as_html else _text(random, parts)
    made = Page("page.html" if as_html else "page.txt", b"", parts)
    if damaged:
        for _ in range(random.choice((1, 1, 2, 3))):
            hurt = random.choice(DAMAGES)
            made.damage.append(hurt.__name__)
            text = hurt(random, text)
    encoding = random.choice(ENCODINGS if damaged else ENCODINGS[:5])
    if as_html:
        made.raw = text.encode(encoding, "xmlcharrefreplace")
    else:  # a bullet that CP949 lacks would be a question mark: only a damaged page has that
        made.raw = text.encode(encoding, "replace") if damaged else _encoded(text, encoding)
    if damaged and random.random() < 0.2:
        hurt_bytes = random.choice(BYTE_DAMAGES)
        made.damage.append(hurt_bytes.__name__)
        made.raw = hurt_bytes(random, made.raw)
    return made


def _encoded(text: str, encoding: str) -> bytes:
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        return text.encode()


def _parts(random: Random, headlines: list[str], *, lures: bool) -> list[Part]:
    chosen = iter(random.sample(headlines, 60))
    lured = iter(random.sample(LURES, 6) if lures else ())
    parts: list[Part] = [_menu(random, lured)]
    for _ in range(random.choice((0, 1, 1, 1, 2))):
        sentences = (next(chosen).rstrip(".…!?") + random.choice(ENDINGS) for _ in range(99))
        paragraphs = [" ".join(next(sentences) for _ in range(random.randint(2, 4))) for _ in range(3)]
        parts.append(Article(next(chosen), random.choice(PRESSES), paragraphs))
        if random.random() < 0.5:
            parts.append(_menu(random, lured))
    for _ in range(random.choice((0, 1, 2, 2, 3))):
        parts.append(_block(random, [next(chosen) for _ in range(random.randint(3, 9))]))
        if random.random() < 0.4:
            parts.append(_menu(random, lured, after_block=True))
    if random.random() < 0.15:
        parts.append(random.choice([part for part in parts if not isinstance(part, Article)]))
    parts.append(_menu(random, lured, after_block=isinstance(parts[-1], Block)))
    return parts


def _menu(random: Random, lured: object, *, after_block: bool = False) -> Menu:
    entries = random.sample(MENUS, random.randint(3, 10))
    title = None if random.random() < 0.6 else random.choice(FAKE_TITLES)
    if (title or not after_block) and (lure := next(lured, None)):
        # Right under a block's last item nothing but the entries before it tell a menu.
        entries.insert(len(entries) if after_block else random.randint(1, len(entries)), lure)
    return Menu(title, entries)


def _block(random: Random, headlines: list[str]) -> Block:
    section = random.choice(list(LABELS)) if random.random() < 0.5 else None
    title = random.choice(PLAIN_TITLES)
    if section:
        title = random.choice(TITLES).format(s=random.choice(LABELS[section].split("|")))
    way = random.choice(("bare", "bare", "after", "before", "trailing", "tagged"))
    press = random.random() < 0.3
    items = []
    for headline in headlines:
        own = random.choice([*LABELS, None, None]) if way in ("after", "trailing") else random.choice(list(LABELS))
        own = own if way != "bare" else None
        item = Item(headline, own)
        if own:
            item.label = random.choice(LABELS[own].split("|"))
        elif way in ("after", "trailing"):
            item.label = random.choice(CATCH_ALL)
        item.press = random.choice(PRESSES) if press else None
        item.noise = random.sample(NOISE, random.choice((0, 0, 1, 2)))
        items.append(item)
    return Block(title, section, items, way)


def _first_line(item: Item, way: str) -> str:
    if way == "tagged":
        return f"[{item.label}] {item.headline}"
    return f"{item.headline} | {item.label}" if way == "trailing" else item.headline


def _text(random: Random, parts: list[Part]) -> str:
    lines: list[str] = []
    for part in parts:
        if isinstance(part, Menu):
            lines += _text_menu(random, part)
        elif isinstance(part, Article):
            lines += [part.title, "", random.choice(("{} 조회수", "{} | 입력 2024.04.11 09:30")).format(part.press), ""]
            for paragraph in part.paragraphs:
                lines += [paragraph, ""]
            lines += [part.press, "desk@example.co.kr"] if random.random() < 0.5 else []
        else:
            lines += [part.title, "", *_text_block(random, part)]
        lines.append("")
    return "\n".join(lines)


def _text_menu(random: Random, menu: Menu) -> list[str]:
    bullet = random.choice(("", "", "• ", "- ", "  • "))
    lines = [menu.title, ""] if menu.title else []
    if random.random() < 0.2:
        return [*lines, random.choice((" ", " | ", " · ")).join(menu.entries)]
    return [*lines, *(bullet + entry for entry in menu.entries)]


def _text_block(random: Random, block: Block) -> list[str]:
    lines = []
    bullet = random.choice(BULLETS)
    mark = random.choice(("bullet", "bullet", "rank line", "number", "wi", "circled", "plain"))
    if block.way == "before" and mark == "plain":
        mark = "bullet"
    for n, item in enumerate(block.items, 1):
        first = _first_line(item, block.way)
        if mark == "rank line":
            rows = [f"  {bullet} {n}", f"    {first}"]
        elif mark == "plain":
            rows = [first]
        else:
            sign = {"bullet": bullet, "number": f"{n}.", "wi": f"{n}위", "circled": "①②③④⑤⑥⑦⑧⑨"[n - 1]}[mark]
            rows = [f"  {sign} {first}"]
            if block.way == "before":
                rows = [f"  {sign} {item.label}", f"    {first}"]
        if block.way == "before" and mark == "rank line":
            rows.insert(1, f"    {item.label}")
        rest = [item.label] if block.way == "after" and item.label else []
        rest += [item.press] if item.press else []
        rest += item.noise
        rows += [f"    {text}" for text in rest] if mark != "plain" else rest
        lines += rows if random.random() < 0.5 else [line for row in rows for line in (row, "")]
    return lines


class _Html:
    """Writes parts as a browser would have saved them, in one of many ways."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.space = random.choice(("", "\n", "\n    ", "\r\n\t"))

    def page(self, parts: list[Part]) -> str:
        random = self.random
        body = []
        for part in parts:
            write: Callable[..., str] = (
                self._menu if isinstance(part, Menu) else self._article if isinstance(part, Article) else self._block
            )
            body.append(write(part))
        head = "<title>뉴스</title><style>.a{color:red}</style><script>var x = '<li>메뉴</li>';</script>"
        wrap = random.choice(("{}", "<div id=wrap><div class=in>{}</div></div>", "<main>{}</main>"))
        return f"<!doctype html><html><head>{head}</head><body>" + wrap.format(self.space.join(body)) + "</body></html>"

    def _menu(self, menu: Menu) -> str:
        entries = [html.escape(entry) for entry in menu.entries]
        title = f"<h4>{menu.title}</h4>" if menu.title else ""
        listed = self.space.join(f"<li><a href='#'>{entry}</a></li>" for entry in entries)
        way = self.random.choice(("nav", "list", "footer", "divs", "links", "options"))
        return {
            "nav": f"<nav>{title}<ul>{listed}</ul></nav>",
            "list": f"<div>{title}<ul>{listed}</ul></div>",
            "footer": f"<footer>{title}" + " | ".join(entries) + "</footer>",
            "divs": f"<div>{title}</div>" + self.space.join(f"<div><a>{entry}</a></div>" for entry in entries),
            "links": f"<div>{title}<br>" + "".join(f"<a href='/x'>{entry}</a> " for entry in entries) + "</div>",
            "options": f"{title}<select>" + "".join(f"<option>{entry}" for entry in entries) + "</select>",
        }[way]

    def _article(self, article: Article) -> str:
        heading = self.random.choice(("<h1>{}</h1>", "<h2 class=tit>{}</h2>", "<div class=t><strong>{}</strong></div>"))
        tag = self.random.choice(("p", "div"))
        body = self.space.join(f"<{tag}>{html.escape(text)}</{tag}>" for text in article.paragraphs)
        if self.random.random() < 0.3:
            body = "<div>" + "<br><br>".join(map(html.escape, article.paragraphs)) + "</div>"
        byline = f"<div><span>{article.press}</span> | <span>입력 2024.04.11. 오전 9:30</span></div>"
        return f"<article>{heading.format(html.escape(article.title))}{byline}{body}<p>{article.press}</p></article>"

    def _block(self, block: Block) -> str:
        way = self.random.choice(("ul", "ol", "divs", "dl", "table", "pre"))
        heading = self.random.choice(("<h3>{}</h3>", "<h4><span>{}</span></h4>", "<div class=hd><em>{}</em></div>"))
        title = heading.format(html.escape(block.title))
        if way == "pre":
            return f"<pre>{html.escape(chr(10).join([block.title, *_text_block(self.random, block)]))}</pre>"
        ranked = self.random.random() < 0.4
        items = self.space.join(self._item(n, item, block.way, way, ranked) for n, item in enumerate(block.items, 1))
        return {
            "ul": f"{title}<ul>{items}</ul>",
            "ol": f"<section>{title}<ol class=rank>{items}</ol></section>",
            "divs": f"<div>{title}<div class=list>{items}</div></div>",
            "dl": f"<dl><dt>{html.escape(block.title)}</dt>{items}</dl>",
            "table": f"<table><caption>{html.escape(block.title)}</caption>{items}</table>",
        }[way]

    def _item(self, rank: int, item: Item, way: str, kind: str, ranked: bool) -> str:
        cell = {"table": "td", "divs": "span", "dl": "span"}.get(kind, "span")
        pieces = [f"<a href='/a/{rank}'>{html.escape(_first_line(item, way))}</a>"]
        if way == "before":
            pieces.insert(0, f"<em>{item.label}</em>")
        if way == "after" and item.label:
            pieces.append(f"<em class=c>{item.label}</em>")
        if item.press:
            pieces.append(f"<div class=press>{item.press}</div>" if kind != "table" else item.press)
        pieces += [f"<i>{noise}</i>" for noise in item.noise]
        if ranked:
            pieces.insert(0, f"<b>{rank}</b>")
        if kind == "table":
            return "<tr>" + "".join(f"<{cell}>{piece}</{cell}>" for piece in pieces) + "</tr>"
        tag = {"ul": "li", "ol": "li", "divs": "div", "dl": "dd"}[kind]
        return f"<{tag}>" + self.random.choice(("", " ")).join(pieces) + f"</{tag}>"


def cut_off(random: Random, text: str) -> str:
    """Cut the page anywhere."""
    return text[: random.randrange(len(text) + 1)]


def beheaded(random: Random, text: str) -> str:
    """Cut the page's beginning off."""
    return text[random.randrange(len(text) + 1) :]


def shuffled(random: Random, text: str) -> str:
    """Shuffle lines, or elements."""
    sign = "\n" if text.count("\n") > 10 else "<"
    pieces = text.split(sign)
    random.shuffle(pieces)
    return sign.join(pieces)


def doubled(random: Random, text: str) -> str:
    """Repeat a part of the page."""
    start = random.randrange(len(text) + 1)
    end = min(len(text), start + random.randrange(1, 4000))
    return text[:end] + text[start:end] * random.randint(1, 5) + text[end:]


def untagged(random: Random, text: str) -> str:
    """Lose a tenth of the signs that make tags."""
    return "".join(c for c in text if c not in "<>/" or random.random() < 0.9)


def joined(random: Random, text: str) -> str:
    """Lose all line ends: one line, as long as the page."""
    return text.replace("\n", random.choice(("", " ")))


def scattered(random: Random, text: str) -> str:
    """Break lines anywhere."""
    pieces = list(text)
    for _ in range(random.randint(1, 40)):
        pieces.insert(random.randrange(len(pieces) + 1), random.choice("\n\r\t\v\f\x1c\x85\u2028"))
    return "".join(pieces)


def controlled(random: Random, text: str) -> str:
    """Sow control characters, directions, zero widths and combining marks."""
    signs = "\x01\x07\x08\x1b\x7f\u200b\u200e\u202e\ufeff\u0301\u3164\ufffd\U0001f600\u1100\ue000"
    pieces = list(text)
    for _ in range(random.randint(1, 60)):
        pieces.insert(random.randrange(len(pieces) + 1), random.choice(signs))
    return "".join(pieces)


def garbled(random: Random, text: str) -> str:
    """Sow entities, whole and broken."""
    signs = (
        "&amp;|&nbsp;|&#x0;|&#0;|&#1114112;|&lt;|&bogus;|&#xD800;|&|&#|&amp;amp;|<!--|-->|<![CDATA[|]]>|<!|</|<?".split(
            "|"
        )
    )
    for _ in range(random.randint(1, 30)):
        at = random.randrange(len(text) + 1)
        text = text[:at] + random.choice(signs) + text[at:]
    return text


def nested(random: Random, text: str) -> str:
    """Put it all inside very many elements."""
    tag = random.choice(("div", "ul", "li", "b", "table", "span", "a", "p", "blockquote", "svg", "q"))
    at = random.randrange(len(text) + 1)
    return text[:at] + f"<{tag}>" * random.choice((50, 500, 5000)) + text[at:]


def endless(random: Random, text: str) -> str:
    """Add a very long line, or an element with very many attributes."""
    piece = random.choice(
        ("가나다 ", "•", "1. ", "[경제] ", "댓글 ", "a@", "ⓒ ", "(사진", "2024.", "\u200b", " ", "-", "<", "&")
    )
    long = piece * random.choice((100, 2000, 20_000))
    if random.random() < 0.2:
        long = "<a " + " ".join(f"b{n}=c" for n in range(random.choice((10, 1000, 3000)))) + ">"
    at = random.randrange(len(text) + 1)
    return text[:at] + long + text[at:]


def whole(random: Random, text: str) -> str:
    """Leave it as it is (its encoding or bytes may be hurt)."""
    return text


DAMAGES = (
    cut_off, beheaded, shuffled, doubled, untagged, joined, scattered, controlled, garbled, nested, endless, whole,
)  # fmt: skip
ENCODINGS = (
    "utf-8",
    "utf-8",
    "utf-8-sig",
    "cp949",
    "utf-8",
    "utf-8",
    "utf-8",
    "utf-8",
    "utf-16",
    "utf-16-le",
    "johab",
    "ascii",
)


def torn(random: Random, raw: bytes) -> bytes:
    """Cut between two bytes."""
    return raw[: random.randrange(len(raw) + 1)]


def flipped(random: Random, raw: bytes) -> bytes:
    """Change some bytes."""
    changed = bytearray(raw or b"x")
    for _ in range(random.choice((1, 3, 100))):
        changed[random.randrange(len(changed))] = random.randrange(256)
    return bytes(changed)


def mixed(random: Random, raw: bytes) -> bytes:
    """Follow it with another encoding."""
    return raw + "인기 뉴스\n· 둘째 인코딩으로 이어진 기사 제목\n".encode("cp949")


def random_bytes(random: Random, raw: bytes) -> bytes:
    """Put random bytes in its place."""
    return random.randbytes(random.randrange(3000))


BYTE_DAMAGES = (torn, flipped, mixed, random_bytes)
