"""Runs in MLflow: one parent run a training, one child run a candidate.

A figure from cross-validation is called ``cv_…`` and a figure on the test table ``test_…``, so that the two never
share a column.
"""

from __future__ import annotations

import hashlib
import logging
import platform
import re
import subprocess
import time
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_GIT_COMMIT, MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NOTE

from classifier.errors import TrackingError
from classifier.evaluation.metrics import Evaluation
from classifier.tracking.leaderboard import VIEW_TAG, leaderboard_view
from classifier.tracking.store import connect, store_call

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

logger = logging.getLogger(__name__)

#: Makes the UI open an experiment on its training runs and not on pages for language models.
MLFLOW_EXPERIMENT_KIND = "mlflow.experimentKind"
#: The experiment that holds the audits of tables.
AUDITS = "Audits"
STAGE_TAG = "stage"  #: ``search`` for a training, ``candidate`` for one of its candidates
USED_TAG = "used_by"  #: of a candidate: the run of the last training that had its result
_KEY_TAG = "candidate_key"
_RESULT = "result.json"
_LONGEST = 200  # characters; MLflow allows 250 for a metric's name


@dataclass(frozen=True)
class CandidateRun:
    """A finished candidate, as MLflow is to show it."""

    key: str  #: equal for candidates with equal results, see :func:`candidate_key`
    name: str
    params: Mapping[str, Any]
    evaluation: Evaluation  #: by cross-validation
    figures: Mapping[str, float]  #: more figures
    note: str  #: Markdown
    result: str  #: what a search that goes on needs, as JSON
    started: float  #: seconds since the epoch
    ended: float


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


def metric_name(text: str) -> str:
    """Return a name that MLflow accepts for a metric; different for different texts.

    Letters, digits, ``_``, ``-`` and spaces stay. Another character becomes its code point in hexadecimal between
    two full stops: ``여행·레저`` is ``여행.b7.레저``. The end of a very long name is replaced by its hash.
    """
    safe = re.sub(r"[^\w\- ]", lambda found: f".{ord(found[0]):x}.", text)
    return (
        safe if len(safe) <= _LONGEST else f"{safe[: _LONGEST - 24]}...{hashlib.sha256(text.encode()).hexdigest()[:20]}"
    )


def evaluation_metrics(evaluation: Evaluation, prefix: str) -> dict[str, float]:
    """Return an evaluation's figures by the names of their metrics; ``prefix`` is ``cv`` or ``test``."""
    figures = {name: getattr(evaluation, name) for name in ("macro_f1", "accuracy", "log_loss", "ece")}
    for section, of_section in evaluation.per_section.items():
        for measure in ("f1", "precision", "recall"):
            figures[f"{measure}/{metric_name(section)}"] = of_section[measure]
    return {f"{prefix}_{name}": value for name, value in figures.items()}


def log_metrics(client: MlflowClient, run_id: str, values: Mapping[str, float], now: int, **of: str) -> None:
    """Log metrics, rounded to what a reader compares.

    Args:
        client: of the store.
        run_id: the run.
        values: by name.
        now: milliseconds since the epoch.
        of: ``model_id``, ``dataset_name`` and ``dataset_digest``, if the figures are of a model on a table.
    """
    metrics = [Metric(name, round(v, 4 if abs(v) < 100 else 0), now, 0, **of) for name, v in values.items()]
    client.log_batch(run_id, metrics=metrics)


def _experiment(client: MlflowClient, title: str, tags: Mapping[str, str] = {}) -> str:
    """Return the id of an experiment with these tags, made or restored if need be.

    A new one gets its tags as it is made: two trainings that add the same tag at once would fail.
    """
    found = client.get_experiment_by_name(title)
    if found is None:
        try:
            return str(client.create_experiment(title, tags=dict(tags)))
        except MlflowException:
            found = client.get_experiment_by_name(title)  # another training has made it meanwhile
            if found is None:
                raise
    if found.lifecycle_stage != "active":
        logger.warning("the experiment %s was deleted in MLflow; it is restored", title)
        client.restore_experiment(found.experiment_id)
    for key, value in tags.items():
        if found.tags.get(key) != value:
            client.set_experiment_tag(found.experiment_id, key, value)
    return str(found.experiment_id)


def log_audit(table: str, figures: Mapping[str, float], files: Sequence[Path]) -> str:
    """Write an audit's figures and its files to a run of the experiment Audits; return the run's id."""
    texts = {file.name: file.read_text(encoding="utf-8") for file in files}
    return log_report(AUDITS, f"audit of {table}", {"table": table}, figures, texts)


def log_report(
    experiment: str, name: str, tags: Mapping[str, str], figures: Mapping[str, float], texts: Mapping[str, str]
) -> str:
    """Write figures, and texts by file name, to a run of an experiment; return the run's id."""
    client = connect()
    with store_call("Logging a report"):
        run = client.create_run(_experiment(client, experiment), run_name=name, tags=dict(tags))
        named = {metric_name(key): value for key, value in figures.items()}
        log_metrics(client, run.info.run_id, named, int(time.time() * 1000))
        for file, text in texts.items():
            client.log_text(run.info.run_id, text, file)
        client.set_terminated(run.info.run_id)
    return str(run.info.run_id)


@dataclass
class Run:
    """The parent run of one training.

    A store that stops answering does not stop the training: what the methods ``log_…`` cannot write waits until
    :meth:`catch_up`.
    """

    client: MlflowClient
    experiment_id: str
    run_id: str
    origin: dict[str, str]  #: what it was made from: git commit, hashes of the lock file and of the config
    _waiting: list[tuple[str, Callable[[], None]]] = field(default_factory=list)
    _away: bool = False  #: the store did not answer, and is not asked for each figure again

    @classmethod
    def start(
        cls, client: MlflowClient, experiment: str, name: str, *, toml: str = "", note: str, metric: str = "macro_f1"
    ) -> Run:
        """Create the experiment, if it is new, and its parent run.

        Args:
            client: of the store.
            experiment: its name in MLflow.
            name: of the config.
            toml: text of the config; without one, none is logged.
            note: description of the experiment, in Markdown.
            metric: by which candidates are compared.
        """
        with store_call("Starting a run"):
            shown = {MLFLOW_EXPERIMENT_KIND: "custom_model_development", VIEW_TAG: leaderboard_view(metric)}
            experiment_id = _experiment(client, experiment, {MLFLOW_RUN_NOTE: note} | shown)
            origin = {"git_commit": git_commit(), "lock_sha256": lock_hash()}
            if toml:
                origin["config_sha256"] = hashlib.sha256(toml.encode()).hexdigest()
            tags = origin | {
                MLFLOW_GIT_COMMIT: origin["git_commit"],  # under this name the UI shows it
                "python": platform.python_version(),
                STAGE_TAG: "search",
            }
            run = client.create_run(experiment_id, tags=tags, run_name=f"{name} search")
            if toml:
                client.log_text(run.info.run_id, toml, f"config/{name}.toml")
        return cls(client, experiment_id, run.info.run_id, origin)

    def _write(self, what: str, call: Callable[[], None]) -> None:
        self._waiting.append((what, call))
        if not self._away:
            self.catch_up()

    def catch_up(self) -> None:
        """Write what waits; if the store does not answer, warn and let it wait for the next call."""
        self._away = False
        while self._waiting:
            what, call = self._waiting[0]
            try:
                with store_call(what):
                    call()
            except TrackingError as error:
                self._away = True
                logger.warning("%s The training goes on and writes it later.", error)
                return
            del self._waiting[0]

    def finished(self, keys: Collection[str]) -> dict[str, str]:
        """Return the results, by key, of candidates that an earlier run of this very search has finished."""
        results: dict[str, str] = {}
        with store_call("Reading earlier candidates"):
            for run in search_runs(self.client, self.experiment_id, f"tags.{STAGE_TAG} = 'candidate'"):
                key = run.data.tags.get(_KEY_TAG, "")
                if run.info.status != "FINISHED" or key not in keys or key in results:
                    continue
                try:
                    results[key] = mlflow.artifacts.load_text(f"{run.info.artifact_uri}/{_RESULT}")
                except (MlflowException, OSError):
                    continue  # its file is gone: it is computed again
                self.client.set_tag(run.info.run_id, USED_TAG, self.run_id)
        return results

    def log_candidate(self, candidate: CandidateRun) -> None:
        """Write one finished candidate as a child run."""
        now = int(candidate.ended * 1000)

        def write() -> None:
            run = self.client.create_run(
                self.experiment_id,
                start_time=int(candidate.started * 1000),
                run_name=candidate.name,
                tags={
                    MLFLOW_PARENT_RUN_ID: self.run_id,
                    MLFLOW_RUN_NOTE: candidate.note,
                    _KEY_TAG: candidate.key,
                    USED_TAG: self.run_id,
                    STAGE_TAG: "candidate",
                },
            )
            run_id = run.info.run_id
            params = [Param(name, str(value)) for name, value in candidate.params.items()]
            self.client.log_batch(run_id, params=params)
            figures = evaluation_metrics(candidate.evaluation, "cv") | dict(candidate.figures)
            log_metrics(self.client, run_id, figures, now)
            self.client.log_text(run_id, candidate.result, _RESULT)
            self.client.set_terminated(run_id, "FINISHED", now)

        self._write("Logging a candidate", write)

    def log_figures(
        self,
        values: Mapping[str, float],
        params: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Write figures, parameters and tags to the parent run."""
        now = int(time.time() * 1000)

        def write() -> None:
            log_metrics(self.client, self.run_id, values, now)
            self.client.log_batch(
                self.run_id,
                params=[Param(name, str(value)) for name, value in (params or {}).items()],
                tags=[RunTag(name, value) for name, value in (tags or {}).items()],
            )

        self._write("Logging figures", write)

    def log_table(self, frame: pd.DataFrame, name: str, source: str, context: str, digest: str) -> None:
        """Write which rows were used: schema, number, digest and source."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # MLflow guesses at the kind of source and warns when it cannot
            table = mlflow.data.from_pandas(
                frame[["headline", "section"]].reset_index(drop=True), source=source, targets="section", name=name,
                digest=digest[:16],
            )  # fmt: skip

        def write() -> None:
            with warnings.catch_warnings(), mlflow.start_run(run_id=self.run_id):
                warnings.simplefilter("ignore")
                mlflow.log_input(table, context=context)
            # Leaving the context ends the run; it goes on.
            self.client.update_run(self.run_id, status="RUNNING")

        self._write("Logging a dataset", write)

    def log_figure(self, figure: Figure, path: str) -> None:
        """Write a picture."""

        def write() -> None:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "Glyph")  # a section may be called by a sign that the font lacks
                self.client.log_figure(self.run_id, figure, path)

        self._write("Logging a picture", write)

    def log_text(self, text: str, path: str) -> None:
        """Write a text artefact."""
        self._write("Logging a text", lambda: self.client.log_text(self.run_id, text, path))

    def describe(self, note: str, **tags: str) -> None:
        """Set the run's description, in Markdown, and tags."""
        self.log_figures({}, tags={MLFLOW_RUN_NOTE: note} | tags)

    @contextmanager
    def ending(self) -> Iterator[None]:
        """End the run as FINISHED, as KILLED after Ctrl-C, or as FAILED after an error; write what waits.

        If the store does not take that, a warning says so: the training's own result or error counts for more.
        """
        status = "FAILED"
        try:
            yield
            status = "FINISHED"
        except KeyboardInterrupt:
            status = "KILLED"
            raise
        finally:
            self.catch_up()
            if self._waiting:
                logger.warning("run %s stays as it is, without %d records", self.run_id, len(self._waiting))
            else:
                self._write("Ending a run", lambda: self.client.set_terminated(self.run_id, status))


def search_runs(client: MlflowClient, experiment_id: str, condition: str) -> Iterator[Any]:
    """Yield all active runs of an experiment that meet a condition of MLflow's, newest first."""
    token = None
    while True:
        page = client.search_runs([experiment_id], condition, ViewType.ACTIVE_ONLY, max_results=500, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def table_digest(frame: pd.DataFrame) -> str:
    """Return the SHA-256 of a table's headlines and sections, in order."""
    digest = hashlib.sha256()
    for headline, section in zip(frame["headline"], frame["section"], strict=True):
        digest.update(f"{section}\t{headline}\n".encode())
    return digest.hexdigest()


def candidate_key(candidate: str, facts: Sequence[object]) -> str:
    """Return a key that is equal only if computing a candidate again would give the same.

    Args:
        candidate: a canonical text of it.
        facts: all else that the result depends on.
    """
    return hashlib.sha256("\n".join([candidate, *map(str, facts)]).encode()).hexdigest()[:32]
