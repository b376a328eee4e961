"""The fast tier, distilled: a student with characters alone learns to answer as the accurate model does.

Hinton, Vinyals & Dean 2015, "Distilling the Knowledge in a Neural Network": the student is fitted to the
teacher's probabilities rather than to labels. The teacher answers the training headlines and as many
recombined ones, half of one headline and half of another, which show its answers to words in other combinations.

Everything the cascade needs is chosen out of fold: in every fold a teacher that has not seen the fold's
headlines teaches a student that has not seen them either.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize
from scipy.special import log_softmax
from sklearn.metrics import f1_score

from classifier.evaluation.metrics import EvaluatedTable, score
from classifier.model.cascade import accepted, confidence
from classifier.model.fast import FastModel, NgramRanges, read_text
from classifier.model.linear import LinearModel
from classifier.model.model import Model
from classifier.model.reference import Reference, join, scored
from classifier.model.scoring import softmax
from classifier.text.ngrams import hash_lines
from classifier.text.normalize import normalize_all
from classifier.training.compile import fit_model
from classifier.training.dataset import TrainingSet
from classifier.training.features import Counts, FeatureCache, slice_rows
from classifier.training.search import Result

#: What the fast tier reads, hashed into 2**19 columns, which is 4 MB of weights for up to eight sections. Chosen
#: by cross-validation on YNAT's train split for how often it answers as its teacher does; 2**20 gained nothing.
NGRAM_RANGES: NgramRanges = {"nospace": (1, 4), "chars": (2, 3)}
BITS = 19
RARE = 3  #: columns in fewer rows, recombined ones included, get no weight
PENALTY = 1e-6  #: strength of the weights' squared norm
ITERATIONS = 40  #: of L-BFGS
FOLDS = 3  #: of the search's folds, this many are enough to choose calibrations and a threshold
DIFFERENT = 0.005  #: share of the headlines for which a cascade may differ from the accurate model, out of fold


@dataclass(frozen=True)
class Distilled:
    """A fast tier and what was found out about it out of fold."""

    fast: FastModel
    out_of_fold: Reference


def line_counts(
    headlines: Sequence[str], ngram_ranges: NgramRanges = NGRAM_RANGES, bits: int = BITS
) -> sparse.csr_array:
    """Return counts of the n-grams that a fast tier reads, (n_headlines, 2**bits) float32."""
    text = "\n".join(normalize_all(headlines))
    rows, columns = [], []
    for name, (low, high) in ngram_ranges.items():
        bounds, found = hash_lines(read_text(name, text), low, high, bits)
        row = np.tile(np.repeat(np.arange(len(headlines)), np.diff(bounds)), len(found))
        inside = np.flatnonzero(found < 1 << bits)
        rows.append(row[inside])
        columns.append(found.ravel()[inside])
    row, column = np.concatenate(rows), np.concatenate(columns)
    return sparse.coo_array((np.ones(len(row), np.float32), (row, column)), shape=(len(headlines), 1 << bits)).tocsr()


def recombined(headlines: Sequence[str], seed: int) -> tuple[list[str], NDArray[np.int64]]:
    """Return as many headlines made of two halves, and the rows (n, 2) of those they are made of."""
    parents = np.random.default_rng(seed).integers(0, len(headlines), (len(headlines), 2))
    words = [headline.split() for headline in normalize_all(headlines)]
    mixed = []
    for first, second in parents.tolist():
        head, tail = words[first], words[second]
        mixed.append(" ".join(head[: max(1, len(head) // 2)] + tail[len(tail) // 2 :]))
    return mixed, parents


def fit_student(
    counts: sparse.csr_array, target: NDArray[np.floating]
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Fit a softmax regression to probabilities.

    A headline's value in a column is its count there times the column's inverse document frequency, over the
    square root of its number of n-grams, as :class:`FastModel` has it.

    Args:
        counts: (n_rows, n_columns).
        target: (n_rows, n_sections).

    Returns:
        Weights (n_columns, n_sections), the inverse document frequency within, and the intercept (n_sections,).
    """
    n_rows, n_sections = target.shape
    frequency = np.bincount(counts.indices, minlength=counts.shape[1])
    columns = np.flatnonzero(frequency >= RARE)
    idf = (np.log((1 + n_rows) / (1 + frequency[columns])) + 1).astype(np.float32)
    values = counts[:, columns].copy()
    length = np.sqrt(counts.sum(axis=1)).astype(np.float32)
    values.data = values.data * idf[values.indices] / np.repeat(length, np.diff(values.indptr))
    transposed = values.T.tocsr()
    target = target.astype(np.float32)

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(-1, n_sections)
        logits = values @ weights[:-1].astype(np.float32) + weights[-1].astype(np.float32)
        log_probabilities = log_softmax(logits, axis=1)
        error = (np.exp(log_probabilities) - target) / np.float32(n_rows)
        gradient = np.empty_like(weights)
        gradient[:-1] = transposed @ error + PENALTY * weights[:-1]
        gradient[-1] = error.sum(axis=0)
        cross_entropy = -float((target * log_probabilities).sum(dtype=np.float64)) / n_rows
        return cross_entropy + PENALTY / 2 * float(np.square(weights[:-1]).sum()), gradient.ravel()

    start = np.zeros((len(columns) + 1) * n_sections)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": ITERATIONS, "maxcor": 6})
    fitted = found.x.reshape(-1, n_sections)
    weights = np.zeros((counts.shape[1], n_sections), np.float32)
    weights[columns] = fitted[:-1] * idf[:, None]
    return weights, fitted[-1]


def refit(winner: Result, data: TrainingSet, fold: int | None = None) -> LinearModel:
    """Fit a search's winner to the training rows of a fold, or to all rows, and compile it."""
    return fit_model(winner.candidate, data, *data.part(fold), winner.temperature)


def distill(winner: Result, model: LinearModel, data: TrainingSet, cache: FeatureCache, *, n_jobs: int) -> Distilled:
    """Distil a fast tier from the accurate model, and choose the threshold of their cascade.

    Args:
        winner: the search's; fitted to the rows of a fold it is the teacher there.
        model: the accurate model of all rows.
        data: the training set, with headlines.
        cache: counts the recombined headlines, once.
        n_jobs: processes.
    """
    small = data.only(list(model.blocks))
    mixed, parents = recombined([data.headlines[i] for i in data.scored], data.seed)
    mixed_counts = cache.counts(mixed, list(model.blocks))
    own, of_mixed = line_counts(data.headlines), line_counts(mixed)

    def task(fold: int | None) -> object:
        train, counted = data.part(fold)
        test = np.zeros(0, np.intp) if fold is None else data.folds[fold][1]
        if counted is not None:  # a headline that a model has labelled has a row for each label, of which one counts
            train = train[(counted[train] > 0) | (train < len(data.scored))]
        inside = np.flatnonzero(np.isin(parents, train).all(axis=1))
        return delayed(_teach)(
            model if fold is None else partial(refit, winner, small, fold),
            [slice_rows(small.counts, train), slice_rows(mixed_counts, inside)],
            sparse.vstack([own[train], of_mixed[inside]], format="csr"),
            slice_rows(small.counts, test), [data.headlines[i] for i in test], data.target[test],
        )  # fmt: skip

    tested = range(min(FOLDS, len(data.folds)))
    *out_of_fold, (tier, _) = Parallel(n_jobs=n_jobs)(task(fold) for fold in (*tested, None))
    return Distilled(tier, join([found for _, found in out_of_fold]))


def _teach(
    teacher: LinearModel | Callable[[], LinearModel],
    tasks: Sequence[Counts],
    lines: sparse.csr_array,
    test: Counts,
    test_headlines: Sequence[str],
    test_target: NDArray[np.intp],
) -> tuple[FastModel, Reference]:
    """Return a student, and the test rows scored by it and by its teacher."""
    model = teacher if isinstance(teacher, LinearModel) else teacher()
    target = softmax(np.vstack([model.scores_of_counts(part) for part in tasks]))
    weights, intercept = fit_student(lines, target)
    frequency = np.bincount(lines.indices, minlength=lines.shape[1])
    tier = FastModel.quantize(model.sections, weights, intercept, NGRAM_RANGES, frequency)
    logits = {"accurate": model.scores_of_counts(test), "fast": tier.scores(test_headlines)[0]}
    return tier, scored(test_headlines, test_target, tier.unknown_share(test_headlines), logits)


def choose_threshold(
    fast: NDArray[np.floating], accurate: NDArray[np.floating], target: NDArray[np.intp]
) -> tuple[float, float, dict[str, float]]:
    """Choose the lowest confidence at which a cascade accepts the fast tier's answer.

    At this threshold the cascade's answer differs from the accurate model's for at most :data:`DIFFERENT` of the
    headlines. Out of fold the fast tier is right on nearly as many of those as the accurate one, so by F1 alone it
    would answer all headlines. On headlines unlike the training rows it is right on fewer.

    Args:
        fast: calibrated logits (n_rows, n_sections), out of fold.
        accurate: the same of the accurate model.
        target: (n_rows,).

    Returns:
        The threshold, the share of headlines that reach it, and the macro-F1 of each tier.
    """
    sure = confidence(fast)
    answers, rivals = fast.argmax(axis=1), accurate.argmax(axis=1)
    order = np.argsort(-sure, kind="stable")
    different = np.cumsum((answers != rivals)[order]) / len(order)
    allowed = int(np.searchsorted(different, DIFFERENT, side="right"))  # how many of the most confident
    threshold = float(sure[order[allowed - 1]]) if allowed else 1.0
    by_fast = accepted(sure, np.ones(len(sure), np.bool_), threshold)

    def macro_f1(answer: NDArray[np.intp]) -> float:
        return float(f1_score(target, answer, average="macro"))

    found = {"accurate": rivals, "fast": answers, "cascade": np.where(by_fast, answers, rivals)}
    return threshold, float(by_fast.mean()), {tier: macro_f1(answer) for tier, answer in found.items()}


def evaluate_tiers(model: Model, evaluated: EvaluatedTable, headlines: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return the figures of the fast tier and of the cascade on the test table, read once.

    Args:
        model: with or without a fast tier; without one the result is empty.
        evaluated: the accurate model's answers.
        headlines: of the test table.
    """
    if model.fast is None or "cascade" not in model.tiers:
        return {}
    logits, has_features = model.fast.scores(headlines)
    by_fast = accepted(confidence(logits), has_features, model.fast.threshold)
    probabilities = softmax(logits)
    answers = {"fast": probabilities, "cascade": np.where(by_fast[:, None], probabilities, evaluated.probabilities)}
    found = {tier: score(answer, evaluated.target, evaluated.sections) for tier, answer in answers.items()}
    return {
        tier: {
            "macro_f1": figures.macro_f1,
            "accuracy": figures.accuracy,
            "log_loss": figures.log_loss,
            "ece": figures.ece,
            "answered_by_fast": float(by_fast.mean()) if tier == "cascade" else 1.0,
        }
        for tier, figures in found.items()
    }
