"""Portals' names for the eight sections."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.corpus.sections import SECTIONS, canonical_section


def test_there_are_eight_sections_and_each_is_its_own_name():
    assert len(set(SECTIONS)) == 8
    assert [canonical_section(section) for section in SECTIONS] == list(SECTIONS)


@pytest.mark.parametrize(
    ("spellings", "section"),
    [
        ("정치|국회|행정|정치/북한|Politics", "정치"),
        ("금융|증권|부동산|경제/금융|Business", "경제"),
        ("사건/사고|전국|지역|Society", "사회"),
        ("국제|해외|월드|WORLD", "세계"),
        ("IT/과학|IT·과학|IT_과학|it 과학|과학/IT|테크|Science", "IT과학"),
        ("생활/문화|생활·문화|문화|라이프 스타일|culture", "생활문화"),
        ("TV연예|tv 연예|방송/연예|엔터|ENTERTAINMENT", "연예"),
        ("스포츠|스포츠 일반|Sports", "스포츠"),
    ],
)
def test_spellings_of_portals_fold(spellings, section):
    assert {canonical_section(spelling) for spelling in spellings.split("|")} == {section}


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
def test_unicode_form_does_not_matter(form):
    assert [canonical_section(unicodedata.normalize(form, section)) for section in SECTIONS] == list(SECTIONS)


def test_full_width_spelling_folds():
    assert canonical_section("ＩＴ／과학") == "IT과학"


@pytest.mark.parametrize("name", ["오피니언", "날씨 예보", "사설/칼럼"])
def test_unknown_name_is_a_section_of_its_own(name):
    assert canonical_section(f"  {name}\t") == name


@pytest.mark.parametrize("blank", ["", " ", "\u3000\t"])
def test_blank_stays_empty(blank):
    assert canonical_section(blank) == ""


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=20))
def test_canonical_name_is_final(spelling):
    once = canonical_section(spelling)
    assert canonical_section(once) == once
