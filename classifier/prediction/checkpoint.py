"""The record beside an output that is being written: how far it has come, and of what.

It is replaced in one step after the output up to that place is on the disk. So after an interruption of
any kind, a killed process or a lost machine, the output is cut back to where the record says and gone on with.
"""

from __future__ import annotations

import json
import os
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from classifier.corpus.stream import Position
from classifier.errors import DataError
from classifier.storage import replacing

_TAIL = 1 << 16


@dataclass(frozen=True)
class Checkpoint:
    """What is known of an output that is not finished."""

    made_from: dict[str, Any]  #: input, model and options: what must be the same to go on
    position: Position  #: in the input
    rows: int = 0  #: written, broken ones among them
    broken: int = 0
    written: int = 0  #: bytes of the output
    tail: int = 0  #: CRC-32 of the last of these bytes

    def save(self, output: Path) -> None:
        """Write the record of ``output``."""
        path = record_of(output)
        with replacing(path) as part:
            part.write_text(json.dumps(asdict(self), ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, output: Path) -> Checkpoint | None:
        """Read the record of ``output``; None if there is none.

        Raises:
            DataError: it is damaged.
        """
        path = record_of(output)
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            place = content.pop("position")
            position = Position(**place | {"columns": tuple(place["columns"])})
            return cls(**content, position=position)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise DataError(f"{path}: damaged ({error!r}). Start over without --resume.") from error

    def check(self, made_from: dict[str, Any], output: Path) -> None:
        """Raise a DataError unless the run that goes on is made from the same."""
        different = [
            f"{name} was {self.made_from.get(name)!r}, now it is {made_from.get(name)!r}"
            for name in made_from | self.made_from
            if self.made_from.get(name) != made_from.get(name)
        ]
        if different:
            raise DataError(
                f"{output}: cannot go on, for the interrupted run was another: {'; '.join(different)}. "
                "Run it as before, or start over without --resume."
            )

    def cut(self, file: BinaryIO, output: Path) -> None:
        """Cut the output back to where the record says.

        Raises:
            DataError: it is shorter, or ends otherwise than it did.
        """
        if file.seek(0, os.SEEK_END) < self.written or tail_sum(file, self.written) != self.tail:
            raise DataError(
                f"{output}: its first {self.written:,} bytes are not what the interrupted run wrote. "
                "Start over without --resume."
            )
        file.truncate(self.written)
        file.seek(self.written)


def record_of(output: Path) -> Path:
    """Return where the record of an output is."""
    return output.with_name(f"{output.name}.progress")


def tail_sum(file: BinaryIO, end: int) -> int:
    """Return the CRC-32 of what stands before byte ``end`` of a file that can be read."""
    start = max(0, end - _TAIL)
    file.seek(start)
    return zlib.crc32(file.read(end - start))
