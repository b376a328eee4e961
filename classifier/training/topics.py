"""Topics of a corpus, so that folds can hold whole topics: what a model comes to on events it has not read about.

A headline corpus ages: the next year's headlines tell of things that no training headline names. Folds that keep
only near-duplicates together do not show that; folds of whole topics do.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.cluster import MiniBatchKMeans
from sklearn.preprocessing import normalize as unit_length

from classifier.training.features import HeadlineFeatures

#: Topics of a corpus; one of YNAT's is, say, fine dust, or rights issues of small companies.
TOPICS = 150


def topic_groups(
    words: sparse.csr_array, embeddings: NDArray[np.float32], duplicates: NDArray[np.integer], seed: int
) -> NDArray[np.intp]:
    """Return the topic of every headline, near-duplicates in one.

    k-means (by mini-batches, Sculley 2010) on the mean embeddings, at unit length.

    Args:
        words: counts of the block ``embeddings``, (n_headlines, vocabulary size).
        embeddings: (vocabulary size, dimensions).
        duplicates: (n_headlines,), the group of near-duplicates of each.
        seed: of the first centres.
    """
    counts = {"embeddings": words}
    means = unit_length(HeadlineFeatures(["embeddings"], embeddings=embeddings).fit(counts).transform(counts).toarray())
    k = min(TOPICS, len(means))
    topics = MiniBatchKMeans(k, init="random", n_init=1, batch_size=4096, random_state=seed).fit_predict(means)
    first = np.unique(duplicates, return_index=True)[1]
    return np.asarray(topics[first][np.unique(duplicates, return_inverse=True)[1]], np.intp)
