from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from classifier.text.ngrams import hash_ngrams, hash_spans, jamo
from classifier.text.normalize import normalize

words = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8)
texts = st.lists(st.lists(words, max_size=5).map(" ".join), max_size=6)


def ngrams_by_text(texts, n_min, n_max):
    """The n-grams as strings with their columns, one list a text."""
    found = hash_ngrams(texts, n_min, n_max, 22)
    result = [[] for _ in texts]
    for row, column, start, length in zip(found.row, found.column, found.start, found.length, strict=True):
        result[row].append((f" {texts[row]} "[start : start + length], int(column)))
    return result


@pytest.mark.parametrize(
    ("n_min", "n_max", "prepare"),
    [(1, 5, str), (3, 8, jamo), (2, 4, lambda text: text.replace(" ", ""))],
    ids=["chars", "jamo", "nospace"],
)
def test_ngrams_are_those_of_char_wb(sample, n_min, n_max, prepare):
    headlines = [prepare(normalize(headline)) for headline, _ in sample["test"]]
    # Two rules of char_wb: it counts the padding as an n-gram " ", which says nothing and is left out here; and a
    # padded word shorter than n_min is counted once, whole. With n_min <= 3 no word is shorter (x with its padding
    # has 3 characters), so nothing else differs.
    reference = CountVectorizer(analyzer="char_wb", ngram_range=(n_min, n_max), lowercase=False).build_analyzer()
    for headline, found in zip(headlines, ngrams_by_text(headlines, n_min, n_max), strict=True):
        assert Counter(gram for gram, _ in found) == Counter(gram for gram in reference(headline) if gram != " ")


def test_words_shorter_than_n_have_no_ngrams_unlike_in_char_wb():
    assert ngrams_by_text(["나 한국은행"], 5, 5)[0] == ngrams_by_text(["한국은행"], 5, 5)[0]
    assert [gram for gram, _ in ngrams_by_text(["나 한국은행"], 5, 5)[0]] == [" 한국은행", "한국은행 "]


def test_equal_ngrams_have_equal_columns_and_different_ones_rarely_collide(sample):
    headlines = [normalize(headline) for headline, _ in sample["train"]]
    column_of = {}
    for found in ngrams_by_text(headlines, 1, 5):
        for gram, column in found:
            assert column_of.setdefault(gram, column) == column
    columns = np.array(list(column_of.values()))
    assert columns.min() >= 0
    assert columns.max() < 2**22
    # As few share a column as if each had drawn its own at random.
    by_chance = 2**22 * -np.expm1(-len(columns) / 2**22)
    assert len(columns) > 100_000
    assert len(set(columns.tolist())) == pytest.approx(by_chance, rel=0.002)


def test_ngrams_of_different_length_differ_where_they_start_alike():
    (found,) = ngrams_by_text(["가가가가가"], 1, 5)
    assert len({column for _, column in found}) == len({gram for gram, _ in found}) == 5 + 2 * 4


@pytest.mark.parametrize("texts", [[], [""], ["", "", ""]])
def test_nothing_to_read_gives_no_ngrams(texts):
    found = hash_ngrams(texts, 1, 5, 22)
    assert [len(part) for part in (found.row, found.column, found.start, found.length)] == [0, 0, 0, 0]


def test_empty_texts_between_others_keep_the_rows_right():
    assert [len(found) > 0 for found in ngrams_by_text(["", "가", "", "나다", ""], 1, 5)] == [False, True] * 2 + [False]


def test_a_text_of_one_character_is_read_with_its_padding():
    assert [gram for gram, _ in ngrams_by_text(["가"], 1, 5)[0]] == ["가", " 가", "가 ", " 가 "]


def test_a_character_beyond_the_basic_plane_is_one_character():
    assert [gram for gram, _ in ngrams_by_text(["𠮷野"], 2, 2)[0]] == [" 𠮷", "𠮷野", "野 "]


@settings(max_examples=200, deadline=None)
@given(texts, st.integers(1, 3), st.integers(0, 4))
def test_a_batch_gives_what_each_text_gives_alone(texts, n_min, more):
    together = ngrams_by_text(texts, n_min, n_min + more)
    assert together == [ngrams_by_text([text], n_min, n_min + more)[0] for text in texts]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(words | words.map(lambda word: word * 3), max_size=5).map(" ".join), st.integers(1, 3), st.integers(0, 5)
)
def test_one_text_in_one_pass_has_the_ngrams_of_a_batch(text, n_min, more):
    spans = [(text, n_min, n_min + more), (text.replace(" ", ""), 2, 4)]
    begins = [0, 1 << 22]
    found = hash_spans([(*span, begin) for span, begin in zip(spans, begins, strict=True)], 22)
    batches = [
        hash_ngrams([part], low, high, 22).column + begin
        for (part, low, high), begin in zip(spans, begins, strict=True)
    ]
    assert np.sort(found).tolist() == np.sort(np.concatenate(batches)).tolist()
