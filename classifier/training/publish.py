"""From a trained model to a version in the registry: tested once, recorded, and promoted if it is better.

Both kinds of training end here: the one with a search and the one out of core.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classifier.corpus.datasets import datasets, slug
from classifier.errors import ClassifierError
from classifier.evaluation.compare import Difference, compare
from classifier.evaluation.metrics import EvaluatedTable, Evaluation, evaluate
from classifier.model.model import Model
from classifier.paths import models_folder
from classifier.tracking.download import CHAMPION_ALIAS, download_model
from classifier.tracking.registry import (
    ChampionChangedError,
    Registration,
    alias_version,
    model_card,
    promote,
    register,
)
from classifier.tracking.runs import Run, evaluation_metrics, table_digest
from classifier.tracking.store import store_call
from classifier.training.config import Config
from classifier.training.distill import evaluate_tiers
from classifier.training.reports.descriptions import registered_note
from classifier.training.reports.results import write_results
from classifier.training.search import Result

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger(__name__)

_TRIES = 5  #: comparisons with a champion that other trainings replace meanwhile


@dataclass(frozen=True)
class Trained:
    """A model and what it was trained from, before its test."""

    config: Config
    base: Path  #: folder of the config, from which tables are named
    model: Model
    test: pd.DataFrame
    test_name: str
    candidate: str  #: how the model is called
    rows: int  #: in the training tables
    learned: int  #: of them: each headline once, without those held out
    digest: str  #: SHA-256 of the rows learned from
    leaderboard: list[tuple[Result, float]] = field(default_factory=list)  #: best first, with headlines a second

    @property
    def folder(self) -> Path:
        """The folder of the artefact."""
        return models_folder() / self.config.name

    def save(self, **facts: Any) -> Model:
        """Write the artefact with more facts about it, and return it."""
        from classifier import __version__

        config, known = self.config, datasets()
        names = [
            reference.partition(":")[0]
            for reference in [*config.data.train, *config.data.helpers, *config.data.unlabelled]
        ]
        about: dict[str, Any] = {
            "name": config.experiment.registered_model,
            "version": None,
            "experiment": config.name,
            "candidate": self.candidate,
            "train": list(config.data.train),
            "helpers": config.data.helpers,
            "unlabelled": config.data.unlabelled,
            "train_rows": self.learned,
            "train_sha256": self.digest,
            "licences": sorted({known[name].licence if name in known else "the table's own" for name in names}),
            "created": time.strftime("%Y-%m-%d"),
            "package": __version__,
            "folder": self.folder.as_posix(),
        }
        if self.leaderboard:
            winner = self.leaderboard[0][0]
            about["temperature"] = winner.temperature
            about["cross_validation"] = {"folds": config.search.folds, **winner.evaluation.to_dict()}
        model = self.model.with_about(**about | facts)
        model.save(self.folder)
        return model


@dataclass(frozen=True)
class Tested:
    """A trained model with its figures on the test table."""

    trained: Trained
    model: Model
    evaluated: EvaluatedTable
    tiers: dict[str, dict[str, float]]  #: figures of the fast tier and of the cascade, if it has both

    @property
    def gate_passed(self) -> bool:
        """Whether its macro-F1 reaches the gate of the config."""
        return self.evaluated.evaluation.macro_f1 >= self.trained.config.gate.macro_f1


@dataclass(frozen=True)
class Verdict:
    """Whether a version became the champion."""

    promoted: bool
    reason: str
    champion_loads: bool = True  #: False: the champion could not be loaded, and stays


@dataclass(frozen=True)
class Outcome:
    """The result of a training."""

    config: Config
    test: Evaluation
    tiers: dict[str, dict[str, float]]  #: figures of the fast tier and of the cascade on the test table
    leaderboard: list[tuple[Result, float]]  #: best first, with headlines a second; empty without a search
    rows: int  #: in the training tables
    learned: int  #: of them: each headline once, without those held out
    folder: Path
    version: int
    promoted: bool
    verdict: str  #: why it became the champion, or why not
    gate_passed: bool
    champion_loads: bool = True  #: False: the champion could not be loaded, and stays
    unlabelled: str = ""  #: what was taken of unlabelled headlines and what it gained, in words

    @property
    def ok(self) -> bool:
        """Whether the exit status is 0."""
        return self.gate_passed and self.champion_loads


def start_run(client: Any, config: Config, toml: str, note: str) -> Run:
    """Create the parent run of a training in the experiment of its config."""
    title = config.experiment.title or config.name
    return Run.start(client, title, config.name, toml=toml, note=note, metric=config.search.metric)


def test_once(run: Run, trained: Trained) -> Tested:
    """Read the test table, once; write artefact, ``results.json`` and the run's figures.

    The artefact is saved before the test too, so that nothing that happens later loses it.
    """
    trained.save()
    test = trained.test
    evaluated = evaluate(trained.model.primary, test)
    tiers = evaluate_tiers(trained.model, evaluated, test["headline"].tolist())
    figures = evaluated.evaluation
    model = trained.save(test=figures.to_dict(), test_table=trained.test_name, test_tiers=tiers)
    ranked = [result for result, _ in trained.leaderboard]
    write_results(trained.folder, trained.config, trained.test_name, figures, tiers, ranked)
    digest = table_digest(test)
    run.log_table(test, slug(trained.test_name), source_of(trained.test_name, trained.base), "test", digest)
    run.log_figures(
        evaluation_metrics(figures, "test") | {"rows": trained.rows, "rows_learned": trained.learned},
        tags={"candidate": trained.candidate},
    )
    run.log_text(model_card(trained.folder), "model_card.md")
    return Tested(trained, model, evaluated, tiers)


def publish(run: Run, tested: Tested, note: Callable[[str], str]) -> Outcome:
    """Register a tested model, promote it if it beats the champion, and describe the run.

    Args:
        run: of the training.
        tested: the model.
        note: returns the run's description, given the verdict.
    """
    trained, figures = tested.trained, tested.evaluated.evaluation
    config = trained.config
    name = config.experiment.registered_model
    tags = {
        "experiment": config.name,
        "macro_f1": f"{figures.macro_f1:.4f}",
        "test_table": trained.test_name,
        "fingerprint": tested.model.fingerprint,
        "gate_macro_f1": str(config.gate.macro_f1),
        "train": ", ".join(config.data.train),
        **run.origin,
    }
    run.catch_up()
    dataset = (slug(trained.test_name), table_digest(trained.test)[:16])
    metrics = evaluation_metrics(figures, "test")
    entry = Registration(run.run_id, name, tags, registered_note(name), metrics, dataset)
    version = register(trained.folder, entry)
    verdict = decide(tested, version)
    run.describe(note(verdict.reason), verdict=verdict.reason, registered_version=f"{name}/{version}")
    return Outcome(
        config=config,
        test=figures,
        tiers=tested.tiers,
        leaderboard=trained.leaderboard,
        rows=trained.rows,
        learned=trained.learned,
        folder=trained.folder,
        version=version,
        promoted=verdict.promoted,
        verdict=verdict.reason,
        gate_passed=tested.gate_passed,
        champion_loads=verdict.champion_loads,
    )


def decide(tested: Tested, version: int) -> Verdict:
    """Promote the new version if it beats the champion on the same test table.

    A champion that cannot be loaded cannot be compared, and stays.
    """
    config, figures = tested.trained.config, tested.evaluated.evaluation
    name = config.experiment.registered_model
    if not tested.gate_passed:
        return Verdict(
            False, f"not promoted: macro-F1 {figures.macro_f1:.4f} is below the gate {config.gate.macro_f1:.4f}"
        )
    try:
        for _ in range(_TRIES):
            with store_call("Finding the champion"):
                number = alias_version(name, CHAMPION_ALIAS)
            verdict = _compared(tested, version, number)
            if not verdict.promoted:
                return verdict
            with suppress(ChampionChangedError):  # then compare with the new champion
                promote(version, name, reason=verdict.reason, over=number)
                return verdict
        reason = f"the champion changed {_TRIES} times while it was compared."
    except ClassifierError as error:  # the training is done and its version registered: say how to go on
        reason = str(error)
    return Verdict(False, f"not promoted: {reason} Later: `classifier models promote {version}`")


def _compared(tested: Tested, version: int, number: int | None) -> Verdict:
    """Return whether the new version is to replace the champion, version ``number`` if there is one, and why."""
    name = tested.trained.config.experiment.registered_model
    if number is None:
        return Verdict(True, "promoted: there was no champion")
    try:
        champion = download_model(f"models:/{name}/{number}")
    except ClassifierError as error:
        reason = (
            f"not promoted: the champion, version {number}, cannot be loaded and stays ({error}) "
            f"Mend it, or replace it by hand: `classifier models promote {version}`"
        )
        return Verdict(False, reason, champion_loads=False)
    return _against(tested, champion, number)


def _against(tested: Tested, champion: Model, number: int) -> Verdict:
    """Return whether a model replaces the champion, whose version has this number, and why."""
    experiment = tested.trained.config.experiment
    if set(champion.sections) != set(tested.model.sections):
        if not experiment.replace_champion:
            return Verdict(
                False,
                f"not promoted: its sections differ from those of the champion, version {number}; set "
                "experiment.replace_champion = true or another experiment.registered_model",
            )
        return Verdict(True, f"promoted: replaces version {number}, whose sections differ, as the config says")
    difference = compare(tested.evaluated, evaluate(champion.primary, tested.trained.test), seed=experiment.seed)
    figures = in_words(difference)
    if difference.macro_f1 <= 0:
        return Verdict(False, f"not promoted: does not beat the champion, version {number} ({figures})")
    return Verdict(True, f"promoted: beats the champion, version {number} ({figures})")


def in_words(difference: Difference) -> str:
    """Return a difference in macro-F1 with its interval."""
    chance = "beyond chance" if difference.significant else "within chance"
    return (
        f"macro-F1 {difference.macro_f1:+.4f}, 95% interval {difference.low:+.4f} to {difference.high:+.4f}, {chance}"
    )


def source_of(reference: str, base: Path) -> str:
    """Return where the table of a config comes from: an address, a citation or a path."""
    name = reference.partition(":")[0]
    dataset = datasets().get(name)
    if dataset is None:
        return str(base / reference)
    return dataset.files[0].url if dataset.files else f"{name} ({dataset.citation})"
