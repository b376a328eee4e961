"""``classifier calibrate`` from a table to a registered version."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from classifier import Classifier, ModelError, calibrate
from classifier.cli import app
from classifier.tracking.registry import promote, versions


@pytest.fixture
def desk(trained: Path, tmp_path: Path, sample, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the trained folder, with 200 labelled headlines of another style."""
    shutil.copytree(trained, tmp_path / "desk")
    monkeypatch.chdir(tmp_path / "desk")
    lines = ["headline\tsection", *(f"{h}\t{s}" for h, s in sample["desk"][::30][:200])]
    Path("desk.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path / "desk"


def test_a_calibrated_version_is_registered_and_can_be_promoted(desk: Path) -> None:
    before = Classifier.load("models/quick")
    done = CliRunner().invoke(app, ["calibrate", "desk.tsv", "--model", "models/quick"])
    assert done.exit_code == 0, done.output
    assert "log-loss lower by" in done.output
    assert "95% interval" in done.output
    newest = max(versions(), key=lambda version: version.number)
    assert newest.tags["parent"] == before.model.fingerprint
    after = Classifier.load("models/quick-calibrated")
    assert after.model.about["parent"]["fingerprint"] == before.model.fingerprint
    assert after.model.about["calibrated_on"]["rows"] == 200
    assert after.model.fingerprint == newest.tags["fingerprint"] != before.model.fingerprint
    promote(newest.number, reason="calibrated")
    assert Classifier.load().model.fingerprint == after.model.fingerprint


def test_a_table_that_teaches_nothing_is_refused_and_nothing_is_written(desk: Path) -> None:
    clf = Classifier.load("models/quick")
    headlines = [line.split("\t")[0] for line in Path("desk.tsv").read_text(encoding="utf-8").splitlines()[1:41]]
    # Sections drawn from what the model says: nothing is left to gain.
    dice = np.random.default_rng(1)
    shares = [row / row.sum() for row in clf.predict_proba(headlines).astype(float)]
    drawn = [clf.sections[dice.choice(len(row), p=row)] for row in shares]
    rows = [f"{headline}\t{section}" for headline, section in zip(headlines, drawn, strict=True)]
    Path("drawn.tsv").write_text("\n".join(["headline\tsection", *rows]) + "\n", encoding="utf-8")
    number = len(versions())
    with pytest.raises(ModelError, match="not make the probabilities better"):
        calibrate("drawn.tsv", clf)
    assert len(versions()) == number
    assert not Path("models/quick-calibrated").exists()
