"""What people have in place of an HTML page: feeds, sitemaps, packed pages, Markdown, archives, shells."""

# ruff: noqa: E501 - markup is read by the tag, not by the line

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest

from classifier.errors import DataError
from classifier.pages.article import Reading, read
from classifier.pages.extract import extract, read_named
from classifier.pages.profile import Portal, load_portal
from classifier.pages.source import MAX_BYTES, read_stream

HEADLINES = ["여야, 추경 심사 사흘째 공전…합의문 초안 놓고 줄다리기", "원·달러 환율 닷새 만에 하락 마감…수출업체 안도"]


@pytest.fixture(scope="module")
def portal() -> Portal:
    return load_portal()


def reading(page: str | bytes, portal: Portal, name: str = "page.xml") -> Reading:
    raw = page.encode() if isinstance(page, str) else page
    return read(read_stream(io.BytesIO(raw), name, portal), portal)


def entries(page: str, portal: Portal) -> list[tuple[str, str | None, str | None, str, str]]:
    return [(i.headline, i.section, i.press, i.date, i.url) for i in reading(page, portal).items]


def test_rss_of_a_search_engine_has_the_press_behind_the_title(portal: Portal) -> None:
    items = "".join(
        f"<item><title>{headline} - {press}</title><link>https://news.example/rss/{n}</link>"
        f'<pubDate>Thu, 11 Apr 2024 00:30:00 GMT</pubDate><source url="https://p.example">{press}</source>'
        f"<description>&lt;ol&gt;&lt;li&gt;다른 기사&lt;/li&gt;&lt;/ol&gt;</description></item>"
        for n, (headline, press) in enumerate(zip(HEADLINES, ("새벽일보", "블록터"), strict=True))
    )
    page = f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>경제 - 구글 뉴스</title>{items}</channel></rss>'
    assert entries(page, portal) == [
        (HEADLINES[0], "경제", "새벽일보", "2024-04-11", "https://news.example/rss/0"),
        (HEADLINES[1], "경제", "블록터", "2024-04-11", "https://news.example/rss/1"),
    ]


def test_atom(portal: Portal) -> None:
    page = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>새벽일보</title><author><name>새벽일보</name></author><entry>'
        f'<title type="html">&lt;b&gt;{HEADLINES[0]}&lt;/b&gt;</title><link rel="edit" href="https://x.example/e"/>'
        '<link href="https://x.example/news/1"/><category term="정치"/><author><name>한가람</name></author>'
        "<updated>2024-04-11T09:30:00+09:00</updated></entry></feed>"
    )
    assert entries(page, portal) == [(HEADLINES[0], "정치", None, "2024-04-11", "https://x.example/news/1")]


def test_rdf_with_namespaces_and_no_declaration(portal: Portal) -> None:
    page = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>한길신문</title></channel><item>'
        f"<title>{HEADLINES[1]}</title><link>https://x.example/economy/2</link><dc:date>2024-04-11</dc:date></item></rdf:RDF>"
    )
    assert entries(page, portal) == [(HEADLINES[1], "경제", None, "2024-04-11", "https://x.example/economy/2")]


def test_a_sitemap_of_news(portal: Portal) -> None:
    page = (
        '<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
        'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"><url><loc>https://x.example/politics/1</loc>'
        "<news:news><news:publication><news:name>누리통신</news:name><news:language>ko</news:language></news:publication>"
        f"<news:publication_date>2024-04-11T09:30:00+09:00</news:publication_date><news:title>{HEADLINES[0]}</news:title>"
        "</news:news></url></urlset>"
    )
    assert entries(page, portal) == [(HEADLINES[0], "정치", "누리통신", "2024-04-11", "https://x.example/politics/1")]


def test_cp949_feeds_and_packed_pages_read_the_same(portal: Portal, tmp_path: Path) -> None:
    page = f'<?xml version="1.0" encoding="euc-kr"?><rss><channel><item><title>{HEADLINES[0]}</title></item></channel></rss>'
    assert [i.headline for i in reading(page.encode("cp949"), portal).items] == HEADLINES[:1]
    (tmp_path / "page.html.gz").write_bytes(
        gzip.compress(f"<h3>정치</h3><ul><li><a>{'</a><li><a>'.join(HEADLINES)}</a></ul>".encode())
    )
    (tmp_path / "note.md").write_text(
        f"## 정치\n\n## 정치 뉴스\n\n* [{HEADLINES[0]}](https://x.example/economy/1)\n", encoding="utf-8"
    )
    (tmp_path / "photo.png").write_bytes(b"\x89PNG")
    (tmp_path / "style.css").write_text("a{}")
    (tmp_path / "more.css").write_text("a{}")
    extraction = extract([str(tmp_path)], portal, io.BytesIO())
    assert extraction.failures == []
    rows = {row["headline"]: row for row in extraction.rows()}
    assert list(rows) == [HEADLINES[0], HEADLINES[1]]
    assert rows[HEADLINES[0]]["section"] == "정치"
    assert rows[HEADLINES[0]]["contradicts"] == "경제 (address ×1)"
    assert extraction.summary(extraction.table()).endswith("files that are no pages, not read: 2 .css, 1 .png")


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "하하하하하하하하하하"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><rss><channel><item><title>&c;&c;&c;</title></item></channel></rss>'
)
OUTSIDE = (
    '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file://{path}">]><rss><channel><item><title>{headline} &x;'
    "</title></item></channel></rss>"
)
REFUSED = {
    "bomb.xml": (BOMB, "it declares the XML entity 'a'"),
    "outside.xml": (OUTSIDE, "it declares the XML entity 'x'"),
    "parameter.xml": (
        '<!DOCTYPE r [<!ENTITY % p SYSTEM "http://x.example/e.dtd"> %p;]><rss/>',
        "it declares the XML entity",
    ),
    "unquoted.xml": (f"<rss><channel><item><title>{HEADLINES[0]}</channel></rss>", "not well-formed XML"),
    "deep.xml": (f"<rss><title>{HEADLINES[0]}</title>" + "<a>" * 5000, "elements inside each other"),
    "sitemap.xml": ("<urlset><url><loc>https://x.example/1</loc></url></urlset>", "no text in it"),
    "empty-titles.xml": (
        "<rss><channel><title>새벽일보 뉴스</title><item><title/></item></channel></rss>",
        "without titles",
    ),
    "settings.xml": ('<?xml version="1.0"?><설정><색>파랑</색></설정>', "XML that is neither a feed nor a sitemap"),
    "crawl.warc": ("WARC/1.0\r\nWARC-Type: response\r\n\r\n", "a WARC archive of many pages"),
    "crawl.warc.gz": (gzip.compress(b"WARC/1.0\r\n" + bytes(MAX_BYTES + 9)), "a WARC archive of many pages"),
    "large.html.gz": (gzip.compress(b"<p>" + b"a" * MAX_BYTES), "more than 5 MB"),
    "torn.html.gz": (gzip.compress(HEADLINES[0].encode() * 99)[:40], "a damaged gzip file"),
    "pages.docx": (b"PK\x03\x04" + bytes(99), "a ZIP archive or an office document"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_page_is_named_as_what_it_is(portal: Portal, tmp_path: Path, name: str) -> None:
    content, message = REFUSED[name]
    secret = tmp_path / "secret.txt"
    secret.write_text("밖에 있는 파일의 글", encoding="utf-8")
    raw = (
        content
        if isinstance(content, bytes)
        else content.replace("{path}", str(secret)).replace("{headline}", HEADLINES[0]).encode()
    )
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(DataError) as caught:
        read_named(str(tmp_path / name), portal, io.BytesIO())
    assert message in str(caught.value)
    assert "밖에" not in str(caught.value)


def test_reading_opens_no_connection(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a page was fetched")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    page = (
        '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0//EN" "http://x.example/d.dtd"><link rel=stylesheet href="http://x.example/a.css">'
        f'<img src="http://x.example/a.png"><h3>정치</h3><ul><li><a href="http://x.example/1234567">{HEADLINES[0]}</a></ul>'
    )
    assert [i.headline for i in reading(page, portal, "a.html").items] == HEADLINES[:1]


def test_a_shell_says_so_and_gives_its_title(portal: Portal, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    page = '<html><head><meta property="og:title" content="{}"><meta property="og:type" content="{}"></head><body><div id="root"></div><script>1</script></body></html>'
    (tmp_path / "article.html").write_text(page.format(HEADLINES[0], "article"), encoding="utf-8")
    found = read_named(str(tmp_path / "article.html"), portal, io.BytesIO())
    assert found.article is not None
    assert (found.article.title, found.article.body) == (HEADLINES[0], "")
    assert "the shell of an application" in caplog.text
    (tmp_path / "home.html").write_text(page.format("새벽일보", "website"), encoding="utf-8")
    with pytest.raises(DataError, match="the shell of an application"):
        read_named(str(tmp_path / "home.html"), portal, io.BytesIO())
