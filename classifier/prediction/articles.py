"""Long text: an article is classified by its title and the sentences of its body."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from classifier.model.scoring import Scorer, softmax

#: A model of headlines reads headlines best. So a body is read sentence by sentence, and the probabilities of the title
#: and of the sentences are averaged. News comes first (the inverted pyramid), so each sentence weighs ``DECAY`` times
#: the one before. A long sentence says more than a short one, so a sentence also weighs as the square root of its
#: length, divided by the mean length of the sentences. The title weighs ``TITLE`` times a first sentence of mean
#: length. `experiments/benchmarks/articles.py` compares the values.
TITLE, DECAY = 1.0, 0.8
#: Later sentences are not read: they weigh less than a tenth of the first. Characters beyond ``LONGEST`` do not count.
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
    lengths = np.array([min(len(part), LONGEST) for part in parts] or [1])
    of_sentences = np.sqrt(lengths / lengths.mean()) * decay ** np.arange(len(lengths))
    weights = np.array([title_weight, *of_sentences[: len(parts)]])
    logits, has_features = model.scores([title, *parts])
    weights *= has_features
    if not weights.any():
        return logits[0], bool(has_features.any())
    mean = weights @ softmax(logits) / weights.sum()
    return np.log(np.maximum(mean, np.finfo(np.float32).tiny)).astype(np.float32), True
