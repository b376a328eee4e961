"""Long text: an article is classified by its title and the sentences of its body."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from classifier.model.scoring import Scorer, softmax

#: A model of headlines reads headlines best, so a body is read sentence by sentence, and the probabilities of all
#: sentences and of the title are averaged. News comes first (the inverted pyramid): each sentence weighs ``DECAY``
#: times the one before. A long sentence says more than a short one: it weighs as the square root of its length. The
#: title weighs as much as ``TITLE`` first sentences of ``LENGTH`` characters.
#: `experiments/benchmarks/articles.py` chose them.
TITLE, DECAY, LENGTH = 1.5, 0.85, 50
#: Sentences and characters of a sentence beyond these change nothing worth their time.
MOST_SENTENCES, LONGEST = 16, 100

_SENTENCE = re.compile(r"(?<=[.!?。])[\"'”’)\]]*\s+|\n+")


def sentences(body: str) -> list[str]:
    """Return the sentences of a text, as full stops and line breaks part them."""
    return [part for piece in _SENTENCE.split(body) if (part := " ".join(piece.split()))]


def article_logits(
    model: Scorer, title: str, body: str, *, title_weight: float = TITLE, decay: float = DECAY
) -> tuple[NDArray[np.float32], bool]:
    """Return the logits (n_sections,) of an article, and whether any of its texts has a feature of the model.

    They are the logarithms of the mean probabilities of title and sentences.
    """
    parts = sentences(body)[:MOST_SENTENCES]
    lengths = np.array([min(len(part), LONGEST) for part in parts]) / LENGTH
    weights = np.array([title_weight, *(decay ** np.arange(len(parts)) * np.sqrt(lengths))])
    logits, has_features = model.scores([title, *parts])
    weights *= has_features
    if not weights.any():
        return logits[0], bool(has_features.any())
    mean = weights @ softmax(logits) / weights.sum()
    return np.log(np.maximum(mean, np.finfo(np.float32).tiny)).astype(np.float32), True
