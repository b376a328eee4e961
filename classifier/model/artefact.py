"""The artefact's files: a manifest, arrays and a model card. Reading them executes nothing and needs NumPy alone.

A folder holds ``manifest.json``, one ``.npy`` file for each array and ``README.md``. The name of an array's file
contains the first 16 digits of the file's SHA-256; the manifest has all of them, and a file is checked before it is
used. The manifest is written last and in one step, so a reader sees the old model or the new one, never half of each.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import mmap
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from classifier.errors import ModelError
from classifier.model.blocks import BLOCKS
from classifier.model.calibration import Calibration
from classifier.storage import replacing
from classifier.text.morphemes import compatible_kiwi, kiwi_versions
from classifier.text.ngrams import HASHING_VERSION
from classifier.text.normalize import NORMALIZER_VERSION

FORMAT = 2
MANIFEST = "manifest.json"
_VERSIONS = {"format": FORMAT, "normalizer": NORMALIZER_VERSION, "hashing": HASHING_VERSION}
_HEADER = 4096  # bytes that hold the header of an .npy file


@dataclass(frozen=True)
class AccurateFiles:
    """What the manifest says of the accurate model."""

    columns: str  #: SHA-256 of the file
    table: str  #: SHA-256 of the file
    blocks: dict[str, int]  #: how many features each block has
    intercept: list[float]
    kiwi: str | None  #: the versions of Kiwi that it needs, if it has morphemes
    calibration: Calibration


@dataclass(frozen=True)
class FastFiles:
    """What the manifest says of the fast model."""

    fast: str  #: SHA-256 of the file
    step: list[float]
    intercept: list[float]
    ngram_ranges: dict[str, tuple[int, int]]
    threshold: float
    calibration: Calibration


@dataclass(frozen=True)
class Manifest:
    """What ``manifest.json`` says."""

    sections: tuple[str, ...]
    accurate: AccurateFiles | None
    fast: FastFiles | None
    arrays: dict[str, str] = field(default_factory=dict)  #: SHA-256 of the files that few calls need
    settings: dict[str, Any] = field(default_factory=dict)  #: what else decides the answers, in JSON's types
    about: dict[str, Any] = field(default_factory=dict)  #: name, version, figures … for people

    @property
    def files(self) -> dict[str, str]:
        """The SHA-256 of every array's file, by what the array is."""
        found: dict[str, str] = {}
        if self.accurate is not None:
            found |= {"columns": self.accurate.columns, "table": self.accurate.table}
        if self.fast is not None:
            found["fast"] = self.fast.fast
        return found | self.arrays

    @property
    def fingerprint(self) -> str:
        """SHA-256 over all that decides the answers: everything but ``about``. The same on every machine."""
        return str(self._signed()["fingerprint"])

    def _signed(self) -> dict[str, Any]:
        return signed(_VERSIONS | asdict(self))

    def to_json(self) -> str:
        """Return the content of ``manifest.json``."""
        return json.dumps(self._signed(), ensure_ascii=False, indent=2) + "\n"

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read the manifest of an artefact.

        Raises:
            ModelError: there is none, it is damaged, or it was made for another version of this package.
        """
        path = folder / MANIFEST
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            made_for = {key: values.get(key) for key in _VERSIONS}
        except OSError as error:
            raise ModelError(
                f"{folder}: no model there ({error.strerror}: {MANIFEST}). "
                "Run `classifier train` to make one, or name another folder."
            ) from error
        except (ValueError, AttributeError) as error:
            raise _damaged(path, repr(error)) from error
        if values.get("checksum") is None and isinstance(made_for["format"], int):
            raise _made_for(folder, made_for, _VERSIONS)  # the format before had none
        for key, found in signed(values).items():
            if values.get(key) != found:
                raise _damaged(path, f"its {key} is {found[:16]}…, it says {values.get(key)!s:.16}…")
        if made_for != _VERSIONS:
            raise _made_for(folder, made_for, _VERSIONS)
        try:
            return cls._parse(values)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _damaged(path, repr(error)) from error

    @classmethod
    def _parse(cls, values: Mapping[str, Any]) -> Manifest:
        accurate, fast = values["accurate"], values["fast"]
        if accurate is not None:
            accurate = AccurateFiles(**accurate | {"calibration": _calibration(accurate)})
            if unknown := set(accurate.blocks) - set(BLOCKS):
                raise ValueError(f"unknown blocks: {', '.join(sorted(unknown))}")
        if fast is not None:
            ranges = {name: (int(low), int(high)) for name, (low, high) in fast["ngram_ranges"].items()}
            fast = FastFiles(**fast | {"ngram_ranges": ranges, "calibration": _calibration(fast)})
        sections = tuple(map(str, values["sections"]))
        arrays = {str(name): str(digest) for name, digest in values["arrays"].items() if name.isidentifier()}
        manifest = cls(sections, accurate, fast, arrays, dict(values["settings"]), dict(values["about"]))
        for digest in manifest.files.values():
            if len(bytes.fromhex(digest)) != 32:  # so that no name leads out of the folder
                raise ValueError(f"{digest!r} is no SHA-256")
        if accurate is None and fast is None:
            raise ValueError("no model in it")
        return manifest


class OpenArtefact:
    """An artefact whose files are open, so that all are of the same model even if the folder is replaced meanwhile.

    Args:
        folder: where it is.
        mapped: map the arrays into memory instead of reading them, so that processes share one copy.

    Raises:
        ModelError: there is none, its manifest is damaged, a file is missing, or it was made for other versions.
    """

    def __init__(self, folder: Path, *, mapped: bool = False) -> None:
        self.folder, self.mapped = folder, mapped
        self._streams: dict[str, IO[bytes]] = {}
        for attempt in range(5):
            self.manifest = Manifest.read(folder)
            try:
                for name, digest in self.manifest.files.items():
                    self._streams[name] = (folder / file_name(name, digest)).open("rb")
                break
            except FileNotFoundError as error:
                # Replaced between reading the manifest and opening its arrays: read the new one.
                self.close()
                if attempt == 4:
                    raise ModelError(
                        f"{folder}: the manifest names {Path(error.filename).name}, which is not there. "
                        "The artefact is damaged: train again, or restore the folder."
                    ) from None
            except OSError as error:
                raise _damaged(folder, str(error.strerror)) from error

    def array(self, name: str) -> NDArray[Any]:
        """Read an array, and check its file before. An undamaged one can be read once.

        Raises:
            ModelError: the file is damaged.
        """
        digest = self.manifest.files[name]
        path = self.folder / file_name(name, digest)
        try:
            stream = self._streams[name]
            stream.seek(0)
            content = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) if self.mapped else stream.read()
            if (found := _digest(content)) != digest:
                raise _damaged(path, f"its SHA-256 is {found[:16]}…, the manifest says {digest[:16]}…")
            header = io.BytesIO(content[:_HEADER])
            np.lib.format.read_magic(header)
            shape, _, dtype = np.lib.format.read_array_header_1_0(header)
            array = np.frombuffer(content, dtype, math.prod(shape), header.tell()).reshape(shape)
            self._streams.pop(name).close()
            return array
        except (OSError, ValueError) as error:
            raise _damaged(path, str(error)) from error

    def check_kiwi(self) -> None:
        """Raise a ModelError if the installed Kiwi gives other morphemes than the one used in training."""
        accurate = self.manifest.accurate
        if accurate is not None and accurate.kiwi is not None and not compatible_kiwi(accurate.kiwi):
            raise _made_for(self.folder, {"kiwi": accurate.kiwi}, {"kiwi": kiwi_versions()})

    def close(self) -> None:
        """Close the files that were not read."""
        for stream in self._streams.values():
            stream.close()
        self._streams.clear()

    def __del__(self) -> None:
        self.close()


def signed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a manifest with their fingerprint, over all but ``about``, and their checksum, over all."""
    values = {key: value for key, value in values.items() if key not in ("fingerprint", "checksum")}
    values["fingerprint"] = _digest_of({key: value for key, value in values.items() if key != "about"})
    return values | {"checksum": _digest_of(values)}


def manifest_stamp(folder: str | Path) -> tuple[int, int, int] | None:
    """Return device, inode and time of change of a folder's manifest: others after every save; None if it has none."""
    try:
        stat = os.stat(f"{folder}/{MANIFEST}")  # noqa: PTH116 - a third of the time of Path.stat
    except OSError:
        return None
    return stat.st_dev, stat.st_ino, stat.st_mtime_ns


def file_name(name: str, digest: str) -> str:
    """Return the name of an array's file."""
    return f"{name}-{digest[:16]}.npy"


def array_digest(array: NDArray[Any]) -> str:
    """Return the SHA-256 of the file that :func:`write_artefact` makes of an array."""
    digest = hashlib.sha256()

    class Sink:
        """Takes what would go into a file."""

        write = staticmethod(digest.update)

    np.lib.format.write_array(Sink(), np.ascontiguousarray(array), allow_pickle=False)
    return digest.hexdigest()


def write_artefact(folder: Path, manifest: Manifest, arrays: Mapping[str, NDArray[Any]], card: str) -> None:
    """Write the files of an artefact, the manifest last, and remove those of the one before.

    Raises:
        OSError: a file cannot be written; the artefact that was there stays whole.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = {name: file_name(name, digest) for name, digest in manifest.files.items()}
    for name, array in arrays.items():
        with replacing(folder / names[name]) as part, part.open("wb") as stream:
            np.lib.format.write_array(stream, np.ascontiguousarray(array), allow_pickle=False)
    for name, text in {"README.md": card, MANIFEST: manifest.to_json()}.items():
        with replacing(folder / name) as part:
            part.write_text(text, encoding="utf-8")
    for old in (*folder.glob("*-*.npy"), *folder.glob("weights-*.npz")):  # .npz: of the format before
        if old.name not in names.values():
            with suppress(OSError):  # some systems do not remove open files; the next save does it
                old.unlink()


def _calibration(scorer: Mapping[str, Any]) -> Calibration:
    values = scorer["calibration"]
    scale, power, longest = (float(values[name]) for name in ("scale", "power", "longest"))
    return Calibration(scale, power, tuple(map(float, values["bias"])), longest)


def _digest(content: bytes | mmap.mmap) -> str:
    return hashlib.sha256(content).hexdigest()


def _digest_of(values: Mapping[str, Any]) -> str:
    return _digest(json.dumps(values, ensure_ascii=False, sort_keys=True).encode("utf-8", "surrogatepass"))


def _damaged(path: Path, why: str) -> ModelError:
    return ModelError(f"{path}: damaged ({why}). Train again, or restore the file.")


def _made_for(folder: Path, made_for: Mapping[str, Any], here: Mapping[str, Any]) -> ModelError:
    return ModelError(
        f"{folder}: made for {dict(made_for)}, but here is {dict(here)}. Its probabilities would be wrong: "
        "train again, or install the versions it was made for."
    )
