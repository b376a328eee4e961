"""The audit: what is wrong with a table's labels, in one object."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from classifier.corpus.duplicates import near_duplicate_groups
from classifier.corpus.sections import in_order
from classifier.curation.style import Style, measure_style
from classifier.errors import DataError
from classifier.evaluation.metrics import EvaluatedTable, score
from classifier.model.explanation import explain
from classifier.text.normalize import normalize_all
from classifier.training.config import NOISE_MODEL
from classifier.training.dataset import section_numbers, training_set
from classifier.training.label_errors import LabelQuality, assess_labels

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger(__name__)

_FOLDS = 3
_REASON_WORDS = 3


@dataclass(frozen=True)
class SectionProfile:
    """Count, length and characters of a section's headlines; shares are of all characters but spaces."""

    section: str
    rows: int
    length: tuple[int, int, int]  #: characters: 5th percentile, median, 95th percentile
    hangul: float
    latin: float
    digits: float
    hanja: float
    other: float


@dataclass(frozen=True)
class Group:
    """Headlines that repeat each other, exactly or nearly."""

    rows: list[int]  #: as the table numbers them
    headlines: list[str]
    sections: list[str]

    @property
    def contradictory(self) -> bool:
        """Whether its headlines have several sections."""
        return len(set(self.sections)) > 1


@dataclass(frozen=True)
class Leak:
    """A headline of the other table that this table holds too, or nearly."""

    row: int  #: in the other table
    headline: str
    section: str
    row_here: int
    headline_here: str
    section_here: str
    exact: bool


@dataclass(frozen=True)
class ReviewItem:
    """A row whose label is to be looked at."""

    row: int
    headline: str
    section: str
    suggested: str
    problem: str
    probability: float  #: of the label it has, out of fold
    probability_suggested: float
    reason: str  #: the words that weigh most for the suggested section against the label


@dataclass(frozen=True)
class Evidence:
    """How often the out-of-fold models agree with the labels of one kind of evidence."""

    evidence: str
    rows: int
    agreement: float


@dataclass(frozen=True)
class Findings:
    """What an audit found."""

    table: str
    rows: int
    unlabelled: int
    profiles: list[SectionProfile]
    repeated: list[Group]  #: the same headline in several rows
    near: list[Group]  #: near-duplicates, exact repeats counted once
    to_review: list[ReviewItem]  #: the least credible label first
    evaluated: EvaluatedTable | None  #: out-of-fold probabilities; None if the table is too small for them
    style: Style | None
    style_normalized: Style | None  #: of the normalized headlines: what of the style a model still sees
    evidence: list[Evidence]
    leaks: list[Leak]
    against: str | None
    against_rows: int
    notes: list[str]  #: what was not looked at, and why

    def summary(self) -> dict[str, int | float | str]:
        """Return the figures of the audit, for a table, a file or MLflow."""
        figures: dict[str, int | float | str] = {
            "rows": self.rows,
            "without a section": self.unlabelled,
            "sections": len(self.profiles),
            "repeated headlines": len(self.repeated),
            "of them under several sections": sum(group.contradictory for group in self.repeated),
            "near-duplicate groups": len(self.near),
            "of them with several sections": sum(group.contradictory for group in self.near),
            "rows to review": len(self.to_review),
            "likely label errors": sum("label" in item.problem for item in self.to_review),
        }
        if self.evaluated is not None:
            figures["out-of-fold macro-F1 of the noise model"] = round(self.evaluated.evaluation.macro_f1, 4)
        if self.style is not None and self.style_normalized is not None:
            figures["balanced accuracy of style alone"] = round(self.style.balanced_accuracy, 4)
            figures["the same after the normaliser"] = round(self.style_normalized.balanced_accuracy, 4)
            figures["the same by chance"] = round(self.style.chance, 4)
            figures["style cues"] = len(self.style.cues)
            figures["style cues after the normaliser"] = len(self.style_normalized.cues)
        if self.against is not None:
            figures[f"rows of {self.against} found here"] = sum(leak.exact for leak in self.leaks)
            figures[f"rows of {self.against} nearly found here"] = sum(not leak.exact for leak in self.leaks)
        return figures


def audit(
    frame: pd.DataFrame,
    name: str,
    *,
    against: pd.DataFrame | None = None,
    against_name: str | None = None,
) -> Findings:
    """Audit a headline table. Kiwi reads it without words of the user's, whatever a training's config says.

    Args:
        frame: as :func:`~classifier.corpus.tables.read_table` returns it, with or without sections.
        name: what it is called in the report.
        against: another table, usually a test, that should share no headline with it.
        against_name: what that one is called.

    Raises:
        DataError: no row has a section.
    """
    if not frame.index.is_unique:  # several tables in one
        frame = frame.set_axis(range(1, len(frame) + 1))
    labelled = frame[frame["section"] != ""]
    if labelled.empty:
        raise DataError(
            f"{name}: no row has a section, so there is nothing to audit. `classifier predict` gives sections."
        )
    sections = in_order(labelled["section"])
    target = section_numbers(labelled["section"].tolist(), sections)
    headlines = labelled["headline"].tolist()
    groups = near_duplicate_groups(headlines)
    repeated, near = _groups(labelled, groups)
    assessed, notes = _Assessed(), []
    try:
        assessed = _assess(labelled, target, sections, groups)
    except DataError as error:
        notes.append(f"Label errors and style were not looked for: {error}")
        logger.warning("%s", notes[-1])
    return Findings(
        table=name,
        rows=len(frame),
        unlabelled=len(frame) - len(labelled),
        profiles=[
            _profile(s, [h for h, t in zip(headlines, target, strict=True) if t == i]) for i, s in enumerate(sections)
        ],
        repeated=repeated,
        near=near,
        to_review=_to_review(labelled, target, sections, assessed.quality, repeated, near),
        evaluated=assessed.evaluated,
        style=assessed.style,
        style_normalized=assessed.style_normalized,
        evidence=_evidence(labelled, target, assessed.quality),
        leaks=_leaks(frame, against) if against is not None else [],
        against=against_name,
        against_rows=0 if against is None else len(against),
        notes=notes,
    )


@dataclass(frozen=True)
class _Assessed:
    """What models that were not fitted to a row say of its label; empty if the table is too small for folds."""

    quality: LabelQuality | None = None
    evaluated: EvaluatedTable | None = None
    style: Style | None = None
    style_normalized: Style | None = None


def _assess(
    labelled: pd.DataFrame, target: NDArray[np.intp], sections: tuple[str, ...], groups: NDArray[np.integer]
) -> _Assessed:
    headlines = labelled["headline"].tolist()
    data = training_set(headlines, target, sections, NOISE_MODEL.features, _FOLDS, groups=groups)
    folds, quality = data.folds, assess_labels(data)
    probabilities = np.asarray(quality.probabilities, np.float32)
    column = next((c for c in ("press", "source") if c in labelled), None)
    return _Assessed(
        quality=quality,
        evaluated=EvaluatedTable(score(probabilities, target, sections), target, probabilities, sections),
        style=measure_style(headlines, target, sections, folds, labelled[column].tolist() if column else None),
        style_normalized=measure_style(normalize_all(headlines), target, sections, folds),
    )


def _profile(section: str, headlines: Sequence[str]) -> SectionProfile:
    text = "".join("".join(headline.split()) for headline in headlines)
    size = max(len(text), 1)
    hangul = sum("가" <= c <= "힣" for c in text) / size
    latin = sum(c.isascii() and c.isalpha() for c in text) / size
    digits = sum(c.isdecimal() for c in text) / size
    hanja = sum("\u4e00" <= c <= "\u9fff" for c in text) / size
    low, middle, high = np.percentile([len(headline) for headline in headlines], [5, 50, 95])
    length = (round(low), round(middle), round(high))
    return SectionProfile(
        section, len(headlines), length, hangul, latin, digits, hanja, 1 - hangul - latin - digits - hanja
    )


def _groups(labelled: pd.DataFrame, groups: NDArray[np.int32]) -> tuple[list[Group], list[Group]]:
    """Return the groups of equal headlines, and the groups of near-duplicates that hold different ones."""

    def group(rows: pd.DataFrame) -> Group:
        return Group(rows.index.tolist(), rows["headline"].tolist(), rows["section"].tolist())

    doubled = labelled[labelled.duplicated("headline", keep=False)]
    repeated = [group(rows) for _, rows in doubled.groupby("headline", sort=False)]
    sizes = np.bincount(groups)
    several = labelled[sizes[groups] > 1]
    near = [
        group(rows)
        for _, rows in several.groupby(groups[sizes[groups] > 1], sort=False)
        if rows["headline"].nunique() > 1
    ]
    return repeated, sorted(near, key=lambda g: (not g.contradictory, -len(g.rows)))


def _to_review(
    labelled: pd.DataFrame,
    target: NDArray[np.intp],
    sections: Sequence[str],
    quality: LabelQuality | None,
    repeated: Sequence[Group],
    near: Sequence[Group],
) -> list[ReviewItem]:
    """Return the rows to review: likely label errors and contradictions, the least credible first."""
    problems: dict[int, list[str]] = {}
    position = {row: i for i, row in enumerate(labelled.index.tolist())}
    if quality is not None:
        for i in np.flatnonzero(quality.suspect).tolist():
            problems.setdefault(i, []).append("likely label error")
    for problem, groups in (("same headline, other section", repeated), ("near-duplicate, other section", near)):
        for group in groups:
            if group.contradictory:
                for row in group.rows:
                    problems.setdefault(position[row], []).append(problem)
    headlines, rows = labelled["headline"].tolist(), labelled.index.tolist()
    items = []
    for i, found in problems.items():
        given = sections[target[i]]
        if quality is None:
            items.append(ReviewItem(rows[i], headlines[i], given, given, "; ".join(found), 1.0, 1.0, ""))
            continue
        p = quality.probabilities[i]
        best = int(p.argmax())
        reason = ""
        if best != target[i]:
            reason = _reason(quality, i, headlines[i], given, sections[best])
        of_label, of_best = float(p[target[i]]), float(p[best])
        items.append(
            ReviewItem(rows[i], headlines[i], given, sections[best], "; ".join(found), of_label, of_best, reason)
        )
    credible = quality.quality if quality is not None else np.ones(len(target))
    return sorted(items, key=lambda item: (credible[position[item.row]], item.row))


def _reason(quality: LabelQuality, i: int, headline: str, given: str, suggested: str) -> str:
    """Return the words that weigh most for ``suggested`` against ``given``."""
    model = quality.models[quality.fold[i]]
    found = explain(model, headline, suggested, len(headline), against=given)
    best = sorted(((part.weight, part.text) for part in found if part.span), reverse=True)[:_REASON_WORDS]
    return ", ".join(f"{text} {weight:+.1f}" for weight, text in best if weight > 0)


def _evidence(labelled: pd.DataFrame, target: NDArray[np.intp], quality: LabelQuality | None) -> list[Evidence]:
    if quality is None or "evidence" not in labelled:
        return []
    agrees = quality.probabilities.argmax(axis=1) == target
    kinds = labelled["evidence"].to_numpy()
    return [
        Evidence(kind or "(empty)", int((kinds == kind).sum()), float(agrees[kinds == kind].mean()))
        for kind in sorted(set(kinds))
    ]


def _leaks(frame: pd.DataFrame, against: pd.DataFrame) -> list[Leak]:
    """Return the rows of ``against`` that have an equal or a near-duplicate headline in ``frame``."""
    here, there = frame["headline"].tolist(), against["headline"].tolist()
    groups = near_duplicate_groups([*here, *there])
    by_headline = {headline: i for i, headline in reversed(list(enumerate(here)))}
    by_group = {group: i for i, group in reversed(list(enumerate(groups[: len(here)].tolist())))}
    leaks = []
    for j, (headline, group) in enumerate(zip(there, groups[len(here) :].tolist(), strict=True)):
        i = by_headline.get(headline, by_group.get(group))
        if i is not None:
            leaks.append(
                Leak(
                    int(against.index[j]), headline, against["section"].iloc[j],
                    int(frame.index[i]), here[i], frame["section"].iloc[i], headline == here[i],
                )
            )  # fmt: skip
    return sorted(leaks, key=lambda leak: (not leak.exact, leak.row))
