"""Predictions for an input of any length, in constant memory, in its order, written as they come.

One thread reads and predicts, another renders and writes; between them wait a few chunks, no more.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, Protocol, Self

from classifier.corpus.bad_rows import BadRow
from classifier.corpus.compression import CompressedWriter, split_suffix
from classifier.corpus.stream import Chunk, HeadlineReader, Position
from classifier.errors import DataError
from classifier.prediction.checkpoint import Checkpoint, record_of, tail_sum
from classifier.prediction.classifier import BatchPrediction
from classifier.prediction.rendering import Renderer, Rendering, TableRenderer

_WAITING = 4  #: chunks between the two threads
_SECONDS = 2.0  #: between two records: what an interruption costs at most


class Answering(Protocol):
    """What a classifier must do here: :class:`~classifier.prediction.classifier.Classifier` does."""

    @property
    def sections(self) -> tuple[str, ...]:
        """The sections, in the order of the columns."""

    def predict_batch(self, headlines: Sequence[str], /) -> BatchPrediction:
        """Return what the model says of every headline."""

    def about(self) -> dict[str, Any]:
        """Return what tells this model from another."""


@dataclass(frozen=True)
class Job:
    """What is to be predicted, and how it is to be written."""

    source: str  #: a file, or ``-`` for standard input
    output: Path | None = None  #: None for standard output
    style: str = "jsonl"  #: ``jsonl``, ``tsv`` or ``table``
    top: int = 1
    keep: tuple[str, ...] = ()
    kind: str | None = None  #: what is in the source, if its suffix does not say
    resume: bool = False
    strict: bool = False  #: whether a broken row ends the run


@dataclass(frozen=True)
class Summary:
    """What was done."""

    rows: int  #: in the output, those of an interrupted run among them
    broken: int
    resumed_at: int = 0  #: rows that were there already


class Interrupted(Exception):  # noqa: N818 (no error: somebody asked for it)
    """Ctrl-C; the output holds ``rows`` rows, and ``--resume`` goes on from there if ``resumable``."""

    def __init__(self, rows: int, resumable: bool) -> None:
        super().__init__(rows, resumable)
        self.rows = rows
        self.resumable = resumable


class Progress(Protocol):
    """Told after every chunk."""

    def __call__(self, rows: int, done: int, total: int | None, /) -> None:
        """Rows so far; bytes read of the input and how many it has (None for a pipe)."""


def predict_stream(
    clf: Answering,
    job: Job,
    stdin: BinaryIO | None = None,
    stdout: BinaryIO | None = None,
    report: Callable[[BadRow], None] = lambda _broken: None,
    progress: Progress = lambda _rows, _done, _total: None,
) -> Summary:
    """Predict every headline of ``job.source`` and write one line for each, in order.

    A row that cannot be read is told to ``report`` and written as it stands, without a section. While a file is
    being written, ``OUTPUT.progress`` beside it records how far it has come; when it is finished the record goes.

    Raises:
        DataError: the input or the output is not what it should be; with ``job.strict``, a row is broken; with
            ``job.resume``, the input, the model or the options are not those of the interrupted run. What
            was written before stays.
        Interrupted: Ctrl-C was pressed.
        BrokenPipeError: whoever read standard output has left.
    """
    _check_files(job)
    before = _resumed(job.output) if job.resume and job.output is not None else None
    start = before.position if before is not None else Position()
    reader = HeadlineReader(job.source, stdin or sys.stdin.buffer, job.kind, job.keep, start)
    try:
        made_from = {
            "size of the input": reader.size, "input format": reader.format, "model": clf.about()["fingerprint"],
            "format": job.style, "top": job.top, "kept columns": list(job.keep),
        }  # fmt: skip
        if before is not None and before.rows and job.output is not None:
            before.check(made_from, job.output)
        record = replace(before, made_from=made_from) if before is not None else Checkpoint(made_from, start)
        with _Writer(job, _renderer(job, clf), record, stdout or sys.stdout.buffer) as writer:
            return _run(clf, job, reader, writer, report, progress)
    finally:
        reader.close()


def _run(
    clf: Answering,
    job: Job,
    reader: HeadlineReader,
    writer: _Writer,
    report: Callable[[BadRow], None],
    progress: Progress,
) -> Summary:
    before = writer.record
    done = before.rows
    try:
        for chunk in reader:
            broken = list(chunk.bad.values())
            if broken and job.strict:
                first = broken[0]
                raise DataError(
                    f"{reader.label}: row {first.number}: {first.why}: {first.raw[:80]!r}. "
                    "Mend it, or leave out --strict to have it passed through."
                )
            writer.put(chunk, clf.predict_batch(_readable(chunk)))
            for row in broken:
                report(row)
            done += len(chunk.headlines)
            progress(done, reader.bytes_read, reader.size)
    except KeyboardInterrupt:
        writer.finish()
        raise Interrupted(writer.record.rows, writer.recorded is not None) from None
    except DataError:
        writer.finish()
        raise
    writer.finish()
    writer.remove_record()
    return Summary(writer.record.rows, writer.record.broken, before.rows)


def _readable(chunk: Chunk) -> list[str]:
    if not chunk.bad:
        return chunk.headlines
    return ["" if i in chunk.bad else headline for i, headline in enumerate(chunk.headlines)]


def _renderer(job: Job, clf: Answering) -> Rendering:
    if job.style == "table":
        return TableRenderer(clf.sections, job.top)
    return Renderer(clf.sections, job.style, job.top, job.keep)


def _check_files(job: Job) -> None:
    if job.output is None:
        if job.resume:
            raise DataError("--resume needs --output FILE: what went to standard output cannot be gone on with.")
        return
    source = Path(job.source)
    if job.source != "-" and source.exists() and job.output.exists() and job.output.samefile(source):
        raise DataError(f"{job.output}: this is the input too, and writing would destroy it. Name another --output.")


def _resumed(output: Path) -> Checkpoint | None:
    """Return the record to go on from; None if nothing has been done yet."""
    found = Checkpoint.load(output)
    if found is None and output.exists():
        raise DataError(
            f"{output} is there, but {record_of(output).name} is not: it is finished, or something else "
            "wrote it. Remove it, or start over without --resume."
        )
    return found


class _Writer:
    """Renders and writes chunks in a thread of its own."""

    def __init__(self, job: Job, renderer: Rendering, record: Checkpoint, stdout: BinaryIO) -> None:
        self.record = record
        #: The output, if what has been written of it can be gone on with: not so for a pipe or a device.
        self.recorded = job.output if job.output and (job.output.is_file() or not job.output.exists()) else None
        self._output = job.output
        self._resume = job.resume
        self._renderer = renderer
        self._file = stdout
        self._queue: queue.Queue[tuple[Chunk, BatchPrediction] | None] = queue.Queue(_WAITING)
        self._error: BaseException | None = None
        self._saved = time.monotonic()
        self._thread = threading.Thread(target=self._work, name="writer", daemon=True)

    def __enter__(self) -> Self:
        if self._output is not None:
            try:
                self._file = self._open(self._output)
            except OSError as error:
                raise self._unwritable(error) from error
        packing = split_suffix(self._output.name)[1] if self._output is not None else ""
        self._packer = CompressedWriter(self._file, packing, str(self._output))
        if not self.record.written:
            self._packer.write(self._renderer.header)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()
        if self._output is not None:
            with suppress(OSError):  # of a full disk, which has been told; what is finished has been flushed
                self._file.close()

    def _open(self, output: Path) -> BinaryIO:
        output.parent.mkdir(parents=True, exist_ok=True)
        if self.recorded is None:
            return output.open("wb")
        file = output.open("r+b" if output.exists() else "w+b")
        try:
            _lock(file, output)
            if self._resume:
                self.record.cut(file, output)
            else:
                file.truncate(0)
            self._save(file, output)
        except BaseException:
            file.close()
            raise
        return file

    def put(self, chunk: Chunk, answers: BatchPrediction) -> None:
        """Hand over a chunk; waits while enough others do."""
        self._raise()
        self._queue.put((chunk, answers))

    def finish(self) -> None:
        """Wait until everything has been written and recorded."""
        self._stop()
        self._raise()

    def remove_record(self) -> None:
        """Forget how far the output has come: it is finished."""
        if self.recorded is not None:
            record_of(self.recorded).unlink(missing_ok=True)

    def _stop(self) -> None:
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    def _raise(self) -> None:
        if isinstance(self._error, OSError) and self._output is not None:
            raise self._unwritable(self._error) from self._error
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        while (item := self._queue.get()) is not None:
            # After an error nothing more is written, for it would stand in the wrong place; ``put`` tells of it.
            if self._error is None:
                self._try(lambda item=item: self._write(*item))  # type: ignore[misc]
        if self._error is None:
            self._try(self._end_piece)

    def _try(self, step: Callable[[], None]) -> None:
        try:
            step()
        except BaseException as error:  # raised again in the thread that puts
            self._error = error

    def _write(self, chunk: Chunk, answers: BatchPrediction) -> None:
        self._packer.write(self._renderer.render(chunk, answers))
        self.record = replace(
            self.record,
            position=chunk.end,
            rows=self.record.rows + len(chunk.headlines),
            broken=self.record.broken + len(chunk.bad),
        )
        # Whoever reads a pipe gets his answers at once; a file is recorded now and then.
        if self.recorded is None or time.monotonic() - self._saved > _SECONDS:
            self._end_piece()

    def _end_piece(self) -> None:
        self._packer.finish()
        if self.recorded is not None:
            self._save(self._file, self.recorded)

    def _save(self, file: BinaryIO, output: Path) -> None:
        """Bring the output to the disk and record how far it has come."""
        getattr(os, "fdatasync", os.fsync)(file.fileno())
        written = file.seek(0, os.SEEK_END)
        tail = tail_sum(file, written)
        file.seek(written)
        self.record = replace(self.record, written=written, tail=tail)
        self.record.save(output)
        self._saved = time.monotonic()

    def _unwritable(self, error: OSError) -> DataError:
        advice = (
            "Mend that, then go on with --resume." if self.recorded and self.record.rows else "Name another --output."
        )
        return DataError(f"{self._output}: cannot be written ({error.strerror}). {advice}")


def _lock(file: BinaryIO, output: Path) -> None:
    """Keep a second run away from the same output, where the system can."""
    try:
        import fcntl
    except ImportError:  # Windows
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise DataError(f"{output}: another run is writing it. Wait for it, or name another --output.") from None
