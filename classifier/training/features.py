"""From headlines to a feature matrix: blocks of counts, TF-IDF learned on the training rows."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Self

import joblib
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.utils.validation import check_is_fitted, validate_data

from classifier.errors import ConfigError
from classifier.model.blocks import BLOCKS, Batch
from classifier.text.embeddings import EMBEDDINGS_VERSION, recover_embeddings
from classifier.text.morphemes import kiwi_versions
from classifier.text.ngrams import HASHING_VERSION
from classifier.text.normalize import NORMALIZER_VERSION, normalize_all
from classifier.text.user_words import NO_WORDS, UserWords

#: Counts of one corpus, by block; each of shape (n_headlines, columns of the block).
Counts = dict[str, sparse.csr_array]


def check_blocks(blocks: Sequence[str]) -> None:
    """Raise a ConfigError unless every name is a block's."""
    unknown = [name for name in blocks if name not in BLOCKS]
    if unknown or not blocks:
        raise ConfigError(f"features are some of {', '.join(BLOCKS)}; found {', '.join(unknown) or 'none'}.")


class FeatureCache:
    """Computes counts and embeddings once per corpus, and keeps them on disk with joblib.Memory."""

    def __init__(self, folder: str | None, words: UserWords = NO_WORDS) -> None:
        memory = joblib.Memory(folder, verbose=0)
        self._words = words
        self._count = memory.cache(_count)
        self._count_with_words = memory.cache(_count_with_words)
        self._embed = memory.cache(_embed)

    def counts(self, headlines: Sequence[str], blocks: Sequence[str]) -> Counts:
        """Return the counts of ``blocks`` for ``headlines``."""
        kiwi_names = sorted(name for name in blocks if BLOCKS[name].needs_kiwi)
        plain_names = sorted(name for name in blocks if not BLOCKS[name].needs_kiwi)
        found: Counts = {}
        # The analyses that need Kiwi are made together, so that Kiwi reads the corpus once.
        for names, versions in ((plain_names, ""), (kiwi_names, kiwi_versions())):
            arguments = list(headlines), names, NORMALIZER_VERSION, HASHING_VERSION, versions
            if names and versions and self._words:
                found |= self._count_with_words(*arguments, self._words.entries)
            elif names:
                found |= self._count(*arguments)
        return found

    def embeddings(self) -> NDArray[np.float32]:
        """Return Kiwi's word vectors, see :func:`recover_embeddings`."""
        return np.asarray(self._embed(EMBEDDINGS_VERSION, kiwi_versions()))


def _count(headlines: list[str], blocks: list[str], normalizer: int, version: int, kiwi: str) -> Counts:
    """Count; the last three arguments are there to key the cache."""
    batch = Batch(normalize_all(headlines))
    return {name: BLOCKS[name].count(batch) for name in blocks}


def _count_with_words(
    headlines: list[str],
    blocks: list[str],
    normalizer: int,
    version: int,
    kiwi: str,
    entries: tuple[tuple[str, str, float], ...],
) -> Counts:
    """Do what :func:`_count` does, with the user's words."""
    batch = Batch(normalize_all(headlines), UserWords(entries))
    return {name: BLOCKS[name].count(batch) for name in blocks}


def _embed(version: int, kiwi: str) -> NDArray[np.float32]:
    """Recover; the arguments are there to key the cache."""
    return recover_embeddings()


class TfidfBlock(TransformerMixin, BaseEstimator):
    """TF-IDF of one block's counts: sublinear, smoothed, rows of unit length.

    scikit-learn's :class:`TfidfTransformer` on the columns that occur in at least ``min_df``
    training rows (0: all columns). The kept columns depend on the training rows alone, so that the counts can
    be made before a corpus is cut into folds.
    """

    def __init__(self, min_df: int = 1) -> None:
        self.min_df = min_df

    def fit(self, X: sparse.csr_array, y: ArrayLike | None = None) -> Self:
        """Learn the kept columns and their inverse document frequencies."""
        counts = sparse.csr_array(validate_data(self, X, accept_sparse="csr"))
        frequency = np.bincount(counts.indices, minlength=counts.shape[1])
        self.columns_ = np.flatnonzero(frequency >= self.min_df)
        self.tfidf_ = TfidfTransformer(sublinear_tf=True).fit(counts[:, self.columns_])
        return self

    def transform(self, X: sparse.csr_array) -> sparse.csr_array:
        """Return TF-IDF values of shape (n_rows, n_kept columns)."""
        check_is_fitted(self)
        counts = sparse.csr_array(validate_data(self, X, accept_sparse="csr", reset=False))
        return sparse.csr_array(self.tfidf_.transform(counts[:, self.columns_]))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class HeadlineFeatures(TransformerMixin, BaseEstimator):
    """The united feature matrix of several blocks.

    Args:
        blocks: names of :data:`BLOCKS`.
        min_df: n-grams and morphemes in fewer training headlines are left out.
        block_weights: factor on a block's values against the others', 1 for those that are not named; without it the
            rows of every block have length 1, except those of the embeddings.
        embeddings: Kiwi's word vectors; needed by the block ``embeddings`` alone.

    The embeddings block is the TF-IDF-weighted sum of a headline's word vectors, divided by the
    length of the weights rather than of the sum. It is therefore linear in the TF-IDF values, and a
    linear model on it can be compiled into one weight a word.
    """

    def __init__(
        self,
        blocks: Sequence[str] = ("chars", "morphemes"),
        min_df: int = 1,
        block_weights: Mapping[str, float] | None = None,
        embeddings: NDArray[np.float32] | None = None,
    ) -> None:
        self.blocks = blocks
        self.min_df = min_df
        self.block_weights = block_weights
        self.embeddings = embeddings

    def fit(self, X: Mapping[str, sparse.csr_array], y: ArrayLike | None = None) -> Self:
        """Learn each block's TF-IDF from counts ``X`` of the training headlines."""
        check_blocks(self.blocks)
        self.tfidf_ = {
            name: TfidfBlock(0 if name == "embeddings" else self.min_df).fit(X[name]) for name in self.blocks
        }
        return self

    def transform(self, X: Mapping[str, sparse.csr_array]) -> sparse.csr_array:
        """Return the features, shape (n_headlines, n_features)."""
        parts = []
        for name, tfidf in self.tfidf_.items():
            values = tfidf.transform(X[name])
            if name == "embeddings":
                values = _as_sparse(values @ self._vectors())
            values.data *= self._weight(name)
            parts.append(values)
        return sparse.csr_array(sparse.hstack(parts, format="csr", dtype=np.float32))

    def _vectors(self) -> NDArray[np.float32]:
        if self.embeddings is None:
            raise ValueError("the block 'embeddings' needs the word vectors: pass embeddings=")
        return self.embeddings

    def _weight(self, name: str) -> np.float32:
        return np.float32((self.block_weights or {}).get(name, 1.0))

    def split_weights(self, weights: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Split a linear model's ``weights`` (n_features, n_sections) by block, the block's own weight multiplied in.

        For the embeddings the result is one row a word: the word's vector times the weights.
        """
        split, start = {}, 0
        for name, tfidf in self.tfidf_.items():
            size = self._vectors().shape[1] if name == "embeddings" else len(tfidf.columns_)
            part = weights[start : start + size] * self._weight(name)
            split[name] = self._vectors() @ part if name == "embeddings" else part
            start += size
        return split


def _as_sparse(values: NDArray[np.float32]) -> sparse.csr_array:
    """Return a matrix that has no zeros as sparse estimators take it; SciPy's own way looks for the zeros first."""
    n_rows, n_columns = values.shape
    index = sparse.get_index_dtype(maxval=values.size)
    indices = np.tile(np.arange(n_columns, dtype=index), n_rows)
    return sparse.csr_array(
        (values.ravel(), indices, np.arange(n_rows + 1, dtype=index) * index(n_columns)), values.shape
    )


def slice_rows(counts: Counts, rows: NDArray[np.intp]) -> Counts:
    """Return the counts of some rows, in that order."""
    return {name: matrix[rows] for name, matrix in counts.items()}


def extraction_seconds(headlines: Sequence[str]) -> dict[str, float]:
    """Return the seconds for one headline that normalising and each block take, measured on a few.

    The key ``""`` is the normaliser, ``"kiwi"`` the analysis that several blocks may share.
    """
    few = list(headlines[:1000])
    _ = Batch(few[:2]).morphemes  # Kiwi loads on first use
    seconds = {}

    def clock(name: str, begin: float) -> None:
        seconds[name] = (time.perf_counter() - begin) / len(few)

    begin = time.perf_counter()
    batch = Batch(normalize_all(few))
    clock("", begin)
    begin = time.perf_counter()
    _ = batch.morphemes
    clock("kiwi", begin)
    for name, block in BLOCKS.items():
        begin = time.perf_counter()
        block.count(batch)
        clock(name, begin)
    return seconds
