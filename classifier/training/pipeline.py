"""One training from config to champion, step by step."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import joblib
import sklearn

from classifier.corpus.datasets import slug
from classifier.corpus.encoding import read_text
from classifier.errors import ConfigError
from classifier.evaluation.compare import compare
from classifier.evaluation.metrics import evaluate
from classifier.model.linear import LinearModel
from classifier.model.model import Model
from classifier.text.embeddings import EMBEDDINGS_VERSION
from classifier.text.morphemes import kiwi_versions
from classifier.text.ngrams import HASHING_VERSION
from classifier.text.normalize import NORMALIZER_VERSION
from classifier.tracking.runs import CandidateRun, Run, candidate_key, evaluation_metrics, table_digest
from classifier.tracking.store import connect
from classifier.training.config import Candidate, Config, load_config
from classifier.training.dataset import Corpora, TrainingSet, load_corpora, prepare
from classifier.training.distill import refit
from classifier.training.estimators import PASSES, TOLERANCE
from classifier.training.features import extraction_seconds
from classifier.training.publish import Outcome, Tested, Trained, in_words, publish, source_of, start_run, test_once
from classifier.training.reliability import with_reliability
from classifier.training.reports import plots
from classifier.training.reports.descriptions import candidate_note, experiment_note, search_note
from classifier.training.reports.diagnostics import environment, learning_curve, top_features, wrong_rows
from classifier.training.search import Result, search
from classifier.training.self_training import MOST, SelfTrained, learn_unlabelled, load_unlabelled
from classifier.training.weights import weigh

logger = logging.getLogger(__name__)

#: Called after every candidate with how many are done and how many there are.
Progress = Callable[[int, int], None]


def train(path: str | Path, *, add: Sequence[str | Path] = (), progress: Progress | None = None) -> Outcome:
    """Run the experiment of a config file: search, refit, test once, register and maybe promote.

    The winner's artefact is in ``models/<experiment>/`` before anything is written to MLflow, so that a
    failure of the registry loses nothing. A search that was interrupted goes on where it stopped.

    Args:
        path: the config file.
        add: tables of corrections, such as ``classifier label`` writes; see :meth:`Config.with_corrections`.
        progress: called after every candidate.

    Raises:
        ClassifierError: the config, the data or the MLflow store is not what it should be.
        KeyboardInterrupt: the run is marked as killed; finished candidates stay in the store.
    """
    path = Path(path).expanduser()
    config = load_config(path).with_corrections(list(map(Path, add)))
    if not config.candidates:
        raise ConfigError(f"{path}: no [[candidates]] to search among; with [stream] alone: classifier train --stream.")
    client = connect()
    corpora = load_corpora(config, path.parent)
    unlabelled = load_unlabelled(config, path.parent, corpora) if config.data.unlabelled else None
    run = start_run(client, config, read_text(path), experiment_note(config))
    with run.ending():
        digest = table_digest(corpora.train)
        if add:
            run.log_figures({}, tags={"corrections": ", ".join(map(str, add))})
        if corpora.folded:
            run.log_figures({}, tags={"sections_renamed": "; ".join(map(str, corpora.folded))[:5000]})
        train_name = slug("-".join(config.data.train))
        run.log_table(corpora.train, train_name, source_of(config.data.train[0], path.parent), "training", digest)
        if config.data.lexicon:
            name, source = slug("-".join(config.data.lexicon)), source_of(config.data.lexicon[0], path.parent)
            run.log_table(corpora.lexicon, name, source, "lexicon", table_digest(corpora.lexicon))
        data = weigh(prepare(config, corpora), config.labels, corpora.learned, config.search.n_jobs)
        leaderboard = _search(config, corpora, data, run, digest, progress)
        winner = leaderboard[0][0]
        extended = None
        if unlabelled:
            n_jobs, temperature = config.search.n_jobs, winner.temperature
            extended = learn_unlabelled(winner.candidate, data, unlabelled, temperature=temperature, n_jobs=n_jobs)
        learned = extended.data if extended else data
        trained = Trained(
            config=config,
            base=path.parent,
            model=Model(corpora.sections, refit(winner, learned)),
            test=corpora.test,
            test_name=corpora.test_name,
            candidate=winner.candidate.name,
            rows=corpora.rows,
            learned=len(corpora.train),
            digest=digest,
            leaderboard=leaderboard,
        )
        trained.save()  # before calibration, the test and the registry, whatever happens there
        trained = replace(trained, model=with_reliability(trained.model, winner, learned, config))
        tested = test_once(run, trained)
        _log_winner(run, config, corpora, data, tested)
        gained = _log_gain(run, extended, refit(winner, data), tested) if extended else ""
        outcome = publish(
            run,
            tested,
            lambda verdict: search_note(config, winner, tested.evaluated.evaluation, corpora, verdict) + f"\n{gained}",
        )
        return replace(outcome, unlabelled=gained)


def _search(
    config: Config, corpora: Corpora, data: TrainingSet, run: Run, digest: str, progress: Progress | None
) -> list[tuple[Result, float]]:
    """Cross-validate every candidate that the store does not hold yet; return the leaderboard, best first."""
    seconds = extraction_seconds(data.headlines)
    facts = _facts(config, corpora, data, digest)
    candidates = {candidate_key(candidate.to_json(), facts): candidate for candidate in config.expand()}
    keys = {candidate.to_json(): key for key, candidate in candidates.items()}
    results = {key: Result.from_json(candidates[key], kept) for key, kept in run.finished(candidates).items()}
    if results:
        logger.info("%d of %d candidates are taken from the store", len(results), len(candidates))
    pending = [candidate for key, candidate in candidates.items() if key not in results]
    if progress:
        progress(len(results), len(candidates))
    for result in search(pending, data, n_jobs=config.search.n_jobs):
        key = keys[result.candidate.to_json()]
        results[key] = result
        run.log_candidate(
            CandidateRun(
                key=key,
                name=result.candidate.name,
                params=_params(result.candidate),
                evaluation=result.evaluation,
                figures={
                    "cv_macro_f1_std": result.macro_f1_std,
                    "fit_seconds": result.fit_seconds,
                    "headlines_per_second": result.headlines_per_second(seconds),
                },
                note=candidate_note(result),
                result=result.to_json(),
                started=result.started,
                ended=result.ended,
            )
        )
        if progress:
            progress(len(results), len(candidates))
    ranked = _rank(list(results.values()), config.search.metric)
    return [(result, result.headlines_per_second(seconds)) for result in ranked]


def _facts(config: Config, corpora: Corpora, data: TrainingSet, digest: str) -> list[object]:
    """Return all but the candidate that the result of a cross-validation depends on."""
    facts: list[object] = [
        digest,
        table_digest(corpora.lexicon),
        *map(table_digest, corpora.auxiliary),
        # What is made of the rows, not the settings that it is made by: these do not name every constant in the code.
        joblib.hash([test for _, test in data.folds]),
        joblib.hash(data.fold_weights),
        TOLERANCE,
        PASSES,
        config.experiment.seed,
        NORMALIZER_VERSION,
        HASHING_VERSION,
        kiwi_versions(),
        EMBEDDINGS_VERSION,
        sklearn.__version__,
    ]
    return [*facts, corpora.words.digest] if corpora.words else facts


def _params(candidate: Candidate) -> dict[str, object]:
    """Return a candidate's parameters as MLflow shows them."""
    params = {
        "estimator": candidate.estimator,
        "features": "+".join(candidate.features),
        "min_df": candidate.min_df,
        **candidate.parameters,
    }
    return params | ({"block_weights": json.dumps(candidate.block_weights)} if candidate.block_weights else {})


def _rank(results: Sequence[Result], metric: str) -> list[Result]:
    """Best first; of equals the one with fewer feature blocks, then the one with the smaller name."""
    sign = 1 if metric == "log_loss" else -1
    return sorted(
        results,
        key=lambda r: (sign * round(getattr(r.evaluation, metric), 6), len(r.candidate.features), r.candidate.name),
    )


def _log_gain(run: Run, extended: SelfTrained, alone: LinearModel, tested: Tested) -> str:
    """Log what was taken of unlabelled headlines and gained over ``alone``, the fit to labelled rows; return it."""
    trained, read, taken = tested.trained, extended.unlabelled, sum(extended.labels.values())
    gain = compare(tested.evaluated, evaluate(alone, trained.test), seed=trained.config.experiment.seed)
    figures = {
        "unlabelled_rows": read.rows,
        "unlabelled_near_duplicates": read.near,
        "unlabelled_taken": taken,
        "test_macro_f1_gain_of_unlabelled": gain.macro_f1,
    }
    run.log_figures(figures, params={"unlabelled": ", ".join(trained.config.data.unlabelled)})
    run.log_text(json.dumps(figures | {"labels": extended.labels}, ensure_ascii=False, indent=2), "unlabelled.json")
    none = ", ".join(name for name, n in extended.labels.items() if not n)
    return (
        f"unlabelled: {read.rows:,} rows, {read.rows - taken:,} left out (repeats, near-duplicates and all over "
        f"{MOST:,}), {taken:,} learned from{f', none of them as {none}' if none else ''}; "
        f"on the test table {in_words(gain)} against labelled rows alone"
    )


def _log_winner(run: Run, config: Config, corpora: Corpora, data: TrainingSet, tested: Tested) -> None:
    """Log what a user wants to see of the winner; nothing of this is made for the other candidates."""
    (winner, throughput), evaluated = tested.trained.leaderboard[0], tested.evaluated
    of_cv = evaluation_metrics(winner.evaluation, "cv")
    run.log_figures(
        {name: value for name, value in of_cv.items() if "/" not in name}
        | {"fit_seconds": winner.fit_seconds, "headlines_per_second": throughput},
        params={"estimator": winner.candidate.estimator, "features": "+".join(winner.candidate.features)},
        tags={"near_duplicates_of_train_in_test": str(corpora.overlap)},
    )
    title = f"{config.name}: {corpora.test_name}, {len(corpora.test):,} headlines"
    features = top_features(tested.model.accurate, data)
    curve = learning_curve(winner.candidate, data)
    with plots.styled():
        figures = {
            "confusion_matrix": plots.confusion_figure(evaluated, title),
            "reliability": plots.reliability_figure(evaluated, title),
            "risk_coverage": plots.risk_coverage_figure(evaluated, title),
            "sections": plots.sections_figure(evaluated, title),
            "features": plots.features_figure(features, f"{config.name}: what weighs most for each section"),
            "learning_curve": plots.learning_curve_figure(curve, f"{config.name}: macro-F1 by training rows"),
        }
        for name, figure in figures.items():
            run.log_figure(figure, f"plots/{name}.png")
    run.log_text(wrong_rows(evaluated, corpora.test).to_csv(index=False), "wrong_headlines.csv")
    run.log_text(environment(), "environment.txt")
