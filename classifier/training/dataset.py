"""What a training is made from: its tables, and their rows as counts, numbers, folds and weights."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from classifier.corpus.datasets import load_corpus
from classifier.corpus.duplicates import near_duplicate_groups, near_duplicate_pairs
from classifier.corpus.sections import in_order
from classifier.corpus.tables import merge_repeats
from classifier.errors import DataError
from classifier.paths import cache_folder
from classifier.training.config import Config
from classifier.training.features import Counts, FeatureCache
from classifier.training.label_errors import NOISE_MODEL, training_weightings, weighting_in_words
from classifier.training.search import Auxiliary, Folds, Weighting, extraction_seconds, holdout_rows, make_folds
from classifier.training.topics import topic_groups

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Corpora:
    """The rows of a training and of its test."""

    train: pd.DataFrame
    test: pd.DataFrame
    sections: tuple[str, ...]
    test_name: str
    overlap: int  #: test headlines that are near-duplicates of training headlines
    auxiliary: list[pd.DataFrame]  #: tables with sections of their own


def load_corpora(config: Config, base: Path) -> Corpora:
    """Load the tables a config names; merge repeats in the training rows, leave the test as it is.

    Raises:
        DataError: a table is bad, or the training rows have one section only.
    """
    import pandas as pd

    frames = [load_corpus(reference, base).assign(table=reference) for reference in config.data.train]
    rows = pd.concat(frames, ignore_index=True)
    for reference, left_out in config.data.leave_out.items():
        chosen = (rows["table"] == reference) & rows["section"].isin(left_out)
        if absent := sorted(set(left_out) - set(rows["section"][chosen])):
            raise DataError(
                f"data.leave_out: no row of {reference!r} in data.train has the section {', '.join(absent)}."
            )
        logger.info("train: %d rows of %s left out (%s)", int(chosen.sum()), reference, ", ".join(left_out))
        rows = rows[~chosen]
    train, cleaning = merge_repeats(rows)
    logger.info("train: %s", cleaning)
    sections = in_order(train["section"])
    if len(sections) < 2:
        raise DataError(f"The training rows have one section only: {sections[0]}. A classifier needs two or more.")
    if config.data.test is not None:
        test, test_name = load_corpus(config.data.test, base), config.data.test
        unknown = sorted(set(test["section"]) - set(sections))
        if unknown:
            raise DataError(f"The test table has sections that the training rows lack: {', '.join(unknown)}.")
        seen = set(test["headline"])
        repeated = train["headline"].isin(seen)
        if repeated.any():
            logger.warning("train: %d rows left out because they stand in the test table too", int(repeated.sum()))
            train = train[~repeated]
    else:
        index = {name: i for i, name in enumerate(sections)}
        target = np.array([index[name] for name in train["section"]], np.intp)
        held_out = holdout_rows(
            train["headline"].tolist(), target, sections, config.data.holdout or 0, config.experiment.seed
        )
        held = np.isin(np.arange(len(train)), held_out)
        train, test = train[~held], train[held]
        test_name = f"held-out {config.data.holdout:.0%} of {', '.join(config.data.train)}"
    auxiliary = [_load_auxiliary(reference, base, set(test["headline"])) for reference in config.data.auxiliary]
    both = [*train["headline"], *test["headline"]]
    crossing = {j for i, j, _ in near_duplicate_pairs(both) if i < len(train) <= j}
    logger.info("%d of %d test headlines are near-duplicates of training headlines", len(crossing), len(test))
    return Corpora(train, test, sections, test_name, len(crossing), auxiliary)


def _load_auxiliary(reference: str, base: Path, tested: set[str]) -> pd.DataFrame:
    frame, cleaning = merge_repeats(load_corpus(reference, base))
    frame = frame[~frame["headline"].isin(tested)]
    logger.info("auxiliary %s: %s", reference, cleaning)
    if frame["section"].nunique() < 2:
        raise DataError(
            f"auxiliary table {reference}: has one section only ({frame['section'].iloc[0]}), of which nothing "
            "can be learned. Join it with others in one table, or leave it out."
        )
    return frame


@dataclass(frozen=True)
class TrainingSet:
    """What every candidate is made from: the training rows as counts and numbers."""

    counts: Counts
    embeddings: NDArray[np.float32] | None
    target: NDArray[np.intp]  #: (n_rows,), columns of the sections
    folds: Folds
    seconds: dict[str, float]  #: for one headline, by block
    weightings: list[Weighting]  #: of the rows in each fold's fit
    weighting: Weighting  #: of the rows in the fit on all of them
    extra: Auxiliary  #: what a stack learns from besides


def prepare(config: Config, corpora: Corpora) -> TrainingSet:
    """Return what all candidates of a config are made from; counts and embeddings are kept in the user's cache.

    Raises:
        ConfigError: the labels are weighed by what the rows do not have, or nothing is left of a section.
        DataError: a section is too small for the folds.
    """
    seed = config.experiment.seed
    headlines = corpora.train["headline"].tolist()
    index = {name: i for i, name in enumerate(corpora.sections)}
    target = np.array([index[name] for name in corpora.train["section"]], np.intp)
    wanted = {block for candidate in config.expand() for block in candidate.features}
    if config.labels.errors != "keep":
        wanted |= set(NOISE_MODEL.features)
    if config.search.groups == "topics":
        wanted.add("embeddings")
    blocks = sorted(wanted)
    cache = FeatureCache(str(cache_folder() / "features"))
    counts = cache.counts(headlines, blocks)
    embeddings = cache.embeddings() if "embeddings" in blocks else None
    groups: NDArray[np.integer] = near_duplicate_groups(headlines)
    if config.search.groups == "topics" and embeddings is not None:
        groups = topic_groups(counts["embeddings"], embeddings, groups, seed)
    folds = make_folds(headlines, target, corpora.sections, config.search.folds, seed, groups)
    weightings, weighting = training_weightings(
        config.labels, corpora.train, counts, target, corpora.sections, folds, embeddings, seed, config.search.n_jobs
    )
    if weighting is not None:
        logger.info("labels: %s", weighting_in_words(weighting))
    tables = []
    for frame in corpora.auxiliary:
        sections = np.unique(frame["section"], return_inverse=True)[1].astype(np.intp)
        tables.append((cache.counts(frame["headline"].tolist(), blocks), sections))
    return TrainingSet(
        counts=counts,
        embeddings=embeddings,
        target=target,
        folds=folds,
        seconds=extraction_seconds(headlines),
        weightings=weightings,
        weighting=weighting,
        extra=Auxiliary(groups, tuple(tables)),
    )
