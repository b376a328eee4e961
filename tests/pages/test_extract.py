"""Portal pages become headline tables: what is read, where labels come from, what is refused."""

from __future__ import annotations

import dataclasses
import html
import io
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from classifier.corpus.tables import read_table
from classifier.errors import ConfigError, DataError
from classifier.pages.article import Reading, read
from classifier.pages.extract import Extraction, extract
from classifier.pages.lists import Item
from classifier.pages.profile import Portal, load_portal
from classifier.pages.source import MAX_BYTES, read_stream
from classifier.paths import package_data
from tests.conftest import REPOSITORY
from tests.support import hostile_pages as hostile

SEED = REPOSITORY.parent / "shared/seed/portal-page.txt"
PAGES = Path(__file__).parent / "pages"


@pytest.fixture(scope="module")
def portal() -> Portal:
    return load_portal()


@pytest.fixture(scope="module")
def seed() -> str:
    if not SEED.is_file():
        pytest.skip("the seed page is not beside the repository")
    return SEED.read_text(encoding="utf-8")


def reading(page: str | bytes, portal: Portal, name: str = "page.txt") -> Reading:
    raw = page.encode() if isinstance(page, str) else page
    return read(read_stream(io.BytesIO(raw), name, portal), portal)


def items(page: str, portal: Portal, name: str = "page.txt") -> list[tuple[str, str | None, str | None]]:
    return [by_evidence(i) for i in reading(page, portal, name).items]


def by_evidence(item: Item) -> tuple[str, str | None, str | None]:
    stated = dict(item.stated)
    return item.headline, stated.get("item"), stated.get("block")


def extraction(portal: Portal, *pages: str | Path) -> Extraction:
    return extract(list(map(str, pages)), portal, io.BytesIO())


def run(*arguments: str | Path, cwd: Path, stdin: bytes | None = None) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "classifier", "extract", *map(str, arguments)],
        cwd=cwd, input=stdin, capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


# ---- The seed page -----------------------------------------------------------------------------------------


def test_the_seed_page_gives_its_items(seed, portal):
    found = reading(seed, portal).items
    assert len(found) == 60
    assert len({item.headline for item in found}) == 29
    assert Counter(item.heading for item in found) == {
        "[경제] 랭킹 뉴스": 6, "[경제] 공감 뉴스": 6, "[경제] 인기 뉴스": 6, "[경제] 추천 뉴스": 6,
        "당신을 위한 인기글": 16, "함께 보면 좋은 뉴스": 5, "지금 뜨는 뉴스": 10, "추천 뉴스": 5,
    }  # fmt: skip


def test_the_seed_page_gives_its_labels_and_where_they_come_from(seed, portal):
    table = extraction(portal, SEED).table()
    assert len(table) == 30
    assert Counter(zip(table.evidence, table.section, strict=True)) == {
        ("article", "경제"): 1, ("block", "경제"): 11, ("item", "연예"): 3, ("item", "스포츠"): 2, ("none", ""): 13,
    }  # fmt: skip
    # Of the 13, five are labelled 뉴스, which is no section, and eight are not labelled at all.
    assert Counter(table.block[table.evidence == "none"]) == {
        "함께 보면 좋은 뉴스": 4, "지금 뜨는 뉴스": 1, "당신을 위한 인기글": 8,
    }  # fmt: skip
    assert len(extraction(portal, SEED).table(labelled_only=True)) == 17
    assert set(table.source) == {str(SEED)}
    assert set(table.contradicts) == {""}


def test_the_seed_pages_repeats_are_counted(seed, portal):
    table = extraction(portal, SEED).table().set_index("headline")
    assert sum(map(int, table["count"])) == 61
    assert Counter(table["count"]) == {"1": 1, "2": 28, "4": 1}
    assert table["count"]["불량 자재 탓에 에어컨 없이 폭염 견디는 송도 '송일국 아파트'"] == "4"


def test_the_seed_page_gives_its_article(seed, portal):
    article = reading(seed, portal).article
    assert article is not None
    assert article.title == "‘美日 정상 기록적 밀월’에…日로 달려가는 美 AI·반도체 빅테크"
    assert (article.press, article.section) == ("아주경제", "경제")
    paragraphs = article.body.split("\n")
    assert len(paragraphs) == 6
    assert paragraphs[0].startswith("미국과 일본 정상이 10일")
    assert paragraphs[-1].endswith("컴퓨팅 리소스를 제공하겠다고 밝혔다.")
    for rubbish in ("바로가기", "사진", "조회수", "@", "댓글", "랭킹", "공유"):
        assert rubbish not in article.body


# The seed page again, as HTML. Each writer gets a block's title and its items' lines.
Writer = Callable[[str, list[list[str]]], str]


def _tags(item: list[str], *tags: str) -> str:
    return "".join(f"<{tag}>{html.escape(text)}</{tag.split()[0]}>" for tag, text in zip(tags, item, strict=False))


def _list(title: str, rows: list[list[str]]) -> str:
    return f"<h3>{title}</h3><ul>" + "".join(f"<li>{_tags(row, 'p', 'p', 'p')}</li>" for row in rows) + "</ul>"


def _ranks(title: str, rows: list[list[str]]) -> str:
    out = f"<div class=box><strong>{title}</strong><ol>"
    for row in rows:
        tags = ("a href=x",) if len(row) == 1 else ("em", "a href=x class='t'", "span")
        out += f"<li>{_tags(row, *tags)}</li>\n"
    return out + "</ol></div>"


def _divs(title: str, rows: list[list[str]]) -> str:
    out = f"<section><header><h2><span>{title}</span></h2></header><div>"
    for row in rows:
        out += f"<div class=i>{_tags(row, *(('a',) if len(row) == 1 else ('span', 'a', 'span')))}</div>\n"
    return out + "</div></section>"


def _definitions(title: str, rows: list[list[str]]) -> str:
    return f"<dl><dt>{title}" + "".join("<dd>" + "<br>".join(map(html.escape, row)) for row in rows) + "</dl>"


def _table(title: str, rows: list[list[str]]) -> str:
    cells = ("".join(f"<td>{html.escape(text)}" for text in row) for row in rows)
    return f"<table><caption>{title}</caption>" + "".join(f"<tr>{row}" for row in cells) + "</table>"


def _links(title: str, rows: list[list[str]]) -> str:
    out = f"<div>{title}</div><div>"
    for number, row in enumerate(rows):
        text = html.escape(row[0]) if len(row) == 1 else f"{row[0]}. {html.escape(row[1])} <i>{row[2]}</i>"
        out += f"<a href='/a{number}'>{text}</a> "
    return out + "</div>"


def _cards(title: str, rows: list[list[str]]) -> str:
    """Pictures, counters and buttons in every item, a headline's words marked."""
    out = f"<h4 class=tit>{title} <button>더보기</button></h4><ul>"
    for row in rows:
        headline = html.escape(row[0] if len(row) == 1 else row[1]).replace(" ", " <b>", 1) + "</b>"
        rank, label = ("", "") if len(row) == 1 else (f"<b>{row[0]}</b>", f"<span>{row[2]}</span>")
        out += f"<li><img alt='사진' src=x>{rank}<a href=y>{headline}</a>{label}<span>댓글<em>12</em></span></li>"
    return out + "</ul>"


def _pre(title: str, rows: list[list[str]]) -> str:
    out = [title, ""]
    for row in rows:
        out += [f"  • {row[0]}", *(f"    {text}" for text in row[1:])]
    return "<pre>" + html.escape("\n".join(out)) + "</pre>"


def _line_divs(title: str, rows: list[list[str]]) -> str:
    lines = [title] + [("  • " if i == 0 else "    ") + text for row in rows for i, text in enumerate(row)]
    return "".join(f"<div>{html.escape(line)}</div>" for line in lines)


def _scripted(title: str, rows: list[list[str]]) -> str:
    inside = "<!-- <li>주석 속 기사 제목입니다</li> --><script>var a = '<li>스크립트 속 기사 제목</li>'</script>"
    return (
        inside
        + _list(title, rows)
        + "<style>.x:after{content:'꾸밈 속 기사 제목'}</style><noscript>켜 주세요</noscript>"
    )


def _one_line(title: str, rows: list[list[str]]) -> str:
    return re.sub(r"\s*\n\s*", "", _ranks(title, rows))


def _wild(title: str, rows: list[list[str]]) -> str:
    return _divs(title, rows).replace("><", ">\r\n\t\t   <")


WRITERS = (
    _list, _ranks, _divs, _definitions, _table, _links, _cards, _pre, _line_divs, _scripted, _one_line, _wild,
)  # fmt: skip


def as_html(text: str, write: Writer) -> str:
    """Return the seed page as HTML: a menu, the article, its blocks by ``write`` and a footer."""
    lines = text.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("[경제] 랭킹"))
    article = "".join(f"<p>{html.escape(line.strip())}</p>\n" for line in lines[:start] if line.strip())
    blocks: list[tuple[str, list[list[str]]]] = []
    for line in lines[start:]:
        if line[:1].strip():
            blocks.append((line.strip(), []))
        elif line.strip().startswith("•"):
            blocks[-1][1].append([line.strip(" •")])
        elif line.strip():
            blocks[-1][1][-1].append(line.strip())
    body = "\n".join(write(title, rows) for title, rows in blocks if rows)
    return (
        "<!doctype html><html><head><title>뉴스</title><style>a{}</style></head><body>"
        "<nav><ul><li>홈<li>정치<li>경제</ul></nav>"
        + article + body +
        "<button>공유하기</button><footer>회사소개 | 이용약관 | 개인정보처리방침</footer></body></html>"
    )  # fmt: skip


@pytest.mark.parametrize("write", WRITERS, ids=lambda write: write.__name__.strip("_"))
def test_the_seed_page_as_html_gives_the_same(seed, portal, write):
    found, expected = reading(as_html(seed, write), portal, "page.html"), reading(seed, portal)
    assert [dataclasses.replace(item, url="") for item in found.items] == expected.items  # a text has no addresses
    assert found.article == expected.article


BODY = (
    "한국은행 금융통화위원회가 12일 기준금리를 현재의 연 3.50% 수준으로 유지하기로 결정했다. "
    "시장에서는 하반기 인하를 점친다."
)

# ---- Blocks and items --------------------------------------------------------------------------------------

THREE = ["환율 1,400원 돌파…당국 구두 개입", "'눈물의 여왕' 시청률 20% 넘었다", "[단독] 서울 지하철 요금 또 오른다"]


@pytest.mark.parametrize(
    "marks",
    ["•••", "---", "***", "▶▶▶", "■■■", "ㆍㆍㆍ", "①②③", ["1.", "2.", "3."], ["1)", "2)", "3)"], ["1위", "2위", "3위"],
     ["1", "2", "3"], ["[1]", "[2]", "[3]"], ["", "", ""]],
    ids=str,
)  # fmt: skip
def test_items_are_read_whatever_stands_before_them(portal, marks):
    page = "많이 본 뉴스\n\n" + "".join(f"{mark} {headline}\n" for mark, headline in zip(marks, THREE, strict=True))
    assert [i.headline for i in reading(page, portal).items] == THREE


@pytest.mark.parametrize(
    ("title", "section"),
    [
        ("[경제] 랭킹 뉴스", "경제"),
        ("【IT/과학】 주요 기사", "IT과학"),
        ("<생활/문화> 추천 뉴스", "생활문화"),
        ("■ 스포츠 인기기사 TOP 5", "스포츠"),
        ("스포츠 뉴스", "스포츠"),
        ("많이 본 국제 뉴스", "세계"),
        ("▶ 이 시각 TV연예 뉴스", "연예"),
        ("추천 뉴스 >", None),
        ("[포토] 인기 뉴스", None),
        ("당신을 위한 인기글", None),
        ("함께 볼만한 기사", None),
        ("실시간 랭킹", None),
        ("**지금 뜨는 뉴스**", None),
        ("헤드라인 뉴스", None),
        ("새벽일보 주요 뉴스", None),
        ("오늘의 핫이슈", None),
    ],
)
def test_block_titles_are_known_and_name_their_section(portal, title, section):
    page = f"{title}\n" + "".join(f"• {headline}\n" for headline in THREE)
    assert items(page, portal) == [(headline, None, section) for headline in THREE]


@pytest.mark.parametrize(
    "title",
    ["뉴스", "전체 뉴스", "주요 서비스", "뉴스 서비스 안내", "오늘 하루 닫지 않기", "서울 뉴스", "이름 없는 목록"],
)
def test_what_stands_under_no_block_title_is_no_item(portal, title):
    assert items(f"{title}\n" + "".join(f"• {headline}\n" for headline in THREE), portal) == []


@pytest.mark.parametrize(
    "rows",
    [
        ["[연예] {}"], ["{} | 연예"], ["{}  연예"], ["{}\t연예"], ["{}", "연예"], ["연예", "{}"], ["【엔터】 {}"],
        ["{}", "댓글 12", "연예"], ["{}", "새벽일보", "연예"], ["{}", "3시간 전", "TV연예", "조회수 1,204"],
    ],
    ids=str,
)  # fmt: skip
def test_an_items_own_label_is_found_wherever_it_stands(portal, rows):
    page = "[경제] 많이 본 뉴스\n"
    for headline in THREE:
        page += "".join(f"{'  •' if n == 0 else '   '} {row.format(headline)}\n" for n, row in enumerate(rows))
    assert items(page, portal) == [(headline, "연예", "경제") for headline in THREE]


def test_counters_times_and_presses_are_no_items(portal):
    page = "많이 본 뉴스\n"
    for headline in THREE:
        page += f"{headline} [12]\n새벽일보\n댓글 12\n조회수 1,204\n3시간 전\n2024.04.11. 오전 9:30\nnew\n"
    found = reading(page, portal).items
    assert [(i.headline, i.press) for i in found] == [(headline, "새벽일보") for headline in THREE]


def test_a_press_that_no_profile_knows_ends_no_list(portal):
    page = "인기 기사\n" + "".join(f"{headline}\n동네방네\n" for headline in THREE)
    assert [i.headline for i in reading(page, portal).items] == THREE


def test_menus_after_a_block_are_no_items(portal):
    menu = "회사소개|광고문의|오늘의 운세 무료로 보기|이용약관|개인정보 처리방침|청소년 보호정책 (책임자: 홍길동)"
    block = "인기 기사\n" + "".join(f"• {headline}\n" for headline in THREE)
    for page in (
        block + "".join(f"• {entry}\n" for entry in menu.split("|")),
        block + menu.replace("|", "\n"),
        block + menu.replace("|", " | "),
        block + "• " + menu.replace("|", " "),
    ):
        assert [i.headline for i in reading(page, portal).items] == THREE


def test_a_list_without_bullets_ends_before_the_article_that_follows(portal):
    article = f"한은, 기준금리 또 동결\n새벽일보 | 입력 2024.04.12 09:51\n{BODY}\n{BODY}\n"
    page = "\n".join(["주요 뉴스", *THREE, article])
    found = reading(page, portal)
    assert [i.headline for i in found.items] == THREE
    assert found.article is not None
    assert (found.article.title, found.article.press) == ("한은, 기준금리 또 동결", "새벽일보")


def test_what_nobody_sees_is_taken_out(portal):
    page = (
        "인기 기사\n• \ufeff환율\u200b 1,400원\x08 돌파…당국\xa0구두 개입\ue001\n• &quot;다 오른다&quot; 직장인 한숨\n"
    )
    assert [i.headline for i in reading(page, portal).items] == [THREE[0], '"다 오른다" 직장인 한숨']


def test_a_list_of_very_wide_lines_is_read_at_once(portal):
    started = time.monotonic()
    page = "인기 기사\n" + f"• 한은{' ' * 100_000}기준금리 또 동결\n" * 3
    assert [i.headline for i in reading(page, portal).items] == ["한은 기준금리 또 동결"] * 3
    assert time.monotonic() - started < 5


# ---- Whole pages, after the layouts of portals -------------------------------------------------------------


def test_an_article_page_with_rankings_at_its_side(portal):
    found = reading((PAGES / "article-with-rankings.txt").read_bytes(), portal)
    assert found.article is not None
    assert found.article.title == '한은, 기준금리 3.50% 동결…"물가 안정 확신 아직 일러"'
    first, second = found.article.body.split("\n")
    assert first.startswith("한국은행 금융통화위원회가")
    assert second.startswith("한은 총재는 이날")
    assert found.article.section == "경제", "이 기사는 언론사에서 경제 섹션으로 분류했습니다."
    assert Counter(i.heading for i in found.items) == {"새벽일보 랭킹 뉴스": 3, "함께 볼만한 뉴스": 3}
    assert [i.press for i in found.items[3:]] == ["한국방송", "머니투데이", "연합뉴스"]


def test_an_article_page_with_tabs_over_its_ranking(portal):
    found = reading((PAGES / "article.html").read_bytes(), portal, "article.html")
    assert found.article is not None
    assert found.article.title == "벚꽃보다 먼저 온 축제…'꽃 없는 잔치'에 상인들 한숨"
    assert "기자" not in found.article.body
    assert Counter(i.heading for i in found.items) == {"새벽일보 주요 뉴스": 2, "많이 본 뉴스": 3, "연예": 1}
    assert found.items[2].headline == '"나는 괜찮다"던 아버지, 병원비 영수증만 한 상자'
    # The tabs (뉴스, 연예, 스포츠) and the heading that follows (연예) are no labels of items.
    assert [i.section for i in found.items] == [None] * 5 + ["연예"]


def test_a_list_page_with_first_words_under_its_headlines(portal):
    found = reading((PAGES / "list.html").read_bytes(), portal, "list.html")
    assert found.article is None
    assert [(i.heading, i.section, i.press) for i in found.items] == [
        ("헤드라인 뉴스", "경제", "연합뉴스"), ("헤드라인 뉴스", "경제", "한겨레"),
        ("최신 뉴스", "경제", "새벽일보"), ("최신 뉴스", "경제", "뉴스1"), ("최신 뉴스", "경제", "디지털타임스"),
        ("분야별 주요뉴스", "정치", None), ("분야별 주요뉴스", "IT과학", None), ("분야별 주요뉴스", "생활문화", None),
    ]  # fmt: skip


def test_a_papers_page_with_related_articles_amid_the_body(portal):
    found = reading((PAGES / "newspaper.txt").read_bytes(), portal)
    assert found.article is not None
    assert found.article.title == "'밸류업' 발표에도 코스피 하락…외국인 \"구체성 부족\""
    assert [line.split()[0] for line in found.article.body.split("\n")] == ["정부가", "금융위원회는", "전문가들은"]
    assert Counter(i.heading for i in found.items) == {"관련기사": 2, "많이 본 기사": 3, "실시간 주요뉴스": 3}
    assert [(i.headline, i.section) for i in found.items[-2:]] == [
        ("손흥민·이강인 다시 뭉친다…대표팀 명단 발표", None),
        ("삼성 '갤럭시 링' 실물 첫 공개", "IT과학"),
    ]


def test_a_page_with_line_breaks_for_paragraphs_and_search_terms(portal):
    found = reading((PAGES / "mobile.html").read_bytes(), portal, "mobile.html")
    assert found.article is not None
    assert found.article.title == '전세사기 피해자 1만7천명…"보증금 한 푼도 못 돌려받아"'
    assert found.article.press == "뉴스1"
    assert len(found.article.body.split("\n")) == 3
    # Neither advertisements nor what people search for.
    assert [(i.press, dict(i.stated).get("block")) for i in found.items] == [(None, None)] * 2 + [
        ("연합뉴스", "사회"),
        ("조선일보", "사회"),
    ]


def test_a_page_laid_out_in_tables(portal):
    found = reading((PAGES / "tables.html").read_bytes(), portal, "tables.html")
    assert found.article is not None
    assert found.article.title == "남해안 적조 확산에 양식장 비상…물고기 40만 마리 폐사"
    assert len(found.article.body.split("\n")) == 2
    assert Counter(i.heading for i in found.items) == {"가장 많이 본 기사": 3, "최신기사": 2}


def test_a_page_without_known_blocks_gives_its_article_and_an_explanation(portal, tmp_path, caplog):
    page = (PAGES / "article.html").read_bytes()
    (tmp_path / "a.html").write_bytes(re.sub(rb"<div class=.box_etc.*</aside>", b"", page, flags=re.DOTALL))
    table = extraction(portal, tmp_path / "a.html").table()
    assert list(table.headline) == ["벚꽃보다 먼저 온 축제…'꽃 없는 잔치'에 상인들 한숨"]
    assert (table.evidence[0], table.section[0]) == ("article", "")
    assert "its article alone; no list of headlines that the profile 'korean-portal' knows" in caplog.text


def test_what_a_page_says_of_its_article_is_heeded(portal):
    page = (PAGES / "article.html").read_text(encoding="utf-8")
    page = page.replace("<title>", '<meta property="article:section" content="국제"><title>')
    article = reading(page, portal, "a.html").article
    assert article is not None
    assert article.section == "세계"


# ---- Many pages --------------------------------------------------------------------------------------------


def write_block(path: Path, title: str, *rows: str) -> str:
    path.write_text(f"{title}\n" + "".join(f"• {row}\n" for row in rows), encoding="utf-8")
    return str(path)


def merged(tmp_path: Path, portal: Portal, *pages: tuple[str, str]) -> dict[str, str]:
    names = [write_block(tmp_path / f"{n}.txt", *page) for n, page in enumerate(pages)]
    table = extraction(portal, *names).table()
    assert len(table) == 1
    return table.iloc[0].to_dict() | {"source": Path(table.source[0]).name}


def test_the_strongest_evidence_wins_and_what_it_overrules_is_named(tmp_path, portal):
    pages = ("[경제] 인기 뉴스", THREE[1]), ("추천 뉴스", THREE[1]), ("추천 뉴스", f"[연예] {THREE[1]}")
    row = merged(tmp_path, portal, *pages)
    assert (row["section"], row["evidence"], row["source"], row["count"]) == ("연예", "item", "2.txt", "3")
    assert row["contradicts"] == "경제 (block ×1)"


def test_of_equal_evidence_the_more_frequent_wins(tmp_path, portal):
    row = merged(tmp_path, portal, *[(f"[{s}] 인기 뉴스", THREE[1]) for s in ("경제", "연예", "TV연예")])
    assert (row["section"], row["evidence"], row["contradicts"]) == ("연예", "block", "경제 (block ×1)")


def test_equal_evidence_cancels_out(tmp_path, portal):
    row = merged(tmp_path, portal, *[(f"[{s}] 인기 뉴스", THREE[1]) for s in ("경제", "연예")])
    assert (row["section"], row["evidence"]) == ("", "none")
    assert row["contradicts"] == "경제 (block ×1), 연예 (block ×1)"


def test_evidence_without_contradiction_says_nothing(tmp_path, portal):
    row = merged(tmp_path, portal, ("추천 뉴스", THREE[1]), ("[연예] 인기 뉴스", f"[TV연예] {THREE[1]}"))
    assert (row["section"], row["evidence"], row["contradicts"]) == ("연예", "item", "")


def test_files_folders_globs_and_standard_input(tmp_path):
    (tmp_path / "in/deep").mkdir(parents=True)
    write_block(tmp_path / "in/a.txt", "[경제] 인기 뉴스", THREE[0])
    write_block(tmp_path / "in/deep/b.HTM", "[연예] 인기 뉴스", THREE[1])
    write_block(tmp_path / "in/note.rst", "[정치] 인기 뉴스", "읽지 않을 파일의 기사 제목")
    write_block(tmp_path / "[1].txt", "인기 뉴스", THREE[2])
    stdin = f"[사회] 인기 뉴스\n· {THREE[2]}\n".encode("cp949")
    done = run("in", "in/*.txt", "[1].txt", "-", "--output", "new/t.jsonl", cwd=tmp_path, stdin=stdin)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert "5 pages: 0 articles and 5 listed items; 3 different headlines, 3 with a section (3 by block)" in done.stderr
    table = read_table(tmp_path / "new/t.jsonl", all_columns=True)
    assert list(zip(table.source, table.section, table["count"], strict=True)) == [
        ("in/a.txt", "경제", "2"), ("in/deep/b.HTM", "연예", "1"), ("-", "사회", "2"),
    ]  # fmt: skip


def test_labelled_only_drops_rows_without_section_and_stdout_is_a_table(tmp_path):
    write_block(tmp_path / "a.txt", "인기 뉴스", THREE[0], f"[연예] {THREE[1]}")
    done = run("a.txt", "--labelled-only", cwd=tmp_path)
    assert done.returncode == 0
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert lines[0] == [
        "headline",
        "section",
        "source",
        "block",
        "evidence",
        "press",
        "count",
        "contradicts",
        "date",
        "url",
    ]
    assert lines[1:] == [[THREE[1], "연예", "a.txt", "인기 뉴스", "item", "", "1", "", "", ""]]


@pytest.mark.parametrize("name", ["nothing", "*.html", "gone.html"])
def test_names_that_hold_no_page_are_named_and_the_others_go_on(tmp_path, name):
    (tmp_path / "nothing").mkdir()
    write_block(tmp_path / "a.txt", "인기 뉴스", *THREE)
    done = run(name, "a.txt", cwd=tmp_path)
    assert done.returncode == 2
    assert name in done.stderr
    assert "1 pages failed" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stdout.splitlines()) == 1 + len(THREE)


# ---- Profiles ----------------------------------------------------------------------------------------------


def test_a_profile_of_ones_own_reads_another_portal(tmp_path):
    text = (package_data() / "portal.toml").read_text(encoding="utf-8")
    text = text.replace("list_titles = [", "list_titles = [\n  '오늘 (?P<section>.{1,6})판에서',")
    (tmp_path / "mine.toml").write_text(text + '"연예판" = "연예"\n"뒷이야기" = "연예"\n', encoding="utf-8")
    write_block(tmp_path / "a.txt", "오늘뒷이야기판에서", *THREE)
    assert run("a.txt", cwd=tmp_path).returncode == 2
    done = run("a.txt", "--profile", "mine.toml", cwd=tmp_path)
    assert done.returncode == 0
    assert [line.split("\t")[:2] for line in done.stdout.splitlines()[1:]] == [[headline, "연예"] for headline in THREE]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("noise = [", "noize = ["), "noise is missing; noize is unknown"),
        (lambda text: text.replace('name = "korean-portal"', "name = 3"), "name is no str"),
        (lambda text: text.replace("press = [", "press = [\n  '(뉴스',"), "press: '(뉴스' is no regular expression"),
        (lambda text: text.replace("press = [", "press = [\n  3,"), "press: 3 is no regular expression"),
        (lambda text: text[:3000] + '"', "not TOML"),
        (lambda text: "", "name is missing"),
    ],
)  # fmt: skip
def test_a_bad_profile_is_refused_with_what_is_wrong(tmp_path, change, message):
    text = (package_data() / "portal.toml").read_text(encoding="utf-8")
    (tmp_path / "bad.toml").write_text(change(text), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_portal(tmp_path / "bad.toml")
    assert str(caught.value).startswith(f"{tmp_path / 'bad.toml'}: ")
    assert message in str(caught.value)


def test_a_space_in_a_pattern_is_a_space_or_none(tmp_path):
    text = (package_data() / "portal.toml").read_text(encoding="utf-8")
    text = text.replace("press = [", r"press = [" + "\n  '동네 방네[ x]소식\\ ?지 {2}끝',")
    (tmp_path / "p.toml").write_text(text, encoding="utf-8")
    portal = load_portal(tmp_path / "p.toml")
    for line in ("동네 방네 소식지  끝", "동네방네x소식 지  끝"):
        assert portal.match("press", line)
    for line in ("동네방네소식지  끝", "동네  방네 소식지  끝", "동네방네 소식지 끝"):
        assert not portal.match("press", line)


# ---- Bad input ---------------------------------------------------------------------------------------------

PAGE = (
    "<html><head><meta charset={}></head><body><h1>한은, 기준금리 또 동결</h1><p>{}</p><p>{}</p>"
    "<h3>[경제] 인기 뉴스</h3><ul><li>{}</ul></body></html>"
).format("utf-8", BODY, BODY, "<li>".join(THREE))

BAD = {
    "empty.html": (b"", "no text in it"),
    "blank.txt": (b"\xef\xbb\xbf \n\n", "no text in it"),
    "picture.html": (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)), "a binary file"),
    "large.txt": ("가나다 ".encode() * (MAX_BYTES // 10 + 1), "more than 5 MB"),
    "english.html": (b"<html><body><p>The quick brown fox jumps over the lazy dog.</p>", "not a Korean page"),
    "japanese.txt": (("日本銀行は金融政策決定会合で追加利上げを決めた。" * 9).encode(), "not a Korean page"),
    "mojibake.txt": (BODY.encode().decode("latin-1").encode(), "not a Korean page"),
    "paper.txt": (b"%PDF-1.7\n1 0 obj", "a PDF file"),
    "saved.mhtml": (
        b"From: <Saved by Blink>\r\nSubject: =?utf-8?Q?=EB\r\n =EB?=\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/related;\r\n\ttype="text/html"\r\n\r\n' + BODY.encode(),
        "a web archive (MHTML)",
    ),
    "neither.txt": (BODY.encode() + b"\xff" + BODY.encode("cp949"), "neither UTF-8 (byte"),
    "deep.html": (b"<div>" * 100_000 + PAGE.encode(), "elements inside each other"),
    "unclosed.html": (b"<b>" * 900 + b"<p>" * 20_000 + PAGE.encode(), "counting those that are never closed"),
    "attributes.html": (b"<a " + b" ".join(b"a%d=1" % n for n in range(99_999)) + b">", "attributes in one"),
    "menus.html": ("<ul><li>회사소개<li>이용약관<li>고객센터</ul>".encode(), "neither an article nor a list"),
}


def test_every_bad_page_is_named_and_the_others_go_on(tmp_path):
    (tmp_path / "good.html").write_text(PAGE, encoding="utf-8")
    for name, (content, _) in BAD.items():
        (tmp_path / name).write_bytes(content)
    started = time.monotonic()
    done = run(*BAD, "good.html", "gone.html", "--output", "t.csv", cwd=tmp_path)
    assert time.monotonic() - started < 30
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    said = done.stderr.splitlines()
    for name, (_, message) in BAD.items():
        (line,) = [line for line in said if line.startswith(f"{name}: ")]
        assert message in line
    assert any(line.startswith("gone.html: cannot be read") for line in said)
    assert f"{len(BAD) + 1} pages failed" in said[-1]
    assert len(read_table(tmp_path / "t.csv")) == 4


@pytest.mark.parametrize(
    "raw",
    [
        PAGE.encode(),
        PAGE.encode("utf-8-sig"),
        PAGE.encode("utf-16"),
        PAGE.replace("utf-8", "euc-kr").encode("cp949", "xmlcharrefreplace"),
        PAGE.replace("<meta charset=utf-8>", "").encode("cp949", "xmlcharrefreplace"),
        PAGE.replace("utf-8", "euc-kr").encode(),
        PAGE.replace("<li>", "<LI>").replace("</h1>", "</H1>").encode(),
        PAGE.encode()[: -len("</ul></body></html>")],
        PAGE.encode() + "끝이 잘린".encode()[:-1],
        PAGE.encode() + "끝이 잘린".encode()[:-2],
    ],
    ids=["utf-8", "bom", "utf-16", "cp949", "cp949 bare", "wrong meta", "capitals", "unclosed", "cut 1", "cut 2"],
)  # fmt: skip
def test_every_encoding_and_a_cut_end_read_the_same(portal, raw):
    found = reading(raw, portal, "a.html")
    assert [i.headline for i in found.items] == THREE
    assert found.article is not None
    assert (found.article.title, found.article.section) == ("한은, 기준금리 또 동결", "경제")


def test_a_page_cut_anywhere_gives_a_part_of_what_the_whole_gives(portal):
    raw = PAGE.encode()
    whole = reading(raw, portal, "a.html")
    for end in range(0, len(raw), 7):
        try:
            found = reading(raw[:end], portal, "a.html")
        except DataError:
            continue
        *sure, last = [i.headline for i in found.items] or [""]
        assert sure == THREE[: len(sure)]
        assert THREE[len(sure)].startswith(last)
        if found.article is not None:
            assert whole.article is not None
            assert found.article.title == whole.article.title
            assert whole.article.body.startswith(found.article.body)


def test_memory_stays_bounded_whatever_the_page(tmp_path):
    (tmp_path / "huge.html").write_bytes(PAGE.encode() + BODY.encode() * (50_000_000 // len(BODY.encode())))
    (tmp_path / "full.html").write_text((PAGE + f"<p>{BODY}</p>" * 99_999)[: MAX_BYTES // 3], encoding="utf-8")
    item = (
        "<li class=item><a href=/news/{n:07d} class=tit><b>{n}</b>번째 {h}</a><p class=lede>{b}</p><i>새벽일보</i></li>"
    )
    rows = (item.format(n=n, h=THREE[n % 3], b=BODY) for n in range(8_200))
    (tmp_path / "lists.html").write_text(f"<h3>경제</h3><ul>{''.join(rows)}</ul>", encoding="utf-8")
    assert (tmp_path / "lists.html").stat().st_size > 2_600_000
    code = (
        "import resource, sys\n"
        "from classifier.pages.extract import extract\n"
        "from classifier.pages.profile import load_portal\n"
        "done = extract(sys.argv[1:], load_portal(), sys.stdin.buffer)\n"
        "print(len(done.failures), done.pages, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)\n"
    )

    def measure(*names: str) -> list[int]:
        arguments = [sys.executable, "-c", code, *names]
        done = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120)
        return [int(figure) for figure in done.stdout.split()]

    failures, _, idle = measure("gone.html")
    assert failures == 1
    assert measure("huge.html")[:2] == [1, 0]
    assert measure("huge.html")[2] < idle + 20
    failures, pages, full = measure("full.html")
    assert (failures, pages) == (0, 1)
    assert full < idle + 200
    failures, pages, full = measure("lists.html")
    assert (failures, pages) == (0, 1)
    assert full < idle + 200


# ---- Thousands of pages ------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1_000, pytest.param(10_000, marks=pytest.mark.gate)])
def test_hostile_pages(portal, sample, capsys, count):
    """Nothing but a DataError, nothing slow, no row from a menu; undamaged pages give what was planted."""
    made = hostile.pages(20260, count, sample["train"])
    assert len(made) == count
    rows = refused = planted = given = right = articles = articles_right = 0
    times, from_menus = [], []
    for number, page in enumerate(made):
        started = time.perf_counter()
        try:
            found: Reading | None = reading(page.raw, portal, page.name)
        except DataError:
            found = None
        times.append((time.perf_counter() - started, number, page.damage))
        if found is None:
            refused += 1
            assert page.damage, f"page {number} is undamaged and was refused"
            continue
        headlines = [i.headline for i in found.items] + ([found.article.title] if found.article else [])
        rows += len(headlines)
        from_menus += [(number, headline) for headline in headlines if headline in page.menus]
        if not page.damage:
            expected, got = Counter(page.items), Counter(map(by_evidence, found.items))
            planted, given, right = planted + expected.total(), given + got.total(), right + (expected & got).total()
            articles += bool(page.articles)
            bodies = {article.title: "\n".join(article.paragraphs) for article in page.articles}
            articles_right += found.article is not None and bodies.get(found.article.title) == found.article.body
    slowest = max(times)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{count:,} hostile pages: {rows:,} rows, {refused:,} pages refused, {len(from_menus)} rows from menus; "
            f"slowest {slowest[0]:.2f} s ({', '.join(slowest[2])}), all {sum(time for time, *_ in times):.0f} s. "
            f"Undamaged: {planted:,} headlines planted, recall {right / planted:.4f}, precision {right / given:.4f}, "
            f"articles {articles_right}/{articles}\n"
        )  # fmt: skip
    assert from_menus == []
    assert slowest[0] < 2
    assert right / planted > 0.995
    assert right / given > 0.995
    assert articles_right / articles > 0.995
