"""Which words decided: a section's score taken apart by the words of the headline.

The model is linear, so its score is exactly the sum of what each n-gram and morpheme adds. What an
occurrence adds is shared among the characters that it covers and summed up by word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.model.fast import FastModel
from classifier.model.linear import LinearModel
from classifier.text.ngrams import jamo
from classifier.text.normalize import normalize_aligned


@dataclass(frozen=True)
class Contribution:
    """What one word adds to (or, negative, takes from) a section's score."""

    text: str  #: the word as it stands in the headline, or a name in parentheses
    span: tuple[int, int] | None  #: its characters in the headline; None for what is no word
    weight: float  #: in logits


def block_text(block: str, normalized: str) -> str:
    """Return the text that a block reads: the normalized headline, its jamo, or without its spaces."""
    if block == "jamo":
        return jamo(normalized)
    return normalized.replace(" ", "") if block == "nospace" else normalized


def _characters(block: str, normalized: str) -> NDArray[np.intp]:
    """Return, for each character of :func:`block_text`, its place in ``normalized``."""
    if block == "jamo":
        return np.repeat(np.arange(len(normalized)), [len(jamo(char)) for char in normalized])
    if block == "nospace":
        return np.flatnonzero([char != " " for char in normalized])
    return np.arange(len(normalized))


def explain(model: LinearModel | FastModel, headline: str, section: str, top: int = 10) -> list[Contribution]:
    """Return contributions that sum to the section's score, the weightiest words first.

    The ``top`` words stand alone; what the others add is one entry ``(other words)`` and the
    model's leaning before it has read anything is ``(prior)``.
    """
    index = model.sections.index(section)
    normalized, spans = normalize_aligned(headline)
    words = [match.span() for match in re.finditer(r"\w[\w%]*", headline)]
    starts = np.array([start for start, _ in words], np.int64)
    # Which word each character of the normalized headline came from.
    word_of = np.searchsorted(starts, [start for start, _ in spans], side="right") - 1
    visible = np.array([char != " " for char in normalized], np.bool_)

    weight = np.zeros(len(words) + 1)  # the last entry takes what covers no visible character
    for block, (found, shares) in model.occurrences(normalized, index).items():
        place = _characters(block, normalized)
        for start, length, share in zip(found.start, found.length, shares, strict=True):
            covered = place[max(start - 1, 0) : max(start - 1 + length, 0)]
            covered = covered[visible[covered]]
            owners = word_of[covered] if len(covered) else np.array([len(words)])
            np.add.at(weight, owners, float(share) / len(owners))

    order = sorted(range(len(words)), key=lambda i: -abs(weight[i]))
    order = [i for i in order if weight[i] != 0]
    shown = [Contribution(headline[slice(*words[i])], words[i], float(weight[i])) for i in order[:top]]
    rest = float(sum(weight[i] for i in order[top:]) + weight[-1])
    if rest:
        shown.append(Contribution("(other words)", None, rest))
    shown.append(Contribution("(prior)", None, float(model.intercept[index])))
    return shown
