"""Predictions for an input of any length, in constant memory, in its order, written as they come.

One thread reads and predicts, another renders and writes; at most a few chunks wait between them.
"""

from __future__ import annotations

import logging
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Self

from classifier.corpus.bad_rows import BadRow
from classifier.corpus.columns import Columns
from classifier.corpus.compression import split_suffix
from classifier.corpus.stream import Chunk, HeadlineReader, Position
from classifier.corpus.writer import table_writer
from classifier.errors import DataError
from classifier.prediction.answers import BatchPrediction
from classifier.prediction.checkpoint import Checkpoint, ResumableOutput, progress_of
from classifier.prediction.writers import TEXT_FORMATS, CellOutput, Layout, LineOutput, Output, output_format
from classifier.storage import is_regular_or_new, replacing

if TYPE_CHECKING:
    from classifier.prediction.classifier import Classifier

logger = logging.getLogger(__name__)

_WAITING = 4  #: chunks between the two threads


#: Called after every chunk: rows so far; bytes read of the input and how many it has (None for a pipe).
Progress = Callable[[int, int, int | None], None]
Report = Callable[[BadRow], None]


@dataclass(frozen=True)
class Job:
    """What is to be predicted, and how it is to be written."""

    source: str  #: a file, or ``-`` for standard input
    output: Path | None = None  #: None for standard output
    format: str | None = None  #: of the output; None: as its suffix says
    top: int | None = None  #: sections shown of a row; see :class:`~classifier.prediction.writers.Layout`
    keep: tuple[str, ...] = ()  #: columns of the input to write too
    input_format: str | None = None  #: what is in the source, if its suffix does not say
    columns: Columns = Columns()  # noqa: RUF009 (frozen)  #: which column holds the headlines, and in which sheet
    resume: bool = False  #: whether to go on with the output of an interrupted run
    strict: bool = False  #: whether a row that cannot be read ends the run
    min_precision: float | None = None  #: of the classifier, see :class:`~classifier.prediction.classifier.Classifier`
    coverage: float | None = None  #: likewise

    def layout(self, sections: tuple[str, ...]) -> Layout:
        """Return the columns of the output of a model of these sections."""
        return Layout(sections, output_format(self.output, self.format), self.top, self.keep)


@dataclass(frozen=True)
class Summary:
    """How many rows were written."""

    rows: int  #: in the output, those of an interrupted run among them
    bad: int  #: of these, the ones that could not be read


@dataclass
class Interrupted(Exception):  # noqa: N818 (no error: somebody asked for it)
    """Ctrl-C was pressed."""

    written: str  #: how much is in the output: "3,000 rows"
    resumable: bool  #: whether ``--resume`` goes on from there


def predict_stream(
    clf: Classifier,
    job: Job,
    stdin: BinaryIO | None = None,
    stdout: BinaryIO | None = None,
    report: Report = lambda _row: None,
    progress: Progress = lambda _rows, _done, _total: None,
) -> Summary:
    """Predict every headline of ``job.source`` and write one row for each, in order.

    A row that cannot be read is passed to ``report`` and written as it is, without a section. While a text file is
    being written, ``OUTPUT.progress`` beside it says how far it has come; it is removed when the output is finished.
    Parquet and Excel files appear when they are finished.

    Raises:
        DataError: the input or the output is not what it should be; no row could be read; with ``job.strict``, one
            could not; with ``job.resume``, the input, the model or the options are not those of the interrupted run.
            What was written before stays if ``job.resume`` can go on with it.
        Interrupted: Ctrl-C was pressed.
        BrokenPipeError: the reader of standard output has ended.
    """
    layout = job.layout(clf.sections)
    resumable = is_regular_or_new(job.output) and layout.format in TEXT_FORMATS
    _check_files(job, layout, resumable=resumable)
    with _writable(job.output), ExitStack() as stack:
        before = None
        if resumable and job.output is not None:
            stack.enter_context(alone(job.output))
            before = resumed(job.output) if job.resume else None
        reader = _reader(job, stdin, before.position if before is not None else Position())
        stack.callback(reader.close)
        if resumable and job.output is not None:
            made_from = {"size of the input": reader.size, "input format": reader.format} | options_of(clf, job)
            if before is not None and before.rows:
                before.check(made_from, job.output)
            before = before or Checkpoint(made_from)
            output: Output = stack.enter_context(_resumable(job.output, layout, before))
        else:
            output = stack.enter_context(open_output(job.output, layout, stdout))
        done = Summary(before.rows, before.bad) if before is not None else Summary(0, 0)
        return _run(clf, job, reader, output, done, report, progress)


def predict_part(clf: Classifier, job: Job, report: Report = lambda _row: None) -> Summary:
    """Predict one part of a larger input; ``job.output`` appears whole, in one step, or not at all.

    So a part may be predicted again after a failure, or by two processes at once. Its bytes are those that
    :func:`predict_stream` writes. A part without a row is no error.

    Raises:
        DataError: as for :func:`predict_stream`.
    """
    layout = job.layout(clf.sections)
    _check_files(job, layout, resumable=False)
    with _writable(job.output), ExitStack() as stack:
        reader = _reader(job, None, Position())
        stack.callback(reader.close)
        output = stack.enter_context(open_output(job.output, layout))
        return _run(clf, job, reader, output, Summary(0, 0), report, may_be_empty=True)


def write_batch(output: Path | None, layout: Layout, chunk: Chunk, answers: BatchPrediction) -> None:
    """Write a few predictions at once, to ``output`` or standard output.

    Raises:
        DataError: ``output`` cannot be written; what was there stays.
    """
    with _writable(output), open_output(output, layout) as target:
        target.write(chunk, answers)
        target.close()


@contextmanager
def open_output(path: Path | None, layout: Layout, stdout: BinaryIO | None = None) -> Iterator[Output]:
    """Yield an output that appears at ``path`` when it has been closed and the block ends without an error.

    Standard output (None), a pipe or a device gets every chunk at once.
    """
    if path is None:
        yield LineOutput(layout, stdout or sys.stdout.buffer)
        return
    if layout.format not in TEXT_FORMATS:
        with table_writer(path, layout.header(), layout.numbers()) as append:
            yield CellOutput(layout, append)
        return
    plain = is_regular_or_new(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) if plain else nullcontext(path) as target, target.open("wb") as file:
        yield LineOutput(layout, file, split_suffix(path.name)[1], eager=not plain)


@contextmanager
def _resumable(path: Path, layout: Layout, checkpoint: Checkpoint) -> Iterator[ResumableOutput]:
    output = ResumableOutput(path, layout, checkpoint)
    try:
        yield output
    except BaseException:
        with suppress(OSError):  # of a full disk, which has been reported
            output.abandon()
        raise


def _run(
    clf: Classifier,
    job: Job,
    reader: HeadlineReader,
    output: Output,
    done: Summary,
    report: Report,
    progress: Progress = lambda _rows, _done, _total: None,
    *,
    may_be_empty: bool = False,
) -> Summary:
    begin, before = time.perf_counter(), done.rows
    logger.debug("%s: %s, from row %d; the output is %s", reader.label, reader.format, before, job.output or "stdout")
    with _WriterThread(output) as writer:
        try:
            for chunk in reader:
                bad = list(chunk.bad.values())
                if bad and job.strict:
                    raise DataError(
                        f"{reader.label}: {bad[0]}. Mend it, or leave out --strict to have it passed through."
                    )
                writer.put(chunk, clf.predict_batch(_readable(chunk)))
                for row in bad:
                    report(row)
                done = Summary(done.rows + len(chunk.headlines), done.bad + len(bad))
                progress(done.rows, reader.bytes_read, reader.size)
            if done.rows == done.bad and not (may_be_empty and not done.rows):
                what = f"none of its {done.rows:,} rows could be read" if done.rows else "it has no rows"
                raise DataError(f"{reader.label}: {what}. Is it the right file, and of the format {reader.format}?")
        except KeyboardInterrupt:
            writer.drain()
            rows = before + writer.rows
            raise Interrupted(f"{rows:,} rows", rows > 0 and isinstance(output, ResumableOutput)) from None
        writer.finish()
    seconds = time.perf_counter() - begin
    logger.debug(
        "%s: %d rows in %.1f s, %.0f a second", reader.label, done.rows, seconds, (done.rows - before) / seconds
    )
    return done


def _reader(job: Job, stdin: BinaryIO | None, start: Position) -> HeadlineReader:
    return HeadlineReader(job.source, stdin or sys.stdin.buffer, job.input_format, job.keep, start, job.columns)


def _readable(chunk: Chunk) -> list[str]:
    if not chunk.bad:
        return chunk.headlines
    return ["" if i in chunk.bad else headline for i, headline in enumerate(chunk.headlines)]


def _check_files(job: Job, layout: Layout, *, resumable: bool) -> None:
    if job.keep and layout.format == "table":
        raise DataError("--keep: a table for people shows no other columns. Use --format jsonl, tsv or csv.")
    if job.resume and job.output is None:
        raise DataError("--resume needs --output FILE: what went to standard output cannot be continued.")
    if job.resume and not resumable:
        raise DataError(
            f"{job.output}: --resume cannot continue it. It works with files of {', '.join(TEXT_FORMATS[1:])}; "
            "others are written whole. Start over without --resume."
        )
    source, output = Path(job.source), job.output
    there = job.source != "-" and source.exists() and output is not None and output.exists()
    if there and output is not None and output.samefile(source):
        raise DataError(f"{output}: this is the input too, and would be destroyed. Name another --output.")


def options_of(clf: Classifier, job: Job) -> dict[str, Any]:
    """Return the model and the options that an interrupted run and the one that goes on must share."""
    return {
        "model": clf.about()["fingerprint"], "tier": clf.tier, "format": job.layout(clf.sections).format,
        "top": job.top, "kept columns": list(job.keep), "columns": str(job.columns),
        "min_precision": job.min_precision, "coverage": job.coverage,
    }  # fmt: skip


def resumed(output: Path) -> Checkpoint | None:
    """Return the checkpoint to go on from; None if nothing has been done yet."""
    found = Checkpoint.load(output)
    if found is None and output.exists():
        raise DataError(
            f"{output} exists, but {progress_of(output).name} does not: it is finished, or something else "
            "wrote it. Remove it, or start over without --resume."
        )
    return found


@contextmanager
def alone(output: Path) -> Iterator[None]:
    """Prevent a second run from writing the same output."""
    from filelock import FileLock, Timeout

    lock = output.with_name(f"{output.name}.lock")
    with ExitStack() as stack:
        output.parent.mkdir(parents=True, exist_ok=True)
        try:
            stack.enter_context(FileLock(lock, timeout=0))
        except Timeout:
            raise DataError(f"{output}: another run is writing it. Wait for it, or name another --output.") from None
        try:
            yield
        finally:
            with suppress(OSError):  # Windows keeps a file that is open
                lock.unlink()


@contextmanager
def _writable(output: Path | None) -> Iterator[None]:
    """Turn an OSError into a DataError about the output; errors of an input are DataErrors already."""
    try:
        yield
    except OSError as error:
        if output is None:
            raise
        advice = "Mend that, then go on with --resume." if progress_of(output).exists() else "Name another --output."
        raise DataError(f"{output}: cannot be written ({error.strerror or error}). {advice}") from error


class _WriterThread:
    """Renders and writes chunks in a thread of its own."""

    def __init__(self, output: Output) -> None:
        self.rows = 0  #: written
        self._output = output
        self._queue: queue.Queue[tuple[Chunk, BatchPrediction] | None] = queue.Queue(_WAITING)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="writer", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def put(self, chunk: Chunk, answers: BatchPrediction) -> None:
        """Hand over a chunk; wait while the queue is full."""
        self._raise()
        self._queue.put((chunk, answers))

    def drain(self) -> None:
        """Wait until everything that was handed over has been written."""
        self._stop()
        self._raise()

    def finish(self) -> None:
        """Wait until everything has been written, and close the output."""
        self.drain()
        self._output.close()

    def _stop(self) -> None:
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        try:
            while (item := self._queue.get()) is not None:
                self._output.write(*item)
                self.rows += len(item[0].headlines)
            self._output.flush()
        except BaseException as error:  # raised again in the thread that puts
            self._error = error
            while self._queue.get() is not None:  # nothing more is written: it would come in the wrong row
                pass
