"""Whole pages in the layouts of portals and newspapers, composed with invented headlines, menus and boxes.

Each layout returns a page and what it holds: rows (headline, section, press), and the article's title, section and
press if there is one. A press or a section that a layout does not state is empty.
"""

# ruff: noqa: E501 - markup is read by the tag, not by the line

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from random import Random

import pytest

from classifier.errors import DataError
from classifier.pages.article import read
from classifier.pages.extract import Extraction
from classifier.pages.profile import Portal, load_portal
from classifier.pages.source import read_stream
from tests.support import hostile_pages as hostile

Row = tuple[str, str, str]

SECTIONS = {
    "정치": [
        "여야, 추경 심사 사흘째 공전…합의문 초안 놓고 줄다리기", "국회 행안위, 지방세법 개정안 의결",
        "김나루 의원 \"선거구 획정, 이달 안에 끝내야\"", "국방부, 전방 초소 열상장비 전면 교체 추진",
    ],
    "경제": [
        "원·달러 환율 닷새 만에 하락 마감…수출업체 안도", "한빛조선, LNG선 여섯 척 수주", "소비자물가 석 달째 둔화",
        "[특징주] 라온전자, 접는 태블릿 기대에 7%↑",
    ],
    "사회": [
        "출근길 지하철 신호 장애…7호선 40분 지연", "강둑 산책로서 멧돼지 출몰…소방당국 포획",
        "한파에 수도계량기 동파 신고 하루 300건", "법원, 보조금 빼돌린 어린이집 원장에 집행유예",
    ],
    "세계": [
        "칠레 북부 규모 6.4 지진…쓰나미 경보는 해제", "유럽연합, 배터리 여권 시행 시점 1년 늦춘다",
        "인도 총선 4단계 투표 시작…폭염에 투표율 비상", "이집트 사막서 4천년 전 제빵소 터 발견",
    ],
    "생활문화": [
        "봄동이 제철…겉절이 아삭하게 무치는 법", "민속관, 옛 부채 200점 한자리에 모았다", "주말 남부 봄비…낮 15도 안팎",
        "[책마을] 느리게 걷는 사람의 지도",
    ],
    "IT과학": [
        "국산 우주망원경 첫 영상 공개…은하 외곽 수소 포착", "양자암호 통신망 대전-세종 구간 시범 개통",
        "라온전자, 접는 태블릿 내달 출시…무게 380g", "\"5분 충전에 400㎞\" 새 전지 시제품 나왔다",
    ],
    "연예": [
        "드라마 '바람의 정원' 종영…마지막 회 시청률 14.2%", "이새봄, 정규 3집으로 돌아온다", "배우 한누리, 두 아이 아빠 된다",
        "'별밤지기' 제작진 \"시즌2 논의 중\"",
    ],
    "스포츠": [
        "최하람, 연장 12회 끝내기 홈런…한강 이글스 5연승", "여자배구 윤가온, 데뷔전서 21득점",
        "프로축구 백마FC, 새 사령탑에 정우람 선임", "탁구 한마루-조은별, 혼합복식 우승",
    ],
}  # fmt: skip
PRESSES = ["새벽일보", "블록터", "누리통신", "더비트", "한길신문", "라온Net Korea"]
LEDE = "여야 원내대표가 11일 국회에서 만나 추가경정예산안 처리 일정을 놓고 협상을 벌였으나 합의에 이르지 못했다. 쟁점은 예산의"
BODY = [
    "라온전자가 다음 달 접는 태블릿을 국내에 먼저 내놓는다. 회사는 11일 설명회를 열고 무게를 380g까지 줄였다고 밝혔다.",
    "이날 공개된 제품은 펼쳤을 때 10.2인치 화면을 쓰며, 경첩 부품 수를 종전의 절반으로 줄여 두께를 9.1㎜로 낮춘 것이 특징이다.",
    '회사 관계자는 "들고 다니며 쓰는 사람이 가장 먼저 묻는 것이 무게였다"며 "배터리 용량을 유지하면서 틀을 새로 짰다"고 말했다.',
    "가격은 149만원부터이며 사전 예약은 20일에 시작한다. 회사는 연말까지 유럽 다섯 나라로 판매 지역을 넓히겠다는 계획도 내놨다.",
]
TITLE = SECTIONS["IT과학"][2]


@dataclass
class Layout:
    """A page, and what it holds."""

    html: str
    rows: list[Row] = field(default_factory=list)
    article: Row | None = None


LAYOUTS: list[Callable[[], Layout]] = []


def layout(make: Callable[[], Layout]) -> Callable[[], Layout]:
    LAYOUTS.append(make)
    return make


def article_id(text: str) -> str:
    return f"{sum(map(ord, text)):010d}"


def head(title: str, **meta: str) -> str:
    tags = "".join(f'<meta property="{name.replace("_", ":")}" content="{value}">' for name, value in meta.items())
    return f'<!doctype html><html lang="ko"><head><meta charset="utf-8"><title>{title}</title>{tags}</head><body>'


NAVER_MENU = (
    '<div id="u_skip"><a href="#lnb">메인 메뉴로 바로가기</a><a href="#ct">본문으로 바로가기</a></div><header class="Nheader">'
    '<h1><a href="https://www.naver.com">NAVER</a></h1><ul class="Nservice_list"><li><a href="https://entertain.naver.com">엔터</a>'
    '</li><li><a href="https://sports.naver.com">스포츠</a></li></ul><div class="Nlnb" role="menu"><ul class="Nlnb_menu_list">'
    + "".join(
        f'<li class="Nlist_item"><a href="/section/{n}"><span class="Nitem_link_menu">{name}</span></a></li>'
        for n, name in enumerate(("정치", "경제", "사회", "생활/문화", "세계", "IT/과학"), 100)
    )
    + '<li><a href="/main/ranking/popularDay.naver">랭킹</a></li><li><a>신문보기</a></li><li><a>오피니언</a></li></ul></div></header>'
)
NAVER_FOOTER = (
    '<footer class="footer" role="contentinfo"><h5>서비스 안내</h5><ul class="ofooter_noti"><li><a href="/ombudsman">고침기사 모음</a></li>'
    '<li><a href="/ombudsman/revision">정정·반론·추후 보도 기사 모음</a></li><li><a href="/ombudsman/election">불공정 선거 보도 기사 모음</a></li>'
    '</ul><a href="/history">기사배열 이력</a><span>기사배열 책임자 : 한누리</span> <a>이용약관</a><a>개인정보처리방침</a><a>책임의 한계와 법적고지</a>'
    "<p>본 콘텐츠의 저작권은 제공처 또는 네이버에 있으며 이를 무단 이용하는 경우 저작권법 등에 따라 법적 책임을 질 수 있습니다.</p></footer>"
)


@layout
def naver_home_2018() -> Layout:
    html, rows = head("네이버 뉴스", og_title="네이버 뉴스", og_type="article") + NAVER_MENU, []
    tops = [SECTIONS["세계"][0], SECTIONS["연예"][0], SECTIONS["경제"][3]]
    html += '<div id="container"><div id="main_content"><div class="hdline_news"><h4 class="blind">헤드라인 뉴스</h4><ul class="hdline_article_list">'
    for text in tops:
        html += (
            f'<li><div class="hdline_article_tit"><a href="/main/read.nhn?mode=LSD&mid=shm&oid=001&aid={article_id(text)}" '
            f'class="lnk_hdline_article">{text}</a></div></li>'
        )
        rows.append((text, "", ""))
    html += "</ul></div>"
    for sid, (code, name) in enumerate(
        (("politics", "정치"), ("economy", "경제"), ("society", "사회"), ("life", "생활/문화")), 100
    ):
        section = name.replace("/", "")
        html += (
            f'<div id="section_{code}" class="main_component droppable"><div class="com_header"><h4 class="tit_sec">'
            f'<a href="/main/main.nhn?mode=LSD&mid=shm&sid1={sid}">{name}</a></h4><div class="com_menu"><ul><li><a>청와대</a></li>'
            "<li><a>국회/정당</a></li><li><a>북한</a></li></ul></div></div>"
            '<div class="com_list"><dl class="mtype_img"><dt class="blind">주요기사</dt>'
        )
        for n, text in enumerate(SECTIONS[section][:3]):
            link = f"/main/read.nhn?mode=LSD&mid=shm&sid1={sid}&oid=001&aid={article_id(text)}"
            press = PRESSES[n]
            if n == 0:
                html += (
                    f'<dd><a href="{link}" class="photo"><img src="x.jpg" alt=""></a></dd><dd><a href="{link}"><strong>{text}</strong>'
                    f'</a><span class="writing">{press}</span></dd></dl><div class="mtype_list_wide"><ul class="mlist2 no_bg">'
                )
            else:
                html += f'<li><a href="{link}"><strong>{text}</strong></a><span class="writing">{press}</span></li>'
            rows.append((text, section, press))
        html += '</ul></div></div><a class="com_more" href="#">더보기</a></div>'
    html += '</div><div class="aside"><div id="right.ranking_contents"><h4>가장 많이 본 뉴스</h4><ul class="tab"><li><a>정치</a></li><li><a>경제</a></li></ul><ul class="section_list_ranking">'
    for n, text in enumerate((SECTIONS["스포츠"][0], SECTIONS["IT과학"][1], SECTIONS["세계"][3]), 1):
        html += (
            f'<li class="num{n}"><span class="num">{n}</span><a href="/main/ranking/read.nhn?mid=etc&sid1=111&oid=022&aid={article_id(text)}" '
            f'title="{text}">{text[:14]}...</a></li>'
        )
        rows.append((text, "", ""))
    html += '</ul></div><div class="newsstand"><h4>언론사별 뉴스</h4><ul><li><a href="http://newsstand.naver.com/001">누리통신</a></li></ul></div></div></div>'
    return Layout(html + NAVER_FOOTER, rows)


@layout
def naver_section_2020() -> Layout:
    html, rows = head("사회 : 네이버 뉴스", og_title="네이버 뉴스") + NAVER_MENU, []
    html += '<table class="container"><tr><td class="snb"><div class="snb_area"><h2><a class="nclicks">사회</a></h2><ul class="nav"><li><a>사건사고</a></li><li><a>교육</a></li><li><a>언론</a></li></ul></div></td><td class="content"><div id="main_content"><h3>헤드라인 뉴스</h3>'
    for n, text in enumerate(SECTIONS["사회"]):
        link = f"https://news.naver.com/main/read.nhn?mode=LSD&mid=shm&sid1=102&oid=421&aid={article_id(text)}"
        html += (
            '<div class="cluster_group _cluster_content"><div class="cluster_head"><div class="cluster_head_inner"><h4 class="cluster_head_topic_wrap"><a class="cluster_head_more_link" href="/main/clusterArticles.nhn?id=c-2020">관련기사 <em>25</em>개</a></h4></div></div>'
            f'<div class="cluster_body"><ul class="cluster_list"><li class="cluster_item"><div class="cluster_thumb"><div class="cluster_thumb_inner"><a class="cluster_thumb_link" href="{link}"><img alt=""></a></div></div>'
            f'<div class="cluster_text"><a href="{link}" class="cluster_text_headline nclicks">{text}</a><div class="cluster_text_lede">{LEDE}</div>'
            f'<div class="cluster_text_info"><div class="cluster_text_press">{PRESSES[n]}</div><a href="/cluster?id=1" class="cluster_text_cluster"><span class="cluster_text_cluster_num">25</span>개의 관련뉴스<span class="blind">더보기</span></a></div></div></li></ul></div></div>'
        )
        rows.append((text, "사회", PRESSES[n]))
    return Layout(html + "</div></td></tr></table>" + NAVER_FOOTER, rows)


@layout
def naver_list_2017() -> Layout:
    html, rows = head("속보 : 네이버 뉴스") + NAVER_MENU, []
    html += (
        '<div id="main_content"><h3>전체 속보</h3><div class="list_body newsflash_body"><ul class="type06_headline">'
    )
    for n, text in enumerate([SECTIONS["세계"][1], SECTIONS["사회"][2], SECTIONS["경제"][1], SECTIONS["연예"][2]]):
        link = f"https://news.naver.com/main/read.nhn?mode=LSD&mid=sec&oid=001&aid={article_id(text)}"
        html += (
            f'<li><dl><dt class="photo"><a href="{link}"><img src="t.jpg" alt="{text}"></a></dt><dt><a href="{link}"> {text} </a></dt>'
            f'<dd><span class="lede">{LEDE}…</span> <span class="writing">{PRESSES[n]}</span> <span class="date is_outdated">2017.05.11. 오후 3:0{n}</span></dd></dl></li>'
        )
        rows.append((text, "", PRESSES[n]))
    html += '</ul></div><div class="paging"><strong>1</strong><a href="?page=2">2</a><a href="?page=3">3</a><a class="next">다음</a></div></div>'
    return Layout(html + NAVER_FOOTER, rows)


@layout
def naver_ranking_by_press() -> Layout:
    html, rows = head("랭킹 : 네이버 뉴스", og_title="랭킹 : 네이버 뉴스", og_type="article") + NAVER_MENU, []
    html += '<div class="rankingnews _popularWelBase"><div class="rankingnews_head"><h2>언론사별 랭킹뉴스</h2><p>언론사별 많이 본 뉴스와 댓글 많은 뉴스를 제공합니다. 집계시간 1시간</p></div><div class="rankingnews_box_wrap">'
    for n, press in enumerate(PRESSES):
        html += (
            f'<div class="rankingnews_box"><a href="/press/{n:03d}/ranking" class="rankingnews_box_head"><span class="rankingnews_thumb"><img alt=""></span>'
            f'<strong class="rankingnews_name">{press}</strong></a><ul class="rankingnews_list">'
        )
        for rank, text in enumerate([list(SECTIONS.values())[n][0], list(SECTIONS.values())[n][1]], 1):
            link = f"https://n.news.naver.com/article/{n:03d}/{article_id(text)}?ntype=RANKING"
            html += (
                f'<li><em class="list_ranking_num">{rank}</em><div class="list_content"><a href="{link}" class="list_title">{text}</a>'
                f'<span class="list_time">{rank}시간전</span></div><a href="{link}" class="list_img"><img alt=""></a></li>'
            )
            rows.append((text, "", press))
        html += f'</ul><a href="/press/{n:03d}/ranking" class="rankingnews_box_more">{press} 랭킹 더보기</a></div>'
    return Layout(html + '</div></div><a href="#">전체 언론사 보기</a>' + NAVER_FOOTER, rows)


@layout
def naver_ranking_2018() -> Layout:
    html, rows = head("랭킹뉴스 : 네이버 뉴스") + NAVER_MENU, []
    html += '<div id="main_content"><div class="ranking_header"><h3>많이 본 뉴스</h3><ul class="ranking_tab"><li class="on"><a>전체</a></li><li><a>정치</a></li><li><a>경제</a></li></ul></div>'
    for sid, name in ((100, "정치"), (101, "경제"), (104, "세계")):
        html += f'<div class="ranking_section ranking_section_politics"><h4 class="ranking_tit"><a href="/main/ranking/popularDay.nhn?rankingType=popular_day&sectionId={sid}">{name}</a></h4><ol class="ranking_list">'
        for rank, text in enumerate(SECTIONS[name][:3], 1):
            link = f"/main/ranking/read.nhn?mid=etc&sid1=111&rankingType=popular_day&oid=014&aid={article_id(text)}&date=20180628&type=1"
            html += (
                f'<li class="ranking_item is_num{rank}"><div class="ranking_num"><em>{rank}</em></div><div class="ranking_thumb"><a href="{link}"><img alt="{text}"></a></div>'
                f'<div class="ranking_text"><div class="ranking_headline"><a href="{link}" title="{escape(text)}">{text[:12]}…</a></div><div class="ranking_lede">{LEDE}</div>'
                f'<div class="ranking_office">{PRESSES[rank]}</div><div class="ranking_view">12,34{rank}</div></div></li>'
            )
            rows.append((text, name, PRESSES[rank]))
        html += "</ol></div>"
    return Layout(html + "</div>" + NAVER_FOOTER, rows)


@layout
def naver_search_2021() -> Layout:
    html, rows = head("라온전자 : 네이버 뉴스검색", og_title="라온전자 : 네이버 뉴스검색"), []
    html += '<div id="header_wrap"><input value="라온전자"><div class="api_gnb_wrap" role="navigation"><ul><li><a href="?where=news">뉴스</a></li><li><a href="?where=blog">블로그</a></li></ul></div></div><div id="main_pack"><section class="sc_new sp_nnews"><ul class="list_news">'
    for n, text in enumerate([TITLE, SECTIONS["경제"][3], "접는 기기 출하 18% 증가…라온전자 추격"]):
        html += (
            f'<li class="bx"><div class="news_wrap api_ani_send"><div class="news_area"><div class="news_info"><div class="info_group"><a class="info press" href="http://press{n}.example"><span class="thumb_box"><img alt=""></span>{PRESSES[n]}<i class="spnew ico_pick">언론사 선정</i></a>'
            f'<span class="info">{n + 1}시간 전</span><a class="info" href="https://n.news.naver.com/mnews/article/001/{article_id(text)}?sid=101">네이버뉴스</a></div></div>'
            f'<a class="news_tit" href="https://press{n}.example/news/{article_id(text)}" title="{text}">{text.replace("라온전자", "<mark>라온전자</mark>")}</a>'
            f'<div class="news_dsc"><div class="dsc_wrap"><a class="api_txt_lines dsc_txt_wrap" href="https://press{n}.example/news/{article_id(text)}">{LEDE}...</a></div></div>'
            f'<a class="dsc_thumb" href="https://press{n}.example/news/{article_id(text)}"><img alt=""></a></div></div>'
        )
        rows.append((text, "경제", PRESSES[n]))  # the portal's copy of the article says so
        if n == 0:
            sub = "라온전자, 부품 협력사와 상생 협약 맺어"
            html += f'<div class="news_cluster"><ul class="list_cluster"><li class="sub_bx"><span class="sub_wrap"><a class="elss sub_tit" href="https://p9.example/view/{article_id(sub)}" title="{sub}">{sub}</a><span class="sub_area"><span class="sub_txt press">한울21</span><span class="sub_txt">3시간 전</span></span></span></li></ul><a class="news_more" href="?more=1">관련뉴스 5건 전체보기</a></div>'
            rows.append((sub, "", "한울21"))
        html += "</li>"
    html += '</ul></section></div><div id="sub_pack"><section><h3>연관 검색어</h3><ul><li><a href="?query=a">라온전자 태블릿 출시일 가격</a></li><li><a href="?query=b">라온전자 주가 전망 토론방</a></li></ul></section></div>'
    return Layout(html, rows)


@layout
def naver_search_2025() -> Layout:
    html, rows = head("라온전자 : 네이버 검색", og_title="라온전자 : 네이버 검색", og_type="article"), []
    html += '<div class="group_news"><ul class="list_news _infinite_list">'
    for n, text in enumerate([TITLE, SECTIONS["경제"][3], SECTIONS["IT과학"][3]]):
        link = f"https://press{n}.example/article/{article_id(text)}"
        html += (
            '<div class="sds-comps-vertical-layout sds-comps-full-layout kuYwGk4lO3RVLfhIvqB1"><div class="sds-comps-horizontal-layout sds-comps-full-layout EcGbOZYMNl2GpdHfQx07"><div class="sds-comps-profile"><div class="sds-comps-profile-info">'
            f'<div class="sds-comps-profile-info-title"><span class="sds-comps-text sds-comps-text-type-body2 sds-comps-profile-info-title-text"><a href="https://media.naver.com/press/{n:03d}"><span class="sds-comps-text-content">{PRESSES[n]}</span></a></span></div>'
            f'<span class="sds-comps-profile-info-subtext"><span class="sds-comps-text">{n + 2}시간 전</span></span></div></div></div>'
            f'<div class="sds-comps-vertical-layout"><a href="{link}" class="KVDzbJ"><span class="sds-comps-text sds-comps-text-ellipsis-1 sds-comps-text-type-headline1">{text}</span></a>'
            f'<a href="{link}" class="Ms2xJ"><span class="sds-comps-text sds-comps-text-ellipsis-3 sds-comps-text-type-body1">{LEDE} 규모와 집행 시기로...</span></a></div></div>'
        )
        rows.append((text, "", PRESSES[n]))
    return Layout(html + "</ul></div>", rows)


def naver_article_2024() -> Layout:
    html = head(
        TITLE, og_title=TITLE, og_type="article", og_article_author="새벽일보 | 네이버",
        og_url="https://n.news.naver.com/mnews/article/001/0014567890?sid=105", twitter_creator="새벽일보",
    ) + NAVER_MENU  # fmt: skip
    html += (
        '<div id="ct" class="newsct"><div class="media_end_head go_trans"><div class="media_end_head_top"><a class="media_end_head_top_logo" href="https://media.naver.com/press/001"><img alt="새벽일보"></a>'
        '<div class="media_end_head_top_channel_layer"><span>새벽일보 언론사 구독되었습니다.</span><span>메인 뉴스판에서 주요뉴스를</span><a>언론사 구독 해지하고 설정 바꾸러 가기</a></div></div>'
        f'<div class="media_end_head_title"><h2 id="title_area" class="media_end_head_headline"><span>{TITLE}</span></h2></div><div class="media_end_head_info"><span data-date-time="2024-04-11 09:30:12">2024.04.11. 오전 9:30</span><a class="media_end_head_origin_link" href="https://dawn.example/news/1">기사원문</a>'
        '<div class="media_end_head_journalist"><button>한가람 기자</button><div class="media_end_head_journalist_layer"><a href="https://media.naver.com/journalist/001/1234">한가람 기자</a><a href="#">구독하고 새 기사 알림 받아보기</a></div></div></div>'
        '<div class="media_end_head_fontsize_layer"><strong>글자 크기 변경하기</strong><button>가1단계</button></div></div>'
        '<div class="newsct_body"><div id="newsct_article"><article id="dic_area" class="go_trans"><strong class="media_end_summary">경첩 부품 절반으로 줄여<br>유럽 다섯 나라로 판매 넓힌다</strong><span class="end_photo_org"><img><em class="img_desc">11일 설명회에서 라온전자 관계자가 태블릿을 접어 보이고 있다.</em></span>'
        + "<br><br>".join(BODY)
        + '</article></div><div class="byline"><p class="byline_p"><span class="byline_s">한가람 기자 (garam@dawn.example)</span></p></div>'
        '<div class="copyright"><p class="c_text">Copyright ⓒ 새벽일보. All rights reserved. 무단 전재 및 재배포 금지.</p></div>'
        '<div class="media_end_categorize"><a><em class="media_end_categorize_word">이 기사는 언론사에서</em> <em class="media_end_categorize_item">IT</em> <em class="media_end_categorize_word">섹션으로 분류했습니다.</em></a><div class="media_end_categorize_layer"><p>기사의 섹션 정보는 해당 언론사의 분류를 따르고 있습니다. 언론사는 개별 기사를 2개 이상 섹션으로 중복 분류할 수 있습니다.</p></div></div></div>'
        '<div class="media_journalistcard"><a href="https://media.naver.com/journalist/001/1234"><em>한가람 기자</em></a><p>작은 소리를 크게 듣겠습니다. 제보를 기다립니다.</p></div>'
        '<div class="end_rank"><h3><em>새벽일보</em> 헤드라인</h3><ul>'
    )
    rows: list[Row] = []
    for text in (SECTIONS["정치"][0], SECTIONS["사회"][1]):
        html += f'<li><a href="https://n.news.naver.com/article/001/{article_id(text)}?type=editn&cds=news_edit"><strong>{text}</strong></a></li>'
        rows.append((text, "", "새벽일보"))
    html += '</ul></div><div class="ends_addition"><h3>새벽일보 언론사가 직접 선정한 이슈</h3><ul><li><a href="https://media.naver.com/issue/001/77">이슈 봄 산불</a></li></ul></div>'
    html += '<div id="cbox_module"><h3>댓글</h3><p>댓글 정책 안내: 새벽일보 댓글 정책에 따라 이 기사에는 언론사가 선택한 방식으로 댓글을 제공합니다.</p></div>'
    html += '<div class="media_ranking"><h3 class="media_ranking_tit">이 기사를 본 이용자들이 함께 많이 본 기사, 해당 기사와 유사한 기사, 관심 기사 등을 자동 추천합니다</h3><ul class="ofra_list">'
    for n, text in enumerate((SECTIONS["연예"][0], SECTIONS["스포츠"][3], SECTIONS["경제"][0])):
        html += (
            f'<li class="ofra_list_item"><a class="ofra_list_tx" href="https://n.news.naver.com/article/0{n}5/{article_id(text)}"><div class="ofra_list_tx_wrap"><em class="ofra_list_tx_headline">{text}</em>'
            f'<div class="ofra_list_tx_info"><span class="ofra_list_tx_press">{PRESSES[n + 1]}</span><span class="ofra_list_tx_time">5분전</span></div></div></a></li>'
        )
        rows.append((text, "", PRESSES[n + 1]))
    return Layout(html + "</ul></div></div>" + NAVER_FOOTER, rows, (TITLE, "IT과학", "새벽일보"))


LAYOUTS.append(naver_article_2024)


@layout
def naver_sports_react() -> Layout:
    html, rows = head("야구 뉴스 : 네이버 스포츠", og_title="야구 뉴스 : 네이버 스포츠"), []
    html += '<div id="root"><div class="Nav_nav__x1"><ul><li><a href="/kbaseball/index" aria-selected="true">야구</a></li><li><a href="/kfootball/index">축구</a></li></ul></div><ul class="NewsList_news_list__Fk2Ol">'
    for n, text in enumerate(SECTIONS["스포츠"]):
        html += (
            f'<li class="NewsItem_news_item__fhEmd"><a class="NewsItem_link_news__tD7x3" href="https://m.sports.naver.com/kbaseball/article/109/{article_id(text)}"><div class="NewsItem_image_area__UUN7x"><img alt=""></div><div class="NewsItem_info_area__C8bZ5"><em class="NewsItem_title__BXkJ6">{text}</em>'
            f'<p class="NewsItem_description__Pftde">{LEDE}</p><span class="NewsItem_press__PSz6z">{PRESSES[n]}</span><span class="NewsItem_time__Qa9xu">1시간 전</span></div></a></li>'
        )
        rows.append((text, "스포츠", PRESSES[n]))
    return Layout(html + "</ul></div>", rows)


DAUM_HEAD = (
    '<div id="kakaoIndex"><a href="#kakaoBody">본문 바로가기</a><a href="#kakaoGnb">메뉴 바로가기</a></div><div id="kakaoHead"><h1><a href="//www.daum.net">Daum</a></h1><h2 class="screen_out">뉴스</h2>'
    '<div id="kakaoGnb" role="navigation"><ul class="gnb_comm"><li><a href="/society" class="link_gnb">사회</a></li><li><a href="/politics" class="link_gnb">정치</a></li><li><a href="/economic">경제</a></li><li><a href="/foreign">국제</a></li><li><a href="/culture">문화</a></li><li><a href="/digital">IT</a></li><li><a href="/photo">포토</a></li></ul></div></div>'
)


@layout
def daum_home_2023() -> Layout:
    html, rows = head("홈 | 다음뉴스", og_title="다음뉴스 홈", og_type="website") + DAUM_HEAD, []
    html += '<main class="doc-main"><section class="inner-main"><h2 id="mainContent" class="screen_out">홈</h2><div class="box_g box_news_issue"><h3 class="screen_out">이슈 기사 목록</h3><ul class="list_newsissue">'
    for n, (section, shown) in enumerate((("정치", "정치"), ("세계", "국제"), ("IT과학", "IT"), ("생활문화", "문화"))):
        text = SECTIONS[section][0]
        link = f"https://v.daum.net/v/2023112212345{n}"
        html += (
            f'<li><div class="item_issue"><a href="{link}" class="wrap_thumb"><img class="thumb_g" alt=""></a><div class="cont_thumb"><span class="info_thumb"><span class="logo_cp"><img class="thumb_g" alt="{PRESSES[n]}"></span><span class="txt_category">{shown}</span></span>'
            f'<strong class="tit_g"><a href="{link}" class="link_txt"> {text} </a></strong></div></div></li>'
        )
        rows.append((text, section, PRESSES[n]))
    html += '</ul></div><div class="box_g box_news_headline2"><h3 class="screen_out">주요 기사 목록</h3><ul class="list_newsheadline2">'
    for n, text in enumerate((SECTIONS["사회"][0], SECTIONS["연예"][1], SECTIONS["경제"][2])):
        html += (
            f'<li><a class="item_newsheadline2" href="https://v.daum.net/v/2023112299999{n}"><div class="wrap_thumb"><img alt=""></div><div class="cont_thumb"><strong class="tit_txt">{text}</strong><p class="desc_txt">{LEDE}</p>'
            f'<span class="info_thumb"><span class="txt_info">{PRESSES[n]}</span><span class="txt_info">{n + 3}분 전</span></span></div></a></li>'
        )
        rows.append((text, "", PRESSES[n]))
    html += '</ul></div></section><aside class="inner-aside"><div class="box_g"><h3>많이 본 뉴스</h3><ol class="list_mostview">'
    for n, text in enumerate((SECTIONS["스포츠"][2], SECTIONS["세계"][2], SECTIONS["사회"][3]), 1):
        html += f'<li><em class="num_number">{n}<span class="screen_out">위</span></em><div class="cont_thumb"><strong class="tit_g"><a href="https://v.daum.net/v/2023112211111{n}">{text}</a></strong></div></li>'
        rows.append((text, "", ""))
    html += '</ol></div></aside></main><footer class="doc-footer"><a href="https://cs.daum.net">고객센터 바로가기 안내</a><small>© Kakao Corp.</small></footer>'
    return Layout(html, rows)


@layout
def daum_section_2018() -> Layout:
    html, rows = head("사회 | Daum 뉴스", og_title="사회 | Daum 뉴스", og_type="website") + DAUM_HEAD, []
    html += '<div id="kakaoContent"><div id="cSub"><h2 id="kakaoBody" class="screen_out">사회</h2><div class="box_etc"><ul class="list_mainnews">'
    for n, text in enumerate(SECTIONS["사회"][:3]):
        link = f"http://v.media.daum.net/v/2018062810101{n}"
        html += (
            f'<li><a href="{link}" class="link_thumb"><img class="thumb_g" alt=""></a><div class="cont_thumb"><strong class="tit_thumb"><a href="{link}" class="link_txt">{text}</a><span class="info_news">{PRESSES[n]}<span class="txt_bar"> · </span><span class="info_time">1{n}:21</span></span></strong>'
            f'<div class="desc_thumb"><a href="{link}" class="link_txt">{LEDE}</a></div></div></li>'
        )
        rows.append((text, "사회", PRESSES[n]))
    html += '</ul></div></div><div id="mAside"><div class="rank_news"><h3 class="tit_aside">많이 본 뉴스</h3><div class="tab_aside"><a href="#none" class="on">뉴스</a><a href="#none">연예</a><a href="#none">스포츠</a></div><ol>'
    for n, text in enumerate((SECTIONS["정치"][1], SECTIONS["경제"][1], SECTIONS["세계"][0]), 1):
        html += f'<li><span class="num_rank">{n}</span><strong class="tit_news"><a href="http://v.media.daum.net/v/2018062820202{n}" class="link_txt">{text}</a></strong><span class="txt_cp">{PRESSES[n]}</span></li>'
        rows.append((text, "", PRESSES[n]))
    html += '</ol></div><div class="hotissue"><h3>실시간 이슈 검색어</h3><ol><li><a href="https://search.daum.net/search?w=tot&q=a">봄동 겉절이 만드는 법 레시피</a></li><li><a href="https://search.daum.net/search?w=tot&q=b">이새봄 새 앨범 발매일 공개</a></li></ol></div></div></div>'
    return Layout(html, rows)


@layout
def daum_article_2023() -> Layout:
    html = (
        head(
            TITLE,
            og_title=TITLE,
            og_type="article",
            og_article_author="누리통신",
            og_regDate="20231122090512",
            og_url="https://v.daum.net/v/20231122090512345",
        )
        + DAUM_HEAD
    )
    html += (
        '<h2 class="screen_out" id="kakaoBody">IT</h2><div class="head_view"><em class="info_cp"><a class="link_cp"><img class="thumb_g" alt="누리통신"></a></em>'
        f'<h3 class="tit_view" data-translation="true">{TITLE}</h3><div class="info_view"><span class="txt_info">한가람</span><span class="txt_info">입력 <span class="num_date">2023. 11. 22. 09:05</span></span><button>댓글 0</button></div>'
        '<div class="util_view"><button>음성으로 듣기</button><a href="#">번역 설정</a></div></div><div class="news_view fs_type1"><div class="article_view"><section dmcf-sid="x"><figure class="figure_frm"><p class="link_figure"><img></p><figcaption class="txt_caption">설명회에 전시된 접는 태블릿의 모습.</figcaption></figure>'
        + "".join(f"<p dmcf-pid=a>{text}</p>" for text in BODY)
        + '<p>garam@nuri.example</p></section></div></div><p class="txt_copyright">Copyright © 누리통신. 무단전재 및 재배포 금지.</p><div class="box_etc box_related"><strong class="tit_etc">관련 태그</strong><a href="/tag/a" class="link_tag">#접는태블릿</a></div>'
        '<div class="box_etc"><strong class="tit_etc">이 시각 추천뉴스</strong><ul class="list_recommend">'
    )
    rows: list[Row] = []
    for n, text in enumerate((SECTIONS["연예"][3], SECTIONS["사회"][2], SECTIONS["생활문화"][0])):
        html += f'<li><a href="https://v.daum.net/v/2023112277777{n}" class="link_news"><strong class="tit_g">{text}</strong><span class="info_thumb"><span class="txt_info">{PRESSES[n]}</span></span></a></li>'
        rows.append((text, "", PRESSES[n]))
    html += "</ul></div><div class='alex_area'><h3>댓글</h3><p>좋은 기사 잘 읽었습니다. 무게가 가벼워진다니 기대가 되고 가격이 조금 내려가면 좋겠습니다.</p></div>"
    return Layout(html, rows, (TITLE, "IT과학", "누리통신"))


@layout
def agency_home() -> Layout:
    html, rows = head("누리통신", og_title="누리통신", og_type="website", og_site_name="누리통신"), []
    html += (
        '<header class="header-type001"><nav class="nav-type001"><ul>'
        + "".join(
            f'<li><a href="/{c}/index">{s}</a><ul><li><a href="/{c}/all">전체기사 모아서 보기</a></li></ul></li>'
            for c, s in (("politics", "정치"), ("economy", "경제"))
        )
        + "</ul></nav></header><main>"
    )
    html += (
        '<section class="section01"><h2 class="blind">주요기사</h2><div class="top-main-news001"><strong class="tit-news"><a href="//www.nuri.example/view/AKR20240411012345001?section=society/accident&site=major_news01"><span class="title01">'
        + SECTIONS["사회"][0]
        + "</span></a></strong><p class='lead'>"
        + LEDE
        + "</p></div></section>"
    )
    rows.append((SECTIONS["사회"][0], "사회", ""))
    for code, name in (("politics", "정치"), ("economy", "경제"), ("international", "세계"), ("sports", "스포츠")):
        html += f'<section class="section-news"><header class="title-type001"><h2 class="title01"><a href="/{code}/index">{"국제" if name == "세계" else name}</a></h2></header><ul class="list01">'
        for n, text in enumerate(SECTIONS[name][:3]):
            html += f'<li><div class="item-box01"><div class="news-con"><a class="tit-news" href="//www.nuri.example/view/AKR2024041101{n}45001?section={code}/all"><span class="title01">{text}</span></a></div></div></li>'
            rows.append((text, name, ""))
        html += "</ul></section>"
    html += '<aside><section><h2>많이 본 뉴스</h2><ol class="list02">'
    for n, text in enumerate((SECTIONS["연예"][0], SECTIONS["생활문화"][1], SECTIONS["IT과학"][0]), 1):
        html += f'<li><span class="num">{n}</span><a class="tit-news" href="//www.nuri.example/view/AKR2024041109{n}45001?section=popular"><span class="title01">{text}</span></a></li>'
        rows.append((text, "", ""))
    html += '</ol></section><section><h2>누리 그래픽·이벤트</h2><a href="/event/2024">창간 기념 독자 사진 공모전 접수 안내</a></section></aside></main>'
    html += '<footer class="footer-type001"><ul><li><a href="/company">회사소개</a></li><li><a>저작권규약</a></li></ul><address>서울시 중구 봄내로 1길 25 | 등록번호 문화, 나00009 | 발행일자 2011.08.26</address></footer>'
    return Layout(html, rows)


@layout
def newspaper_home_cards() -> Layout:
    html, rows = (
        head(
            "한길신문 - 세상을 보는 곧은 길",
            og_title="한길신문 - 세상을 보는 곧은 길",
            og_type="website",
            og_site_name="한길신문",
        ),
        [],
    )
    html += '<div id="header"><div class="gnb"><a href="/News/Politics">정치</a><a href="/News/Economy">경제</a></div></div><div class="container">'
    for code, name in (("Politics", "정치"), ("Economy", "경제"), ("Society", "사회")):
        html += f'<div class="column-6"><div class="box box-title"><h2><a href="/News/{code}">{name}</a></h2></div><div class="inner-box">'
        for n, text in enumerate(SECTIONS[name][:3]):
            html += f'<div class="inner"><div class="thumb"><a href="/News/Read/A20240411{n}1230001"><img alt="{text}"></a></div><h3><a href="/News/Read/A20240411{n}1230001">{text}</a></h3><p class="lead"><a href="/News/Read/A20240411{n}1230001">{LEDE}</a></p></div>'
            rows.append((text, name, ""))
        html += "</div></div>"
    html += '<div class="column-3 opinion"><h2>오피니언</h2><ul><li><a href="/News/Read/A2024041199990001"><strong>[사설] 물가, 숫자보다 장바구니를 보라</strong></a></li><li><a href="/News/Read/A2024041199990002"><strong>[한가람의 창] 봄밤에 읽는 지도</strong></a></li></ul></div>'
    rows += [("[사설] 물가, 숫자보다 장바구니를 보라", "", ""), ("[한가람의 창] 봄밤에 읽는 지도", "", "")]
    return Layout(
        html
        + '</div><div id="footer"><a>회사소개</a><a>구독신청</a><p>한길신문의 모든 기사는 저작권법의 보호를 받으며 무단 전재를 금합니다.</p></div>',
        rows,
    )


@layout
def economic_paper_section() -> Layout:
    html, rows = (
        head(
            "경제 - 아침경제",
            og_title="경제 - 아침경제",
            og_site_name="아침경제",
            og_url="https://www.morning.example/news/economy/",
        ),
        [],
    )
    html += '<section class="gnb_group"><nav><ul><li><a href="/news/economy/">경제</a></li><li><a href="/news/politics/">정치</a></li></ul></nav></section><section class="news_sec latest_news_sec"><div class="sec_head"><h2 class="sec_ttl">최신뉴스</h2></div><div class="sec_body"><ul class="latest_news_list">'
    for n, text in enumerate(SECTIONS["경제"]):
        html += (
            f'<li class="news_node"><a href="https://www.morning.example/news/economy/1098765{n}" class="news_item"><div class="thumb_area"><div class="thumb"><img alt=""></div></div><div class="txt_area"><h3 class="news_ttl">{text}</h3><p class="news_desc">{LEDE}</p>'
            f'<div class="info_group"><div class="cate_wrap"><span class="cate">경제</span></div><p class="time_info"><span>{n + 1}분 전</span></p></div></div></a></li>'
        )
        rows.append((text, "경제", ""))
    html += '</ul><button>더보기</button></div></section><section class="news_sec most_view_sec"><div class="sec_head"><h2 class="sec_ttl">인기뉴스</h2><span>2025-06-04 02:19 기준</span></div><ul class="news_list">'
    for n, (section, code) in enumerate((("연예", "hot-issues"), ("사회", "society"), ("세계", "world")), 1):
        text = SECTIONS[section][1]
        html += f'<li class="news_node"><a class="news_item" href="https://www.morning.example/news/{code}/1099999{n}"><span class="num">{n}</span><h3 class="news_ttl">{text}</h3></a></li>'
        rows.append((text, "" if section == "연예" else section, ""))
    return Layout(html + "</ul></section>", rows)


@layout
def daily_section_cards() -> Layout:
    html, rows = (
        head(
            "정치 뉴스 | 새벽일보",
            og_title="정치 뉴스 | 새벽일보",
            og_type="website",
            og_url="https://www.dawn.example/news/Politics",
        ),
        [],
    )
    html += '<div class="top_nav"><ul class="depth_list"><li><a href="/news/Politics">정치</a></li><li><a href="/news/Economy">경제</a></li></ul></div><div class="sec_head"><h1 class="sec_tit">정치</h1></div><div class="contents"><ul class="row_list">'
    for n, text in enumerate(SECTIONS["정치"]):
        link = f"https://www.dawn.example/news/Politics/article/all/20240411/12444332{n}/1"
        html += f'<li><article class="news_card"><header class="news_head"><a href="{link}"><img alt="썸네일"></a></header><div class="news_body"><h4 class="tit"><a href="{link}">{text}</a></h4><p class="desc">{LEDE}</p><ul class="etc_list"><li>2024-04-11 09:30</li><li><button>스크랩</button></li></ul></div></article></li>'
        rows.append((text, "정치", ""))
    html += '</ul><div class="page"><strong>1</strong><a href="?p=21">2</a></div></div><div class="sub_contents"><section class="sec_right"><h2 class="sec_tit"><a href="/news/TrendNews/daily">많이 본 뉴스</a></h2><ol class="txt_rank">'
    for n, (section, code) in enumerate((("세계", "Inter"), ("스포츠", "Sports"), ("사회", "Society")), 1):
        text = SECTIONS[section][3]
        html += f'<li><span class="num">{n}</span><h4 class="tit"><a href="https://www.dawn.example/news/{code}/article/all/20240411/12399999{n}/2">{text}</a></h4></li>'
        rows.append((text, section, ""))
    return Layout(
        html
        + '</ol></section><section class="sec_right"><h2 class="sec_tit">기자 구독</h2><ul><li><a href="/news/reporter?idx=12345">한가람 기자의 최근 기사</a></li></ul></section></div>',
        rows,
    )


@layout
def daily_home_story_cards() -> Layout:
    html, rows = head("새벽일보", og_title="새벽일보", og_type="website"), []
    html += '<div id="fusion-app"><nav><a href="/politics/">정치</a></nav><section class="layout-main">'
    for section, code in (
        ("정치", "politics"),
        ("경제", "economy"),
        ("세계", "international"),
        ("스포츠", "sports"),
        ("생활문화", "culture-life"),
        ("연예", "entertainments"),
    ):
        for n, text in enumerate(SECTIONS[section][:2]):
            link = f"https://www.dawn.example/{code}/2024/04/11/ABCDEFGHIJKLMNOPQRSTUVWX{n}4/"
            html += f'<div class="flex-chain-wrapper box--pad"><div class="story-card-container"><div class="story-card story-card--art-left"><div class="story-card__media"><a href="{link}"><img alt=""></a></div><div class="story-card-right"><div class="story-card__headline-container"><a class="story-card__headline box--margin-none text--black" href="{link}"><span>{text}</span></a></div><a class="story-card__deck" href="{link}"><span>{LEDE}</span></a></div></div></div></div>'
            rows.append((text, section, ""))
    return Layout(html + "</section></div>", rows)


@layout
def magazine_portal_feed() -> Layout:
    """A portal for bookmarks: three rankings of one article page, the article above, a share bar with long words."""
    html = head(f"{TITLE} | 줌 뉴스", og_title=f"{TITLE} | 줌 뉴스", og_type="article", og_site_name="줌 뉴스")
    html += (
        f'<div class="article_header"><h1>{TITLE}</h1><div class="info"><span class="media">블록터</span> <span class="date">2024.04.11 09:30</span><a href="#share">이 기사를 친구에게 보내기</a></div></div><div class="article_body" itemprop="articleBody">'
        + "".join(f"<div>{text}</div>" for text in BODY)
        + '<div><a href="/article/123456">[관련기사] 접는 기기 출하 18% 증가</a></div></div><div class="article_bottom"><h3>[IT/과학] 랭킹 뉴스</h3><ul>'
    )
    rows: list[Row] = [("[관련기사] 접는 기기 출하 18% 증가", "", "")]
    for n, text in enumerate(SECTIONS["IT과학"][:2] + SECTIONS["IT과학"][3:]):
        html += f'<li><a href="/article/98765{n}">{text}</a></li>'
        rows.append((text, "IT과학", ""))
    return Layout(html + "</ul></div>", rows, (TITLE, "", "블록터"))


@layout
def daily_section_2017() -> Layout:
    html, rows = (
        head("정치 : 뉴스 : 동네닷컴")
        + '<div id="header"><ul class="gnb"><li><a href="/Politics">정치</a></li></ul></div><h1><a>정치</a></h1>',
        [],
    )
    html += '<div id="content"><div class="articleList_con">'
    for n, text in enumerate(SECTIONS["정치"]):
        html += (
            f'<div class="articleList"><a href="http://news.dongne.example/3/all/20170511/8432123{n}/1"><div class="thumb"><img alt=""></div><div class="rightList"><span class="tit">{text}</span>'
            f'<span class="txt">{LEDE}</span><span class="date">2017-05-11 03:0{n}</span></div></a></div>'
        )
        rows.append((text, "정치", ""))
    html += '</div></div><div id="right"><div class="hotNews"><h3>핫클릭! 베스트</h3><ul>'
    for n, text in enumerate((SECTIONS["연예"][0], SECTIONS["스포츠"][1], SECTIONS["사회"][1])):
        html += f'<li class="n{n}"><a href="http://news.dongne.example/3/all/20170511/8499999{n}/2">{text}</a></li>'
        rows.append((text, "", ""))
    return Layout(
        html + '</ul></div><div class="tv"><h3>동영상</h3><a href="/tv"><img alt="영상"></a></div></div>', rows
    )


@layout
def daily_section_with_definition_lists() -> Layout:
    html, rows = head("사회 - 한길닷컴", og_title="사회 - 한길닷컴"), []
    html += '<div id="csh_menu"><a href="/politics">정치</a><a href="/national">사회</a></div><div class="list_body"><h2 class="list_title">사회 <span>최신 기사 목록</span></h2>'
    for n, text in enumerate(SECTIONS["사회"]):
        link = f"http://news.hangil.example/site/data/html_dir/2017/05/27/201705270146{n}.html"
        html += (
            f'<dl class="list_item"><dt><a href="{link}">{text}</a></dt><dd class="thumb"><a href="{link}"><img alt="{text}"></a></dd><dd class="desc"><a href="{link}">{LEDE}</a></dd>'
            f'<dd class="date_author"><span class="date">2017.05.27 (토)</span> | <span class="author">한가람 기자</span></dd></dl>'
        )
        rows.append((text, "사회", ""))
    return Layout(html + '<div class="paginate"><a href="?pn=2">2</a><a href="?pn=3">다음 페이지</a></div></div>', rows)


@layout
def economic_paper_home_2018() -> Layout:
    html, rows = head("아침경제", og_title="아침경제", og_type="website", og_site_name="아침경제"), []
    html += '<div id="gnb"><ul><li><a href="/economy/">경제</a></li><li><a href="/stock/">증권</a></li></ul></div><div class="index_box"><dl><dt><a href="/kospi">코스피</a></dt><dd>2,342.03 <em>▼ 28.11</em></dd></dl></div>'
    html += (
        '<div class="main_top"><h2><a href="http://news.morning.example/newsRead.php?sc=30000001&year=2018&no=409999">'
        + SECTIONS["경제"][0]
        + '</a></h2><ul class="rel"><li><a href="http://news.morning.example/newsRead.php?no=409998&year=2018&sc=30000001">ㄴ '
        + SECTIONS["경제"][2]
        + "</a></li></ul></div>"
    )
    rows += [(SECTIONS["경제"][0], "", ""), ("ㄴ " + SECTIONS["경제"][2], "", "")]
    for name, sc in (("정치", 30200030), ("스포츠", 30000004)):
        html += (
            f'<div class="sec_box"><div class="tit_area"><strong class="tit"><a href="/{sc}">{name}</a></strong></div>'
        )
        for n, text in enumerate(SECTIONS[name][:3]):
            html += f'<dl class="article_list"><dt class="tit"><a href="http://news.morning.example/newsRead.php?sc={sc}&year=2018&no=40927{n}">{text}</a></dt><dd class="desc"><a href="http://news.morning.example/newsRead.php?sc={sc}&year=2018&no=40927{n}">{LEDE}</a><span class="date">2018.06.28 18:12:1{n}</span></dd></dl>'
            rows.append((text, name, ""))
        html += "</div>"
    html += '<div class="service_box"><h3>아침경제 서비스</h3><ul><li><a href="/luck/1">오늘의 운세 띠별로 보기</a></li><li><a href="/land/2">아파트 실거래가 한눈에 찾기</a></li><li><a href="/job/3">헤드헌터가 찾는 인재 등록하기</a></li></ul></div>'
    html += '<div class="ad_area"><a href="http://adcr.example/click?id=123456">무릎 통증 "이것" 먹고 등산까지 다녀왔다</a></div>'
    return Layout(html, rows)


@layout
def agency_article() -> Layout:
    ld = (
        '<script type="application/ld+json">{"@context":"https://schema.org","@type":"NewsArticle","headline":"'
        + TITLE
        + '","articleSection":"산업","datePublished":"2024-04-11T09:30:00+09:00","publisher":{"@type":"Organization","name":"누리통신"}}</script>'
    )
    html = (
        head(
            f"{TITLE} | 누리통신",
            og_title=f"{TITLE} | 누리통신",
            og_type="article",
            og_url="https://www.nuri.example/view/AKR20240411012345017",
        )
        + ld
    )
    html += (
        '<header><nav><ul><li><a href="/politics">정치</a></li></ul></nav><div class="ticker"><strong>속보</strong><a href="/view/AKR20240411999999001">' + SECTIONS["세계"][0] + "</a></div></header>"
        f'<div class="container"><ul class="nav-path01"><li><a href="/">홈</a></li><li><a href="/industry">산업</a></li></ul><h1 class="tit01">{TITLE}</h1><p class="update-time">송고시간2024-04-11 09:30</p>'
        '<div class="writer-zone01"><strong class="tit-name"><a href="/reporter/1">한가람 기자</a></strong><a href="/reporter/1">기자 페이지 바로가기</a></div><div class="scroller01"><article class="story-news article"><div class="tit-sub"><h2>"경첩 부품 절반으로"…유럽 다섯 나라 판매</h2></div>'
        '<div class="comp-box photo-group"><figure><img><figcaption class="desc-con"><strong class="tit-cap">설명회장</strong><p class="txt-desc">(서울=누리통신) 오세린 기자 = 11일 설명회에서 관람객이 태블릿을 살펴보고 있다. 2024.4.11 serin@nuri.example</p></figcaption></figure></div>'
        + f"<p>(서울=누리통신) 한가람 기자 = {BODY[0]}</p>" + "".join(f"<p>{text}</p>" for text in BODY[1:])
        + '<p>garam@nuri.example</p><p class="txt-copyright">제보는 카카오톡 okjebo &lt;저작권자(c) 누리통신, 무단 전재-재배포, AI 학습 및 활용 금지&gt; 2024/04/11 09:30 송고</p></article></div>'
        '<aside class="aside-box01"><h2>많이 본 뉴스</h2><ol>'
    )  # fmt: skip
    rows: list[Row] = [(SECTIONS["세계"][0], "", "")]
    for n, (section, code) in enumerate((("사회", "society"), ("스포츠", "sports"), ("연예", "entertainment")), 1):
        text = SECTIONS[section][0]
        html += (
            f'<li><span>{n}</span><a href="/view/AKR2024041188888{n}?section={code}/all&site=topnews01">{text}</a></li>'
        )
        rows.append((text, section, ""))
    return Layout(html + "</ol></aside></div><footer><a>회사소개</a></footer>", rows, (TITLE, "경제", "누리통신"))


@layout
def photo_gallery_and_video_page() -> Layout:
    html, rows = head("포토 : 새벽일보", og_title="포토 : 새벽일보", og_type="website"), []
    html += '<h2>포토뉴스</h2><ul class="photo_list">'
    for n, text in enumerate((SECTIONS["스포츠"][3], SECTIONS["생활문화"][1], SECTIONS["세계"][3])):
        link = f"https://www.dawn.example/photo/article/20240411{n}001"
        html += f'<li><a href="{link}" class="photo"><img alt="{text}"><span class="ico_play">재생 시간</span><span class="time">01:2{n}</span></a><a href="{link}" class="tit">{text}</a><span class="date">2024.04.11</span></li>'
        rows.append((text, "", ""))
    return Layout(html + "</ul>", rows)


@layout
def article_under_a_site_title() -> Layout:
    """An old article page without og: metadata: its title stands in <title>, the heading and an email."""
    html = (
        head(f"{TITLE} :: 동네신문")
        + '<table width="900"><tr><td><a href="/">동네신문</a></td></tr><tr><td class="view_t">'
    )
    html += f'<div class="View_Title"><strong>{TITLE}</strong></div><div class="View_Info">한가람 기자 &nbsp; | &nbsp; 승인 2014.05.11 13:20</div><div id="articleBody"><p>{"</p><p>".join(BODY)}</p><p>한가람 기자 garam@dongne.example</p></div></td><td class="right"><b>많이 본 기사</b><table>'
    rows: list[Row] = []
    for n, text in enumerate((SECTIONS["사회"][1], SECTIONS["정치"][1], SECTIONS["생활문화"][0]), 1):
        html += f'<tr><td>{n}</td><td><a href="/news/articleView.html?idxno=1234{n}">{text}</a></td></tr>'
        rows.append((text, "", ""))
    return Layout(
        html + "</table></td></tr></table><center>발행인 : 한누리 | 청소년보호책임자 : 한누리</center>",
        rows,
        (TITLE, "", "동네신문"),
    )


@layout
def naver_search_2017() -> Layout:
    """Lists that are never closed, so that every item is inside the one before it."""
    html, rows = head("라온전자 검색결과 : 네이버 뉴스", og_title="네이버 뉴스", og_type="article") + NAVER_MENU, []
    html += '<div class="srch_result_area"><h3>뉴스 검색결과</h3>'
    for n, (text, sid) in enumerate(((TITLE, 105), (SECTIONS["경제"][3], 101), (SECTIONS["경제"][1], 101))):
        link = f"http://press{n}.example/news/newsView.php?id=2017052750005{n}"
        html += (
            f'<ul class="srch_lst"><li><a class="thmb" href="{link}"><img src="a.jpg"><span class="vm"></span></a><div class="ct"><a class="tit" href="{link}">{text}</a><div class="info"><span class="pht"></span>'
            f'<span class="press">{PRESSES[n]}</span> <span class="bar"></span> <span class="time">1{n}시간전</span> <a class="go_naver" href="http://news.naver.com/main/read.nhn?mode=LSD&mid=shm&sid1={sid}&oid=081&aid={article_id(text)}">네이버뉴스</a>'
            f'<div class="head_social share_area"><a class="btn_share" href="#" title="소셜공유하기"><span class="blind">소셜공유하기</span></a></div></div><p class="dsc">{LEDE}...</p><div class="related_group"><strong class="blind">관련 뉴스</strong><ul class="related_lst"></ul></div>'
        )
        rows.append((text, "IT과학" if sid == 105 else "경제", PRESSES[n]))
    return Layout(html + '<div class="paging"><strong>1</strong><a href="?query=a&page=2">2</a></div>', rows)


@layout
def naver_article_2019() -> Layout:
    """Rankings of all sections beside the article, each under a heading that is not shown."""
    html = (
        head(
            f"{TITLE} : 네이버 뉴스",
            og_title=TITLE,
            og_article_author="새벽일보 | 네이버 뉴스",
            me2_category1="새벽일보",
            me2_category2="IT",
        )
        + NAVER_MENU
    )
    html += f'<div id="main_content" class="content"><div class="article_header"><div class="press_logo"><a href="#"><img src="l.gif" title="새벽일보" alt="새벽일보"></a></div><div class="article_info"><h3 id="articleTitle">{TITLE}</h3><div class="sponsor"><span class="t11">2019.11.02. 오후 3:10</span><a href="http://dawn.example/1" class="btn_artialoriginal">기사원문</a></div></div></div>'
    html += f'<div id="articleBody"><div id="articleBodyContents"><span class="end_photo_org"><img><em class="img_desc">설명회장에 놓인 접는 태블릿 / 사진=새벽일보 DB</em></span>{"<br><br>".join(BODY)}<br><br>한가람 기자 garam@dawn.example<br><br><a href="http://dawn.example/sub">▶ 네이버에서 새벽일보 구독하고 선물 받기</a><br>ⓒ 새벽일보. 무단전재 및 재배포 금지</div></div></div><div class="aside"><div class="section"><h4>가장 많이 본 뉴스</h4>'
    rows: list[Row] = []
    for n, name in enumerate(("정치", "경제", "생활문화", "IT과학"), 100):
        shown = {"생활문화": "생활/문화", "IT과학": "IT/과학"}.get(name, name)
        html += f'<div id="ranking_{n}" style="display:none"><h5 class="blind">{shown}</h5><ul class="section_list_ranking">'
        for rank, text in enumerate([t for t in SECTIONS[name] if t != TITLE][:3], 1):
            html += f'<li><span class="rank num{rank}"><em>{rank}</em></span> <a href="/main/ranking/read.nhn?mid=etc&sid1=111&rankingType=popular_day&oid=008&aid={article_id(text)}&rankingSectionId={n}" title="{escape(text)}">{escape(text)}</a></li>'
            rows.append((text, name, ""))
        html += '</ul><a href="/main/ranking/popularDay.nhn" class="more_link"><span class="blind">가장 많이 본 뉴스</span>더보기</a></div>'
    return Layout(html + "</div></div>" + NAVER_FOOTER, rows, (TITLE, "IT과학", "새벽일보"))


def extracted(page: str, portal: Portal) -> list[dict[str, str]]:
    extraction = Extraction()
    extraction.add(read(read_stream(io.BytesIO(page.encode()), "page.html", portal), portal), "page.html")
    return extraction.rows()


@pytest.fixture(scope="module")
def portal() -> Portal:
    return load_portal()


@pytest.mark.parametrize("make", LAYOUTS, ids=lambda make: make.__name__)
def test_a_layout_gives_its_rows_its_article_and_nothing_else(portal, make):
    page = make()
    rows = extracted(page.html, portal)
    article = next((row for row in rows if row["evidence"] == "article"), None)
    found = {row["headline"]: row for row in rows if row is not article}
    assert (article is None) == (page.article is None)
    assert sorted(found) == sorted(headline for headline, _, _ in page.rows)
    assert {h: found[h]["section"] for h, _, _ in page.rows} == {h: section for h, section, _ in page.rows}
    assert {h: found[h]["press"] for h, _, press in page.rows if press} == {h: p for h, _, p in page.rows if p}
    if article is not None:
        assert (article["headline"], article["section"], article["press"]) == page.article


#: What the layouts have in menus, footers and boxes.
NO_NEWS = frozenset((
    "고침기사 모음", "정정·반론·추후 보도 기사 모음", "불공정 선거 보도 기사 모음", "책임의 한계와 법적고지", "전체 언론사 보기",
    "언론사 구독 해지하고 설정 바꾸러 가기", "구독하고 새 기사 알림 받아보기", "라온전자 태블릿 출시일 가격", "라온전자 주가 전망 토론방",
    "전체기사 모아서 보기", "고객센터 바로가기 안내", "기자 페이지 바로가기", "이 기사를 친구에게 보내기",
))  # fmt: skip


@pytest.mark.parametrize("damage", hostile.DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_layout_gives_no_row_from_a_menu(portal, damage):
    """Damage that takes a menu's other entries away may make a row of the one that is left; it does so hardly ever."""
    from_menus = read_pages = 0
    for number, make in enumerate(LAYOUTS):
        for seed in range(2):
            page = damage(Random(100 * number + seed), make().html)
            try:
                rows = extracted(page, portal)
            except DataError:
                continue
            read_pages += 1
            from_menus += sum(row["headline"] in NO_NEWS for row in rows)
    assert read_pages > len(LAYOUTS) / 4
    assert from_menus == 0
