"""Style cues: marks of style from which a section can be guessed without its topic.

Corpora merged from several publishers teach a model that a quote mark means 연예. So a model that sees only
punctuation, tags in brackets and the source of a headline is cross-validated: what it gets right, it gets
right by style.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score

from classifier.training.splits import Folds

#: Signs of the content (a rate, a price, a temperature), not of the typesetting.
_CONTENT = frozenset("%‰$€£¥₩￦℃℉°+±×÷=㎞㎏㎡㎜㎝")
_IN_NUMBER = re.compile(r"(?<=\d)[.,:~-](?=\d)")
_TAG = re.compile(r"[\[【〔<〈《(]([^\[\]【】〔〕<>〈〉《》()]{1,12})[\]】〕>〉》)]")
_NAMES = {
    '"': 'straight quotation mark "', "'": "straight quotation mark '",
    "“": "quotation mark “", "”": "quotation mark ”",
    "‘": "quotation mark ‘", "’": "quotation mark ’", "…": "ellipsis …", "...": "three dots ...", "[": "bracket [",
    "]": "bracket ]", "(": "bracket (", ")": "bracket )", "<": "bracket <", ">": "bracket >", "·": "middle dot ·",
    "♥": "heart ♥", ",": "comma", ".": "full stop", "!": "exclamation mark", "?": "question mark",
}  # fmt: skip

#: A cue is named when this many headlines have it, it is this much commoner in a section than in the others (the mean
#: of their shares), and at least this share of the section's headlines has it.
_MIN_ROWS, _MIN_LIFT, _MIN_SHARE = 30, 3.0, 0.02
_MOST_CUES = 300
_MOST_SOURCES = 50


@dataclass(frozen=True)
class Cue:
    """A mark of style that is much commoner in one section than in the others."""

    name: str
    section: str
    rows: int  #: headlines that have it
    share: float  #: of the section's headlines
    elsewhere: float  #: mean share of the other sections' headlines
    precision: float  #: share of the section among the headlines that have it

    @property
    def lift(self) -> float:
        """How many times commoner it is in the section than elsewhere."""
        return self.share / max(self.elsewhere, 1e-4)


@dataclass(frozen=True)
class Style:
    """What style alone says of the sections."""

    balanced_accuracy: float  #: mean recall of a cross-validated model that sees nothing but style
    chance: float  #: mean recall of guessing: one by the number of sections
    recall: dict[str, float]  #: of that model, by section
    false_alarms: dict[str, float]  #: share of the other sections' headlines that it takes for this section
    cues: list[Cue]  #: strongest first


def marks(headline: str) -> set[str]:
    """Return the marks of style in a headline: punctuation, symbols, tags in brackets, hanja shorthand."""
    plain = _IN_NUMBER.sub("", headline)
    found = {c for c in plain if unicodedata.category(c)[0] in "PS" and c not in _CONTENT}
    if "..." in headline or ".." in headline:
        found.add("...")
    if re.search("[\u4e00-\u9fff]", headline):
        found.add("hanja")
    return found | {f"[{tag.strip()}]" for tag in _TAG.findall(headline)}


def _name(mark: str) -> str:
    if mark in _NAMES or len(mark) > 1:
        return _NAMES.get(mark, f"tag {mark}" if mark[0] == "[" else mark)
    return f"{unicodedata.name(mark, 'sign').lower()} {mark}"


def measure_style(
    headlines: Sequence[str],
    target: NDArray[np.intp],
    sections: Sequence[str],
    folds: Folds,
    sources: Sequence[str] | None = None,
) -> Style:
    """Return how well style alone tells the sections apart, and by which cues.

    Args:
        headlines: as they are in the table, or normalized to see what the normaliser leaves.
        target: their sections, as columns of ``sections``.
        sections: names of the sections.
        folds: rows to fit and to score.
        sources: where each headline is from; left out when there are too many to be a style.
    """
    found = [marks(headline) for headline in headlines]
    if sources is not None and 1 < len(set(sources)) <= _MOST_SOURCES:
        found = [has | {f"source {source}"} for has, source in zip(found, sources, strict=True)]
    frequency = Counter(mark for has in found for mark in has)
    known = [mark for mark, count in frequency.most_common(_MOST_CUES) if count >= _MIN_ROWS]
    column = {mark: i for i, mark in enumerate(known)}
    cells = [(row, column[mark]) for row, has in enumerate(found) for mark in has if mark in column]
    rows, columns = np.array(cells, np.intp).reshape(-1, 2).T
    matrix = sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(headlines), len(known)))
    answers = np.zeros(len(target), np.intp)
    if known:
        for train, test in folds:
            model = LogisticRegression(class_weight="balanced", max_iter=200)
            answers[test] = model.fit(matrix[train], target[train]).predict(matrix[test])
    right = answers == target
    return Style(
        balanced_accuracy=float(balanced_accuracy_score(target, answers)),
        chance=1 / len(sections),
        recall={name: float(right[target == i].mean()) for i, name in enumerate(sections)},
        false_alarms={
            name: float((answers[target != i] == i).mean()) if (target != i).any() else 0.0
            for i, name in enumerate(sections)
        },
        cues=_cues(matrix, known, target, sections),
    )


def _cues(
    matrix: sparse.csr_array, known: Sequence[str], target: NDArray[np.intp], sections: Sequence[str]
) -> list[Cue]:
    shares = np.stack([np.asarray(matrix[target == i].mean(axis=0)).ravel() for i in range(len(sections))])
    counts = np.stack([np.asarray(matrix[target == i].sum(axis=0)).ravel() for i in range(len(sections))])
    cues = []
    for i, section in enumerate(sections):
        elsewhere = np.delete(shares, i, axis=0).mean(axis=0)
        for j, mark in enumerate(known):
            total = counts[:, j].sum()
            cue = Cue(
                _name(mark), section, int(total), float(shares[i, j]), float(elsewhere[j]), float(counts[i, j] / total)
            )
            if cue.share >= _MIN_SHARE and cue.lift >= _MIN_LIFT:
                cues.append(cue)
    return sorted(cues, key=lambda cue: (-cue.share * np.log(cue.lift), cue.name))
