"""The word embeddings inside Kiwi's language model, recovered through its public interface.

Kiwi answers ``most_similar_morphemes`` with cosine similarities but does not hand out the vectors.
The similarities of all words to a set of landmark words determine them: the matrix has rank 256, so
a Nyström step (Williams & Seeger 2001) over more than 256 landmarks gives back every vector, up to
one rotation that no linear model notices.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classifier.errors import ModelError
from classifier.text.morphemes import WORDS, kiwi

DIMENSIONS = 256
_LANDMARKS = 288
_SEED = 0


def recover_embeddings() -> NDArray[np.float32]:
    """Return the vectors of Kiwi's words, shape (vocabulary size, 256), their mean removed.

    Row i belongs to the morpheme that Kiwi numbers i. Takes about a minute; cache the result.
    """
    analyzer = kiwi()
    analyzer.tokenize("가")  # Kiwi loads its model on the first use
    everything = 2 * WORDS
    size = len(analyzer.most_similar_morphemes(1000, top_n=everything))
    if size != WORDS:
        raise ModelError(
            f"Kiwi's model has {size:,} words where {WORDS:,} are expected. This version of the project is made "
            "for kiwipiepy_model 0.24; install that one (requirements.lock names it)."
        )
    landmarks = np.sort(np.random.default_rng(_SEED).choice(size, _LANDMARKS, replace=False))
    similarity = np.empty((size, _LANDMARKS), np.float32)
    for column, landmark in enumerate(landmarks):
        similar = analyzer.most_similar_morphemes(int(landmark), top_n=everything)
        ids = np.fromiter((word.id for word in similar), np.int64, len(similar))
        similarity[ids, column] = np.fromiter((word.score for word in similar), np.float32, len(similar))
        similarity[landmark, column] = 1.0  # Kiwi masks a word's similarity to itself
    among = similarity[landmarks].astype(np.float64)
    values, vectors = np.linalg.eigh((among + among.T) / 2)
    values, vectors = values[::-1][:DIMENSIONS], vectors[:, ::-1][:, :DIMENSIONS]
    embeddings = similarity @ (vectors / np.sqrt(values)).astype(np.float32)
    return np.asarray(embeddings - embeddings.mean(axis=0), np.float32)
