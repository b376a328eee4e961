"""``classifier train --stream``: one training of the fast tier alone, from a config to a registered version.

There are no candidates, no folds and no pictures, for these need the rows in memory. The artefact, the test, the gate,
the registry and the promotion are those of :mod:`~classifier.training.publish`. The fast tier reads characters alone,
so ``[text] user_words``, which are for Kiwi, are not read.
"""

from __future__ import annotations

import logging
import tempfile
import time
from pathlib import Path

import pandas as pd

from classifier.corpus.encoding import read_text
from classifier.corpus.sections import in_order
from classifier.errors import ConfigError, DataError
from classifier.model.model import Model
from classifier.paths import cache_folder
from classifier.text.normalize import normalize_all
from classifier.tracking.store import connect
from classifier.training.config import Config, Stream, load_config
from classifier.training.dataset import holdout_name, load_test, section_names, table_columns
from classifier.training.out_of_core.learner import fit_stream
from classifier.training.out_of_core.partitions import Progress, partition_rows
from classifier.training.publish import Outcome, Trained, publish, start_run, test_once
from classifier.training.reliability import calibrated_out_of_fold
from classifier.training.reports.descriptions import experiment_note, stream_note

logger = logging.getLogger(__name__)


def train_stream(
    path: str | Path,
    *,
    reading: Progress = lambda _rows, _done, _total: None,
    learning: Progress = lambda _rows, _done, _total: None,
) -> Outcome:
    """Run the experiment of a config file in memory that does not grow with its tables.

    The training tables are read once, in chunks, packed or not, whole or in parts; rows that repeat a headline are
    merged and contradictory ones left out, as in any training. The test table is held in memory.

    Raises:
        ClassifierError: the config, the data or the MLflow store is not what it should be.
    """
    path = Path(path).expanduser()
    config = load_config(path)
    if config.labels.errors != "keep" or config.labels.evidence or config.labels.tables:
        raise ConfigError(f"{path}: [labels] weighs rows in memory, so it cannot be used with --stream.")
    for key in ("leave_out", "corrections", "lexicon", "unlabelled"):
        if getattr(config.data, key):
            raise ConfigError(f"{path}: data.{key} needs the rows in memory, so it cannot be used with --stream.")
    client = connect()
    run = start_run(client, config, read_text(path), experiment_note(config))
    with run.ending():
        started = time.perf_counter()
        trained = _fit(config, path.parent, reading, learning)
        run.log_figures({"fit_seconds": time.perf_counter() - started})
        logger.info("%s rows, of which %s are learned from", f"{trained.rows:,}", f"{trained.learned:,}")
        tested = test_once(run, trained)
        return publish(
            run,
            tested,
            lambda verdict: stream_note(
                config, trained.rows, trained.learned, tested.evaluated.evaluation, trained.test_name, verdict
            ),
        )


def _fit(config: Config, base: Path, reading: Progress, learning: Progress) -> Trained:
    """Spread the rows over files, learn from them, and return the model with its test table."""
    settings = config.stream or Stream()
    scratch = cache_folder() / "streams"
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        names = section_names(config, base)
        rows = partition_rows(
            config.data.train, base, Path(folder), reading, table_columns(config), names, copy=settings.copy_rows
        )
        sections = in_order(rows.sections)
        test, test_name = None, config.data.test or holdout_name(config)
        if config.data.test is not None:
            test = load_test(config, config.data.test, base, sections)
            rows.left_out = set(normalize_all(test["headline"].tolist()))
        found = fit_stream(
            rows, sections, settings, holdout=config.data.holdout or 0, seed=config.experiment.seed, progress=learning
        )
    if test is None:
        headlines, numbers = found.test
        test = pd.DataFrame({"headline": headlines, "section": [sections[i] for i in numbers]})
        if not headlines:
            raise DataError(f"{test_name}: no rows. Hold out more, or name a test table.")
    model = Model(sections, fast=found.fast)
    headlines, reference = found.calibration
    if headlines:
        model = calibrated_out_of_fold(model, reference, headlines, config)
    return Trained(
        config=config,
        base=base,
        model=model,
        test=test,
        test_name=test_name,
        candidate=f"streamed in {settings.passes} passes",
        rows=rows.rows,
        learned=found.rows,
        digest=found.digest,
    )
