"""The Python door: ``predict`` and ``Classifier``."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from classifier.errors import ModelError
from classifier.extras import need
from classifier.model.artefact import Artefact, CompiledModel
from classifier.model.cascade import TIERS, Cascade
from classifier.model.scoring import Scorer, softmax
from classifier.paths import champion_folder

if TYPE_CHECKING:
    from classifier.model.explanation import Contribution
    from classifier.pages.article import Reading


class Prediction:
    """What a model says of one headline. Predictions of equal content are equal; they do not change."""

    # All in one tuple: many predictions are made in half of the time that a slot for each part takes.
    __slots__ = ("_said",)

    _said: tuple[str, str | None, float, str, NDArray[np.float32] | list[list[float]], int, tuple[str, ...]]

    def __init__(self, said: tuple[Any, ...]) -> None:
        """Hold headline, section, probability, tier, the probabilities of a batch, its row in them, the sections."""
        _hold(self, said)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"a Prediction does not change: {name}")

    @property
    def headline(self) -> str:
        """The headline as it was given."""
        return self._said[0]

    @property
    def section(self) -> str | None:
        """The section; None when the model abstains: the headline holds nothing that it knows."""
        return self._said[1]

    @property
    def probability(self) -> float:
        """The probability of ``section``, or of the likeliest section when the model abstains."""
        return self._said[2]

    @property
    def tier(self) -> str:
        """Which tier answered: ``fast`` or ``accurate``."""
        return self._said[3]

    @property
    def probabilities(self) -> dict[str, float]:
        """The probability of every section, likeliest first."""
        row, sections = self._row(), self._said[6]
        return {sections[i]: row[i] for i in sorted(range(len(row)), key=lambda i: -row[i])}

    def _row(self) -> list[float]:
        return [float(probability) for probability in self._said[4][self._said[5]]]

    def _content(self) -> tuple[Any, ...]:
        return (*self._said[:4], self.probabilities)

    def __eq__(self, other: object) -> bool:
        return self._content() == other._content() if isinstance(other, Prediction) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._said[:4])

    def __reduce__(self) -> tuple[Any, ...]:
        return Prediction, ((*self._said[:4], [self._row()], 0, self._said[6]),)

    def __repr__(self) -> str:
        return f"Prediction(section={self.section!r}, probability={self.probability:.2f}, headline={self.headline!r})"


_hold = vars(Prediction)["_said"].__set__  # past __setattr__


class BatchPrediction(NamedTuple):
    """What a model says of some headlines."""

    probabilities: NDArray[np.float32]  #: (n_headlines, n_sections)
    known: NDArray[np.bool_]  #: (n_headlines,), whether a headline holds anything that the model knows
    fast: NDArray[np.bool_]  #: (n_headlines,), whether the fast tier answered, and not the accurate one


class Classifier:
    """A model that answers. Make one with :meth:`load`; it may be shared between threads.

    Args:
        model: a compiled model, or an opened artefact, whose accurate model is read when it is first needed.
        tier: ``fast``: character n-grams alone, without Kiwi; ``accurate``: everything; ``cascade``: the fast tier
            where it is sure, else the accurate one. None: ``cascade`` if the model has both.

    Raises:
        ModelError: the model has not the tier that ``tier`` asks for.
        ValueError: there is no such tier.
    """

    def __init__(self, model: CompiledModel | Artefact, tier: str | None = None) -> None:
        if tier is not None and tier not in TIERS:
            raise ValueError(f"tier {tier!r} is none of {', '.join(TIERS)}")
        if model.fast is None and tier in ("fast", "cascade"):
            raise ModelError(
                f"This model has no fast tier, which tier {tier!r} needs: it was trained without one or by an earlier "
                "version. Train again, or use tier 'accurate'."
            )
        if model.fast_alone and tier in ("accurate", "cascade"):
            raise ModelError(f"This model is a fast tier alone and cannot answer by tier {tier!r}. Leave the tier out.")
        self._source = model
        usual = "accurate" if model.fast is None else "fast" if model.fast_alone else "cascade"
        self.tier: str = tier or usual
        self._cascade = None if model.fast is None else Cascade(model.fast, lambda: self.model)
        if self.tier == "accurate":
            _ = self.model  # at once, so that a damaged one is noticed here

    @classmethod
    def load(cls, source: str | Path | None = None, tier: str | None = None) -> Classifier:
        """Load a model.

        Args:
            source: a folder such as ``models/ynat``; an MLflow address (``models:/name@alias``,
                ``models:/name/3``, ``runs:/…``); or None for the champion, ``models/champion``.
            tier: ``fast``, ``accurate`` or ``cascade``; see :class:`Classifier`.

        Raises:
            ModelError: there is none, it is damaged or made for other versions, or it lacks that tier. With a fast
                tier the accurate model is read when it is first needed, and what is wrong with it is said then.
        """
        if source is None:
            champion = champion_folder()
            if not (champion / "manifest.json").is_file():
                raise ModelError(
                    f"No champion yet: {champion.absolute()} holds no model. "
                    "Run `classifier train`, or name a model: --model FOLDER, Classifier.load(FOLDER)."
                )
            source = champion
        if isinstance(source, str) and source.startswith(("models:/", "runs:/")):
            need("train", source)
            from classifier.tracking.pyfunc import fetch_model

            return cls(fetch_model(source), tier)
        return cls(Artefact(source), tier)

    @property
    def model(self) -> CompiledModel:
        """The accurate model, with the fast tier beside it."""
        return self._source if isinstance(self._source, CompiledModel) else self._source.accurate()

    @property
    def scorer(self) -> Scorer:
        """What answers: the model, its fast tier, or both in a cascade."""
        if self._cascade is None or self.tier == "accurate":
            return self.model
        return self._cascade.fast if self.tier == "fast" else self._cascade

    @property
    def sections(self) -> tuple[str, ...]:
        """The sections it knows, in the order of the columns of :meth:`predict_proba`."""
        return self._source.sections

    def about(self) -> dict[str, Any]:
        """Return the model's name, its registered version (None outside the registry) and its fingerprint."""
        facts = {key: self._source.about.get(key) for key in ("name", "version")}
        return facts | {"fingerprint": self._source.fingerprint}

    def predict(self, headlines: Iterable[str]) -> list[Prediction]:
        """Return one prediction for every headline, in order.

        Raises:
            TypeError: ``headlines`` is one string, or something in it is none.
        """
        texts = _checked(headlines)
        if len(texts) == 1:
            return [self._predict_one(texts[0])]
        logits, known, fast = self._scores(texts)
        tiers = [*map(("accurate", "fast").__getitem__, fast.tolist())]
        return self._predictions(texts, logits, known, tiers)

    def _predict_one(self, text: str) -> Prediction:
        """Do what :meth:`predict` does for one headline, with plain numbers where an array costs more than it saves."""
        tier = "accurate"
        if self._cascade is not None and self.tier != "accurate":
            fast = self._cascade.fast
            logits, known = fast.score_one(text)
            powers = _powers(logits)
            if self.tier == "fast" or (known and 1 / sum(powers) >= fast.threshold):
                tier = "fast"
        if tier == "accurate":
            found, informed = self.model.scores([text])
            logits, known = found[0].tolist(), bool(informed[0])
            powers = _powers(logits)
        total = sum(powers)
        section = self.sections[powers.index(1.0)] if known else None
        return Prediction((text, section, 1 / total, tier, [[power / total for power in powers]], 0, self.sections))

    def _scores(self, texts: Sequence[str]) -> BatchPrediction:
        """Return logits where :class:`BatchPrediction` has probabilities."""
        if self._cascade is not None and self.tier == "cascade":
            return BatchPrediction(*self._cascade.tiered_scores(texts))
        logits, known = self.scorer.scores(texts)
        return BatchPrediction(logits, known, np.full(len(known), self.tier == "fast"))

    def predict_article(self, title: str, body: str) -> Prediction:
        """Return the prediction for an article, by its title and the sentences of its body.

        A cascade gives articles to the accurate model: their sentences are few, and count together.

        Raises:
            TypeError: ``title`` or ``body`` is not a string.
        """
        from classifier.prediction.articles import article_logits

        _checked([title, body])
        tier = "fast" if self.tier == "fast" else "accurate"
        logits, known = article_logits(self.scorer if tier == "fast" else self.model, title, body)
        return self._predictions([title], logits[None, :], np.array([known]), [tier])[0]

    def _predictions(
        self, texts: Sequence[str], logits: NDArray[np.float32], known: NDArray[np.bool_], tiers: Sequence[str]
    ) -> list[Prediction]:
        if not texts:
            return []
        sections = self.sections
        probabilities = softmax(logits)
        best = probabilities.argmax(axis=1)
        rows = range(len(texts))
        highest = probabilities[rows, best].tolist()
        named: list[str | None] = [sections[i] for i in best.tolist()]
        for i in (~known).nonzero()[0].tolist():
            named[i] = None
        # The sections' dictionary of each is made when it is asked for, from the probabilities of all.
        return [*map(Prediction, zip(texts, named, highest, tiers, repeat(probabilities), rows, repeat(sections)))]

    def predict_proba(self, headlines: Iterable[str]) -> NDArray[np.float32]:
        """Return probabilities as a float32 array (n_headlines, n_sections)."""
        return self.scorer.probabilities(_checked(headlines))

    def predict_batch(self, headlines: Sequence[str]) -> BatchPrediction:
        """Return what :meth:`predict` says, as arrays: for very many headlines."""
        logits, known, fast = self._scores(headlines)
        return BatchPrediction(softmax(logits) if len(logits) else logits, known, fast)

    def explain(self, headline: str, top: int = 10, section: str | None = None) -> list[Contribution]:
        """Return what each word adds to the score of ``section`` (default: the predicted one).

        The score is the logit, ``log(p) - mean(log(p))`` over the sections, of the tier that answers; the
        contributions sum to it. The ``top`` weightiest words come first, then the rest as one and the model's
        prior leaning.
        """
        from classifier.model.explanation import explain

        prediction = self.predict([headline])[0]
        if section is None:
            section = next(iter(prediction.probabilities))
        if section not in self.sections:
            raise ValueError(f"section {section!r} is unknown; this model has {', '.join(self.sections)}")
        fast = self._cascade.fast if self._cascade is not None and prediction.tier == "fast" else None
        return explain(fast or self.model, headline, section, top)


def _powers(logits: list[float]) -> list[float]:
    """Return probabilities but for a factor, the highest being 1."""
    highest = max(logits)
    return [math.exp(logit - highest) for logit in logits]


def predict_page(classifier: Classifier, reading: Reading) -> list[tuple[str, Prediction]]:
    """Return ``("article", …)`` for a page's article, if it has one, then ``("listed", …)`` for what it lists."""
    found = []
    if reading.article is not None:
        found.append(("article", classifier.predict_article(reading.article.title, reading.article.body)))
    listed = list(dict.fromkeys(item.headline for item in reading.items))
    return found + [("listed", prediction) for prediction in classifier.predict(listed)]


def _checked(headlines: Iterable[str]) -> list[str]:
    if isinstance(headlines, str):
        raise TypeError("headlines is one string; pass a list of headlines, or use classifier.predict(headline)")
    texts = list(headlines)
    if not all(map(str.__instancecheck__, texts)):
        i = next(i for i, text in enumerate(texts) if not isinstance(text, str))
        raise TypeError(f"headlines[{i}] is {type(texts[i]).__name__}, not str: {texts[i]!r}")
    return texts


#: The champion that answered last, under its manifest's device, inode and time of change.
_champions: dict[tuple[int, int, int], Classifier] = {}


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
    try:
        stat = os.stat(f"{champion_folder()}/manifest.json")  # noqa: PTH116 - a third of the time of Path.stat
        key = (stat.st_dev, stat.st_ino, stat.st_mtime_ns)
    except OSError:
        return Classifier.load().predict([headline])[0]  # says what to do
    champion = _champions.get(key)
    if champion is None:
        champion = Classifier.load()
        _champions.clear()
        _champions[key] = champion
    return champion.predict([headline])[0]
