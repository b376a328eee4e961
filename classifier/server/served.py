"""The model that a server answers with, and its replacement while requests are under way."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from classifier.errors import ClassifierError
from classifier.model.artefact import manifest_stamp
from classifier.paths import champion_folder
from classifier.prediction.classifier import Classifier
from classifier.server.settings import Settings

logger = logging.getLogger(__name__)

_WARM_UP = "한은, 기준금리 동결…“물가 더 지켜봐야”"


@dataclass(frozen=True)
class ServedModel:
    """One loaded model with a classifier for each of its tiers. It does not change."""

    classifiers: dict[str, Classifier]
    default: Classifier
    about: dict[str, Any]  #: name, registered version and fingerprint

    @classmethod
    def load(cls, source: str | None, tier: str | None) -> ServedModel:
        """Load a model and let every tier answer once, so that no request waits for Kiwi.

        A folder's arrays are mapped into memory: the workers of a server share one copy.

        Raises:
            ClassifierError: there is no model, it is damaged, or it lacks the tier.
        """
        default = Classifier.load(source, tier, mapped=True)
        classifiers = {name: Classifier(default.model, name) for name in default.model.tiers}
        for classifier in classifiers.values():
            classifier.predict([_WARM_UP])
        return cls(classifiers, default, default.about())


class ModelHolder:
    """Holds the served model and exchanges it for a new one in one step.

    A request takes the model once and keeps it, so old requests end on the old model.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stamp = self._look()
        self.served = ServedModel.load(settings.model, settings.tier)
        self.failure: str | None = None  #: why the last replacement was not taken

    def _look(self) -> tuple[int, int, int] | None:
        source = self._settings.model
        if source is not None and source.startswith(("models:/", "runs:/")):
            return None
        return manifest_stamp(champion_folder() if source is None else source)

    def replaced(self) -> bool:
        """Return whether the folder holds another model than at the last call, and remember which one."""
        stamp = self._look()
        changed = stamp is not None and stamp != self._stamp
        if changed:
            self._stamp = stamp
        return changed

    def reload(self) -> bool:
        """Load the model again and serve it if it is another one; return whether it is.

        A model that cannot be loaded is not taken: the old one goes on, and :attr:`failure` says why.
        """
        try:
            served = ServedModel.load(self._settings.model, self._settings.tier)
        except ClassifierError as error:
            self.failure = str(error)
            logger.warning("the new model is not taken, the old one goes on: %s", error)
            return False
        self.failure = None
        changed = served.about != self.served.about
        self.served = served
        if changed:
            logger.info("now serving %s", served.about)
        return changed
