"""What a training learns from: its tables, and their rows as counts, numbers and folds."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from classifier.corpus.columns import Columns
from classifier.corpus.datasets import load_corpus
from classifier.corpus.duplicates import near_duplicate_groups, near_duplicate_pairs
from classifier.corpus.sections import Folded, SectionNames, in_order
from classifier.corpus.tables import fold_sections, merge_repeats, read_section_names
from classifier.errors import DataError
from classifier.paths import cache_folder
from classifier.text.user_words import NO_WORDS, UserWords
from classifier.training.config import Config
from classifier.training.features import Counts, FeatureCache, slice_rows
from classifier.training.splits import Folds, holdout_rows, make_folds, topic_groups

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger(__name__)

#: What each row counts for in a fit, (n_rows,); 0 leaves it out. None: all rows count the same.
RowWeights = NDArray[np.float64] | None


@dataclass(frozen=True)
class Corpora:
    """The rows of a training and of its test."""

    train: pd.DataFrame
    lexicon: pd.DataFrame  #: words and phrases with their sections
    test: pd.DataFrame
    sections: tuple[str, ...]
    test_name: str
    overlap: int  #: test headlines that are near-duplicates of training headlines
    auxiliary: list[pd.DataFrame]  #: tables with sections of their own
    rows: int  #: of the training tables, before repeats are merged and rows left out
    folded: list[Folded]  #: names of sections that were changed
    words: UserWords = NO_WORDS  #: the user's, with which Kiwi reads

    @property
    def learned(self) -> pd.DataFrame:
        """All rows of a fit: those of ``train``, then those of ``lexicon``."""
        import pandas as pd

        return pd.concat([self.train, self.lexicon], ignore_index=True)


def load_corpora(config: Config, base: Path) -> Corpora:
    """Load the tables a config names; merge repeats in the training rows, leave the test as it is.

    Raises:
        DataError: a table or the file of the user's words is bad, or the training rows have one section only.
    """
    user_words = config.text.user_words
    words = NO_WORDS if user_words is None else UserWords.read(base / Path(user_words).expanduser())
    train, n_rows, folded = _training_rows(config, base)
    sections = in_order(train["section"])
    if len(sections) < 2:
        raise DataError(f"The training rows have one section only: {sections[0]}. A classifier needs two or more.")
    if config.data.test is not None:
        test, test_name = load_test(config, config.data.test, base, sections), config.data.test
        repeated = train["headline"].isin(set(test["headline"]))
        if repeated.any():
            logger.warning("train: %d rows left out because they are in the test table too", int(repeated.sum()))
            train = train[~repeated]
    else:
        headlines, target = train["headline"].tolist(), section_numbers(train["section"].tolist(), sections)
        held_out = holdout_rows(headlines, target, sections, config.data.holdout or 0, config.experiment.seed)
        held = np.isin(np.arange(len(train)), held_out)
        train, test = train[~held], train[held]
        test_name = holdout_name(config)
    tested = set(test["headline"])
    auxiliary = [_load_auxiliary(config, table, base, tested) for table in config.data.auxiliary_tables]
    crossing = {j for i, j, _ in near_duplicate_pairs([*train["headline"], *test["headline"]]) if i < len(train) <= j}
    logger.info("%d of %d test headlines are near-duplicates of training headlines", len(crossing), len(test))
    lexicon = _load_lexicon(config, base, sections)
    return Corpora(train, lexicon, test, sections, test_name, len(crossing), auxiliary, n_rows, folded, words)


def table_columns(config: Config) -> Columns:
    """Return where the tables of a config have their headlines and sections."""
    return Columns(**config.data.columns.model_dump())


def section_names(config: Config, base: Path, known: Sequence[str] = ()) -> SectionNames:
    """Return how the names of sections in the tables of a config become those that are learned.

    Args:
        config: of the training.
        base: the folder that a relative path starts from.
        known: sections of the training rows, for a test table.

    Raises:
        DataError: the table of names cannot be read.
    """
    data = config.data
    names = data.names if data.names is None or isinstance(data.names, list) else base / Path(data.names).expanduser()
    return SectionNames(
        fold=data.sections != "as they are",
        own=data.sections if isinstance(data.sections, dict) else None,
        numbers={} if names is None else read_section_names(names),
        known=known,
    )


def _load(config: Config, reference: str, base: Path, names: SectionNames) -> pd.DataFrame:
    return load_corpus(reference, base, columns=table_columns(config), names=names)


def _training_rows(config: Config, base: Path) -> tuple[pd.DataFrame, int, list[Folded]]:
    """Return the training rows, each headline once; how many there were; and which sections were renamed."""
    import pandas as pd

    names = section_names(config, base)
    as_they_are = replace(names, fold=False, own=None, numbers={})
    frames = [_load(config, r, base, as_they_are).assign(table=r) for r in config.data.train]
    folded = fold_sections(frames, names, "train")
    rows = pd.concat(frames, ignore_index=True)
    n_rows = len(rows)
    for reference, left_out in config.data.leave_out.items():
        chosen = (rows["table"] == reference) & rows["section"].isin(left_out)
        if absent := sorted(set(left_out) - set(rows["section"][chosen])):
            raise DataError(
                f"data.leave_out: no row of {reference!r} in data.train has the section {', '.join(absent)}."
            )
        logger.info("train: %d rows of %s left out (%s)", int(chosen.sum()), reference, ", ".join(left_out))
        rows = rows[~chosen]
    train, cleaning = merge_repeats(_corrected(rows, config.data.corrections))
    logger.info("train: %s", cleaning)
    return train, n_rows, folded


def _corrected(rows: pd.DataFrame, corrections: Sequence[str]) -> pd.DataFrame:
    """Return the rows without those whose headline a table of corrections has."""
    by_people = rows["table"].isin(corrections)
    replaced = ~by_people & rows["headline"].isin(set(rows["headline"][by_people]))
    if replaced.any():
        logger.info("train: %d rows replaced by corrections", int(replaced.sum()))
    return rows[~replaced]


def load_test(config: Config, reference: str, base: Path, sections: Sequence[str]) -> pd.DataFrame:
    """Load a test table.

    Raises:
        DataError: the table is bad, or has sections that the training rows lack.
    """
    test = _load(config, reference, base, section_names(config, base, sections))
    if unknown := sorted(set(test["section"]) - set(sections)):
        raise DataError(f"The test table has sections that the training rows lack: {', '.join(unknown)}.")
    return test


def holdout_name(config: Config) -> str:
    """Return what the held-out part of the training rows is called."""
    return f"held-out {config.data.holdout:.0%} of {', '.join(config.data.train)}"


def section_numbers(names: Sequence[str], sections: Sequence[str]) -> NDArray[np.intp]:
    """Return the position in ``sections`` of every name, (n_names,)."""
    number = {name: i for i, name in enumerate(sections)}
    return np.array([number[name] for name in names], np.intp)


def _load_lexicon(config: Config, base: Path, sections: Sequence[str]) -> pd.DataFrame:
    """Return the words that a config names; a word may have several sections, and has each once."""
    import pandas as pd

    if not config.data.lexicon:
        return pd.DataFrame({"headline": [], "section": [], "table": []}, dtype=str)
    names, columns = section_names(config, base, sections), Columns(headline="word", section="section")
    frames = [
        load_corpus(reference, base, columns=columns, names=names).assign(table=reference)
        for reference in config.data.lexicon
    ]
    words = pd.concat(frames, ignore_index=True).drop_duplicates(["headline", "section"], ignore_index=True)
    known = words["section"].isin(sections)
    if not known.all():
        others = ", ".join(in_order(words["section"][~known]))
        logger.info("lexicon: %d words left out, of sections that train has not: %s", int((~known).sum()), others)
    return words[known]


def _load_auxiliary(config: Config, references: Sequence[str], base: Path, tested: set[str]) -> pd.DataFrame:
    import pandas as pd

    names = section_names(config, base)
    parts = [_load(config, reference, base, names) for reference in references]
    frame, cleaning = merge_repeats(pd.concat(parts, ignore_index=True))
    frame = frame[~frame["headline"].isin(tested)]
    table = ", ".join(references)
    logger.info("auxiliary %s: %s", table, cleaning)
    if frame["section"].nunique() < 2:
        raise DataError(
            f"auxiliary table {table}: has one section only ({frame['section'].iloc[0]}), of which nothing "
            "can be learned. Join it with others in one table, or leave it out."
        )
    return frame


@dataclass(frozen=True)
class Auxiliary:
    """A table with sections of its own, from which the estimator ``stack`` learns too."""

    counts: Counts
    target: NDArray[np.intp]  #: (n_rows,), numbers of its own sections


@dataclass(frozen=True)
class TrainingSet:
    """The training rows in the form that every fit takes."""

    headlines: list[str]
    counts: Counts
    target: NDArray[np.intp]  #: (n_rows,), positions in ``sections``
    sections: tuple[str, ...]
    folds: Folds
    embeddings: NDArray[np.float32] | None = None  #: word vectors, for the block ``embeddings``
    weights: RowWeights = None  #: of the rows in a fit on all of them
    fold_weights: Sequence[RowWeights] = ()  #: of the rows in each fold's fit; empty: all rows count the same
    groups: NDArray[np.integer] | None = None  #: (n_rows,), rows that belong on one side of a split share a number
    unscored: int = 0  #: rows at the end that every fit learns from and no fold tests, such as those of a lexicon
    auxiliary: tuple[Auxiliary, ...] = ()
    seed: int = 0  #: of everything random in a fit
    words: UserWords = NO_WORDS  #: the user's, with which Kiwi read the headlines

    def part(self, fold: int | None) -> tuple[NDArray[np.intp], RowWeights]:
        """Return the training rows of a fold and the weights of all rows in its fit; of None: all rows."""
        if fold is None:
            return np.arange(len(self.target)), self.weights
        return self.folds[fold][0], self.fold_weights[fold] if self.fold_weights else None

    @property
    def scored(self) -> NDArray[np.intp]:
        """The rows that folds test, ascending."""
        return np.arange(len(self.target) - self.unscored)

    def with_unscored(self, counts: Counts, target: NDArray[np.intp], groups: NDArray[np.integer]) -> TrainingSet:
        """Return a set with more rows, which every fit learns from and no fold tests.

        Their headlines and their weights are not set.

        Args:
            counts: of the rows, for each block of the set.
            target: (n_rows,), positions in ``sections``.
            groups: (n_rows,), from 0: rows that belong on one side of a split share a number.
        """
        rows = np.arange(len(self.target), len(self.target) + len(target))
        return replace(
            self,
            counts={name: sparse.vstack([own, counts[name]], format="csr") for name, own in self.counts.items()},
            target=np.concatenate([self.target, target]),
            unscored=self.unscored + len(rows),
            folds=[(np.concatenate([train, rows]), test) for train, test in self.folds],
            groups=None if self.groups is None else np.concatenate([self.groups, self.groups.max() + 1 + groups]),
        )

    def only(self, blocks: Sequence[str]) -> TrainingSet:
        """Return the same set with the counts of some blocks and without headlines: what a worker process needs."""
        auxiliary = tuple(Auxiliary({b: t.counts[b] for b in blocks}, t.target) for t in self.auxiliary)
        embeddings = self.embeddings if "embeddings" in blocks else None
        counts = {name: self.counts[name] for name in blocks}
        return replace(self, headlines=[], counts=counts, embeddings=embeddings, auxiliary=auxiliary)

    def take(self, rows: NDArray[np.intp], n_folds: int) -> TrainingSet:
        """Return a set of some rows, all of one weight, with folds of near-duplicate groups.

        Raises:
            DataError: a section is too small for so many folds.
        """
        headlines, target = [self.headlines[i] for i in rows], self.target[rows]
        folds = make_folds(headlines, target, self.sections, n_folds, self.seed)
        counts = slice_rows(self.counts, rows)
        return TrainingSet(
            headlines, counts, target, self.sections, folds, self.embeddings, seed=self.seed, words=self.words
        )


def feature_cache(words: UserWords = NO_WORDS) -> FeatureCache:
    """Return the cache of counts and embeddings in the user's cache folder."""
    return FeatureCache(str(cache_folder() / "features"), words)


def training_set(
    headlines: Sequence[str],
    target: NDArray[np.intp],
    sections: Sequence[str],
    blocks: Sequence[str],
    n_folds: int = 0,
    *,
    groups: NDArray[np.integer] | None = None,
    seed: int = 0,
) -> TrainingSet:
    """Return labelled headlines as a training set in which all rows count the same.

    Args:
        headlines: (n_rows,).
        target: (n_rows,), positions in ``sections``.
        sections: names of the sections.
        blocks: which feature blocks are counted.
        n_folds: folds of near-duplicate groups; 0 for none.
        groups: (n_rows,), those groups if they are known.
        seed: of the folds and of the fits.

    Raises:
        DataError: a section is too small for the folds.
    """
    folds = make_folds(headlines, target, sections, n_folds, seed, groups) if n_folds else []
    cache = feature_cache()
    counts = cache.counts(headlines, blocks)
    embeddings = cache.embeddings() if "embeddings" in blocks else None
    return TrainingSet(list(headlines), counts, target, tuple(sections), folds, embeddings, groups=groups, seed=seed)


def prepare(config: Config, corpora: Corpora) -> TrainingSet:
    """Return what all candidates of a config are fitted to; counts and embeddings are kept in the user's cache.

    The rows have no weights yet; :func:`classifier.training.weights.weigh` gives them those of the config.

    Raises:
        DataError: a section is too small for the folds.
    """
    seed, blocks = config.experiment.seed, config.blocks()
    headlines = corpora.train["headline"].tolist()
    target = section_numbers(corpora.train["section"].tolist(), corpora.sections)
    cache = feature_cache(corpora.words)
    counts = cache.counts(headlines, blocks)
    embeddings = cache.embeddings() if "embeddings" in blocks else None
    groups: NDArray[np.integer] = near_duplicate_groups(headlines)
    if config.search.groups == "topics" and embeddings is not None:
        groups = topic_groups(counts["embeddings"], embeddings, groups, seed)
    data = TrainingSet(
        headlines=headlines,
        counts=counts,
        target=target,
        sections=corpora.sections,
        folds=make_folds(headlines, target, corpora.sections, config.search.folds, seed, groups),
        embeddings=embeddings,
        groups=groups,
        auxiliary=tuple(
            Auxiliary(
                cache.counts(frame["headline"].tolist(), blocks),
                np.unique(frame["section"], return_inverse=True)[1].astype(np.intp),
            )
            for frame in corpora.auxiliary
        ),
        seed=seed,
        words=corpora.words,
    )
    if corpora.lexicon.empty:
        return data
    words = corpora.lexicon["headline"].tolist()
    of_words = section_numbers(corpora.lexicon["section"].tolist(), data.sections)
    extended = data.with_unscored(cache.counts(words, blocks), of_words, np.arange(len(words)))
    return replace(extended, headlines=headlines + words)
