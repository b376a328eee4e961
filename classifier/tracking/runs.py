"""Runs in MLflow: one parent run a training, one child run a candidate."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import os
import platform
import re
import signal
import subprocess
import threading
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_GIT_COMMIT, MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NOTE
from sqlalchemy.exc import SQLAlchemyError

from classifier.errors import TrackingError
from classifier.evaluation.metrics import Evaluation
from classifier.paths import store_address
from classifier.tracking.leaderboard import VIEW_TAG, leaderboard_view
from classifier.training.config import Candidate, Config
from classifier.training.reports.descriptions import candidate_note, experiment_note
from classifier.training.search import Result

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

logger = logging.getLogger(__name__)

#: Makes the UI open an experiment on its training runs and not on pages for language models.
MLFLOW_EXPERIMENT_KIND = "mlflow.experimentKind"
#: The experiment that holds the audits of tables.
AUDITS = "Audits"
_KEY_TAG = "candidate_key"
_RESULT_TAG = "candidate_result"
_SERVER_TIMEOUT = "10"


@contextmanager
def _interrupt_deferred() -> Iterator[None]:
    """Hold Ctrl-C back until the block is done: an interrupted write would leave the database locked."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _frame: held.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if held:
        raise KeyboardInterrupt


@contextmanager
def store_call(what: str) -> Iterator[None]:
    """Do something with the store: whole, though Ctrl-C be pressed, or with an error that says what to do."""
    try:
        with _interrupt_deferred():
            yield
    except (MlflowException, SQLAlchemyError, OSError) as error:
        lines = str(error).strip().splitlines()
        reason = lines[0].rstrip(".") if lines else type(error).__name__
        raise TrackingError(
            f"{what} failed on the MLflow store {store_address()}: {reason}. "
            "Check that the store is reachable and whole, or name another with MLFLOW_TRACKING_URI."
        ) from error


def connect() -> MlflowClient:
    """Return a client of the project's store, having asked it one question.

    Raises:
        TrackingError: the store does not answer, now rather than after the computing.
    """
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", _SERVER_TIMEOUT)
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    address = store_address()
    with store_call("Opening"):
        mlflow.set_tracking_uri(address)
        client = MlflowClient(address)
        client.search_experiments(max_results=1)
    return client


def git_commit() -> str:
    """Return the commit of the working folder, with ``+`` for uncommitted changes; empty without git."""
    try:
        run = subprocess.run(
            ["git", "describe", "--always", "--dirty=+", "--abbrev=40", "--exclude=*"],
            capture_output=True, text=True, timeout=10, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ""
    return run.stdout.strip()


def lock_hash() -> str:
    """Return the SHA-256 of ``requirements.lock`` in the working folder; empty without one."""
    lock = Path("requirements.lock")
    return hashlib.sha256(lock.read_bytes()).hexdigest() if lock.is_file() else ""


def _metrics(evaluation: Evaluation, prefix: str = "") -> dict[str, float]:
    flat = {
        f"{prefix}macro_f1": evaluation.macro_f1,
        f"{prefix}accuracy": evaluation.accuracy,
        f"{prefix}log_loss": evaluation.log_loss,
        f"{prefix}ece": evaluation.ece,
    }
    for section, figures in evaluation.per_section.items():
        flat |= {f"{prefix}{measure}/{section}": figures[measure] for measure in ("f1", "precision", "recall")}
    return flat


def _logged(values: Mapping[str, float], now: int) -> list[Metric]:
    """Return metrics rounded to what a reader compares; whole figures are kept elsewhere."""
    return [Metric(name, round(value, 4 if abs(value) < 100 else 0), now, 0) for name, value in values.items()]


def _experiment(client: MlflowClient, title: str) -> str:
    """Return the id of an experiment, made or restored if need be."""
    found = client.get_experiment_by_name(title)
    if found is None:
        return str(client.create_experiment(title))
    if found.lifecycle_stage != "active":
        logger.warning("the experiment %s was deleted in MLflow; it is restored", title)
        client.restore_experiment(found.experiment_id)
    return str(found.experiment_id)


def log_audit(table: str, figures: Mapping[str, float], files: Sequence[Path]) -> str:
    """Write an audit's figures and its files to a run of the experiment Audits; return the run's id."""
    client = connect()
    with store_call("Logging an audit"):
        run = client.create_run(_experiment(client, AUDITS), run_name=f"audit of {table}", tags={"table": table})
        named = {re.sub(r"[^\w/. -]", "", name).strip(): value for name, value in figures.items()}
        client.log_batch(run.info.run_id, metrics=_logged(named, int(time.time() * 1000)))
        for file in files:
            client.log_artifact(run.info.run_id, str(file))
        client.set_terminated(run.info.run_id)
    return str(run.info.run_id)


@dataclass
class Run:
    """The parent run of one training."""

    client: MlflowClient
    experiment_id: str
    run_id: str
    origin: dict[str, str]  #: what it was made from: git commit, hashes of the lock file and of the config

    @classmethod
    def start(cls, client: MlflowClient, config: Config, toml: str) -> Run:
        """Create the experiment, if it is new, and its parent run."""
        with store_call("Starting a run"):
            experiment_id = _experiment(client, config.experiment.title or config.name)
            client.set_experiment_tag(experiment_id, MLFLOW_RUN_NOTE, experiment_note(config))
            client.set_experiment_tag(experiment_id, MLFLOW_EXPERIMENT_KIND, "custom_model_development")
            client.set_experiment_tag(experiment_id, VIEW_TAG, leaderboard_view(config.search.metric))
            origin = {
                "git_commit": git_commit(),
                "lock_sha256": lock_hash(),
                "config_sha256": hashlib.sha256(toml.encode()).hexdigest(),
            }
            tags = origin | {
                MLFLOW_GIT_COMMIT: origin["git_commit"],  # under this name the UI shows it
                "python": platform.python_version(),
                "stage": "search",
            }
            run = client.create_run(experiment_id, tags=tags, run_name=f"{config.name} search")
            client.log_text(run.info.run_id, toml, f"config/{config.name}.toml")
        return cls(client, experiment_id, run.info.run_id, origin)

    def finished(self, keys: Mapping[str, Candidate]) -> dict[str, Result]:
        """Return the results of candidates that an earlier run of this very search has finished."""
        results: dict[str, Result] = {}
        with store_call("Reading earlier candidates"):
            token = None
            while True:
                page = self.client.search_runs(
                    [self.experiment_id],
                    "attributes.status = 'FINISHED' and tags.stage = 'candidate'",
                    ViewType.ACTIVE_ONLY,
                    max_results=500,
                    page_token=token,
                )
                for run in page:
                    key = run.data.tags.get(_KEY_TAG, "")
                    if key in keys and key not in results:
                        results[key] = _read_result(keys[key], run.data.tags[_RESULT_TAG])
                token = page.token
                if not token:
                    return results

    def log_candidate(self, key: str, result: Result, throughput: float) -> None:
        """Write one finished candidate as a child run."""
        candidate, now = result.candidate, int(result.ended * 1000)
        params = {
            "estimator": candidate.estimator,
            "features": "+".join(candidate.features),
            "min_df": candidate.min_df,
            **candidate.parameters,
        }
        if candidate.block_weights:
            params["block_weights"] = json.dumps(candidate.block_weights)
        values = _metrics(result.evaluation) | {
            "macro_f1_std": result.macro_f1_std,
            "fit_seconds": result.fit_seconds,
            "headlines_per_second": throughput,
        }
        # Whole, for a search that goes on; what is not for comparing stays out of the columns.
        fields = {f.name: getattr(result, f.name) for f in dataclasses.fields(result) if f.name != "candidate"}
        kept = json.dumps(fields | {"evaluation": result.evaluation.to_dict()}, ensure_ascii=False)
        with store_call("Logging a candidate"):
            run = self.client.create_run(
                self.experiment_id,
                start_time=int(result.started * 1000),
                run_name=candidate.name,
                tags={
                    MLFLOW_PARENT_RUN_ID: self.run_id,
                    MLFLOW_RUN_NOTE: candidate_note(result),
                    _KEY_TAG: key,
                    _RESULT_TAG: kept,
                    "stage": "candidate",
                },
            )
            self.client.log_batch(
                run.info.run_id,
                metrics=_logged(values, now),
                params=[Param(name, str(value)) for name, value in params.items()],
            )
            self.client.set_terminated(run.info.run_id, "FINISHED", now)

    def log_winner(self, result: Result, throughput: float, test: Evaluation) -> None:
        """Write the winner's parameters and figures to the parent run."""
        candidate, now = result.candidate, int(time.time() * 1000)
        values = {"headlines_per_second": throughput, "fit_seconds": result.fit_seconds} | _metrics(test)
        values |= {f"cv_{name}": value for name, value in _metrics(result.evaluation).items() if "/" not in name}
        params = {"estimator": candidate.estimator, "features": "+".join(candidate.features)}
        with store_call("Logging the winner"):
            self.client.log_batch(
                self.run_id,
                metrics=_logged(values, now),
                params=[Param(name, str(value)) for name, value in params.items()],
                tags=[RunTag("candidate", candidate.name)],
            )

    def log_figures(self, test: Evaluation, values: Mapping[str, float]) -> None:
        """Write figures on the test table, and others, to the parent run."""
        with store_call("Logging figures"):
            metrics = _logged(_metrics(test) | dict(values), int(time.time() * 1000))
            self.client.log_batch(self.run_id, metrics=metrics)

    def log_table(self, frame: pd.DataFrame, name: str, source: str, context: str, digest: str) -> None:
        """Write which rows were used: schema, number, digest and source."""
        with store_call("Logging a dataset"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # MLflow guesses at the kind of source and warns when it cannot
            table = mlflow.data.from_pandas(
                frame[["headline", "section"]].reset_index(drop=True), source=source, targets="section", name=name,
                digest=digest[:16],
            )  # fmt: skip
            with mlflow.start_run(run_id=self.run_id):
                mlflow.log_input(table, context=context)
            # Leaving the context ends the run; it goes on.
            self.client.update_run(self.run_id, status="RUNNING")

    def log_figure(self, figure: Figure, path: str) -> None:
        """Write a picture."""
        with store_call("Logging a picture"):
            self.client.log_figure(self.run_id, figure, path)

    def log_text(self, text: str, path: str) -> None:
        """Write a text artefact."""
        with store_call("Logging a text"):
            self.client.log_text(self.run_id, text, path)

    def describe(self, note: str) -> None:
        """Set the run's description, in Markdown."""
        self.tag(**{MLFLOW_RUN_NOTE: note})

    def tag(self, **tags: str) -> None:
        """Set tags on the run."""
        with store_call("Tagging a run"):
            for name, value in tags.items():
                self.client.set_tag(self.run_id, name, value)

    @contextmanager
    def ending(self) -> Iterator[None]:
        """End the run as FINISHED, as KILLED after Ctrl-C, or as FAILED after an error."""
        status = "FAILED"
        try:
            yield
            status = "FINISHED"
        except KeyboardInterrupt:
            status = "KILLED"
            raise
        finally:
            with store_call("Ending a run"):
                self.client.set_terminated(self.run_id, status)


def _read_result(candidate: Candidate, tag: str) -> Result:
    fields = json.loads(tag)
    evaluation = Evaluation(**fields.pop("evaluation"))
    return Result(candidate=candidate, evaluation=evaluation, **fields)


def table_digest(frame: pd.DataFrame) -> str:
    """Return the SHA-256 of a table's headlines and sections, in order."""
    digest = hashlib.sha256()
    for headline, section in zip(frame["headline"], frame["section"], strict=True):
        digest.update(f"{section}\t{headline}\n".encode())
    return digest.hexdigest()


def candidate_key(candidate: Candidate, facts: Sequence[object]) -> str:
    """Return a key that is equal only if computing the candidate again would give the same."""
    return hashlib.sha256("\n".join([candidate.to_json(), *map(str, facts)]).encode()).hexdigest()[:32]
