"""The word embeddings inside Kiwi's language model, recovered through its public interface.

CoNgram, Kiwi's model, has two vectors for a word: one as the word that comes next, one as the context of the next. Kiwi
compares two words, or two contexts, by their cosine, but does not hand out the vectors. The similarities of all words
to a set of landmark words determine them: the matrix has rank 256, so a Nyström step (Williams & Seeger 2001) over
more than 256 landmarks gives back every vector, up to one rotation that no linear model notices.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from classifier.errors import ModelError
from classifier.text.morphemes import WORDS, kiwi

#: Increase it whenever the vectors change: the feature cache and the search depend on it.
EMBEDDINGS_VERSION = 2

#: Of a word's vector, and as many of its vector as a context.
DIMENSIONS = 256
_LANDMARKS = 288
_SEED = 0


def recover_embeddings() -> NDArray[np.float32]:
    """Return the vectors of Kiwi's words, shape (vocabulary size, 512): as the next word, then as the context of one.

    Row i belongs to the morpheme that Kiwi numbers i. In either half a row had length 1 before the half's mean was
    removed and both were divided by √2. Takes about a minute; cache the result.
    """
    analyzer = kiwi()
    size = len(analyzer.most_similar_morphemes(1000, top_n=2 * WORDS))
    if size != WORDS:
        raise ModelError(
            f"Kiwi's model has {size:,} words where {WORDS:,} are expected. This version of the project is made "
            "for kiwipiepy_model 0.24; install that one (requirements.lock names it)."
        )
    halves = [
        _recover(size, analyzer.morpheme_similarity),
        _recover(size, lambda left, right: analyzer.context_similarity([left], [right])),
    ]
    return np.hstack(halves) / np.float32(np.sqrt(2))


def _recover(size: int, similarity: Callable[[int, int], float]) -> NDArray[np.float32]:
    """Return vectors (size, 256), their mean removed, from the cosines of any two."""
    landmarks = np.sort(np.random.default_rng(_SEED).choice(size, _LANDMARKS, replace=False))
    numbers = landmarks.tolist()
    similarities = np.empty((size, _LANDMARKS), np.float32)
    for word in range(size):
        similarities[word] = [similarity(word, landmark) for landmark in numbers]
    among = similarities[landmarks].astype(np.float64)
    values, vectors = np.linalg.eigh((among + among.T) / 2)
    values, vectors = values[::-1][:DIMENSIONS], vectors[:, ::-1][:, :DIMENSIONS]
    found = similarities @ (vectors / np.sqrt(values)).astype(np.float32)
    return np.asarray(found - found.mean(axis=0), np.float32)
