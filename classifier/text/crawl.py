"""What a crawl leaves in a headline: HTML, addresses, invisible characters, the publisher's name after it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

GAP = r"[^\S\n]"  #: white space within a line

#: What replaces a match: a fixed text, or the result of a function.
Replacement = str | Callable[[re.Match[str]], str]
Step = tuple[re.Pattern[str], Replacement]

#: Invisible characters: Unicode's Default_Ignorable_Code_Point (zero-width characters, soft hyphens, marks of
#: direction, variation selectors, Hangul fillers) and control characters that are no white space.
UNSEEN = (
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8"
)
UNSEEN_BEYOND = "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"  # the basic plane

#: An HTML entity, escaped any number of times. Only the usual ones may lack their semicolon.
ENTITY = re.compile(
    r"&(?:(?:amp|#0*38|#x0*26);)*(?:(?:#\d{1,7}|#x[\da-f]{1,6}|[a-z]\w{1,31});"
    r"|(?:#\d{2,7}|#x[\da-f]{2,6}|quot|amp|lt|gt|nbsp|apos|middot)(?![a-z\d;=]))",
    re.IGNORECASE | re.ASCII,
)

#: HTML tags: those that stand in headlines, any with an attribute, comments. `<오징어 게임>` and `<Her>` are titles.
_INSIDE = r"(?:\s[^<>\n]*)?/?>"
LINE_TAG = re.compile(rf"</?(?:br|p|div|h[1-6]|li|td|tr|hr){_INSIDE}", re.IGNORECASE)
WORD_TAG = re.compile(
    rf"</?(?:b|strong|em|i|u|s|span|font|wbr|sup|sub|del|ins|img){_INSIDE}|</a>|<[a-z]\w*\s[^<>=\n]*=[^<>\n]*>|<!--[^<>\n]*-->",
    re.IGNORECASE | re.ASCII,
)

#: Addresses: with `://`, `www.` or `@`; a host with a path (`han.gl/abc`) or of three names and more
#: (`news.example.com`). A single name such as `naver.com` stays: it is a company's.
_TLD = "(?:com|net|org|kr|jp|cn|us|uk|eu|io|ai|me|be|ly|co|gl|gle|tv|to|do|la|gg|im|so|app|dev|info|biz|news|link|page)"
_URL = rf"(?:[!#-&*-;=?-Z_a-z~{UNSEEN}]|(?<=[/=._%#?-])[가-힣]+)"
_NAMES = r"(?<![a-z\d.-])(?:[a-z\d-]+\.)+"
ADDRESS = re.compile(
    rf"(?:https?|ftp)://{_URL}*|(?<![a-z\d.-])www\.(?=[a-z]){_URL}+"
    r"|(?<![a-z\d._%+-])(?:mailto:)?[a-z\d._%+-]+@(?:[a-z\d-]+\.)+[a-z]{2,}(?![a-z\d])"
    rf"|{_NAMES}{_TLD}(?::\d+)?/{_URL}+"
    rf"|{_NAMES}(?!(?:co|or|go|ac|ne|re|pe)\.)[a-z\d-]+\.(?:(?:co|or|go|ac|ne|re|pe)\.)?{_TLD}(?![a-z\d])/?",
    re.IGNORECASE | re.ASCII,
)

#: Names of publishers and broadcasters in lower case, as they follow the headline in the titles of web pages.
PUBLISHERS = """
한국경제 한국경제tv 한국경제신문 매일경제 서울경제 아시아경제 헤럴드경제 아주경제 글로벌경제 머니투데이 머니s 이데일리
조선비즈 chosunbiz 비즈워치 비즈니스워치 경향신문 서울신문 전자신문 매일신문 국제신문 영남신문 내일신문 농민신문
법률신문 부산신문 경인신문 뉴스 연합뉴스 연합뉴스tv 파이낸셜뉴스 오마이뉴스 노컷뉴스 쿠키뉴스 스타뉴스 엑스포츠뉴스
스포티비뉴스 뉴스1 news1 뉴시스 newsis 뉴스핌 뉴스타파 뉴데일리 데일리안 마이데일리 한겨레 한겨레21 프레시안 민중의소리
미디어오늘 아시아투데이 코리아헤럴드 코리아타임스 조선닷컴 동아닷컴 시사in 시사저널 주간조선 주간동아 스포츠조선
스포츠동아 스포츠경향 스포츠서울 일간스포츠 텐아시아 osen 더팩트 디지털타임스 디지털데일리 디지털투데이 지디넷코리아
아이뉴스24 블로터 kbs mbc sbs ytn jtbc mbn obs ebs tv조선 채널a
""".split()
_PORTAL = "(?:네이버|다음|네이트|구글|naver|daum|nate|google|msn) ?(?:뉴스|news|스포츠|연예)"
_PUBLISHER = rf"(?:[가-힣]{{2,4}}일보|{'|'.join(PUBLISHERS)}|{_PORTAL})(?: ?(?:뉴스|news))?"
_BEHIND = rf"{GAP}*{_PUBLISHER}{GAP}*"
#: After a headline: its publisher and the portal, or sections and 기사본문, as in the page titles of many newspapers.
SOURCE = re.compile(
    rf"[-:/–—|¦(\[<](?:(?:(?<={GAP}[-:/–—])[-:/–—]*|(?<=[|¦])){_BEHIND}|(?<=[(\[]){_BEHIND}[)\]]{GAP}*"
    rf"|(?<=<)(?:[^<>\n]{{1,20}}<){{0,4}}{GAP}*기사본문{GAP}*(?:-[^\n<>]{{1,20}})?)"
    rf"(?:[-:/–—|¦]+{_BEHIND}){{0,3}}$",
    re.MULTILINE,
)


def unescape(match: re.Match[str]) -> str:
    """Return what an entity stands for; a name that HTML does not know stays as it is."""
    name = re.sub(r"(?i)^&(?:(?:amp|#0*38|#x0*26);(?=[#\w]+))*", "", match.group()).rstrip(";") + ";"
    for known in (name, name.lower()):
        text = html.unescape(f"&{known}")
        if text != f"&{known}":
            return text.replace("\n", " ")
    return match.group()


#: What a crawl left in a headline.
CRAWL_STEPS: tuple[Step, ...] = (
    (ENTITY, unescape),
    (LINE_TAG, " "),
    (WORD_TAG, ""),
    (ADDRESS, " "),
)
