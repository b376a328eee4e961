"""Ways in which other portals, papers and extractors write a page: pages of our own making, a layout each."""

from __future__ import annotations

import io

import pytest

from classifier.pages.article import Reading, read
from classifier.pages.profile import Portal, load_portal
from classifier.pages.source import read_stream

THREE = ["환율 1,400원 돌파…당국 구두 개입", "'눈물의 여왕' 시청률 20% 넘었다", "[단독] 서울 지하철 요금 또 오른다"]
OTHERS = ["손흥민 15호골…토트넘 2-1 역전승", "류현진 복귀승…한화 5연패 탈출", "여자배구, 일본에 0-3 완패"]
PARAGRAPHS = [
    "한국은행 금융통화위원회가 12일 기준금리를 현재의 연 3.50% 수준으로 유지하기로 결정했다. 10회 연속 동결이다.",
    '한은 총재는 이날 기자간담회에서 "물가가 목표 수준으로 수렴할 것이라는 확신을 갖기에는 아직 이르다"고 말했다.',
]


@pytest.fixture(scope="module")
def portal() -> Portal:
    return load_portal()


def reading(page: str, portal: Portal) -> Reading:
    name = "page.html" if page.startswith("<") else "page.txt"
    return read(read_stream(io.BytesIO(page.encode()), name, portal), portal)


def list_sections(found: Reading) -> list[tuple[str, str | None]]:
    return [(item.headline, dict(item.stated).get("block")) for item in found.items]


def test_related_news_under_an_item_open_no_block_of_their_own(portal):
    """A section page with lede, press, comments and a link to related news in every item."""
    page = "<h2>경제</h2><ul><li>금융<li>증권<li>부동산</ul><h3>경제 헤드라인 뉴스</h3><ul>" + "".join(
        f"<li><div><a><strong>{headline}</strong></a><div>{PARAGRAPHS[0]} 업계에서는</div><div><div>새벽일보</div>"
        "<div>12<span>개의 댓글</span></div><a>관련뉴스<span>더보기</span></a></div></div></li>"
        for headline in THREE
    )
    found = reading(page + "</ul><a>헤드라인 더보기</a>", portal)
    assert list_sections(found) == [(headline, "경제") for headline in THREE]
    assert {item.press for item in found.items} == {"새벽일보"}


def test_a_press_and_a_time_with_a_dot_between_are_of_the_item(portal):
    """Cards without list elements; under a heading that no profile knows they have no section."""

    def card(headline: str) -> str:
        return f"<div><a><p>{headline}</p></a><div><span>새스타</span><span>·</span><span>3시간 전</span></div></div>"

    page = "<h2>연예 인기뉴스</h2>" + "".join(map(card, THREE))
    page += "<h2>독자가 고른 이달의 이야기</h2>" + "".join(map(card, OTHERS))
    found = list_sections(reading(page, portal))
    assert found == [(headline, "연예") for headline in THREE] + [(headline, None) for headline in OTHERS]
    ranked = "<h2>연예 랭킹</h2>" + "".join(f"<div>{n}</div>{card(headline)}" for n, headline in enumerate(THREE, 1))
    keywords = "<h2>실시간 이슈 키워드</h2><a>총선 사전투표 일정</a><a>나는 솔로 21기 영숙</a>"
    found = reading(ranked + keywords, portal)
    assert list_sections(found) == [(headline, "연예") for headline in THREE]
    assert {item.press for item in found.items} == {"새스타"}


def test_headlines_that_are_headings_are_read(portal):
    page = "<h2>스포츠 인기뉴스</h2>" + "".join(f"<div><h4>{headline}</h4><p>새벽일보</p></div>" for headline in OTHERS)
    assert list_sections(reading(page, portal)) == [(headline, "스포츠") for headline in OTHERS]


def test_a_ranking_in_a_table_with_heads_of_columns(portal):
    rows = "".join(f"<tr><td>{n}위</td><td><a>{h}</a></td><td>새스타</td></tr>" for n, h in enumerate(THREE, 1))
    head = "<thead><tr><th>순위</th><th>제목</th><th>언론사</th></tr></thead>"
    page = f"<table><caption>연예 랭킹뉴스</caption>{head}{rows}</table>"
    assert list_sections(reading(page, portal)) == [(headline, "연예") for headline in THREE]


@pytest.mark.parametrize(
    "item",
    [
        "<li><span>10:0{n}</span> <a>{h}</a></li>",
        "<li><span>{n}</span><a>{h} <span>[12]</span></a><span>N</span><span>-</span></li>",
        "<li><a><img alt='{h}'></a><a><strong>{h}</strong></a><a>{h}</a></li>",
        "{n}위. {h}\n",
        "{n}\t{h}\n",
        "* [{h}](https://news.example/{n})\n",
        '{n}. [{h}](https://news.example/a_{n} "기사")\n',
        "- [![사진](https://img.example/{n}.jpg)](https://news.example/{n}) **{h}**\n",
    ],
)
def test_an_item_gives_its_headline_and_nothing_else(portal, item):
    rows = "".join(item.format(n=n, h=headline) for n, headline in enumerate(THREE, 1))
    page = f"<h3>경제 뉴스</h3><ul>{rows}</ul>" if item.startswith("<") else f"## 경제 뉴스\n\n{rows}"
    assert list_sections(reading(page, portal)) == [(headline, "경제") for headline in THREE]


@pytest.mark.parametrize(
    "row", ["[연예] {}", "(연예) {}", "<TV연예> {}", "연예 | {}", "{} | 연예", "{} (연예)", "{} [연예]"]
)
def test_a_label_beside_the_headline_is_its_section_and_no_part_of_it(portal, row):
    page = "[경제] 주요 뉴스\n" + "".join(f"• {row.format(headline)}\n" for headline in THREE)
    found = reading(page, portal)
    assert [(item.headline, item.section) for item in found.items] == [(headline, "연예") for headline in THREE]


@pytest.mark.parametrize("row", ["(종합) {}", "{} (종합)", "[포토] {}", "北 | {}"])
def test_what_names_no_section_stays_in_the_headline(portal, row):
    page = "[경제] 주요 뉴스\n" + "".join(f"• {row.format(headline)}\n" for headline in OTHERS)
    assert [item.headline for item in reading(page, portal).items] == [row.format(headline) for headline in OTHERS]


@pytest.mark.parametrize("title", ["많이 본 뉴스 - 경제", "오늘의 주요기사(경제)", "▣ 이 시각 뉴스 | 경제"])
def test_a_section_may_stand_behind_the_title(portal, title):
    page = f"{title}\n" + "".join(f"• {headline}\n" for headline in THREE)
    assert list_sections(reading(page, portal)) == [(headline, "경제") for headline in THREE]


ARTICLE = (
    "<h1>한은, 기준금리 10연속 동결</h1><div><span>입력</span><span>2024.04.12. 오전 9:51</span></div><article>"
    "<span><img><em>이창용 총재가 12일 서울 한국은행에서 간담회를 하고 있다. 사진공동취재단</em></span>"
    + "<br><br>".join(PARAGRAPHS)
    + "</article>"
)


def test_a_caption_beside_the_first_paragraph_is_not_of_the_body(portal):
    article = reading(ARTICLE, portal).article
    assert article is not None
    assert article.title == "한은, 기준금리 10연속 동결"
    assert article.body.split("\n") == PARAGRAPHS
    assert article.section is None


@pytest.mark.parametrize(
    "said",
    [
        "<div>이 기사는 언론사에서 <em>경제</em> 섹션으로 분류했습니다.</div>",
        "<div><a>홈</a> &gt; <a>경제</a> &gt; <a>금융</a></div>",
        "<p>이 기사는 언론사에서 경제 및 사회 섹션으로 분류되었습니다.</p>",
    ],
)
def test_what_the_page_says_of_its_article_counts_more_than_its_blocks(portal, said):
    block = "<h3>스포츠 뉴스</h3><ul>" + "".join(f"<li>{headline}</li>" for headline in OTHERS) + "</ul>"
    article = reading(ARTICLE + said + block, portal).article
    assert article is not None
    assert article.section == "경제"


@pytest.mark.parametrize(
    ("titles", "section"),
    [
        (["[경제] 랭킹 뉴스"], "경제"),
        (["[경제] 랭킹 뉴스", "추천 뉴스"], None),  # the house may advertise that one everywhere
        (["[경제] 랭킹 뉴스", "추천 뉴스", "[경제] 인기 뉴스"], "경제"),
        (["[경제] 랭킹 뉴스", "[연예] 인기 뉴스"], None),
    ],
)
def test_blocks_name_the_articles_section_only_if_they_agree(portal, titles, section):
    blocks = "".join(f"<h3>{title}</h3><ul><li>{'<li>'.join(OTHERS)}</ul>" for title in titles)
    article = reading(ARTICLE + blocks, portal).article
    assert article is not None
    assert article.section == section


def test_a_page_as_an_extractor_writes_it_in_markdown(portal):
    page = "\n\n".join(["# 한은, 기준금리 10연속 동결", "새벽일보 | 입력 2024.04.12 09:51", *PARAGRAPHS, "## 관련기사"])
    page += "\n\n" + "".join(f"* [\\[단독\\] {headline}](https://news.example/{headline[:2]})\n" for headline in OTHERS)
    found = reading(page, portal)
    assert found.article is not None
    assert (found.article.title, found.article.press) == ("한은, 기준금리 10연속 동결", "새벽일보")
    assert found.article.body.split("\n") == PARAGRAPHS
    assert [item.headline for item in found.items] == [f"[단독] {headline}" for headline in OTHERS]
