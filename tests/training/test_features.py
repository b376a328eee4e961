from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from sklearn.feature_extraction.text import TfidfTransformer

from classifier.errors import ConfigError
from classifier.text.morphemes import WORDS
from classifier.training.compile import fit_model
from classifier.training.config import Candidate
from classifier.training.dataset import TrainingSet
from classifier.training.features import FeatureCache, HeadlineFeatures, TfidfBlock, check_blocks, slice_rows

BLOCKS = ["chars", "jamo", "nospace", "morphemes", "embeddings"]


@pytest.fixture(scope="module")
def counts(sample):
    return FeatureCache(None).counts([headline for headline, _ in sample["test"][::5]], BLOCKS)


@pytest.fixture(scope="module")
def vectors():
    return np.random.default_rng(0).normal(scale=0.1, size=(WORDS, 16)).astype(np.float32)


def occurring(matrix):
    """The columns that any row has, as plain scikit-learn input."""
    return matrix[:, np.unique(matrix.indices)]


def test_chars_are_scikit_learns_tfidf_of_the_counts(counts):
    chars = occurring(counts["chars"])
    found = HeadlineFeatures(["chars"]).fit_transform(counts)
    expected = TfidfTransformer(sublinear_tf=True).fit_transform(chars)
    assert found.shape == expected.shape
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.toarray(), expected.toarray(), atol=1e-6)


def test_rows_of_every_counted_block_have_length_one(counts):
    for name in BLOCKS[:4]:
        found = HeadlineFeatures([name]).fit_transform(counts)
        np.testing.assert_allclose(np.sqrt((found.toarray() ** 2).sum(axis=1)), 1, atol=1e-5)


def test_a_block_weighs_what_it_is_told(counts):
    blocks = ["chars", "jamo", "nospace"]
    found = HeadlineFeatures(blocks, block_weights={"chars": 0.5, "nospace": 2.0}).fit_transform(counts)
    plain = HeadlineFeatures(blocks).fit(counts)
    sizes = [len(plain.tfidf_[name].columns_) for name in blocks]
    expected = plain.transform(counts).toarray() * np.repeat([0.5, 1.0, 2.0], sizes)
    np.testing.assert_allclose(found.toarray(), expected, atol=1e-6)


def test_a_candidates_weights_reach_the_fit(counts):
    chars = {"chars": counts["chars"]}
    target = np.arange(chars["chars"].shape[0]) % 2
    data = TrainingSet([], chars, target, ("가", "나"), [])
    models = []
    for weights in ({}, {"chars": 3.0}):
        candidate = Candidate(
            estimator="linear_svc", features=("chars",), min_df=2, block_weights=weights, parameters={}
        )
        models.append(fit_model(candidate, data).block("chars")[1])
    assert not np.allclose(*models, rtol=0.05)


def test_rare_columns_are_left_out_by_the_training_rows_alone(counts):
    train = slice_rows(counts, np.arange(0, 200))
    block = TfidfBlock(min_df=3).fit(train["chars"])
    frequency = (train["chars"] > 0).sum(axis=0)
    assert block.columns_.tolist() == np.flatnonzero(frequency >= 3).tolist()
    assert 0 < len(block.columns_) < len(np.unique(train["chars"].indices))
    assert block.transform(counts["chars"]).shape == (counts["chars"].shape[0], len(block.columns_))


def test_repeats_in_one_headline_count_once_towards_min_df():
    repeated = sparse.csr_array(np.array([[5, 1], [0, 1]], np.float32))
    assert TfidfBlock(min_df=2).fit(repeated).columns_.tolist() == [1]


def test_min_df_does_not_touch_the_embeddings(counts, vectors):
    features = HeadlineFeatures(["embeddings"], min_df=50, embeddings=vectors).fit(counts)
    assert len(features.tfidf_["embeddings"].columns_) == WORDS


@pytest.mark.parametrize("blocks", [["chars", "bigrams"], []])
def test_unknown_or_no_blocks_are_a_config_error(counts, blocks):
    with pytest.raises(ConfigError, match=r"features are some of chars, jamo, .*found (bigrams|none)\."):
        check_blocks(blocks)
    with pytest.raises(ConfigError, match="features are some of"):
        HeadlineFeatures(blocks).fit(counts)


def test_embeddings_are_the_tfidf_weighted_sum_of_word_vectors(counts, vectors):
    features = HeadlineFeatures(["embeddings"], block_weights={"embeddings": 3.0}, embeddings=vectors).fit(counts)
    found = features.transform(counts).toarray()
    words = counts["embeddings"]
    n_rows = words.shape[0]
    idf = np.log((1 + n_rows) / (1 + (words > 0).sum(axis=0))) + 1
    for row in range(0, n_rows, 10):
        columns = words[[row]].indices
        values = (1 + np.log(words[[row]].data)) * idf[columns]
        expected = 3.0 * (values / max(np.sqrt((values**2).sum()), 1e-12)) @ vectors[columns]
        np.testing.assert_allclose(found[row], expected, atol=1e-5)


def test_embeddings_without_vectors_are_refused(counts):
    with pytest.raises(ValueError, match="embeddings="):
        HeadlineFeatures(["embeddings"]).fit(counts).transform(counts)


def test_scores_are_the_sum_over_the_blocks_of_split_weights(counts, vectors):
    features = HeadlineFeatures(BLOCKS, block_weights={"chars": 0.5, "embeddings": 2.0}, embeddings=vectors).fit(counts)
    matrix = features.transform(counts)
    weights = np.random.default_rng(1).normal(size=(matrix.shape[1], 3))
    split = features.split_weights(weights)
    assert list(split) == BLOCKS
    assert split["embeddings"].shape == (WORDS, 3)
    total = sum(features.tfidf_[name].transform(counts[name]) @ split[name] for name in BLOCKS)
    np.testing.assert_allclose(total, matrix @ weights, atol=1e-4)


def test_counts_of_a_slice_are_those_of_its_headlines(sample, counts):
    headlines = [headline for headline, _ in sample["test"][::5]]
    rows = np.array([7, 3, 50])
    alone = FeatureCache(None).counts([headlines[i] for i in rows], BLOCKS)
    for name, matrix in slice_rows(counts, rows).items():
        assert (matrix != alone[name]).nnz == 0


def test_cached_counts_and_fresh_ones_are_equal(sample, tmp_path):
    headlines = [headline for headline, _ in sample["test"][:20]]
    first = FeatureCache(str(tmp_path)).counts(headlines, ["chars", "morphemes"])
    again = FeatureCache(str(tmp_path)).counts(headlines, ["morphemes", "chars"])
    fresh = FeatureCache(None).counts(headlines, ["chars", "morphemes"])
    for name, matrix in fresh.items():
        assert (first[name] != matrix).nnz == 0
        assert (again[name] != matrix).nnz == 0
