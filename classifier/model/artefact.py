"""The served artefact: a fitted model compiled into plain arrays, its manifest and its model card.

A folder holds ``manifest.json``, the accurate model's arrays in ``weights-<fingerprint>.npz``, the fast
tier's table in ``fast-<fingerprint>.npy`` (both read with ``allow_pickle=False``) and ``README.md``.
Loading it executes nothing and needs nothing but NumPy. The manifest is written last and in one step, and
it names the files that belong to it, so a reader sees the old model or the new one, never half of each.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from classifier.errors import ModelError
from classifier.model.blocks import BLOCKS, Batch, columns_of_one
from classifier.model.card import model_card
from classifier.model.fast import FastTier
from classifier.model.linear import Tables, Weights
from classifier.model.scoring import Scorer
from classifier.storage import replacing
from classifier.text.morphemes import kiwi_versions
from classifier.text.ngrams import HASHING_VERSION, Ngrams
from classifier.text.normalize import NORMALIZER_VERSION, normalize_all

if TYPE_CHECKING:
    from scipy.sparse import csr_array

FORMAT = 1
_MANIFEST = "manifest.json"
CHUNK = 2048  #: headlines at a time


@dataclass(frozen=True)
class CompiledModel(Scorer):
    """A linear headline model in plain arrays: the accurate tier, with the fast one beside it if it has one.

    Scores are logits: their softmax is the calibrated probability, and over the sections they sum
    to zero, so that a positive contribution speaks for a section and a negative one against it.
    """

    sections: tuple[str, ...]
    intercept: NDArray[np.float32]  #: (n_sections,)
    blocks: dict[str, Weights]
    about: dict[str, Any] = field(default_factory=dict)  #: name, version, figures … for people
    fast: FastTier | None = None

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the sections and all arrays, the same on every machine."""
        import hashlib

        digest = hashlib.sha256("\t".join(self.sections).encode())
        arrays = self._arrays()
        if self.fast is not None:
            arrays |= {"fast.table": self.fast.table, "fast.step": self.fast.step}
            arrays |= {"fast.intercept": self.fast.intercept, "fast.threshold": np.array(self.fast.threshold)}
        for name, array in sorted(arrays.items()):
            digest.update(f"{name} {array.dtype} {array.shape}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    @property
    def fast_alone(self) -> bool:
        """Whether this is a fast tier and nothing more: then it answers for the model."""
        return not self.blocks and self.fast is not None

    def _arrays(self) -> dict[str, NDArray[Any]]:
        arrays: dict[str, NDArray[Any]] = {"intercept": self.intercept}
        for name, weights in self.blocks.items():
            arrays |= {
                f"{name}.columns": weights.columns,
                f"{name}.idf": weights.idf,
                f"{name}.coefficients": weights.coefficients,
            }
        return arrays

    def scores(self, headlines: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return the logits (n_headlines, n_sections) and which headlines hold anything known."""
        if not self.blocks and self.fast is not None:
            return self.fast.scores(headlines)
        if len(headlines) == 1:
            return self._score_one(headlines[0])
        logits = np.empty((len(headlines), len(self.sections)), np.float32)
        logits[:] = self.intercept
        known = np.zeros(len(headlines), np.bool_)
        for start in range(0, len(headlines), CHUNK):
            chunk = slice(start, start + CHUNK)
            batch = Batch(normalize_all(headlines[chunk]))
            for name in self.blocks:
                self._tables.add_scores(name, BLOCKS[name].find(batch), logits[chunk], known[chunk])
        return logits, known

    @cached_property
    def _tables(self) -> Tables:
        return Tables(self.blocks, {name: BLOCKS[name].columns for name in self.blocks})

    def _score_one(self, headline: str) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Do what :meth:`scores` does for one headline: all blocks in one pass, for every call of NumPy counts."""
        tables = self._tables
        added = tables.score_one(columns_of_one(normalize_all([headline])[0], tables.begins))
        logits = self.intercept.copy() if added is None else self.intercept + added
        return logits[None, :], np.array([added is not None])

    def scores_of_counts(self, counts: Mapping[str, csr_array]) -> NDArray[np.float32]:
        """Return the logits (n_headlines, n_sections) of headlines whose blocks are counted already."""
        first = counts[next(iter(self.blocks))]
        logits = np.empty((first.shape[0], len(self.sections)), np.float32)
        logits[:] = self.intercept
        known = np.zeros(len(logits), np.bool_)
        for name in self.blocks:
            for start in range(0, len(logits), CHUNK):
                chunk = slice(start, start + CHUNK)
                self._tables.add_counts(name, counts[name][chunk], logits[chunk], known[chunk])
        return logits

    def occurrences(self, normalized: str, section: int) -> dict[str, tuple[Ngrams, NDArray[np.float32]]]:
        """Return each block's occurrences in one headline and what each adds to the section's logit."""
        if not self.blocks and self.fast is not None:
            return self.fast.occurrences(normalized, section)
        batch = Batch([normalized])
        result = {}
        for name in self.blocks:
            found = BLOCKS[name].find(batch)
            result[name] = (found, self._tables.shares(name, found, section))
        return result

    def with_about(self, **facts: Any) -> CompiledModel:
        """Return the same model with some facts of its manifest replaced."""
        return replace(self, about=self.about | facts)

    def save(self, folder: str | Path) -> Path:
        """Write the artefact into ``folder``, replacing the one there in one step.

        Raises:
            ModelError: it cannot be written (a full disk, a folder that may not be written to); what was there stays.
        """
        folder = Path(folder)
        try:
            return self._save(folder)
        except OSError as error:
            raise ModelError(
                f"{folder}: the model cannot be written ({error.strerror}). Free some space or mend the folder's "
                "rights, and run the same command again: finished work is kept."
            ) from error

    def _save(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        fingerprint = self.fingerprint
        files = {"weights": f"weights-{fingerprint[:16]}.npz"}
        manifest: dict[str, Any] = {
            "format": FORMAT,
            "fingerprint": fingerprint,
            "weights": files["weights"],
            "sections": list(self.sections),
            "blocks": list(self.blocks),
            "normalizer": NORMALIZER_VERSION,
            "hashing": HASHING_VERSION,
            "kiwi": kiwi_versions() if any(BLOCKS[name].needs_kiwi for name in self.blocks) else None,
            "fast": None,
            "about": self.about,
        }
        _replace(
            folder / files["weights"],
            lambda part: _write(part, lambda out: np.savez(out, allow_pickle=False, **self._arrays())),
        )
        if (fast := self.fast) is not None:
            files["fast"] = f"fast-{fingerprint[:16]}.npy"
            manifest["fast"] = {
                "table": files["fast"],
                "step": fast.step.tolist(),
                "intercept": fast.intercept.tolist(),
                "views": fast.views,
                "threshold": fast.threshold,
            }
            _replace(folder / files["fast"], lambda part: _write(part, lambda out: np.save(out, fast.table)))
        _replace(folder / "README.md", lambda part: part.write_text(model_card(manifest), encoding="utf-8"))
        text = json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"
        _replace(folder / _MANIFEST, lambda part: part.write_text(text, encoding="utf-8"))
        for old in (*folder.glob("weights-*.npz"), *folder.glob("fast-*.npy")):
            if old.name not in files.values():
                old.unlink(missing_ok=True)
        return folder

    @classmethod
    def load(cls, folder: str | Path) -> CompiledModel:
        """Read an artefact.

        Raises:
            ModelError: there is none, it is damaged, or it was made for another normaliser or Kiwi.
        """
        return Artefact(folder).accurate()

    def verify(self, folder: str | Path) -> None:
        """Raise a ModelError unless the folder's manifest states this very model's fingerprint."""
        stated = _read_manifest(Path(folder))["fingerprint"]
        if stated != self.fingerprint:
            raise ModelError(
                f"{folder}: the fingerprint is {self.fingerprint[:16]}…, the manifest says {stated[:16]}…. "
                "The artefact was changed after it was made: train again, or restore the folder."
            )


class Artefact:
    """An artefact's folder, opened: the fast tier at once, the accurate model when it is first asked for.

    The accurate model's file is held open until then, so that both are of the same model even if the folder
    is replaced in between.

    Raises:
        ModelError: there is none, it is damaged, or it was made for another normaliser.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._weights: IO[bytes] | None = None
        for attempt in range(5):
            manifest = _read_manifest(self.folder)
            try:
                self.fast = self._load_fast(manifest)
                self._weights = (self.folder / manifest["weights"]).open("rb")
                break
            except FileNotFoundError as error:
                # Replaced between reading the manifest and opening its arrays: read the new one.
                if attempt == 4:
                    raise ModelError(
                        f"{folder}: the manifest names {Path(error.filename).name}, which is not there. "
                        "The artefact is damaged: train again, or restore the folder."
                    ) from None
            except OSError as error:
                raise ModelError(
                    f"{folder}: damaged ({error.strerror}). Train again, or restore the folder."
                ) from error
        self._manifest = manifest
        self.sections: tuple[str, ...] = tuple(manifest["sections"])
        self.about: dict[str, Any] = dict(manifest["about"])
        self._accurate: CompiledModel | None = None
        self._lock = threading.Lock()

    @property
    def fingerprint(self) -> str:
        """The fingerprint that the manifest states; :meth:`CompiledModel.verify` holds the arrays against it."""
        return str(self._manifest["fingerprint"])

    @property
    def fast_alone(self) -> bool:
        """Whether there is no accurate model beside the fast tier."""
        return not self._manifest["blocks"] and self.fast is not None

    def __del__(self) -> None:
        weights = getattr(self, "_weights", None)  # None too when no folder was found
        if weights is not None:
            weights.close()

    def _load_fast(self, manifest: Mapping[str, Any]) -> FastTier | None:
        fast = manifest.get("fast")
        if fast is None:
            return None
        path = self.folder / fast["table"]
        try:
            with path.open("rb") as stream:
                table = np.load(stream, allow_pickle=False)
            return FastTier(
                sections=tuple(manifest["sections"]),
                table=table,
                step=np.array(fast["step"], np.float32),
                intercept=np.array(fast["intercept"], np.float32),
                views={name: (low, high) for name, (low, high) in fast["views"].items()},
                threshold=float(fast["threshold"]),
            )
        except FileNotFoundError:
            raise
        except (OSError, KeyError, TypeError, ValueError, EOFError, AttributeError) as error:
            raise ModelError(f"{path}: damaged ({error}). Train again, or restore the file.") from error

    def accurate(self) -> CompiledModel:
        """Return the accurate model, read on the first call.

        Raises:
            ModelError: it is damaged, or made for another Kiwi.
        """
        with self._lock:
            if self._accurate is None:
                self._accurate = self._load_accurate()
            return self._accurate

    def _load_accurate(self) -> CompiledModel:
        manifest, folder = self._manifest, self.folder
        here = manifest["kiwi"] and kiwi_versions()
        if manifest["kiwi"] != here:
            raise _made_for(folder, {"kiwi": manifest["kiwi"]}, {"kiwi": here})
        arrays = _read_arrays(folder / manifest["weights"], self._weights)
        self._weights = None
        try:
            model = CompiledModel(
                sections=self.sections,
                intercept=arrays["intercept"],
                blocks={
                    name: Weights(arrays[f"{name}.columns"], arrays[f"{name}.idf"], arrays[f"{name}.coefficients"])
                    for name in manifest["blocks"]
                },
                about=self.about,
                fast=self.fast,
            )
            for name, weights in model.blocks.items():
                if not len(weights.columns) == len(weights.idf) == len(weights.coefficients):
                    raise ValueError("arrays of unequal length")
                if weights.columns.min(initial=0) < 0 or weights.columns.max(initial=0) >= BLOCKS[name].columns:
                    raise ValueError(f"columns that {name} does not have")
            shapes = [model.intercept.shape, *(w.coefficients.shape[1:] for w in model.blocks.values())]
            if any(shape != (len(model.sections),) for shape in shapes):
                raise ValueError(f"{len(model.sections)} sections, weights of shape {shapes}")
            return model
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise ModelError(f"{folder}: the arrays do not fit the manifest ({error!r}). Train again.") from error


def _replace(path: Path, write: Any) -> None:
    with replacing(path) as part:
        write(part)


def _write(path: Path, write: Callable[[IO[bytes]], None]) -> None:
    with path.open("wb") as stream:
        write(stream)


def _read_arrays(path: Path, stream: IO[bytes] | None) -> dict[str, NDArray[Any]]:
    import zipfile
    import zlib

    try:
        with stream or path.open("rb") as opened, np.load(opened, allow_pickle=False) as stored:
            return dict(stored)
    except (OSError, ValueError, EOFError, RuntimeError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise ModelError(f"{path}: damaged ({error}). Train again, or restore the file.") from error


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / _MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        needed = {"format", "normalizer", "kiwi", "weights", "sections", "blocks", "about", "fingerprint"}
        missing = needed - manifest.keys()
    except OSError as error:
        raise ModelError(
            f"{folder}: no model there ({error.strerror}: {_MANIFEST}). "
            "Run `classifier train` to make one, or name another folder."
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path}: damaged ({error!r}). Train again, or restore the file.") from error
    kinds = {"weights": str, "fingerprint": str, "blocks": list, "sections": list, "about": dict}
    if (
        missing
        or not all(isinstance(manifest[key], kind) for key, kind in kinds.items())
        or not all(isinstance(name, str) and name in BLOCKS for name in manifest["blocks"])
    ):
        raise ModelError(f"{path}: damaged or made by another version of this package. Train again.")
    fast = manifest.get("fast")
    if fast is not None and not (isinstance(fast, dict) and isinstance(fast.get("table"), str)):
        raise ModelError(f"{path}: damaged: `fast` is {fast!r:.80}. Train again.")
    # A file name only: a manifest must not point outside its folder.
    for key, name in {"weights": manifest["weights"], "fast": fast and fast["table"]}.items():
        if name is not None and Path(name).name != name:
            raise ModelError(f"{path}: `{key}` is {name!r}, not a file in the folder. Do not use it.")
    here = {"format": FORMAT, "normalizer": NORMALIZER_VERSION, "hashing": HASHING_VERSION}
    made_for = {key: manifest.get(key) for key in here}
    if made_for != here:
        raise _made_for(folder, made_for, here)
    return dict(manifest)


def _made_for(folder: Path, made_for: Mapping[str, Any], here: Mapping[str, Any]) -> ModelError:
    return ModelError(
        f"{folder}: made for {dict(made_for)}, but here is {dict(here)}. Its probabilities would be wrong: "
        "train again, or install the versions it was made for."
    )
