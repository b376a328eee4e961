"""The Python door: ``predict`` and ``Classifier``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from classifier.corpus.reading import Reading
from classifier.errors import ModelError
from classifier.extras import need
from classifier.model.artefact import CompiledModel
from classifier.model.articles import article_logits
from classifier.model.explanation import Contribution, explain
from classifier.places import CHAMPION


@dataclass(frozen=True)
class Prediction:
    """What a model says of one headline."""

    headline: str
    section: str | None  #: None when the model abstains: the headline holds nothing that it knows
    probability: float  #: of ``section``, or of the likeliest section when it abstains
    probabilities: dict[str, float]  #: of every section, likeliest first

    def __repr__(self) -> str:
        return f"Prediction(section={self.section!r}, probability={self.probability:.2f}, headline={self.headline!r})"


class Answers(NamedTuple):
    """What a model says of some headlines."""

    probabilities: NDArray[np.float32]  #: (n_headlines, n_sections)
    known: NDArray[np.bool_]  #: (n_headlines,), whether a headline holds anything that the model knows
    fast: NDArray[np.bool_]  #: (n_headlines,), whether the fast tier answered, and not the accurate one


class Classifier:
    """A model that answers. Make one with :meth:`load`; it may be shared between threads."""

    def __init__(self, model: CompiledModel) -> None:
        self.model = model

    @classmethod
    def load(cls, source: str | Path | None = None) -> Classifier:
        """Load a model.

        Args:
            source: a folder such as ``models/ynat``; an MLflow address (``models:/name@alias``,
                ``models:/name/3``, ``runs:/…``); or None for the champion, ``models/champion``.

        Raises:
            ModelError: there is none, or it is damaged or made for other versions.
        """
        if source is None:
            if not (CHAMPION / "manifest.json").is_file():
                raise ModelError(
                    f"No champion yet: {CHAMPION.absolute()} holds no model. "
                    "Run `classifier train`, or name a model: --model FOLDER, Classifier.load(FOLDER)."
                )
            source = CHAMPION
        if isinstance(source, str) and source.startswith(("models:/", "runs:/")):
            need("train", source)
            from classifier.prediction.serving import fetch_model

            return cls(fetch_model(source))
        return cls(CompiledModel.load(source))

    @property
    def sections(self) -> tuple[str, ...]:
        """The sections it knows, in the order of the columns of :meth:`predict_proba`."""
        return self.model.sections

    def about(self) -> dict[str, Any]:
        """Return the model's name, its registered version (None outside the registry) and its fingerprint."""
        facts = {key: self.model.about.get(key) for key in ("name", "version")}
        return facts | {"fingerprint": self.model.fingerprint}

    def predict(self, headlines: Iterable[str]) -> list[Prediction]:
        """Return one prediction for every headline, in order.

        Raises:
            TypeError: ``headlines`` is one string, or something in it is none.
        """
        texts = _checked(headlines)
        return self._predictions(texts, *self.model.scores(texts))

    def predict_article(self, title: str, body: str) -> Prediction:
        """Return the prediction for an article, by its title and the sentences of its body.

        Raises:
            TypeError: ``title`` or ``body`` is not a string.
        """
        _checked([title, body])
        logits, known = article_logits(self.model, title, body)
        return self._predictions([title], logits[None, :], np.array([known]))[0]

    def _predictions(
        self, texts: Sequence[str], logits: NDArray[np.float32], known: NDArray[np.bool_]
    ) -> list[Prediction]:
        probabilities = softmax(logits, axis=1) if len(texts) else logits
        predictions = []
        for text, row, informed in zip(texts, probabilities, known, strict=True):
            order = np.argsort(-row, kind="stable")
            ranked = {self.sections[i]: float(row[i]) for i in order}
            best = self.sections[order[0]]
            predictions.append(Prediction(text, best if informed else None, ranked[best], ranked))
        return predictions

    def predict_proba(self, headlines: Iterable[str]) -> NDArray[np.float32]:
        """Return probabilities as a float32 array (n_headlines, n_sections)."""
        return self.model.probabilities(_checked(headlines))

    def answer(self, headlines: Sequence[str]) -> Answers:
        """Return what :meth:`predict` says, as arrays: for very many headlines."""
        logits, known = self.model.scores(headlines)
        probabilities = np.asarray(softmax(logits, axis=1), np.float32) if len(logits) else logits
        return Answers(probabilities, known, np.zeros(len(known), np.bool_))

    def explain(self, headline: str, top: int = 10, section: str | None = None) -> list[Contribution]:
        """Return what each word adds to the score of ``section`` (default: the predicted one).

        The score is the logit, ``log(p) - mean(log(p))`` over the sections; the contributions sum to it.
        The ``top`` weightiest words come first, then the rest as one and the model's prior leaning.
        """
        if section is None:
            section = next(iter(self.predict([headline])[0].probabilities))
        if section not in self.sections:
            raise ValueError(f"section {section!r} is unknown; this model has {', '.join(self.sections)}")
        return explain(self.model, headline, section, top)


def predict_page(classifier: Classifier, reading: Reading) -> list[tuple[str, Prediction]]:
    """Return ``("article", …)`` for a page's article, if it has one, then ``("listed", …)`` for what it lists."""
    found = []
    if reading.article is not None:
        found.append(("article", classifier.predict_article(reading.article.title, reading.article.body)))
    listed = list(dict.fromkeys(item.headline for item in reading.items))
    return found + [("listed", prediction) for prediction in classifier.predict(listed)]


def _checked(headlines: Iterable[str]) -> Sequence[str]:
    if isinstance(headlines, str):
        raise TypeError("headlines is one string; pass a list of headlines, or use classifier.predict(headline)")
    texts = list(headlines)
    for i, text in enumerate(texts):
        if not isinstance(text, str):
            raise TypeError(f"headlines[{i}] is {type(text).__name__}, not str: {text!r}")
    return texts


@lru_cache(maxsize=1)
def _champion(folder: Path, stamp: int) -> Classifier:
    return Classifier.load(folder)


def predict(headline: str) -> Prediction:
    """Return the champion's prediction for one headline.

    The champion is loaded once, and again when it has been replaced.

    Raises:
        ModelError: there is no champion yet.
        TypeError: ``headline`` is not one string.
    """
    if not isinstance(headline, str):
        raise TypeError(
            f"headline is {type(headline).__name__}, not str; for many headlines use Classifier.load().predict(list)"
        )
    manifest = (CHAMPION / "manifest.json").absolute()
    if not manifest.is_file():
        return Classifier.load().predict([headline])[0]  # says what to do
    return _champion(manifest.parent, manifest.stat().st_mtime_ns).predict([headline])[0]
