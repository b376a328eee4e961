"""Fits the map that separates headlines from other text, from training headlines and examples of other text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from classifier.model.unfamiliar import BITS, find_ngrams, strangeness
from classifier.paths import package_data

#: Share of the training headlines that count as unfamiliar. Of another publisher's headlines it is two to three times
#: as many (`experiments/benchmarks/calibration.py`).
SHARE = 0.02

MOST = 20_000  #: headlines of the training that are learned from


def other_text() -> list[str]:
    """Return the package's examples of text that is no headline: reviews, chat, addresses, other languages."""
    lines = (package_data() / "sample" / "other_text.tsv").read_text(encoding="utf-8").splitlines()
    return [line.partition("\t")[0] for line in lines[1:]]


def fit_unfamiliar(headlines: Sequence[str], other: Sequence[str]) -> NDArray[np.float32]:
    """Return the weights (2**BITS + 1,) for :func:`~classifier.model.unfamiliar.strangeness`.

    Args:
        headlines: of the training.
        other: text that is no headline.
    """
    from scipy import sparse
    from sklearn.linear_model import LogisticRegression

    rows = np.random.default_rng(0).permutation(len(headlines))[:MOST]
    chosen = [headlines[i] for i in rows]
    found, length = find_ngrams([*chosen, *other])
    values = 1 / length[found.row]
    matrix = sparse.csr_array((values, (found.row, found.column)), shape=(len(length), 1 << BITS))
    is_other = np.arange(len(length)) >= len(chosen)
    model = LogisticRegression(C=10, class_weight="balanced", max_iter=300).fit(matrix, is_other)
    weights = np.append(model.coef_[0], model.intercept_[0]).astype(np.float32)
    weights[-1] -= np.quantile(strangeness(weights, chosen), 1 - SHARE)
    return weights
