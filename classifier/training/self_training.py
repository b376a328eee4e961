"""Learning from unlabelled headlines: the winner of the search labels them and is fitted again with them.

Self-training (Yarowsky 1995) in one round, with label propagation (Zhu & Ghahramani 2002, "Learning from Labeled and
Unlabeled Data with Label Propagation"; Zhou et al. 2004, "Learning with Local and Global Consistency"). A publisher
writes about one event many times, so neighbours vote on each label: headlines with n-grams in common. The folds that a
calibration is fitted on have labels of their own, by a model that has not seen the fold's test rows.
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
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.utils import gen_batches

from classifier.corpus.datasets import datasets, load_corpus
from classifier.corpus.duplicates import near_duplicate_groups
from classifier.corpus.tables import read_headlines
from classifier.errors import DataError
from classifier.model.scoring import softmax
from classifier.text.normalize import normalize_all
from classifier.training.compile import fit_model
from classifier.training.config import Candidate, Config
from classifier.training.dataset import Corpora, RowWeights, TrainingSet, feature_cache, table_columns
from classifier.training.distill import FOLDS
from classifier.training.features import Counts, slice_rows

logger = logging.getLogger(__name__)

# Chosen on two crawls and YNAT's train split, with 5,000 to 15,000 headlines: steps, absent sections and weight by
# `experiments/benchmarks/unlabelled.py`, the others by trials that `experiments/README.md` has records of.
SIMILAR = 0.08  #: cosine of two headlines' n-grams from which on they are neighbours
OWN = 0.5  #: weight of a headline's own answer beside its neighbours', which weigh as the square of the cosine
STEPS = 2  #: how often every headline takes the mean of its own answer and its neighbours'
ABSENT = 0.025  #: a section with a smaller share of the headlines is absent; of over eight sections, with less
WEIGHT = 1.0  #: of a row that the model has labelled; 1 is the mean weight of the rows that had labels before
MOST = 100_000  #: different headlines that are learned from, drawn at random of more

_ITERATIONS = 100  # of the estimate of the sections' shares
_CHUNK = 2_000  # headlines whose neighbours are found at a time

#: The number of the section that each unlabelled headline gets in a fit, (n_headlines,).
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
    labels: dict[str, int]  #: how many headlines each section got in the final fit


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


def learn_unlabelled(
    candidate: Candidate, data: TrainingSet, unlabelled: Unlabelled, *, temperature: float, n_jobs: int
) -> SelfTrained:
    """Label headlines by a candidate and add them to the training rows of the final fit and of its folds.

    Args:
        candidate: the winner of a search on labelled rows alone.
        data: the labelled rows.
        unlabelled: the headlines to label.
        temperature: by which the candidate's scores are divided to be logits.
        n_jobs: processes.
    """
    blocks = list(candidate.features)
    counts = feature_cache(data.words).counts(unlabelled.headlines, blocks)
    near = neighbours(unlabelled.headlines)
    small = data.only(blocks)
    fits = (None, *range(min(FOLDS, len(data.folds))))
    found = Parallel(n_jobs=n_jobs)(delayed(_labels)(candidate, small, counts, near, temperature, fit) for fit in fits)
    learned, rows = _extended(small, counts, dict(zip(fits, found, strict=True)))
    taken = np.bincount(found[0], minlength=len(data.sections)).tolist()
    labels = dict(zip(data.sections, taken, strict=True))
    logger.info("unlabelled: %s", ", ".join(f"{name} {n:,}" for name, n in labels.items()))
    headlines = [*data.headlines, *(unlabelled.headlines[i] for i in rows)]
    return SelfTrained(replace(learned, headlines=headlines), unlabelled, labels)


def _labels(
    candidate: Candidate,
    data: TrainingSet,
    counts: Counts,
    near: sparse.csr_array,
    temperature: float,
    fold: int | None,
) -> Labels:
    """Return the labels that a fit to the training rows of a fold gives, or of None: to all rows."""
    model = fit_model(candidate, data, *data.part(fold), temperature)
    return propagated(softmax(model.scores_of_counts(counts)), near)


def neighbours(headlines: Sequence[str]) -> sparse.csr_array:
    """Return the squared cosines (n_headlines, n_headlines) of neighbours; 0 elsewhere and on the diagonal.

    Only n-grams that few headlines have are compared: they tell one event from another.
    """
    vectorizer = TfidfVectorizer(
        analyzer="char_wb",
        ngram_range=(2, 4),
        sublinear_tf=True,
        max_df=max(10, len(headlines) // 100),
        dtype=np.float32,
    )
    try:
        matrix = sparse.csr_array(vectorizer.fit_transform(normalize_all(headlines)))
    except ValueError:  # no n-gram is left, so no two headlines have one in common
        return sparse.csr_array((len(headlines), len(headlines)))
    transposed = matrix.T.tocsr()
    parts = []
    for rows in gen_batches(len(headlines), _CHUNK):  # the product of all would not fit into memory
        cosines = (matrix[rows] @ transposed).tocoo()
        kept = (cosines.data >= SIMILAR) & (cosines.row + rows.start != cosines.col)
        data, row, column = cosines.data[kept] ** 2, cosines.row[kept], cosines.col[kept]
        parts.append(sparse.csr_array((data, (row, column)), shape=cosines.shape))
    return sparse.vstack(parts, format="csr")


def propagated(probabilities: NDArray[np.floating], near: sparse.csr_array) -> Labels:
    """Return the section of every headline that has the highest mean probability over itself and its neighbours.

    No headline gets a section that is absent by its share (see :func:`shares`). Many portals keep sports elsewhere;
    what a model then takes for sports is its errors.

    Args:
        probabilities: (n_headlines, n_sections).
        near: what headlines count for each other, (n_headlines, n_headlines).
    """
    present = shares(probabilities) >= min(ABSENT, 0.2 / probabilities.shape[1])
    own = (probabilities + 1e-12) * present  # all others may be 0
    own /= own.sum(axis=1, keepdims=True)
    total = OWN + near.sum(axis=1)
    answers = own
    for _ in range(STEPS):
        answers = (OWN * own + near @ answers) / total[:, None]
    return np.asarray(answers.argmax(axis=1))


def shares(probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the share that each section has of the headlines, (n_sections,).

    Counting answers overestimates a rare section, because errors of all others fall into it. Expectation maximization
    corrects that (Saerens et al. 2002, "Adjusting the Outputs of a Classifier to New a Priori Probabilities", section
    2.2). It begins with equal shares, which a model with balanced classes assumes. One headline more is counted for
    every section, so that a few headlines do not make a section absent.
    """
    n, n_sections = probabilities.shape
    found = np.full(n_sections, 1 / n_sections)
    for _ in range(_ITERATIONS):
        adjusted = probabilities * found
        counted = (adjusted / adjusted.sum(axis=1, keepdims=True)).sum(axis=0)
        found = (counted + 1) / (n + n_sections)
    return found


def _extended(
    data: TrainingSet, counts: Counts, labels: Mapping[int | None, Labels]
) -> tuple[TrainingSet, NDArray[np.intp]]:
    """Add a row for each label that a headline gets in any fit. In a fit that gives another label, the row weighs 0.

    Args:
        data: the labelled rows, without headlines.
        counts: of the unlabelled headlines.
        labels: of them, by fold; of None: in the fit on all rows.

    Returns:
        The set, and which unlabelled headline each added row is.
    """
    n, n_sections = len(data.target), len(data.sections)
    codes = [np.arange(len(given)) * n_sections + given for given in labels.values()]
    rows, label = np.divmod(np.unique(np.concatenate(codes)), n_sections)

    def weights(fit: int | None) -> RowWeights:
        inside, own = data.part(fit)
        own = np.ones(n) if own is None else own
        given = (labels[fit][rows] == label).astype(float) if fit in labels else np.zeros(len(rows))
        sizes = np.bincount(label, given, n_sections)
        most = np.bincount(data.target[inside], own[inside], n_sections)
        counted = own[inside][own[inside] > 0]
        each = np.minimum(WEIGHT * counted.mean(), most / np.maximum(sizes, 1))
        return np.concatenate([own, given * each[label]])

    extended = data.with_unscored(slice_rows(counts, rows), label, rows)
    folds = [weights(fold) for fold in range(len(data.folds))]
    return replace(extended, weights=weights(None), fold_weights=folds), rows
