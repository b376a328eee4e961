"""``classifier calibrate``: a new version of a model whose probabilities are fitted to one publisher's headlines."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classifier.corpus.datasets import slug
from classifier.evaluation.adaptation import Gain, adapt_model, score_rows
from classifier.model.model import Model
from classifier.paths import REGISTERED_MODEL, models_folder
from classifier.tracking.registry import Registration, model_card, register
from classifier.tracking.runs import Run, table_digest
from classifier.tracking.store import connect
from classifier.training.reports.descriptions import registered_note

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Calibrated:
    """A calibrated version of a model."""

    model: Model
    gain: Gain
    folder: Path
    name: str  #: of the registered model
    version: int


def calibrate(model: Model, table: pd.DataFrame, table_name: str) -> Calibrated:
    """Fit a model's probabilities to a labelled table, test them by cross-validation within it, and register them.

    The artefact is in ``models/<experiment>-calibrated``; its manifest has the fingerprint of the model before.

    Raises:
        DataError: the table has too few rows, or sections that the model does not know.
        ModelError: the probabilities would not get better, or the model was trained without what this needs.
        TrackingError: the store cannot be used; the artefact is there all the same.
    """
    rows = score_rows(model, table["headline"].tolist(), table["section"].tolist())
    adapted, gain = adapt_model(model, rows)
    about: dict[str, Any] = model.about
    experiment = f"{about.get('experiment') or 'model'}-calibrated"
    name = str(about.get("name") or REGISTERED_MODEL)
    folder, digest = models_folder() / experiment, table_digest(table)
    parent = {"fingerprint": model.fingerprint, "version": about.get("version")}
    facts = {"table": table_name, "rows": gain.rows, "sha256": digest, "gain": asdict(gain)}
    adapted = adapted.with_about(
        version=None, experiment=experiment, parent=parent, calibrated_on=facts, folder=folder.as_posix(),
        created=time.strftime("%Y-%m-%d"),
    )  # fmt: skip
    adapted.save(folder)
    figures = {
        f"calibration.{key}_{when}": value
        for key in ("ece", "macro_f1", "log_loss")
        for when, value in zip(("before", "after"), getattr(gain, key), strict=True)
    }
    note = f"Probabilities of {name} fitted to {table_name}, {gain.rows:,} headlines."
    run = Run.start(connect(), "Calibrations", experiment, note=note)
    with run.ending():
        run.log_table(table, slug(table_name), table_name, "calibration", digest)
        run.log_figures(figures, tags={"parent": model.fingerprint})
        run.log_text(model_card(folder), "model_card.md")
        tags = {
            "experiment": experiment,
            "macro_f1": f"{gain.macro_f1[1]:.4f}",
            "test_table": f"{table_name}, cross-validated",
            "fingerprint": adapted.fingerprint,
            "parent": model.fingerprint,
            "gate_macro_f1": "0.0",
            "train": ", ".join(about.get("train") or ()),
            **run.origin,
        }
        run.catch_up()
        entry = Registration(run.run_id, name, tags, registered_note(name), figures, (slug(table_name), digest[:16]))
        version = register(folder, entry)
    return Calibrated(adapted, gain, folder, name, version)
