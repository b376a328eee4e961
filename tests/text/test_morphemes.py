from __future__ import annotations

import re
import tomllib
import zlib
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.paths import cache_folder
from classifier.text.embeddings import DIMENSIONS
from classifier.text.morphemes import (
    EQUAL_VERSIONS,
    WORDS,
    _warn_of_version,
    analyze,
    compatible_kiwi,
    kiwi,
    kiwi_versions,
)
from classifier.text.normalize import normalize
from classifier.training.features import FeatureCache

PAIRS = """
손흥민 토트넘 손흥민 축구 손흥민 금리 축구 야구 축구 은행 주식 코스피 주식 병원 대통령 국회 대통령 게임 영화 배우
영화 드라마 영화 검찰 병원 의사 병원 스마트폰 경찰 검찰 경찰 날씨 게임 스마트폰 미국 중국 은행 금리 날씨 야구
""".split()


@pytest.fixture(scope="module")
def embeddings():
    """Kiwi's vectors; they take a minute, so they are computed once a machine."""
    return FeatureCache(str(cache_folder() / "features")).embeddings()


def entries(found, row):
    """What was found in one text, as plain tuples."""
    here = found.row == row
    parts = (found.key, found.pair, found.word, found.start, found.length)
    return list(zip(*(part[here].tolist() for part in parts), strict=True))


def numbers_of(words):
    found = analyze(words)
    assert found.row.tolist() == list(range(len(words)))
    assert (found.word >= 0).all()
    return found.word


def test_rows_are_in_order_and_spans_point_at_the_text(sample):
    texts = [normalize(headline) for headline, _ in sample["test"]]
    found = analyze(texts)
    assert (np.diff(found.row) >= 0).all()
    assert set(found.row.tolist()) == set(range(len(texts)))
    nouns = 0
    for row, key, start, length in zip(found.row, found.key, found.start, found.length, strict=True):
        assert 0 <= start <= start + length <= len(texts[row])
        covered = texts[row][start : start + length]
        nouns += any(zlib.crc32(f"{covered}/{tag}".encode()) == key for tag in ("NNG", "NNP"))
    # A noun stands in the text as in the dictionary; verbs and particles may be contracted.
    assert nouns > len(found.row) / 3


def test_a_noun_is_found_where_it_stands():
    found = analyze(["어제 손흥민이 골을 넣었다"])
    place = found.key.tolist().index(zlib.crc32("손흥민/NNP".encode()))
    assert (found.start[place], found.length[place]) == (3, 3)


def test_characters_beyond_the_basic_plane_do_not_shift_spans():
    found = analyze(["𠮷𠮷 손흥민 득점"])
    place = found.key.tolist().index(zlib.crc32("손흥민/NNP".encode()))
    assert (found.start[place], found.length[place]) == (3, 3)


def test_a_pair_is_the_morpheme_before_and_this_one():
    found = analyze(["토트넘 손흥민", "손흥민 토트넘"])
    one, other = "손흥민/NNP".encode(), "토트넘/NNP".encode()
    assert found.pair.tolist() == [0, zlib.crc32(other + one), 0, zlib.crc32(one + other)]


def test_content_words_have_numbers_and_particles_have_none():
    found = analyze(["국회가 예산을 의결했다"])
    number = dict(zip(found.key.tolist(), found.word.tolist(), strict=True))
    for word in ("국회/NNG", "예산/NNG", "의결/NNG"):
        assert 0 <= number[zlib.crc32(word.encode())] < WORDS
    for particle in ("가/JKS", "을/JKO", "다/EF"):
        assert number[zlib.crc32(particle.encode())] == -1


def test_unknown_names_and_numbers_have_no_number():
    assert (analyze(["2024 zqxwv"]).word == -1).all()


def test_many_headlines_give_what_each_gives_alone(sample):
    texts = [normalize(headline) for headline, _ in sample["test"][::10]]
    together = analyze(texts)
    for row, text in enumerate(texts):
        assert entries(together, row) == entries(analyze([text]), 0), text


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=12).map(normalize), max_size=4))
def test_any_text_gives_the_same_alone_and_together(texts):
    together = analyze(texts)
    assert together.row.tolist() == sorted(together.row.tolist())
    for row, text in enumerate(texts):
        assert entries(together, row) == entries(analyze([text]), 0)


@pytest.mark.parametrize("texts", [[], [""], ["", ""]])
def test_nothing_to_read_gives_no_morphemes(texts):
    assert len(analyze(texts).row) == 0


@pytest.mark.parametrize("half", ["words", "contexts"])
def test_recovered_vectors_have_kiwis_similarities(embeddings, half):
    assert embeddings.shape == (WORDS, 2 * DIMENSIONS)
    assert np.abs(embeddings.mean(axis=0)).max() < 1e-5
    # The mean was removed, but every vector v had length 1 before: |e + m|² = 1 is linear in m once |m|², the mean of
    # 1 - |e|², is known. With m put back, inner products are Kiwi's cosines.
    centred = embeddings[:, :DIMENSIONS] if half == "words" else embeddings[:, DIMENSIONS:]
    centred = centred.astype(np.float64) * np.sqrt(2)
    short = 1 - (centred**2).sum(axis=1)
    mean = np.linalg.lstsq(2 * centred[::10], (short - short.mean())[::10], rcond=None)[0]
    vectors = centred + mean
    numbers = numbers_of(PAIRS).tolist()
    assert len(numbers) == 40
    for left, right in zip(numbers[::2], numbers[1::2], strict=True):
        if half == "words":
            expected = kiwi().morpheme_similarity(left, right)
        else:
            expected = kiwi().context_similarity([left], [right])
        assert vectors[left] @ vectors[right] == pytest.approx(expected, abs=1e-2)


def test_a_footballer_is_nearest_to_football_words(embeddings):
    player = int(numbers_of(["손흥민"])[0])
    football = set(numbers_of("토트넘 박지성 공격수 미드필더 수비수 축구".split()).tolist())
    directions = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    nearest = np.argsort(-(directions @ directions[player]))[:11]
    assert nearest[0] == player
    assert football & set(nearest[1:].tolist())


def test_another_version_of_kiwi_that_reads_alike_is_let_through_with_a_warning_once(caplog):
    _warn_of_version.cache_clear()  # it warns once a process
    here = kiwi_versions()
    other = next(iter(EQUAL_VERSIONS - {version("kiwipiepy")}))
    assert compatible_kiwi(here)
    assert not caplog.records
    for _ in range(2):
        assert compatible_kiwi(here.replace(version("kiwipiepy"), other, 1))
    assert [other in record.getMessage() for record in caplog.records] == [True]


@pytest.mark.parametrize(
    ("pattern", "other"),
    [
        (r"kiwipiepy [\d.]+", "kiwipiepy 0.23.2"),
        (r"kiwipiepy [\d.]+", "kiwipiepy 0.24.10"),
        (r"model [\d.]+", "model 0.23.0"),
        ("cutoff=3", "cutoff=8"),
        (".+", ""),
    ],
)
def test_a_kiwi_that_may_read_otherwise_is_refused(caplog, pattern, other):
    assert not compatible_kiwi(re.sub(pattern, other, kiwi_versions()))
    assert not caplog.records


def test_the_wheel_asks_for_versions_that_read_alike():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    bounds = [line for line in project["dependencies"] if line.startswith("kiwipiepy")]
    versions = sorted(EQUAL_VERSIONS)
    assert bounds == [f"kiwipiepy>={versions[0]},<={versions[-1]}", f"kiwipiepy_model=={version('kiwipiepy_model')}"]
