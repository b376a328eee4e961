"""``classifier train --stream``: one training of the fast tier alone, from a config to a registered version.

What :mod:`~classifier.training.pipeline` does of a search has no place here: there are no candidates, no folds and
no pictures, for these need the rows in memory. The artefact, the test, the gate, the registry and the
promotion are the same.
"""

from __future__ import annotations

import logging
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classifier.corpus.datasets import datasets, load_corpus
from classifier.corpus.sections import in_order
from classifier.errors import ConfigError, DataError
from classifier.evaluation.metrics import Evaluation, evaluate
from classifier.model.model import Model
from classifier.paths import cache_folder, models_folder
from classifier.text.normalize import normalize_all
from classifier.tracking.registry import register
from classifier.tracking.runs import Run, connect
from classifier.training.config import Config, Stream, load_config
from classifier.training.out_of_core.learner import Streamed, fit_stream
from classifier.training.out_of_core.partitions import Progress, partition_rows
from classifier.training.pipeline import decide
from classifier.training.reliability import calibrated_out_of_fold
from classifier.training.reports.descriptions import registered_note, stream_note

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class StreamOutcome:
    """What a training from a stream came to."""

    config: Config
    rows: int  #: in the tables
    learned: int  #: of them: each headline once, without those held out
    test: Evaluation
    folder: Path
    version: int
    promoted: bool
    verdict: str
    gate_passed: bool


def train_stream(
    path: str | Path,
    *,
    reading: Progress = lambda _rows, _done, _total: None,
    learning: Progress = lambda _rows, _done, _total: None,
) -> StreamOutcome:
    """Run the experiment of a config file in memory that does not grow with its tables.

    The training tables are read once, in chunks, packed or not; rows that repeat a headline are merged and
    contradictory ones left out, as in any training. The test table is held in memory.

    Raises:
        ClassifierError: the config, the data or the MLflow store is not what it should be.
    """
    path = Path(path)
    config = load_config(path)
    toml = path.read_text(encoding="utf-8")
    if config.labels.errors != "keep" or config.labels.evidence:
        raise ConfigError(f"{path}: [labels] weighs rows in memory and has no place in a training by --stream.")
    client = connect()
    run = Run.start(client, config, toml)
    with run.ending():
        started = time.perf_counter()
        model, found, rows, test, test_name = _fit(config, path.parent, reading, learning)
        seconds = time.perf_counter() - started
        logger.info("%s rows, of which %s are learned from", f"{rows:,}", f"{found.rows:,}")
        folder = models_folder() / config.name
        model = model.with_about(**_about(config, found, folder))
        model.save(folder)  # before the test and the registry, whatever happens there
        evaluated = evaluate(model.primary, test)
        model = model.with_about(test=evaluated.evaluation.to_dict(), test_table=test_name)
        model.save(folder)
        run.log_figures(evaluated.evaluation, {"rows": rows, "rows_learned": found.rows, "fit_seconds": seconds})
        card = (folder / "README.md").read_text(encoding="utf-8")
        run.log_text(card, "model_card.md")
        tags = {
            "experiment": config.name,
            "macro_f1": f"{evaluated.evaluation.macro_f1:.4f}",
            "test_table": test_name,
            "fingerprint": model.fingerprint,
            "gate_macro_f1": str(config.gate.macro_f1),
            "size_mb": f"{sum(file.stat().st_size for file in folder.iterdir()) / 1e6:.1f}",
            "train": ", ".join(config.data.train),
            **run.origin,
        }
        version = register(run.run_id, folder, config.experiment.registered_model, tags, card, registered_note(config))
        promoted, verdict = decide(config, model, version, test, evaluated)
        run.tag(verdict=verdict, registered_version=f"{config.experiment.registered_model}/{version}")
        run.describe(stream_note(config, rows, found.rows, evaluated.evaluation, test_name, f"{verdict}."))
    passed = evaluated.evaluation.macro_f1 >= config.gate.macro_f1
    return StreamOutcome(
        config, rows, found.rows, evaluated.evaluation, folder, version, promoted, verdict, passed
    )  # fmt: skip


def _fit(
    config: Config, base: Path, reading: Progress, learning: Progress
) -> tuple[Model, Streamed, int, pd.DataFrame, str]:
    """Return the model, what was learned from, how many rows there were, and the test table with its name."""
    import pandas as pd

    settings = config.stream or Stream()
    scratch = cache_folder() / "streams"
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        rows = partition_rows(config.data.train, base, Path(folder), reading)
        sections = in_order(rows.sections)
        if config.data.test is not None:
            test, test_name = load_corpus(config.data.test, base), config.data.test
            unknown = sorted(set(test["section"]) - set(sections))
            if unknown:
                raise DataError(f"The test table has sections that the training rows lack: {', '.join(unknown)}.")
            rows.left_out = set(normalize_all(test["headline"].tolist()))
        found = fit_stream(
            rows, sections, config.data.holdout or 0, passes=settings.passes, bits=settings.bits,
            rate=settings.rate, seed=config.experiment.seed, progress=learning,
        )  # fmt: skip
    if config.data.holdout:
        headlines, numbers = found.test
        test = pd.DataFrame({"headline": headlines, "section": [sections[i] for i in numbers]})
        test_name = f"held-out {config.data.holdout:.0%} of {', '.join(config.data.train)}"
        if not headlines:
            raise DataError(f"{test_name}: no rows. Hold out more, or name a test table.")
    headlines, reference = found.calibration
    model = Model(sections, fast=found.tier)
    if headlines:
        model = calibrated_out_of_fold(model, reference, headlines, config)
    return model, found, rows.rows, test, test_name


def _about(config: Config, found: Streamed, folder: Path) -> dict[str, Any]:
    from classifier import __version__

    known, settings = datasets(), config.stream or Stream()
    names = [reference.partition(":")[0] for reference in config.data.train]
    return {
        "name": config.experiment.registered_model,
        "version": None,
        "experiment": config.name,
        "candidate": f"streamed in {settings.passes} passes",
        "train": list(config.data.train),
        "train_rows": found.rows,
        "train_sha256": found.digest,
        "licences": sorted({known[name].licence if name in known else "the table's own" for name in names}),
        "created": time.strftime("%Y-%m-%d"),
        "package": __version__,
        "folder": folder.as_posix(),
    }
