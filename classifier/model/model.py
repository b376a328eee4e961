"""The model: an accurate and/or a fast scorer of the same sections, and the folder that it is kept in."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.errors import DataError, ModelError
from classifier.model.artefact import (
    AccurateFiles,
    FastFiles,
    Manifest,
    OpenArtefact,
    array_digest,
    write_artefact,
)
from classifier.model.blocks import BLOCKS
from classifier.model.calibration import Calibration
from classifier.model.card import model_card
from classifier.model.cascade import TIERS, Cascade
from classifier.model.fast import FastModel
from classifier.model.linear import LinearModel
from classifier.model.reference import Reference
from classifier.model.scoring import Scorer
from classifier.text.morphemes import kiwi_versions
from classifier.text.user_words import NO_WORDS, UserWords


class StoredLinearModel:
    """The accurate model of an open artefact: read when it is first needed, once for all threads."""

    def __init__(self, artefact: OpenArtefact, stored: AccurateFiles, words: StoredArray | None = None) -> None:
        self.artefact, self.stored, self._words = artefact, stored, words
        self._columns, self._table = (StoredArray(artefact, name) for name in ("columns", "table"))
        self._model: LinearModel | None = None
        self._lock = threading.Lock()

    def read(self) -> LinearModel:
        """Return the model.

        Raises:
            ModelError: it is damaged, or was made for another Kiwi.
        """
        with self._lock:
            if self._model is None:
                self.artefact.check_kiwi()
                self._model = self._read()
            return self._model

    def _read(self) -> LinearModel:
        stored, columns, table = self.stored, self._columns.read(), self._table.read()
        try:
            words = NO_WORDS if self._words is None else UserWords.from_array(self._words.read())
            intercept = np.array(stored.intercept, np.float32)
            return LinearModel(
                self.artefact.manifest.sections, intercept, stored.blocks, columns, table, stored.calibration, words
            )
        except (DataError, KeyError, TypeError, ValueError) as error:
            raise ModelError(
                f"{self.artefact.folder}: the arrays do not fit the manifest ({error}). Train again."
            ) from error


class StoredArray:
    """An array of an open artefact: read when it is first needed, once for all threads."""

    def __init__(self, artefact: OpenArtefact, name: str) -> None:
        self.digest, self._artefact, self._name = artefact.manifest.files[name], artefact, name
        self._array: NDArray[Any] | None = None
        self._lock = threading.Lock()

    def read(self) -> NDArray[Any]:
        """Return the array.

        Raises:
            ModelError: its file is damaged.
        """
        with self._lock:
            if self._array is None:
                self._array = self._artefact.array(self._name)
            return self._array


class Model:
    """What answers: an accurate and/or a fast scorer. It does not change; :meth:`replace` returns another.

    Args:
        sections: their names, in the order of the scores' columns.
        accurate: the accurate scorer, if it has one.
        fast: the fast scorer, if it has one.
        about: name, version, figures … for people.
        settings: what else decides the answers, in JSON's types; part of the fingerprint.
        arrays: those that are read only when asked for: ``reference``, ``unfamiliar`` and the accurate scorer's
            ``user_words``.

    Raises:
        ValueError: it has neither scorer, or one of other sections.
    """

    def __init__(
        self,
        sections: tuple[str, ...],
        accurate: LinearModel | StoredLinearModel | None = None,
        fast: FastModel | None = None,
        about: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
        arrays: Mapping[str, NDArray[Any] | StoredArray] | None = None,
    ) -> None:
        self.sections, self.fast, self._accurate = sections, fast, accurate
        self.about, self.settings, self._arrays = dict(about or {}), dict(settings or {}), dict(arrays or {})
        if isinstance(accurate, LinearModel) and accurate.words:
            self._arrays["user_words"] = accurate.words.to_array()
        given = [part.sections for part in (fast, accurate) if isinstance(part, FastModel | LinearModel)]
        if accurate is None and fast is None:
            raise ValueError(f"a model of {', '.join(sections)} needs an accurate or a fast scorer")
        if any(part != sections for part in given):
            raise ValueError(f"a model of {', '.join(sections)} needs scorers of these sections, not {given}")

    @property
    def accurate(self) -> LinearModel:
        """The accurate scorer, which is read from its files when it is first needed.

        Raises:
            ModelError: there is none, it is damaged, or it was made for another Kiwi.
        """
        if self._accurate is None:
            raise ModelError("This model is a fast one alone.")
        return self._accurate if isinstance(self._accurate, LinearModel) else self._accurate.read()

    @property
    def tiers(self) -> tuple[str, ...]:
        """The ways in which it can answer, the usual one last."""
        if self._accurate is None:
            return ("fast",)
        return ("accurate",) if self.fast is None else ("fast", "accurate", "cascade")

    @property
    def threshold(self) -> float:
        """The lowest confidence at which a cascade accepts the fast scorer's answer; 1 if there is no fast scorer."""
        return 1.0 if self.fast is None else self.fast.threshold

    @property
    def primary(self) -> LinearModel | FastModel:
        """The accurate scorer, or the fast one if there is no other."""
        return self.fast if self._accurate is None and self.fast is not None else self.accurate

    def resolve_tier(self, tier: str | None) -> str:
        """Return ``tier``, or the usual one for None, and check that it can answer.

        Raises:
            ModelError: it does not have this tier, or was made for another Kiwi.
            ValueError: there is no such tier.
        """
        tier = self.tiers[-1] if tier is None else tier
        if tier not in TIERS:
            raise ValueError(f"tier {tier!r} is none of {', '.join(TIERS)}")
        if tier not in self.tiers and self.fast is None:
            raise ModelError(
                f"This model has no fast tier, which tier {tier!r} needs: it was trained without one. "
                "Train again, or use tier 'accurate'."
            )
        if tier not in self.tiers:
            raise ModelError(f"This model is a fast one alone and cannot answer by tier {tier!r}. Leave the tier out.")
        if tier != "fast" and isinstance(self._accurate, StoredLinearModel):
            self._accurate.artefact.check_kiwi()
        return tier

    def scorer(self, tier: str | None = None) -> Scorer:
        """Return what answers by a tier; without one, by the usual tier. See :meth:`resolve_tier`."""
        tier = self.resolve_tier(tier)
        if self.fast is None or tier == "accurate":
            return self.accurate
        return self.fast if tier == "fast" else Cascade(self.fast, lambda: self.accurate)

    def replace(self, **changes: Any) -> Model:
        """Return the same model with ``accurate``, ``fast``, ``about``, ``settings`` or ``arrays`` replaced."""
        same = {
            "accurate": self._accurate, "fast": self.fast, "about": self.about, "settings": self.settings,
            "arrays": self._arrays,
        }  # fmt: skip
        return Model(self.sections, **same | changes)

    def with_about(self, **facts: Any) -> Model:
        """Return the same model with some facts about it replaced."""
        return self.replace(about=self.about | facts)

    def __reduce__(self) -> tuple[Any, ...]:
        accurate = None if self._accurate is None else self.accurate
        arrays = {name: self._array(name) for name in self._arrays}
        return Model, (self.sections, accurate, self.fast, self.about, self.settings, arrays)

    @property
    def calibrations(self) -> dict[str, Calibration]:
        """The calibration of every scorer, by its tier."""
        found = {} if self._accurate is None else {"accurate": self.accurate.calibration}
        return found if self.fast is None else found | {"fast": self.fast.calibration}

    def calibrated(self, calibrations: Mapping[str, Calibration], threshold: float) -> Model:
        """Return the same model with another calibration of every scorer and another threshold of the cascade."""
        changes: dict[str, Any] = {}
        if self._accurate is not None:
            changes["accurate"] = dataclasses.replace(self.accurate, calibration=calibrations["accurate"])
        if self.fast is not None:
            changes["fast"] = self.fast.calibrated(calibrations["fast"], threshold)
        return self.replace(**changes)

    @property
    def reference(self) -> Reference:
        """The headlines scored out of fold that the model was calibrated on.

        Raises:
            ModelError: it has none, or they are damaged.
        """
        return Reference.from_array(self._array("reference"), tuple(self.calibrations))

    @property
    def unfamiliar(self) -> NDArray[np.float32]:
        """The weights of :func:`~classifier.model.unfamiliar.strangeness`.

        Raises:
            ModelError: it has none, or they are damaged.
        """
        return self._array("unfamiliar")

    def _array(self, name: str) -> NDArray[Any]:
        if name not in self._arrays:
            raise ModelError(f"This model has no array {name!r}, which this needs. Train it again.")
        array = self._arrays[name]
        return array.read() if isinstance(array, StoredArray) else array

    @property
    def fingerprint(self) -> str:
        """SHA-256 over all that decides the answers, the same on every machine."""
        return self._manifest.fingerprint

    @cached_property
    def _manifest(self) -> Manifest:
        accurate: AccurateFiles | None = None
        if isinstance(self._accurate, StoredLinearModel):
            accurate = self._accurate.stored
        elif self._accurate is not None:
            model = self._accurate
            accurate = AccurateFiles(
                array_digest(model.columns), array_digest(model.table), model.blocks, model.intercept.tolist(),
                kiwi_versions() if any(BLOCKS[name].needs_kiwi for name in model.blocks) else None, model.calibration,
            )  # fmt: skip
        fast = None if self.fast is None else FastFiles(
            array_digest(self.fast.table), self.fast.step.tolist(), self.fast.intercept.tolist(),
            self.fast.ngram_ranges, float(self.fast.threshold), self.fast.calibration,
        )  # fmt: skip
        arrays = {name: a.digest if isinstance(a, StoredArray) else array_digest(a) for name, a in self._arrays.items()}
        return Manifest(self.sections, accurate, fast, arrays, self.settings, self.about)

    def save(self, folder: str | Path) -> Path:
        """Write the artefact into ``folder``, replacing the one there in one step.

        Raises:
            ModelError: it cannot be written (a full disk, a folder that may not be written to); what was there stays.
        """
        folder, manifest = Path(folder), self._manifest
        arrays: dict[str, NDArray[Any]] = {name: self._array(name) for name in self._arrays}
        if self._accurate is not None:
            arrays |= {"columns": self.accurate.columns, "table": self.accurate.table}
        if self.fast is not None:
            arrays["fast"] = self.fast.table
        blocks = () if manifest.accurate is None else tuple(manifest.accurate.blocks)
        card = model_card(self.sections, blocks, self.about, manifest.fingerprint)
        try:
            write_artefact(folder, manifest, arrays, card)
        except OSError as error:
            raise ModelError(
                f"{folder}: the model cannot be written ({error.strerror}). Free some space or mend the folder's "
                "rights, and run the same command again."
            ) from error
        return folder

    @classmethod
    def load(cls, folder: str | Path, *, lazy: bool = False, mapped: bool = False) -> Model:
        """Read an artefact; every file is checked before it is used.

        Args:
            folder: where it is.
            lazy: read the accurate model when it is first needed. Its files are held open until then.
            mapped: map the arrays into memory instead of reading them, so that processes share one copy. The files
                must not be written to meanwhile; to replace the folder's model is safe.

        Raises:
            ModelError: there is none, it is damaged, or it was made for other versions.
        """
        artefact = OpenArtefact(Path(folder), mapped=mapped)
        manifest = artefact.manifest
        fast = None
        if (stored := manifest.fast) is not None:
            table = artefact.array("fast")
            try:
                step, intercept = (np.array(values, np.float32) for values in (stored.step, stored.intercept))
                fast = FastModel(
                    manifest.sections, table, step, intercept, stored.ngram_ranges, float(stored.threshold),
                    stored.calibration,
                )  # fmt: skip
            except (TypeError, ValueError) as error:
                raise ModelError(f"{folder}: the arrays do not fit the manifest ({error}). Train again.") from error
        arrays = {name: StoredArray(artefact, name) for name in manifest.arrays}
        accurate = None
        if manifest.accurate is not None:
            accurate = StoredLinearModel(artefact, manifest.accurate, arrays.get("user_words"))
        model = cls(manifest.sections, accurate, fast, manifest.about, manifest.settings, arrays)
        model._manifest = manifest
        if accurate is not None and not lazy:
            accurate.read()
        return model
