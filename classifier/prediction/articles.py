"""Long text: an article evaluated by its title and the sentences of its body."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from classifier.model.scoring import Scorer

#: A model of headlines reads headlines best, so a body is read sentence by sentence, and what its first
#: ``SENTENCES`` and the title say is averaged, the title counting like ``TITLE`` sentences. Chosen by
#: `experiments/benchmarks/articles.py`; no title at all did as well there, but for one article, whose title was made
#: to mislead.
TITLE, SENTENCES = 1, 8

_SENTENCE = re.compile(r"(?<=[.!?。])[\"'”’)\]]*\s+|\n+")


def sentences(body: str) -> list[str]:
    """Return the sentences of a text, as full stops and line breaks part them."""
    return [part for piece in _SENTENCE.split(body) if (part := " ".join(piece.split()))]


def article_logits(
    model: Scorer, title: str, body: str, *, title_counts: int = TITLE, most: int = SENTENCES
) -> tuple[NDArray[np.float32], bool]:
    """Return the logits (n_sections,) of an article, and whether it holds anything that the model knows."""
    texts = [title] * title_counts + sentences(body)[:most]
    logits, known = model.scores(texts or [title])
    return logits[known].mean(axis=0) if known.any() else logits[0], bool(known.any())
