"""Learning from unlabelled headlines: the search's winner labels them and learns from those it is surest of.

Self-training (Yarowsky 1995) in rounds. Of the headlines that it puts into a section, the same share is taken in every
section (Zou et al. 2018, "Unsupervised Domain Adaptation for Semantic Segmentation via Class-Balanced Self-Training"),
a larger one in each round. In each fold the labels are made by models that have not seen the fold's test rows, so that
what is fitted out of fold, such as a calibration, is not fooled by them.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from classifier.corpus.datasets import datasets, load_corpus
from classifier.corpus.duplicates import near_duplicate_groups
from classifier.corpus.tables import read_headlines
from classifier.errors import DataError
from classifier.training.compile import fit_model
from classifier.training.config import Candidate, Config
from classifier.training.dataset import Corpora, RowWeights, TrainingSet, feature_cache, table_columns
from classifier.training.distill import FOLDS
from classifier.training.features import Counts, slice_rows

logger = logging.getLogger(__name__)

#: Share of each section's headlines that is taken in each round, the surest first. This and the weight were chosen by
#: leaving corpora out (`experiments/benchmarks/unlabelled.py`); soft labels, and other schedules, were no better.
SHARES = (0.4, 0.6, 0.8)
WEIGHT = 0.5  #: of a row that the model has labelled, against 1 of one that a person has
MOST = 100_000  #: different headlines that are learned from, drawn at random of more

_NONE = -1  # the label of a headline that is not taken

#: The number of the section that each unlabelled headline gets in a fit, (n_headlines,), or ``_NONE``.
Labels = NDArray[np.intp]


@dataclass(frozen=True)
class Unlabelled:
    """The headlines of ``data.unlabelled`` that may be learned from."""

    headlines: list[str]
    rows: int  #: in the files
    near: int  #: left out: near-duplicates of a training row, of a test row or of each other


@dataclass(frozen=True)
class SelfTrained:
    """What self-training comes to."""

    data: TrainingSet  #: labelled and newly labelled rows, the latter among no fold's test rows
    unlabelled: Unlabelled
    rounds: list[dict[str, int]]  #: how many rows each section got in each round of the final fit


def load_unlabelled(config: Config, base: Path, corpora: Corpora) -> Unlabelled:
    """Read the unlabelled headlines and leave out near-duplicates of the training and test rows.

    Raises:
        DataError: a file cannot be read or has bad rows, or no headline is left.
    """
    found: dict[str, None] = {}
    rows = 0
    for headlines in _chunks(config, base):
        rows += len(headlines)
        found |= dict.fromkeys(headlines)
        if len(found) > 2 * MOST:  # memory stays bounded, however long the file
            found = dict.fromkeys(_drawn(found))
    drawn = _drawn(found)
    known = [*corpora.train["headline"], *corpora.test["headline"]]
    first = np.unique(near_duplicate_groups([*known, *drawn]), return_index=True)[1]
    kept = [drawn[i - len(known)] for i in np.sort(first[first >= len(known)])]
    if not kept:
        raise DataError(
            f"data.unlabelled: {', '.join(config.data.unlabelled)}: {rows:,} rows, and no headline that is not in the "
            "training or the test tables, or nearly so. Name other files, or leave data.unlabelled out."
        )
    return Unlabelled(kept, rows, len(drawn) - len(kept))


def _chunks(config: Config, base: Path) -> Iterator[Sequence[str]]:
    for reference in config.data.unlabelled:
        path = base / Path(reference).expanduser()
        if path.is_file() and reference.partition(":")[0] not in datasets():
            yield from read_headlines(path, table_columns(config))
        else:
            yield load_corpus(reference, base, labelled=False)["headline"].tolist()


def _drawn(headlines: Iterable[str]) -> list[str]:
    """Return at most :data:`MOST` headlines: those with the smallest hash, which is the same draw in any order."""
    found = list(headlines)
    return found if len(found) <= MOST else sorted(found, key=lambda h: (zlib.crc32(h.encode()), h))[:MOST]


def learn_unlabelled(candidate: Candidate, data: TrainingSet, unlabelled: Unlabelled, *, n_jobs: int) -> SelfTrained:
    """Add the headlines that a candidate is surest of to the training rows of the final fit and of its folds.

    Args:
        candidate: the winner of a search on labelled rows alone.
        data: the labelled rows.
        unlabelled: the headlines to label.
        n_jobs: processes.
    """
    blocks = list(candidate.features)
    counts = feature_cache(data.words).counts(unlabelled.headlines, blocks)
    small = data.only(blocks)
    fits = (None, *range(min(FOLDS, len(data.folds))))
    found = Parallel(n_jobs=n_jobs)(delayed(_rounds)(candidate, small, counts, fit) for fit in fits)
    learned, rows = _extended(small, counts, {fit: labels[-1] for fit, labels in zip(fits, found, strict=True)})
    rounds = []
    for number, labels in enumerate(found[0], 1):
        sizes = np.bincount(labels[labels != _NONE], minlength=len(data.sections)).tolist()
        rounds.append(dict(zip(data.sections, sizes, strict=True)))
        logger.info("unlabelled, round %d: %s", number, ", ".join(f"{name} {n:,}" for name, n in rounds[-1].items()))
    headlines = [*data.headlines, *(unlabelled.headlines[i] for i in rows)]
    return SelfTrained(replace(learned, headlines=headlines), unlabelled, rounds)


def _rounds(candidate: Candidate, data: TrainingSet, counts: Counts, fold: int | None) -> list[Labels]:
    """Return the labels that each round gives, learned from the training rows of a fold, or of None: from all rows."""
    found: list[Labels] = []
    learned = data
    for share in SHARES:
        found.append(_surest(fit_model(candidate, learned, *learned.part(fold)).scores_of_counts(counts), share))
        learned = _extended(data, counts, {fold: found[-1]})[0]
    return found


def _surest(scores: NDArray[np.floating], share: float) -> Labels:
    """Label the same share of the headlines of every section: those whose score is furthest above the next section's.

    Args:
        scores: (n_headlines, n_sections).
        share: of each section.
    """
    answers = scores.argmax(axis=1)
    best = np.partition(scores, -2, axis=1)
    margin = best[:, -1] - best[:, -2]
    labels = np.full(len(answers), _NONE)
    for section in range(scores.shape[1]):
        rows = np.flatnonzero(answers == section)
        labels[rows[np.argsort(-margin[rows], kind="stable")[: int(np.ceil(share * len(rows)))]]] = section
    return labels


def _extended(
    data: TrainingSet, counts: Counts, labels: Mapping[int | None, Labels]
) -> tuple[TrainingSet, NDArray[np.intp]]:
    """Add a row for each label that a headline gets in any fit; in the fits where it does not get it, it weighs 0.

    Args:
        data: the labelled rows, without headlines.
        counts: of the unlabelled headlines.
        labels: of them, by fold; of None: in the fit on all rows.

    Returns:
        The set, and which unlabelled headline each added row is.
    """
    n, n_sections = len(data.target), len(data.sections)
    codes = [row * n_sections + of[row] for of in labels.values() for row in [np.flatnonzero(of != _NONE)]]
    rows, label = np.divmod(np.unique(np.concatenate(codes)), n_sections)

    def weights(fit: int | None) -> RowWeights:
        inside, own = data.part(fit)
        own = np.ones(n) if own is None else own
        given = (labels[fit][rows] == label).astype(float) if fit in labels else np.zeros(len(rows))
        sizes = np.bincount(label, given, n_sections)
        most = np.bincount(data.target[inside], own[inside], n_sections)
        each = np.minimum(WEIGHT, most / np.maximum(sizes, 1))
        return np.concatenate([own, given * each[label]])

    extended = data.with_unscored(slice_rows(counts, rows), label, rows)
    folds = [weights(fold) for fold in range(len(data.folds))]
    return replace(extended, weights=weights(None), fold_weights=folds), rows
