"""The command line's verbs as functions: they return what they found and raise a ClassifierError.

``predict`` is in :mod:`classifier.prediction.classifier`, which imports less.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from classifier.corpus.columns import Columns
from classifier.corpus.sections import SectionNames
from classifier.errors import DataError
from classifier.extras import need
from classifier.prediction.classifier import Classifier

if TYPE_CHECKING:
    import pandas as pd

    from classifier.curation.audit import Findings
    from classifier.evaluation.drift import Drift
    from classifier.evaluation.metrics import EvaluatedTable
    from classifier.model.explanation import Explanation
    from classifier.training.calibrate import Calibrated
    from classifier.training.publish import Outcome

    #: A dataset's name such as ``ynat:dev``, the path of a table, or a table.
    Table = str | Path | pd.DataFrame
    #: A classifier, or what :meth:`Classifier.load` takes.
    Source = Classifier | str | Path | None


def train(config: str | Path | None = None, *, add: Sequence[str | Path] = ()) -> Outcome:
    """Run the experiment of a config file, from its tables to a registered model.

    Args:
        config: the file; default: that of the composed sample.
        add: tables of corrected rows, which hold against all others and weigh more.

    Returns:
        The leaderboard, the winner's figures on the test table, its folder and version, and whether it became the
        champion.

    Raises:
        ClassifierError: the config, the data or the MLflow store is not what it should be.
    """
    from classifier.paths import default_experiment
    from classifier.training.pipeline import train as run

    return run(default_experiment() if config is None else config, add=add)


def evaluate(
    table: Table,
    model: Source = None,
    *,
    tier: str | None = None,
    columns: Columns | None = None,
    names: SectionNames | None = None,
) -> EvaluatedTable:
    """Measure a model on a labelled table.

    Args:
        table: a dataset's name such as ``ynat:dev``, the path of a table, or a table with the columns ``headline`` and
            ``section``.
        model: a classifier or what :meth:`Classifier.load` takes; default: the champion.
        tier: which tier to measure; default: the accurate one, if the model has it.
        columns: which columns of the table hold the headlines and the sections; default: those with the usual names.
        names: how the table's names of sections are changed; names that lead to a section of the model do so anyway.

    Returns:
        Its ``evaluation`` has macro-F1, accuracy, the figures of each section, log-loss and ECE; ``probabilities`` and
        ``target`` are the answers and the truth.

    Raises:
        DataError: the table cannot be read, or has sections that the model does not know.
        ModelError: there is no such model, or it lacks the tier.
    """
    need("train", "evaluate")
    from classifier.evaluation.metrics import evaluate as run

    clf = load_to_measure(model, tier)
    names = replace(names or SectionNames(), known=clf.sections)
    return run(clf.scorer, _read(table, columns, names, labelled=True))


def load_to_measure(model: Source, tier: str | None = None) -> Classifier:
    """Return a model by a tier; without one, by the accurate tier, which training tests and the registry compares."""
    clf = _load(model, tier)
    wanted = tier or ("accurate" if "accurate" in clf.model.tiers else "fast")
    return clf if clf.tier == wanted else Classifier(clf.model, wanted)


def calibrate(table: Table, model: Source = None) -> Calibrated:
    """Fit a model's probabilities to a publisher's labelled headlines, better 200, and register the new version.

    Args:
        table: a dataset's name, the path of a table, or a table with the columns ``headline`` and ``section``.
        model: a classifier or what :meth:`Classifier.load` takes; default: the champion.

    Raises:
        DataError: the table has too few rows, or sections that the model does not know.
        ModelError: by cross-validation within the table the probabilities would not get better.
        TrackingError: the store cannot be used.
    """
    from classifier.training.calibrate import calibrate as run

    return run(_load(model).model, _read(table, labelled=True), _name(table))


def drift(
    table: Table, model: Source = None, *, reference: Table | None = None, threshold: float | None = None
) -> Drift:
    """Measure whether a table's headlines have moved away from others; no labels are needed.

    Args:
        table: a dataset's name, the path of a table, or a table.
        model: a classifier or what :meth:`Classifier.load` takes; default: the champion.
        reference: the table to compare with; default: what the model was trained on.
        threshold: the distance, from 0 to 1, above which it is drift; default: 0.1.

    Raises:
        DataError: a table cannot be read, or has too few rows.
        ModelError: the model was trained without what this needs.
    """
    need("train", "drift")
    from classifier.evaluation.adaptation import score_rows
    from classifier.evaluation.drift import THRESHOLD, measure_drift

    loaded = _load(model).model
    now = score_rows(loaded, _read(table)["headline"].tolist())
    if reference is None:
        then = loaded.reference.take(~loaded.reference.own)
    else:
        then = score_rows(loaded, _read(reference)["headline"].tolist())
    threshold = THRESHOLD if threshold is None else threshold
    return measure_drift(loaded, then, now, labelled=reference is None, threshold=threshold)


def audit(
    table: Table,
    *,
    against: Table | None = None,
    columns: Columns | None = None,
    names: SectionNames | None = None,
) -> Findings:
    """Find what is wrong with a table's labels.

    Args:
        table: a dataset's name, the path of a table, or a table; some sections may be empty.
        against: a table that should share no headline with it, such as its test table.
        columns: which columns of the tables hold the headlines and the sections; default: those with the usual names.
        names: how the tables' names of sections are changed; default: usual spellings become canonical sections.

    Returns:
        What was found; ``summary()`` has the figures, ``to_review`` the rows to review. To write the report into a
        folder, pass both to :func:`classifier.curation.report.write_audit`.

    Raises:
        DataError: a table cannot be read.
    """
    from classifier.curation.audit import audit as run

    other = None if against is None else _read(against, columns, names)
    rows = _read(table, columns, names)
    return run(rows, _name(table), against=other, against_name=None if against is None else _name(against))


def extract(pages: str | Path | Sequence[str | Path], *, profile: str | Path | None = None) -> pd.DataFrame:
    """Turn portal pages into a headline table that says where every label came from.

    Args:
        pages: files, folders or globs.
        profile: the portal's profile, a TOML file; default: the package's.

    Raises:
        DataError: a page cannot be read or holds nothing that the profile knows. All of them are named.
    """
    need("train", "extract")
    from classifier.pages.extract import extract as run
    from classifier.pages.profile import load_portal

    names = [pages] if isinstance(pages, str | Path) else pages
    portal = load_portal(None if profile is None else Path(profile))
    extraction = run([str(name) for name in names], portal, sys.stdin.buffer)
    if extraction.failures:
        raise DataError("\n".join(extraction.failures))
    return extraction.table()


def fetch(dataset: str) -> list[Path]:
    """Bring an openly licensed corpus into the data home, verified; return its files.

    Raises:
        DataError: there is no such dataset, or it cannot be fetched.
    """
    from classifier.corpus.datasets import datasets
    from classifier.corpus.datasets import fetch as run

    known = datasets()
    if dataset not in known:
        raise DataError(f"{dataset!r} is none of the datasets: {', '.join(known)}.")
    return run(known[dataset])


def explain(
    headline: str, model: Source = None, *, section: str | None = None, against: str | None = None, top: int = 10
) -> Explanation:
    """Return which words speak for a section and which against it; see :meth:`Classifier.explain`."""
    return _load(model).explain(headline, top=top, section=section, against=against)


def _load(model: Source, tier: str | None = None) -> Classifier:
    return model if isinstance(model, Classifier) else Classifier.load(model, tier)


def _read(
    table: Table, columns: Columns | None = None, names: SectionNames | None = None, *, labelled: bool = False
) -> pd.DataFrame:
    from classifier.corpus.datasets import load_corpus
    from classifier.corpus.tables import check_table

    if isinstance(table, str | Path):
        return load_corpus(str(table), labelled=labelled, columns=columns, names=names)
    return check_table(table, "table", labelled=labelled, columns=columns, names=names)


def _name(table: Table) -> str:
    return str(table) if isinstance(table, str | Path) else "table"
