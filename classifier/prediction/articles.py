"""Long text: an article is classified by its title and the sentences of its body."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from classifier.model.scoring import Scorer

#: A model of headlines reads headlines best, so a body is read sentence by sentence. The logits of its first
#: ``SENTENCES`` and of the title are averaged; the title counts as much as ``TITLE`` sentences. Chosen by
#: `experiments/benchmarks/articles.py`.
TITLE, SENTENCES = 1, 8

_SENTENCE = re.compile(r"(?<=[.!?。])[\"'”’)\]]*\s+|\n+")


def sentences(body: str) -> list[str]:
    """Return the sentences of a text, as full stops and line breaks part them."""
    return [part for piece in _SENTENCE.split(body) if (part := " ".join(piece.split()))]


def article_logits(
    model: Scorer, title: str, body: str, *, title_counts: int = TITLE, most: int = SENTENCES
) -> tuple[NDArray[np.float32], bool]:
    """Return the logits (n_sections,) of an article, and whether any of its texts has a feature of the model."""
    texts = [title] * title_counts + sentences(body)[:most]
    logits, has_features = model.scores(texts or [title])
    return logits[has_features].mean(axis=0) if has_features.any() else logits[0], bool(has_features.any())
