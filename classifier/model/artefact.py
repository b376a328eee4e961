"""The served artefact: a fitted model compiled into plain arrays, its manifest and its model card.

A folder holds ``manifest.json``, the arrays in ``weights-<fingerprint>.npz`` (read with
``allow_pickle=False``) and ``README.md``. Loading it executes nothing and needs neither
scikit-learn nor MLflow. The manifest is written last and in one step, and it names the arrays that
belong to it, so a reader sees the old model or the new one, never half of each.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import softmax

from classifier.errors import ModelError
from classifier.model.blocks import BLOCKS, Batch
from classifier.text.morphemes import kiwi_versions
from classifier.text.ngrams import Ngrams
from classifier.text.normalize import NORMALIZER_VERSION, normalize

FORMAT = 1
_MANIFEST = "manifest.json"
_CHUNK = 4096


@dataclass(frozen=True)
class Weights:
    """One block of a compiled model: TF-IDF and the linear map behind it."""

    columns: NDArray[np.int32]  #: (n_kept,) the block's columns that count
    idf: NDArray[np.float32]  #: (n_kept,)
    coefficients: NDArray[np.float32]  #: (n_kept, n_sections)

    def place(self, n_columns: int) -> NDArray[np.int32]:
        """Return where each of the block's columns is among the kept ones, -1 for nowhere."""
        table = np.full(n_columns, -1, np.int32)
        table[self.columns] = np.arange(len(self.columns), dtype=np.int32)
        return table


@dataclass(frozen=True)
class CompiledModel:
    """A linear headline model in plain arrays.

    Scores are logits: their softmax is the calibrated probability, and over the sections they sum
    to zero, so that a positive contribution speaks for a section and a negative one against it.
    """

    sections: tuple[str, ...]
    intercept: NDArray[np.float32]  #: (n_sections,)
    blocks: dict[str, Weights]
    about: dict[str, Any] = field(default_factory=dict)  #: name, version, figures … for people

    def __post_init__(self) -> None:
        places = {name: weights.place(BLOCKS[name].columns) for name, weights in self.blocks.items()}
        object.__setattr__(self, "_places", places)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the sections and all arrays, the same on every machine."""
        digest = hashlib.sha256("\t".join(self.sections).encode())
        for name, array in sorted(self._arrays().items()):
            digest.update(f"{name} {array.dtype} {array.shape}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def _arrays(self) -> dict[str, NDArray[Any]]:
        arrays: dict[str, NDArray[Any]] = {"intercept": self.intercept}
        for name, weights in self.blocks.items():
            arrays |= {
                f"{name}.columns": weights.columns,
                f"{name}.idf": weights.idf,
                f"{name}.coefficients": weights.coefficients,
            }
        return arrays

    def _values(self, name: str, found: Ngrams, n_rows: int) -> sparse.csr_array:
        """Return TF-IDF rows of unit length for a block's occurrences, (n_rows, n_kept)."""
        weights, places = self.blocks[name], self.__dict__["_places"][name]
        column = places[found.column]
        kept = column >= 0
        ones = np.ones(int(kept.sum()), np.float32)
        shape = (n_rows, len(weights.columns))
        values = sparse.coo_array((ones, (found.row[kept], column[kept])), shape=shape).tocsr()
        values.data = (1 + np.log(values.data)) * weights.idf[values.indices]
        squares = sparse.csr_array((values.data**2, values.indices, values.indptr), shape=shape)
        length = np.sqrt(np.asarray(squares.sum(axis=1)).ravel())
        values.data /= np.repeat(np.maximum(length, 1e-12), np.diff(values.indptr))
        return values

    def scores(self, headlines: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return the logits (n_headlines, n_sections) and which headlines hold anything known."""
        logits = np.empty((len(headlines), len(self.sections)), np.float32)
        known = np.zeros(len(headlines), np.bool_)
        for start in range(0, len(headlines), _CHUNK):
            chunk = slice(start, start + _CHUNK)
            batch = Batch([normalize(headline) for headline in headlines[chunk]])
            part = np.tile(self.intercept, (len(batch.normalized), 1))
            for name, weights in self.blocks.items():
                values = self._values(name, BLOCKS[name].find(batch), len(part))
                part += values @ weights.coefficients
                known[chunk] |= np.diff(values.indptr) > 0
            logits[chunk] = part
        return logits, known

    def probabilities(self, headlines: Sequence[str]) -> NDArray[np.float32]:
        """Return calibrated probabilities, (n_headlines, n_sections)."""
        logits, _ = self.scores(headlines)
        return np.asarray(softmax(logits, axis=1), np.float32) if len(headlines) else logits

    def occurrences(self, normalized: str, section: int) -> dict[str, tuple[Ngrams, NDArray[np.float32]]]:
        """Return each block's occurrences in one headline and what each adds to the section's logit."""
        batch = Batch([normalized])
        result = {}
        for name, weights in self.blocks.items():
            found = BLOCKS[name].find(batch)
            values = self._values(name, found, 1).toarray()[0] * weights.coefficients[:, section]
            column = self.__dict__["_places"][name][found.column]
            times = np.bincount(column[column >= 0], minlength=len(values))
            share = np.where(column >= 0, values[column] / np.maximum(times[column], 1), 0.0)
            result[name] = (found, share.astype(np.float32))
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
        weights = folder / f"weights-{fingerprint[:16]}.npz"
        manifest = {
            "format": FORMAT,
            "fingerprint": fingerprint,
            "weights": weights.name,
            "sections": list(self.sections),
            "blocks": list(self.blocks),
            "normalizer": NORMALIZER_VERSION,
            "kiwi": kiwi_versions() if any(BLOCKS[name].needs_kiwi for name in self.blocks) else None,
            "about": self.about,
        }
        _replace(weights, lambda part: _write_arrays(part, self._arrays()))
        _replace(folder / "README.md", lambda part: part.write_text(model_card(manifest), encoding="utf-8"))
        text = json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"
        _replace(folder / _MANIFEST, lambda part: part.write_text(text, encoding="utf-8"))
        for old in folder.glob("weights-*.npz"):
            if old != weights:
                old.unlink(missing_ok=True)
        return folder

    @classmethod
    def load(cls, folder: str | Path) -> CompiledModel:
        """Read an artefact.

        Raises:
            ModelError: there is none, it is damaged, or it was made for another normaliser or Kiwi.
        """
        folder = Path(folder)
        for attempt in range(5):
            manifest = _read_manifest(folder)
            try:
                arrays = _read_arrays(folder / manifest["weights"])
                break
            except FileNotFoundError:
                # Replaced between reading the manifest and opening its arrays: read the new one.
                if attempt == 4:
                    raise ModelError(
                        f"{folder}: the manifest names {manifest['weights']}, which is not there. "
                        "The artefact is damaged: train again, or restore the folder."
                    ) from None
        try:
            model = cls(
                sections=tuple(manifest["sections"]),
                intercept=arrays["intercept"],
                blocks={
                    name: Weights(arrays[f"{name}.columns"], arrays[f"{name}.idf"], arrays[f"{name}.coefficients"])
                    for name in manifest["blocks"]
                },
                about=dict(manifest["about"]),
            )
            shapes = [model.intercept.shape, *(w.coefficients.shape[1:] for w in model.blocks.values())]
            if any(shape != (len(model.sections),) for shape in shapes):
                raise ValueError(f"{len(model.sections)} sections, weights of shape {shapes}")
            return model
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise ModelError(f"{folder}: the arrays do not fit the manifest ({error!r}). Train again.") from error

    def verify(self, folder: str | Path) -> None:
        """Raise a ModelError unless the folder's manifest states this very model's fingerprint."""
        stated = _read_manifest(Path(folder))["fingerprint"]
        if stated != self.fingerprint:
            raise ModelError(
                f"{folder}: the fingerprint is {self.fingerprint[:16]}…, the manifest says {stated[:16]}…. "
                "The artefact was changed after it was made: train again, or restore the folder."
            )


def _replace(path: Path, write: Any) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        write(part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    with path.open("wb") as stream:
        np.savez(stream, allow_pickle=False, **arrays)


def _read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as stored:
            return dict(stored)
    except FileNotFoundError:
        raise
    except (OSError, ValueError, EOFError, RuntimeError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise ModelError(f"{path}: damaged ({error}). Train again, or restore the file.") from error


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / _MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        made_for = {key: manifest[key] for key in ("format", "normalizer", "kiwi")}
        missing = {"weights", "sections", "blocks", "about", "fingerprint"} - manifest.keys()
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
    # A file name only: a manifest must not point outside its folder.
    if Path(manifest["weights"]).name != manifest["weights"]:
        raise ModelError(f"{path}: `weights` is {manifest['weights']!r}, not a file in the folder. Do not use it.")
    here = {"format": FORMAT, "normalizer": NORMALIZER_VERSION, "kiwi": made_for["kiwi"] and kiwi_versions()}
    if made_for != here:
        raise ModelError(
            f"{folder}: made for {made_for}, but here is {here}. Its probabilities would be wrong: "
            "train again, or install the versions it was made for."
        )
    return dict(manifest)


def model_card(manifest: Mapping[str, Any]) -> str:
    """Return a Markdown model card made from a manifest."""
    about = manifest["about"]
    figures = about.get("test", {})
    lines = [
        f"# {about.get('name', 'headline classifier')}",
        "",
        f"Says which section a Korean news headline belongs to: {', '.join(manifest['sections'])}.",
        "",
        f"- Model: {about.get('candidate', 'linear')} on {', '.join(manifest['blocks'])}, temperature-scaled",
        f"- Trained on: {', '.join(about.get('train', []))} ({about.get('train_rows', 0):,} headlines)",
        f"- Licence of the data: {', '.join(about.get('licences', []))}",
        f"- Made: {about.get('created', '')} by headline-classifier {about.get('package', '')}",
        f"- Fingerprint: `{manifest['fingerprint']}`",
    ]
    if figures:
        lines += [
            "",
            f"## Figures on {about.get('test_table', 'the test table')} ({figures['n']:,} headlines, read once)",
            "",
            f"macro-F1 {figures['macro_f1']:.4f}, accuracy {figures['accuracy']:.4f}, "
            f"log-loss {figures['log_loss']:.4f}, ECE {figures['ece']:.4f}",
            "",
            "| section | precision | recall | F1 | support |",
            "|---|---|---|---|---|",
            *(
                f"| {name} | {f['precision']:.3f} | {f['recall']:.3f} | {f['f1']:.3f} | {f['support']:,} |"
                for name, f in figures["per_section"].items()
            ),
        ]
    lines += [
        "",
        "## Use",
        "",
        "```python",
        "from classifier import Classifier",
        f'Classifier.load("{about.get("folder", "path/to/this/folder")}").predict(["코스피 상승 마감"])',
        "```",
        "",
        "## Limits",
        "",
        "It knows headlines of the kind it was trained on. A headline of another time, language or house, or of a "
        "section it was not taught, still gets one of its sections. Measure it on your own headlines first: "
        "`classifier evaluate TABLE`.",
        "",
    ]
    return "\n".join(lines)
