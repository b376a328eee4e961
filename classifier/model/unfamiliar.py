"""Separates headlines from other text: a linear map over single characters and pairs, in NumPy alone.

The share of known n-grams does not separate them: a product review has as many as next year's headlines. So the map is
fitted to examples of other text (outlier exposure: Hendrycks, Mazeika & Dietterich 2019, "Deep
Anomaly Detection with Outlier Exposure").
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from classifier.text.ngrams import Ngrams, hash_ngrams
from classifier.text.normalize import normalize_all

BITS = 14
_CHUNK = 2048


def find_ngrams(headlines: Sequence[str]) -> tuple[Ngrams, NDArray[np.float32]]:
    """Return the n-grams of headlines and, for each headline, the root of their number."""
    found = hash_ngrams([f"^{text}$" for text in normalize_all(headlines)], 1, 2, BITS)
    return found, np.sqrt(np.bincount(found.row, minlength=len(headlines))).astype(np.float32)


def strangeness(weights: NDArray[np.float32], headlines: Sequence[str]) -> NDArray[np.float64]:
    """Return how unlike a headline each text is, (n,): above 0 for what a model should not answer.

    Args:
        weights: (2**BITS + 1,), the last one is the intercept.
        headlines: texts.
    """
    parts = [np.zeros(0)]
    for start in range(0, len(headlines), _CHUNK):
        chunk = headlines[start : start + _CHUNK]
        found, length = find_ngrams(chunk)
        total = np.bincount(found.row, weights=weights[found.column], minlength=len(chunk))
        parts.append(total / np.maximum(length, 1) + weights[-1])
    return np.concatenate(parts)
