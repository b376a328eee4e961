"""One training from config to champion, step by step."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sklearn

from classifier.corpus.datasets import datasets, slug
from classifier.errors import ClassifierError, ConfigError
from classifier.evaluation.compare import Difference, compare
from classifier.evaluation.metrics import EvaluatedTable, Evaluation, evaluate
from classifier.model.linear import LinearModel
from classifier.model.model import Model
from classifier.paths import models_folder
from classifier.text.embeddings import EMBEDDINGS_VERSION
from classifier.text.morphemes import kiwi_versions
from classifier.text.ngrams import HASHING_VERSION
from classifier.text.normalize import NORMALIZER_VERSION
from classifier.tracking.registry import CHAMPION_ALIAS, alias_version, load_version, promote, register
from classifier.tracking.runs import Run, candidate_key, connect, store_call, table_digest
from classifier.training.config import Config, Labels, load_config
from classifier.training.dataset import Corpora, TrainingSet, load_corpora, prepare
from classifier.training.distill import evaluate_tiers, refit
from classifier.training.features import extraction_seconds
from classifier.training.reliability import with_reliability
from classifier.training.reports import plots
from classifier.training.reports.descriptions import registered_note, search_note
from classifier.training.reports.diagnostics import environment, learning_curve, top_features, wrong_rows
from classifier.training.search import Result, search
from classifier.training.weights import weigh

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger(__name__)

#: Called after every candidate with how many are done and how many there are.
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Outcome:
    """What a training came to."""

    config: Config
    leaderboard: list[tuple[Result, float]]  #: best first, with headlines a second
    winner: Result
    test: Evaluation
    tiers: dict[str, dict[str, float]]  #: what the fast tier and the cascade come to on the test table
    folder: Path
    version: int
    promoted: bool
    verdict: str  #: why it became the champion, or why not
    gate_passed: bool


def train(path: str | Path, *, progress: Progress | None = None) -> Outcome:
    """Run the experiment of a config file: search, refit, test once, register and maybe promote.

    The winner's artefact is in ``models/<experiment>/`` before MLflow is told of it, so that a
    failure of the registry loses nothing. A search that was interrupted goes on where it stopped.

    Raises:
        ClassifierError: the config, the data or the MLflow store is not what it should be.
        KeyboardInterrupt: the run is marked as killed; finished candidates stay in the store.
    """
    path = Path(path)
    config = load_config(path)
    if not config.candidates:
        raise ConfigError(f"{path}: no [[candidates]] to search among; with [stream] alone: classifier train --stream.")
    client = connect()
    corpora = load_corpora(config, path.parent)
    digest = table_digest(corpora.train)
    run = Run.start(client, config, path.read_text(encoding="utf-8"))
    with run.ending():
        for frame, references, context, hashed in (
            (corpora.train, config.data.train, "training", digest),
            (corpora.test, [corpora.test_name], "test", table_digest(corpora.test)),
        ):
            run.log_table(frame, slug("-".join(references)), _source(references[0], path.parent), context, hashed)
        run.tag(near_duplicates_of_train_in_test=str(corpora.overlap))
        data, leaderboard = _search(config, corpora, run, digest, progress)
        winner, throughput = leaderboard[0]

        linear = refit(winner, data)
        folder = models_folder() / config.name
        model = Model(corpora.sections, linear, about=_about(config, corpora, winner, digest, folder))
        model.save(folder)  # before the test and the registry, whatever happens there
        model = with_reliability(model, winner, data, config)
        linear = model.accurate
        evaluated = evaluate(linear, corpora.test)
        tiers = evaluate_tiers(model, evaluated, corpora.test["headline"].tolist())
        model = model.with_about(test=evaluated.evaluation.to_dict(), test_table=corpora.test_name, test_tiers=tiers)
        model.save(folder)
        run.log_winner(winner, throughput, evaluated.evaluation)
        card = (folder / "README.md").read_text(encoding="utf-8")
        _log_artefacts(run, config, corpora, data, winner, linear, evaluated, card)

        tags = {
            "experiment": config.name,
            "macro_f1": f"{evaluated.evaluation.macro_f1:.4f}",
            "test_table": corpora.test_name,
            "fingerprint": model.fingerprint,
            "gate_macro_f1": str(config.gate.macro_f1),
            "size_mb": f"{sum(file.stat().st_size for file in folder.iterdir()) / 1e6:.1f}",
            "train": ", ".join(config.data.train),
            **run.origin,
        }
        version = register(run.run_id, folder, config.experiment.registered_model, tags, card, registered_note(config))
        promoted, verdict = decide(config, model, version, corpora.test, evaluated)
        run.tag(verdict=verdict, registered_version=f"{config.experiment.registered_model}/{version}")
        run.describe(
            search_note(config, winner, evaluated.evaluation, corpora.test_name, corpora.overlap, f"{verdict}.")
        )
    return Outcome(
        config=config,
        leaderboard=leaderboard,
        winner=winner,
        test=evaluated.evaluation,
        tiers=tiers,
        folder=folder,
        version=version,
        promoted=promoted,
        verdict=verdict,
        gate_passed=evaluated.evaluation.macro_f1 >= config.gate.macro_f1,
    )


def _search(
    config: Config, corpora: Corpora, run: Run, digest: str, progress: Progress | None
) -> tuple[TrainingSet, list[tuple[Result, float]]]:
    """Cross-validate every candidate that the store does not hold yet; return the leaderboard, best first."""
    data = weigh(prepare(config, corpora), config.labels, corpora.train, config.search.n_jobs)
    seconds = extraction_seconds(data.headlines)
    facts = [
        digest,
        *map(table_digest, corpora.auxiliary),
        config.search.folds,
        config.search.groups,
        config.experiment.seed,
        NORMALIZER_VERSION,
        HASHING_VERSION,
        kiwi_versions(),
        EMBEDDINGS_VERSION,
        sklearn.__version__,
    ]
    if config.labels != Labels():
        facts += [config.labels.model_dump_json(), *corpora.train.get("evidence", ()), *corpora.train["table"]]
    candidates = {candidate_key(candidate, facts): candidate for candidate in config.expand()}
    keys = {candidate.to_json(): key for key, candidate in candidates.items()}
    results = run.finished(candidates)
    if results:
        logger.info("%d of %d candidates are taken from the store", len(results), len(candidates))
    pending = [candidate for key, candidate in candidates.items() if key not in results]
    if progress:
        progress(len(results), len(candidates))
    for result in search(pending, data, n_jobs=config.search.n_jobs):
        key = keys[result.candidate.to_json()]
        results[key] = result
        run.log_candidate(key, result, result.headlines_per_second(seconds))
        if progress:
            progress(len(results), len(candidates))
    ranked = _rank(list(results.values()), config.search.metric)
    return data, [(result, result.headlines_per_second(seconds)) for result in ranked]


def _log_artefacts(
    run: Run,
    config: Config,
    corpora: Corpora,
    data: TrainingSet,
    winner: Result,
    model: LinearModel,
    evaluated: EvaluatedTable,
    card: str,
) -> None:
    """Log what a user wants to see of the winner; nothing of this is made for the other candidates."""
    title = f"{config.name}: {corpora.test_name}, {len(corpora.test):,} headlines"
    features = top_features(model, data)
    curve = learning_curve(winner.candidate, data)
    figures = {
        "confusion_matrix": plots.confusion_figure(evaluated, title),
        "reliability": plots.reliability_figure(evaluated, title),
        "sections": plots.sections_figure(evaluated, title),
        "features": plots.features_figure(features, f"{config.name}: what weighs most for each section"),
        "learning_curve": plots.learning_curve_figure(curve, f"{config.name}: macro-F1 by training rows"),
    }
    for name, figure in figures.items():
        run.log_figure(figure, f"plots/{name}.png")
    run.log_text(wrong_rows(evaluated, corpora.test).to_csv(index=False), "wrong_headlines.csv")
    run.log_text(card, "model_card.md")
    run.log_text(environment(), "environment.txt")


def _source(reference: str, base: Path) -> str:
    name = reference.partition(":")[0]
    dataset = datasets().get(name)
    if dataset is None:
        return str(base / reference)
    return dataset.files[0].url if dataset.files else f"{name} ({dataset.citation})"


def _rank(results: Sequence[Result], metric: str) -> list[Result]:
    """Best first; of equals the faster to fit, then the one with the smaller name."""
    sign = 1 if metric == "log_loss" else -1
    return sorted(
        results,
        key=lambda r: (sign * round(getattr(r.evaluation, metric), 6), len(r.candidate.features), r.candidate.name),
    )


def _about(config: Config, corpora: Corpora, winner: Result, digest: str, folder: Path) -> dict[str, Any]:
    from classifier import __version__

    known = datasets()
    names = [reference.partition(":")[0] for reference in [*config.data.train, *config.data.auxiliary]]
    return {
        "name": config.experiment.registered_model,
        "version": None,
        "experiment": config.name,
        "candidate": winner.candidate.name,
        "temperature": winner.temperature,
        "train": list(config.data.train),
        "auxiliary": list(config.data.auxiliary),
        "train_rows": len(corpora.train),
        "train_sha256": digest,
        "licences": sorted({known[name].licence if name in known else "the table's own" for name in names}),
        "created": time.strftime("%Y-%m-%d"),
        "package": __version__,
        "folder": folder.as_posix(),
        "cross_validation": {"folds": config.search.folds, **winner.evaluation.to_dict()},
    }


def decide(
    config: Config, model: Model, version: int, test: pd.DataFrame, evaluated: EvaluatedTable
) -> tuple[bool, str]:
    """Promote the new version if it beats the champion on the same test table; say why or why not."""
    name = config.experiment.registered_model
    if evaluated.evaluation.macro_f1 < config.gate.macro_f1:
        return False, (
            f"not promoted: macro-F1 {evaluated.evaluation.macro_f1:.4f} is below the gate {config.gate.macro_f1:.4f}"
        )
    with store_call("Finding the champion"):
        number = alias_version(name, CHAMPION_ALIAS)
    if number is None:
        verdict = "promoted: there was no champion"
    else:
        try:
            champion: Model | None = load_version(name, number)
        except ClassifierError as error:
            logger.warning("the champion, version %d, cannot be loaded: %s", number, error)
            champion = None
        if champion is None:
            verdict = f"promoted: the champion, version {number}, cannot be loaded"
        elif set(champion.sections) != set(model.sections):
            if not config.experiment.replace_champion:
                return False, (
                    f"not promoted: its sections differ from those of the champion, version {number}; set "
                    "experiment.replace_champion = true or another experiment.registered_model"
                )
            verdict = f"promoted: replaces version {number}, whose sections differ, as the config says"
        else:
            rival = evaluate(champion.primary, test)
            difference = compare(evaluated, rival, seed=config.experiment.seed)
            figures = _in_words(difference)
            if difference.macro_f1 <= 0:
                return False, f"not promoted: does not beat the champion, version {number} ({figures})"
            verdict = f"promoted: beats the champion, version {number} ({figures})"
    try:
        promote(version, name, reason=verdict)
    except ClassifierError as error:  # the training is done and its version registered: say how to go on
        return False, f"not promoted: {error} Later: `classifier models promote {version}`"
    return True, verdict


def _in_words(difference: Difference) -> str:
    chance = "beyond chance" if difference.significant else "within chance"
    return (
        f"macro-F1 {difference.macro_f1:+.4f}, 95% interval {difference.low:+.4f} to {difference.high:+.4f}, {chance}"
    )
