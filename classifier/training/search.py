"""The search: every candidate cross-validated, the winner refitted and compiled."""

from __future__ import annotations

import logging
import signal
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy import sparse
from sklearn.model_selection import StratifiedGroupKFold, train_test_split

from classifier.corpus.duplicates import near_duplicate_groups
from classifier.errors import DataError
from classifier.evaluation.calibration import fit_temperature
from classifier.evaluation.metrics import Evaluation, probabilities_of, score
from classifier.model.blocks import BLOCKS, Batch
from classifier.model.linear import LinearModel, Weights
from classifier.text.normalize import normalize_all
from classifier.training.config import Candidate
from classifier.training.estimators import linear_weights, make_estimator
from classifier.training.features import Counts, HeadlineFeatures, slice_rows

Folds = list[tuple[NDArray[np.intp], NDArray[np.intp]]]


@dataclass(frozen=True)
class Result:
    """What cross-validation found out about a candidate."""

    candidate: Candidate
    evaluation: Evaluation  #: of the out-of-fold probabilities of all training rows
    temperature: float
    macro_f1_std: float  #: standard deviation between the folds
    fit_seconds: float  #: mean of a fold: TF-IDF and estimator, counts given
    score_seconds: float  #: for one headline, counts given
    started: float  #: seconds since the epoch
    ended: float


def make_folds(
    headlines: Sequence[str],
    target: NDArray[np.intp],
    sections: Sequence[str],
    n: int,
    seed: int,
    groups: NDArray[np.integer] | None = None,
) -> Folds:
    """Return ``n`` stratified folds that keep ``groups`` (default: near-duplicate headlines) together.

    Raises:
        DataError: a section is too small for so many folds.
    """
    sizes = np.bincount(target, minlength=len(sections))
    small = [f"{name} ({size})" for name, size in zip(sections, sizes, strict=True) if size < n]
    if small:
        raise DataError(
            f"{n} folds need {n} headlines of every section; too few: {', '.join(small)}. "
            "Add headlines, leave the section out, or lower search.folds."
        )
    groups = near_duplicate_groups(headlines) if groups is None else groups
    splitter = StratifiedGroupKFold(n, shuffle=True, random_state=seed)
    folds = list(splitter.split(np.zeros(len(target)), target, groups))
    for train, _ in folds:
        absent = [name for i, name in enumerate(sections) if i not in set(target[train])]
        if absent:
            raise DataError(
                f"All headlines of {', '.join(absent)} are near-duplicates of each other, so no fold can learn it "
                "and be tested on it. Add different headlines of that section."
            )
    return folds


def holdout_rows(
    headlines: Sequence[str], target: NDArray[np.intp], sections: Sequence[str], share: float, seed: int
) -> NDArray[np.intp]:
    """Return the rows of a held-out part of about ``share``, stratified, near-duplicate groups whole.

    Raises:
        DataError: it would not hold a headline of every section.
    """
    first, group = np.unique(near_duplicate_groups(headlines), return_index=True, return_inverse=True)[1:]
    section = target[first]  # of a group
    sizes = np.bincount(section, minlength=len(sections))
    held = int(np.ceil(len(first) * share))
    absent = np.flatnonzero(sizes < 2)
    if not len(absent) and len(sections) <= min(held, len(first) - held):
        _, tested = train_test_split(np.arange(len(first)), test_size=held, stratify=section, random_state=seed)
        absent = np.setdiff1d(np.arange(len(sections)), section[tested])
        if not len(absent):
            return np.flatnonzero(np.isin(group, tested))
    few = absent.tolist() or range(len(sections))
    named = ", ".join(f"{sections[i]} ({sizes[i]})" for i in few)
    raise DataError(
        f"data.holdout: {share:g} of {len(first):,} different headlines cannot hold some of every section; too few: "
        f"{named}. Add headlines, hold out more, leave the section out, or name a table as data.test."
    )


#: What each row counts for in a fit, (n_rows,); 0 leaves it out. None: all rows count the same.
Weighting = NDArray[np.float64] | None


@dataclass(frozen=True)
class Auxiliary:
    """What the estimator ``stack`` learns from besides the training rows and their sections."""

    groups: NDArray[np.integer] | None = None  #: (n_rows,), near-duplicates, or headlines of a topic, share one
    auxiliary: tuple[tuple[Counts, NDArray[np.intp]], ...] = ()  #: other tables: counts, and columns of their sections

    def restricted(self, blocks: Sequence[str]) -> Auxiliary:
        """Return the same with the counts of these blocks alone."""
        tables = tuple(({name: counts[name] for name in blocks}, target) for counts, target in self.auxiliary)
        return Auxiliary(self.groups, tables)


NOTHING = Auxiliary()


def fit(
    candidate: Candidate,
    counts: Counts,
    target: NDArray[np.intp],
    rows: NDArray[np.intp],
    embeddings: NDArray[np.float32] | None,
    seed: int,
    weighting: Weighting = None,
    extra: Auxiliary = NOTHING,
) -> tuple[HeadlineFeatures, Any]:
    """Fit ``candidate`` on some ``rows``; return the fitted features and estimator.

    TF-IDF is learned from the rows and, for a ``stack``, from the auxiliary tables too, so that words which only
    they know are known.
    """
    weights: dict[str, Any] = {}
    if weighting is not None:
        rows = rows[weighting[rows] > 0]
        if not np.all(weighting[rows] == 1):
            weights["sample_weight"] = weighting[rows]
    features = HeadlineFeatures(candidate.features, candidate.min_df, candidate.block_weights, embeddings)
    chosen = counts if len(rows) == len(target) else slice_rows(counts, rows)
    estimator = make_estimator(candidate.estimator, candidate.parameters, seed)
    if candidate.estimator == "stack":
        tables = [counts for counts, _ in extra.auxiliary]
        features.fit({name: sparse.vstack([chosen[name], *(t[name] for t in tables)]) for name in candidate.features})
        weights["auxiliary"] = [(features.transform(table), other) for table, other in extra.auxiliary]
        weights["groups"] = None if extra.groups is None else extra.groups[rows]
    else:
        features.fit(chosen)
    matrix = features.transform(chosen)
    return features, estimator.fit(matrix, target[rows], **weights)


def fit_and_score(
    candidate: Candidate,
    counts: Counts,
    target: NDArray[np.intp],
    train: NDArray[np.intp],
    test: NDArray[np.intp],
    embeddings: NDArray[np.float32] | None,
    seed: int,
    weighting: Weighting = None,
    extra: Auxiliary = NOTHING,
) -> tuple[NDArray[np.float64], float, float]:
    """Fit on the ``train`` rows; return scores of the ``test`` rows and the seconds of both."""
    begin = time.perf_counter()
    features, estimator = fit(candidate, counts, target, train, embeddings, seed, weighting, extra)
    fitted = time.perf_counter()
    weights, intercept = linear_weights(estimator)
    scores = features.transform(slice_rows(counts, test)) @ weights + intercept
    return np.asarray(scores), fitted - begin, time.perf_counter() - fitted


def cross_validate(
    candidate: Candidate,
    counts: Counts,
    target: NDArray[np.intp],
    sections: Sequence[str],
    folds: Folds,
    embeddings: NDArray[np.float32] | None,
    seed: int,
    weightings: Sequence[Weighting] = (),
    extra: Auxiliary = NOTHING,
) -> Result:
    """Fit ``candidate`` on every fold's training rows, weighed by ``weightings``, and score it on the others."""
    started = time.time()
    scores = np.empty((len(target), len(sections)))
    fit_seconds = score_seconds = 0.0
    f1 = []
    for i, (train, test) in enumerate(folds):
        scores[test], fitting, scoring = fit_and_score(
            candidate, counts, target, train, test, embeddings, seed, weightings[i] if weightings else None, extra
        )
        fit_seconds += fitting
        score_seconds += scoring
        f1.append(score(probabilities_of(scores[test], 1.0), target[test], sections).macro_f1)
    temperature = fit_temperature(scores, target)
    return Result(
        candidate=candidate,
        evaluation=score(probabilities_of(scores, temperature), target, sections),
        temperature=temperature,
        macro_f1_std=float(np.std(f1)),
        fit_seconds=fit_seconds / len(folds),
        score_seconds=score_seconds / len(target),
        started=started,
        ended=time.time(),
    )


def search(
    candidates: Sequence[Candidate],
    counts: Counts,
    target: NDArray[np.intp],
    sections: Sequence[str],
    folds: Folds,
    embeddings: NDArray[np.float32] | None,
    *,
    seed: int,
    n_jobs: int,
    weightings: Sequence[Weighting] = (),
    extra: Auxiliary = NOTHING,
) -> Iterator[Result]:
    """Yield each candidate's result as it is done, in no particular order."""
    jobs = (
        delayed(cross_validate)(
            candidate,
            {name: counts[name] for name in candidate.features},
            target,
            sections,
            folds,
            embeddings if "embeddings" in candidate.features else None,
            seed,
            weightings,
            extra.restricted(candidate.features) if candidate.estimator == "stack" else NOTHING,
        )
        for candidate in candidates
    )
    parallel = Parallel(
        n_jobs=n_jobs, return_as="generator_unordered", pre_dispatch="n_jobs", initializer=_leave_ctrl_c_to_the_parent
    )
    # What joblib has to say of a search that is interrupted is of no use to whoever interrupted it.
    callbacks = logging.getLogger("concurrent.futures")
    level = callbacks.level
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"(?s).*adjusting the input task iterator")
        callbacks.setLevel(logging.CRITICAL)
        results = parallel(jobs)
        try:
            yield from results
        finally:
            results.close()
            callbacks.setLevel(level)


def _leave_ctrl_c_to_the_parent() -> None:
    """Keep a worker from printing a traceback when a terminal interrupts the whole group; joblib ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def extraction_seconds(headlines: Sequence[str]) -> dict[str, float]:
    """Return the seconds for one headline that normalising and each block take, measured on a few.

    The key ``""`` is the normaliser, ``"kiwi"`` the analysis that several blocks may share.
    """
    few = list(headlines[:1000])
    _ = Batch(few[:2]).morphemes  # Kiwi loads on first use
    seconds = {}

    def clock(name: str, begin: float) -> None:
        seconds[name] = (time.perf_counter() - begin) / len(few)

    begin = time.perf_counter()
    batch = Batch(normalize_all(few))
    clock("", begin)
    begin = time.perf_counter()
    _ = batch.morphemes
    clock("kiwi", begin)
    for name, block in BLOCKS.items():
        begin = time.perf_counter()
        block.count(batch)
        clock(name, begin)
    return seconds


def headlines_per_second(result: Result, seconds: dict[str, float]) -> float:
    """Return how many headlines a second the candidate classifies in batch, from text to section."""
    blocks = result.candidate.features
    total = seconds[""] + result.score_seconds + sum(seconds[name] for name in blocks)
    if any(BLOCKS[name].needs_kiwi for name in blocks):
        total += seconds["kiwi"]
    return 1 / total


def fit_model(
    candidate: Candidate,
    counts: Counts,
    target: NDArray[np.intp],
    sections: Sequence[str],
    embeddings: NDArray[np.float32] | None,
    seed: int,
    weighting: Weighting = None,
    rows: NDArray[np.intp] | None = None,
    extra: Auxiliary = NOTHING,
    temperature: float = 1.0,
) -> LinearModel:
    """Fit a candidate on all rows, or some, and compile it, with the temperature that cross-validation found if any."""
    rows = np.arange(len(target)) if rows is None else rows
    features, estimator = fit(candidate, counts, target, rows, embeddings, seed, weighting, extra)
    return compile_model(features, estimator, sections, temperature)


def compile_model(
    features: HeadlineFeatures, estimator: Any, sections: Sequence[str], temperature: float
) -> LinearModel:
    """Turn fitted features and a fitted linear estimator into plain arrays.

    The temperature is divided out and the scores of every feature are centred over the sections;
    neither changes a probability.
    """
    weights, intercept = linear_weights(estimator)
    centred = (weights - weights.mean(axis=1, keepdims=True)) / temperature
    parts = features.split_weights(centred)
    blocks = {}
    for name, tfidf in features.tfidf_.items():
        blocks[name] = Weights(
            columns=np.asarray(tfidf.columns_, np.int32),
            idf=np.asarray(tfidf.tfidf_.idf_, np.float32),
            coefficients=np.ascontiguousarray(parts[name], np.float32),
        )
    prior = (intercept - intercept.mean()) / temperature
    return LinearModel.of_blocks(tuple(sections), np.asarray(prior, np.float32), blocks)
