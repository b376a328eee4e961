"""Which words decided: a section's score as a sum over the words of the headline.

The model is linear, so its score is exactly the sum of what each n-gram and morpheme adds. What an
occurrence adds is shared among the characters that it covers and summed up by word.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.model.fast import FastModel, read_text
from classifier.model.linear import LinearModel
from classifier.text.ngrams import jamo
from classifier.text.normalize import normalize, normalize_aligned

#: Colours of words that speak for the section and of those that speak against it, as red, green, blue.
FOR, AGAINST = (0, 114, 178), (213, 94, 0)


@dataclass(frozen=True)
class Contribution:
    """What one word adds to (or, negative, takes from) a section's score."""

    text: str  #: the word as it stands in the headline, or a name in parentheses
    span: tuple[int, int] | None  #: its characters in the headline; None if ``text`` is not a word of it
    weight: float  #: in logits


@dataclass(frozen=True)
class Explanation(Sequence[Contribution]):
    """The contributions to a section's score, the weightiest words first. They sum to the score.

    The score is the section's logit, ``log(p) - mean(log(p))`` over the sections; with ``against`` it is the
    difference of two logits, ``log(p) - log(p of the other section)``.
    """

    headline: str
    section: str
    against: str | None  #: another section, whose score is subtracted
    contributions: tuple[Contribution, ...]

    def __getitem__(self, index: Any) -> Any:
        return self.contributions[index]

    def __iter__(self) -> Iterator[Contribution]:
        return iter(self.contributions)

    def __len__(self) -> int:
        return len(self.contributions)

    @property
    def score(self) -> float:
        """The sum of the contributions, in logits."""
        return sum(part.weight for part in self)

    def pieces(self) -> Iterator[tuple[str, float, float]]:
        """Yield the headline in pieces: text, weight (0 between the words), and its share of the largest weight."""
        words = sorted((part for part in self if part.span), key=lambda part: part.span or (0, 0))
        largest = max((abs(part.weight) for part in words), default=0.0)
        end = 0
        for part in words:
            start = (part.span or (0, 0))[0]
            yield self.headline[end:start], 0.0, 0.0
            yield part.text, part.weight, abs(part.weight) / largest
            end = start + len(part.text)
        yield self.headline[end:], 0.0, 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return headline, section, against, contributions and score in JSON's types."""
        return asdict(self) | {"score": self.score}

    def to_html(self) -> str:
        """Return the headline as one HTML element: blue speaks for the section, orange and underlined against it."""
        shown = []
        for text, weight, share in self.pieces():
            escaped = html.escape(text)
            if weight:
                style = "color: inherit; background: rgba({}, {}, {}, {:.2f})".format(
                    *(FOR if weight > 0 else AGAINST), 0.1 + 0.5 * share
                )
                style += "" if weight > 0 else "; text-decoration: underline"  # so that colour is not the only sign
                escaped = f'<mark style="{style}" title="{weight:+.2f}">{escaped}</mark>'
            shown.append(escaped)
        return f'<span class="explanation" lang="ko">{"".join(shown)}</span>'


def block_text(block: str, normalized: str) -> str:
    """Return the text in which a block finds n-grams: the normalized headline, its jamo, or it without spaces."""
    return jamo(normalized) if block == "jamo" else read_text(block, normalized)


def _characters(block: str, normalized: str) -> NDArray[np.intp]:
    """Return, for each character of :func:`block_text`, its position in ``normalized``."""
    if block == "jamo":
        return np.repeat(np.arange(len(normalized)), [len(jamo(char)) for char in normalized])
    if block == "nospace":
        return np.flatnonzero([char != " " for char in normalized])
    return np.arange(len(normalized))


def explain(
    model: LinearModel | FastModel, headline: str, section: str, top: int = 10, against: str | None = None
) -> Explanation:
    """Return contributions that sum to the section's score, the weightiest words first.

    The ``top`` words have an entry each, the others share the entry ``(other words)``. The entry ``(prior)`` is the
    score of a headline without any feature.

    Args:
        model: an accurate or a fast scorer.
        headline: as it was given.
        section: whose score is explained.
        top: how many words have an entry of their own.
        against: another section, whose score is subtracted.

    Raises:
        ValueError: the model does not know a section.
    """
    words = [match.span() for match in re.finditer(r"\w[\w%]*", headline)]
    weight, prior = _word_weights(model, headline, words, section)
    if against is not None:
        other, other_prior = _word_weights(model, headline, words, against)
        weight, prior = weight - other, prior - other_prior
    factor = _calibration_factor(model, headline)
    weight, prior = weight * factor, prior * factor
    if bias := dict(zip(model.sections, model.calibration.bias, strict=False)):
        prior += bias[section] - bias.get(against or "", 0.0)
    order = [i for i in sorted(range(len(words)), key=lambda i: -abs(weight[i])) if weight[i] != 0]
    shown = [Contribution(headline[slice(*words[i])], words[i], float(weight[i])) for i in order[:top]]
    rest = float(sum(weight[i] for i in order[top:]) + weight[-1])
    if rest:
        shown.append(Contribution("(other words)", None, rest))
    shown.append(Contribution("(prior)", None, prior))
    return Explanation(headline, section, against, tuple(shown))


def _calibration_factor(model: LinearModel | FastModel, headline: str) -> float:
    """Return what the calibration multiplies this headline's logits with, which is the same for every section."""
    calibrated = model.scores([headline])[0][0]
    if model.calibration.bias:
        calibrated = calibrated - np.array(model.calibration.bias, np.float32)
    likeliest = int(calibrated.argmax())  # its logit is far from zero, so it can be the divisor
    shares = [share.sum(dtype=np.float64) for _, share in model.occurrences(normalize(headline), likeliest).values()]
    plain = float(model.intercept[likeliest]) + float(sum(shares))
    return float(calibrated[likeliest]) / plain if plain else 1.0


def _word_weights(
    model: LinearModel | FastModel, headline: str, words: Sequence[tuple[int, int]], section: str
) -> tuple[NDArray[np.float64], float]:
    """Return what each word adds to a section's score, (n_words + 1,), and the score of a headline without features.

    The last entry is what the n-grams outside all words add.
    """
    index = model.sections.index(section)
    normalized, spans = normalize_aligned(headline)
    # Which word each character of the normalized headline came from.
    starts = np.array([start for start, _ in words], np.int64)
    word_of = np.searchsorted(starts, [start for start, _ in spans], side="right") - 1
    visible = np.array([char != " " for char in normalized], np.bool_)
    weight = np.zeros(len(words) + 1)
    for block, (found, shares) in model.occurrences(normalized, index).items():
        position = _characters(block, normalized)
        for start, length, share in zip(found.start, found.length, shares, strict=True):
            covered = position[max(start - 1, 0) : max(start - 1 + length, 0)]
            covered = covered[visible[covered]]
            owners = word_of[covered] if len(covered) else np.array([len(words)])
            np.add.at(weight, owners, float(share) / len(owners))
    return weight, float(model.intercept[index])
