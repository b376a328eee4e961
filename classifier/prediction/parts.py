"""A table in many files, predicted file by file, here or by the workers of a Dask cluster."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classifier.corpus.bad_rows import BadRows
from classifier.corpus.compression import is_remote
from classifier.corpus.parts import table_parts
from classifier.errors import ClassifierError, ClusterError, DataError, InstallationError, ModelError
from classifier.prediction.checkpoint import Checkpoint, progress_of
from classifier.prediction.cluster import connected
from classifier.prediction.files import Interrupted, Job, Progress, Summary, alone, options_of, predict_part, resumed

if TYPE_CHECKING:
    from distributed import Client, Future

    from classifier.prediction.classifier import Classifier

_SHOWN = 3  #: failures in a message
_PATIENCE = 60.0  #: seconds without any worker
_POLL = 0.1  #: seconds

#: What became of a part: its rows and what was reported of them, or why it failed.
_Outcome = tuple[Summary, list[str]] | Exception


def predict_parts(
    clf: Classifier,
    job: Job,
    scheduler: str | None = None,
    report: Callable[[str], None] = lambda _line: None,
    progress: Progress = lambda _rows, _done, _total: None,
) -> Summary:
    """Predict every file of ``job.source``, a folder or a glob, into a file of its own in the folder ``job.output``.

    The output of ``part-0.parquet`` is ``part-0.parquet.jsonl``. It appears whole, in one step; its bytes are the same
    wherever it is made. A part that fails does not stop the others. With ``job.resume`` a part whose output is there is
    not done again; without, older outputs of these parts are removed first.

    Args:
        clf: the model. A worker loads it from the same place, so that has to be on every machine, as the parts.
        job: ``format`` is the suffix of the outputs.
        scheduler: address of a Dask scheduler; None: this process does all parts.
        report: called with each row that cannot be read.
        progress: called after every part with the rows, the parts done and all parts.

    Returns:
        The rows of this call.

    Raises:
        DataError: there are no parts, or some failed; the message says which, and the others are written.
        ClusterError: the scheduler or its workers are not there, or are others than this process.
        Interrupted: Ctrl-C was pressed.
    """
    output = job.output
    if output is None or output.is_file():
        raise DataError(f"{job.source}: a table in parts is written as a folder. Name a new one: --output FOLDER.")
    jobs = _jobs(job, output)
    with alone(output):
        made_from = options_of(clf, jobs[0]) | {"parts": [str(part.source) for part in jobs]}
        if job.resume and (before := resumed(output)) is not None:
            before.check(made_from, output)
        else:
            for part in jobs:
                Path(str(part.output)).unlink(missing_ok=True)
            Checkpoint(made_from).save(output)
        todo = [part for part in jobs if not _is_written(part)]
        done, failures = Summary(0, 0), []
        outcomes = _here(clf, todo) if scheduler is None else _on_cluster(clf, todo, scheduler)
        try:
            for number, (part, outcome) in enumerate(outcomes, len(jobs) - len(todo) + 1):
                if isinstance(outcome, (ModelError, InstallationError, ClusterError)):
                    raise outcome  # the next part would fail likewise
                if isinstance(outcome, Exception):
                    failures.append(_in_words(part, outcome))
                else:
                    done = Summary(done.rows + outcome[0].rows, done.bad + outcome[0].bad)
                    for line in outcome[1]:
                        report(f"{part.source}: {line}")
                progress(done.rows, number, len(jobs))
        except (KeyboardInterrupt, Interrupted):  # between two parts, or within one
            # Workers may have written parts whose outcome has not come back yet.
            raise Interrupted(f"{sum(map(_is_written, jobs))} of {len(jobs)} parts", resumable=True) from None
        finally:
            outcomes.close()  # Dask's client has to be closed in the context that opened it, not by the collector
        if failures:
            more = f" And {len(failures) - _SHOWN} more." if len(failures) > _SHOWN else ""
            raise DataError(
                f"{len(failures)} of {len(jobs)} parts failed, the others are written. {' '.join(failures[:_SHOWN])}"
                f"{more} Mend them, then go on with --resume."
            )
        _clean(output)
    return done


def _is_written(part: Job) -> bool:
    """Say whether the output of a part is there; it appears whole or not at all."""
    return Path(str(part.output)).exists()


def _clean(output: Path) -> None:
    """Remove what only ``--resume`` needs, and what a worker that was killed has left."""
    progress_of(output).unlink()
    for left in output.rglob(".*.part"):
        left.unlink(missing_ok=True)


def _jobs(job: Job, output: Path) -> list[Job]:
    """Return one job for each part; outputs lie below ``output`` as the parts lie below the folder they share."""
    parts = [part if is_remote(part) else str(Path(part).absolute()) for part in table_parts(job.source)]
    root = os.path.commonpath([os.path.dirname(part) for part in parts])  # noqa: PTH120 - an address is no path
    return [
        replace(job, source=part, output=output.absolute() / f"{part[len(root) :].lstrip('/')}.{job.format or 'jsonl'}",
                format=None, resume=False)
        for part in parts
    ]  # fmt: skip


def _in_words(part: Job, error: Exception) -> str:
    text = str(error) if isinstance(error, ClassifierError) else f"{type(error).__name__}: {error}."
    return text if part.source in text else f"{part.source}: {text}"


def _predict(clf: Classifier, part: Job) -> _Outcome:
    bad, lines = BadRows(), list[str]()
    try:
        done = predict_part(clf, part, lambda row: lines.append(str(row)) if bad.add(row) else None)
    except ClassifierError as error:
        return error
    return done, lines


def _load_and_predict(load: Callable[..., Classifier], arguments: tuple[Any, ...], part: Job) -> _Outcome:
    """Do the same in a worker, which loads the model once. The scheduler, which reads the tasks too, loads none."""
    return _predict(load(*arguments), part)


def _here(clf: Classifier, jobs: Sequence[Job]) -> Generator[tuple[Job, _Outcome], None, None]:
    for part in jobs:
        yield part, _predict(clf, part)


def _on_cluster(clf: Classifier, jobs: Sequence[Job], scheduler: str) -> Generator[tuple[Job, _Outcome], None, None]:
    """Yield each part as it is done. Dask gives the part of a worker that dies to another one."""
    with connected(scheduler) as client:
        from distributed import as_completed

        how = clf.__reduce__()
        futures = {client.submit(_load_and_predict, *how, part, pure=False): part for part in jobs}
        waiting, seen = as_completed(futures), time.monotonic()
        while not waiting.is_empty():
            for future in waiting.next_batch(block=False):
                yield futures[future], _outcome(future)
            time.sleep(_POLL)
            if _has_workers(client):
                seen = time.monotonic()
            elif time.monotonic() - seen > _PATIENCE:
                raise ClusterError(
                    f"{scheduler}: no worker is left, or no scheduler. Done parts stay. Start a worker with "
                    f"`dask worker {scheduler}`, then go on with --resume."
                )


def _has_workers(client: Client) -> bool:
    try:
        return bool(client.ncores())
    except OSError:  # the scheduler has gone
        return False


def _outcome(future: Future) -> _Outcome:
    error = future.exception()
    found: _Outcome = future.result() if error is None else error
    return found
