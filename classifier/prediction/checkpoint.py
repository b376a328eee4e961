"""A text output that an interrupted run can go on with, and the checkpoint beside it.

The checkpoint says how far the output has come, and from what it is made. It is replaced in one step after the
output up to that row is on the disk. So after an interruption of any kind, a killed process or a lost machine, the
output is cut back to the row of the checkpoint, and the run goes on from there.
"""

from __future__ import annotations

import json
import os
import time
import zlib
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

from classifier.corpus.compression import split_suffix
from classifier.corpus.stream import Chunk, Position
from classifier.errors import DataError
from classifier.prediction.answers import BatchPrediction
from classifier.prediction.writers import Layout, LineOutput
from classifier.storage import replacing

_TAIL = 1 << 16  #: bytes before the end of the output by which it is recognised
_SECONDS = 2.0  #: between two checkpoints: what an interruption costs at most


@dataclass(frozen=True)
class Checkpoint:
    """How far an output has come."""

    made_from: dict[str, Any]  #: input, model and options: what must be the same to go on
    position: Position = field(default_factory=Position)  #: in the input
    rows: int = 0  #: written, bad ones among them
    bad: int = 0
    written: int = 0  #: bytes of the output
    tail: int = 0  #: CRC-32 of the last of these bytes

    def save(self, output: Path) -> None:
        """Write the checkpoint of ``output``."""
        with replacing(progress_of(output)) as part:
            part.write_text(json.dumps(asdict(self), ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, output: Path) -> Checkpoint | None:
        """Read the checkpoint of ``output``; None if there is none.

        Raises:
            DataError: it is damaged.
        """
        path = progress_of(output)
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            position = content.pop("position")
            return cls(**content, position=Position(**position | {"columns": tuple(position["columns"])}))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise DataError(f"{path}: damaged ({error!r}). Start over without --resume.") from error

    def check(self, made_from: dict[str, Any], output: Path) -> None:
        """Raise a DataError unless the resumed run has the same input, model and options."""
        different = [
            f"{name} was {self.made_from.get(name)!r}, now it is {made_from.get(name)!r}"
            for name in made_from | self.made_from
            if self.made_from.get(name) != made_from.get(name)
        ]
        if different:
            raise DataError(
                f"{output}: --resume cannot go on, because the interrupted run was another: {'; '.join(different)}. "
                "Run it as before, or start over without --resume."
            )


class ResumableOutput:
    """Writes lines into a file and saves a checkpoint every two seconds.

    Nothing on the disk changes before the first row is written: an older output survives a run that fails early.
    """

    def __init__(self, path: Path, layout: Layout, checkpoint: Checkpoint) -> None:
        """Go on from ``checkpoint``, or begin if it has no row."""
        self.checkpoint = checkpoint
        self._path, self._layout = path, layout
        self._file: BinaryIO | None = None
        self._lines: LineOutput | None = None
        self._saved = 0.0

    def _begin(self) -> LineOutput:
        self._file = self._path.open("r+b" if self._path.exists() else "w+b")
        if self.checkpoint.written:
            self._cut(self._file)
        else:
            progress_of(self._path).unlink(missing_ok=True)  # of an earlier run, whose output is now replaced
            self._file.truncate(0)
            self._save(self._file)
        compression = split_suffix(self._path.name)[1]
        return LineOutput(self._layout, self._file, compression, eager=False, header=not self.checkpoint.written)

    def _cut(self, file: BinaryIO) -> None:
        """Cut the output back to the checkpoint."""
        written = self.checkpoint.written
        if file.seek(0, os.SEEK_END) < written or _tail_sum(file, written) != self.checkpoint.tail:
            raise DataError(
                f"{self._path}: its first {written:,} bytes are not what the interrupted run wrote. "
                "Start over without --resume."
            )
        file.truncate(written)
        file.seek(written)

    def write(self, chunk: Chunk, answers: BatchPrediction) -> None:
        """Write one line for each row of ``chunk``.

        Raises:
            DataError: the output is not what the checkpoint says.
        """
        self._lines = self._lines or self._begin()
        self._lines.write(chunk, answers)
        rows, bad = self.checkpoint.rows + len(chunk.headlines), self.checkpoint.bad + len(chunk.bad)
        self.checkpoint = replace(self.checkpoint, position=chunk.end, rows=rows, bad=bad)
        if time.monotonic() - self._saved > _SECONDS:
            self.flush()

    def flush(self) -> None:
        """Bring the output to the disk and save the checkpoint."""
        if self._lines is not None and self._file is not None:
            self._lines.flush()
            self._save(self._file)

    def _save(self, file: BinaryIO) -> None:
        getattr(os, "fdatasync", os.fsync)(file.fileno())
        written = file.seek(0, os.SEEK_END)
        tail = _tail_sum(file, written)
        file.seek(written)
        self.checkpoint = replace(self.checkpoint, written=written, tail=tail)
        self.checkpoint.save(self._path)
        self._saved = time.monotonic()

    def close(self) -> None:
        """Finish the output and remove the checkpoint."""
        self._lines = self._lines or self._begin()  # a resumed run may have no row left
        self.flush()
        if self._file is not None:
            self._file.close()
        progress_of(self._path).unlink(missing_ok=True)

    def abandon(self) -> None:
        """Close the file of a run that failed, and remove it if it holds no row that could be read."""
        if self._file is None:
            return
        self._file.close()
        if self.checkpoint.rows == self.checkpoint.bad:
            self._path.unlink(missing_ok=True)
            progress_of(self._path).unlink(missing_ok=True)


def progress_of(output: Path) -> Path:
    """Return where the checkpoint of an output is."""
    return output.with_name(f"{output.name}.progress")


def _tail_sum(file: BinaryIO, end: int) -> int:
    """Return the CRC-32 of what comes before byte ``end`` of a file that can be read."""
    start = max(0, end - _TAIL)
    file.seek(start)
    return zlib.crc32(file.read(end - start))
