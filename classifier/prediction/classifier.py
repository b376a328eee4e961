"""``predict`` and ``Classifier``: a model that answers from Python."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from classifier.errors import ModelError
from classifier.extras import need
from classifier.model.artefact import MANIFEST, manifest_stamp
from classifier.model.cascade import Cascade, accepted
from classifier.model.model import Model
from classifier.model.scoring import Scorer, softmax
from classifier.paths import champion_folder, packaged_model
from classifier.prediction.abstention import Abstention
from classifier.prediction.answers import MISSING, REASONS, BatchPrediction, Prediction, SectionProbabilities
from classifier.prediction.inputs import checked, headline_column
from classifier.prediction.versions import check_versions, versions_for

if TYPE_CHECKING:
    import pandas as pd

    from classifier.model.explanation import Explanation
    from classifier.pages.article import Reading

logger = logging.getLogger(__name__)

RUNNER_UP = "runner-up"  #: to explain a section against the likeliest of the others


class Classifier:
    """A model that answers. Make one with :meth:`load`; it may be shared between threads.

    Args:
        model: what scores the headlines.
        tier: ``fast``: character n-grams alone, without Kiwi; ``accurate``: everything; ``cascade``: the fast tier
            where it is sure, else the accurate one. None: ``cascade`` if the model has both.
        min_precision: how precise its answers for each section have to be; it abstains from the others, and from text
            that is no headline. None: it abstains only from text without any feature, and from articles.
        coverage: how often the sections of a prediction set have to hold the right one. None: no sets.

    Raises:
        ModelError: the model does not have the tier that ``tier`` asks for, or was trained without what abstaining and
            prediction sets need.
        ValueError: there is no such tier, or a share is not between 0 and 1.
    """

    def __init__(
        self, model: Model, tier: str | None = None, min_precision: float | None = None, coverage: float | None = None
    ) -> None:
        self.model = model
        self._promises = (min_precision, coverage)
        self.source: str | None = None  #: where it was loaded from
        self.tier: str = model.resolve_tier(tier)
        self.scorer: Scorer = model.scorer(self.tier)  #: what answers
        self._fast = None if self.tier == "accurate" else model.fast
        self._abstention = Abstention(model, self.tier, min_precision, coverage)

    @classmethod
    def load(
        cls, source: str | Path | None = None, tier: str | None = None, min_precision: float | None = None,
        coverage: float | None = None, *, mapped: bool = False,
    ) -> Classifier:  # fmt: skip
        """Load a model.

        Args:
            source: a folder such as ``models/ynat``; an MLflow address (``models:/name@alias``,
                ``models:/name/3``, ``runs:/…``); or None for the champion, ``models/champion``, or else the model
                that the installed package carries.
            tier: ``fast``, ``accurate`` or ``cascade``; see :class:`Classifier`, also for the others.
            min_precision: of the answers for each section.
            coverage: of the prediction sets.
            mapped: map a folder's arrays into memory, so that processes share one copy; see :meth:`Model.load`.

        Raises:
            ModelError: there is none, it is damaged or made for other versions, or it lacks that tier. With a fast
                tier the accurate model is read when it is first needed, and damage to its files is reported then.
        """
        if source is None:
            source = _default_model()
        if isinstance(source, str) and source.startswith(("models:/", "runs:/")):
            need("train", source)
            from classifier.tracking.download import download_model

            found = cls(download_model(source), tier, min_precision, coverage)
        else:
            source = Path(source).expanduser().absolute()
            found = cls(Model.load(source, lazy=True, mapped=mapped), tier, min_precision, coverage)
        found.source = str(source)
        return found

    def by_value(self) -> Classifier:
        """Return a copy that is pickled with its arrays, some 30 MB, and not as the name of its source."""
        return Classifier(self.model, self.tier, *self._promises)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the source and the fingerprint: unpickling reads the same files. See :meth:`by_value`."""
        versions = versions_for(self.tier)
        if self.source is None:
            return _rebuilt, (versions, self.model, self.tier, *self._promises)
        return _load_again, (versions, self.source, self.tier, self.model.fingerprint, *self._promises)

    def __copy__(self) -> Classifier:
        return self  # it does not change

    def __deepcopy__(self, _: dict[int, Any]) -> Classifier:
        return self

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
            TypeError: ``headlines`` is one string or a table, or something in it is no string.
        """
        texts = checked(headlines)
        return [self._predict_one(texts[0])] if len(texts) == 1 else self.predict_part(texts)

    def predict_part(self, headlines: Iterable[str]) -> list[Prediction]:
        """Return what :meth:`predict` does, and the same digits however a table is cut into parts.

        ``predict`` has a faster way for one headline alone, whose probability may differ by 1e-6.
        """
        texts = checked(headlines)
        return self._predictions(texts, *self._scores(texts))

    def _predict_one(self, text: str) -> Prediction:
        """Do what :meth:`predict` does for one headline, with plain numbers where an array costs more than it saves."""
        tier = "accurate"
        if self._fast is not None:
            logits, has_features = self._fast.score_one(text)
            powers = _powers(logits)
            if self.tier == "fast" or accepted(1 / sum(powers), has_features, self._fast.threshold):
                tier = "fast"
        if tier == "accurate":
            logits, has_features = self.model.accurate.score_one(text)
            powers = _powers(logits)
        if not self._abstention.needs_no_check(text, has_features):
            known, fast = np.array([has_features]), np.array([tier == "fast"])
            return self._predictions([text], np.array([logits], np.float32), known, fast)[0]
        total = sum(powers)
        batch = SectionProbabilities(self.sections, [[power / total for power in powers]])
        return Prediction(text, self.sections[powers.index(1.0)], 1 / total, tier, None, batch, 0)

    def _scores(self, texts: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_]]:
        """Return the logits, which headlines have any feature, and which the fast tier answered."""
        if isinstance(self.scorer, Cascade):
            return self.scorer.tiered_scores(texts)
        logits, has_features = self.scorer.scores(texts)
        return logits, has_features, np.full(len(has_features), self.tier == "fast")

    def _batch(
        self, texts: Sequence[str], logits: NDArray[np.float32], has_features: NDArray[np.bool_],
        fast: NDArray[np.bool_],
    ) -> BatchPrediction:  # fmt: skip
        probabilities = softmax(logits)
        reason = self._abstention.reasons(texts, probabilities, has_features)
        return BatchPrediction(probabilities, reason, fast, self._abstention.sets(probabilities))

    def predict_article(self, title: str, body: str) -> Prediction:
        """Return the prediction for an article, by its title and the sentences of its body.

        A cascade gives articles to the accurate model: their sentences are few, and count together.

        Raises:
            TypeError: ``title`` or ``body`` is not a string.
        """
        from classifier.prediction.articles import article_logits

        checked([title, body])
        tier = "fast" if self.tier == "fast" else "accurate"
        logits, has_features = article_logits(self.model.scorer(tier), title, body)
        return self._predictions([title], logits[None, :], np.array([has_features]), np.array([tier == "fast"]))[0]

    def _predictions(
        self, texts: Sequence[str], logits: NDArray[np.float32], has_features: NDArray[np.bool_],
        fast: NDArray[np.bool_],
    ) -> list[Prediction]:  # fmt: skip
        if not texts:
            return []
        probabilities, reason, _, sets = self._batch(texts, logits, has_features, fast)
        tiers = [*map(("accurate", "fast").__getitem__, fast.tolist())]
        best = probabilities.argmax(axis=1)
        rows = range(len(texts))
        highest = probabilities.ravel()[best + np.arange(0, probabilities.size, len(self.sections))].tolist()
        named: list[str | None] = [*map(self.sections.__getitem__, best.tolist())]
        reasons: list[str | None] = [None] * len(texts)
        for i in reason.nonzero()[0].tolist():
            named[i], reasons[i] = None, REASONS[reason[i]]
        batch = SectionProbabilities(self.sections, probabilities, sets)
        values = zip(texts, named, highest, tiers, reasons, repeat(batch), rows)
        return [*map(tuple.__new__, repeat(Prediction), values)]  # Prediction._make in two thirds of its time

    def predict_proba(self, headlines: Iterable[str]) -> NDArray[np.float32]:
        """Return probabilities as a float32 array (n_headlines, n_sections)."""
        return self.scorer.probabilities(checked(headlines))

    def predict_batch(self, headlines: Sequence[str]) -> BatchPrediction:
        """Return what :meth:`predict` returns, as arrays: for very many headlines."""
        return self._batch(headlines, *self._scores(headlines))

    def predict_frame(self, frame: pd.DataFrame, column: str | None = None) -> pd.DataFrame:
        """Return the predictions for a table's headlines as a table with the same index.

        Args:
            frame: one headline a row.
            column: the column of the headlines; default: ``headline``, the only one, or the only one with a usual
                name (``title``, ``제목`` …).

        Returns:
            The columns ``section``, ``probability``, ``tier`` and ``reason``. If a headline is missing (None or NaN),
            its section and tier are None, its probability is NaN and its reason is ``missing``.

        Raises:
            DataError: there is no such column, or several may be meant.
            TypeError: something in the column is neither a string nor missing.
        """
        import pandas as pd

        texts = headline_column(frame, column)
        there = texts.notna().to_numpy()
        found = iter(self.predict_part(checked(texts[there], str(texts.name))))
        rows = [next(found)[1:5] if here else (None, math.nan, None, REASONS[MISSING]) for here in there]
        columns = ("section", "probability", "tier", "reason")
        # Of objects, so that an abstention is None and not NaN.
        answers = pd.DataFrame(rows, frame.index, columns, dtype=object)
        return answers.astype({"probability": float})

    def calibrated(self, headlines: Iterable[str], sections: Iterable[str]) -> Classifier:
        """Return a classifier whose probabilities are fitted to one publisher's labelled headlines (200 or more).

        Args:
            headlines: of the publisher.
            sections: their sections, as many.

        Raises:
            DataError: there are too few, or the model does not know a section.
            ModelError: the probabilities of these headlines would not get better, by cross-validation.
        """
        need("train", "Classifier.calibrated")
        from classifier.evaluation.adaptation import adapt_model, score_rows

        adapted, _ = adapt_model(self.model, score_rows(self.model, checked(headlines), list(sections)))
        return Classifier(adapted, self.tier, *self._promises)

    def explain(
        self, headline: str, top: int = 10, section: str | None = None, against: str | None = None
    ) -> Explanation:
        """Return what each word adds to the score of ``section`` (default: the likeliest one).

        The score is the logit, ``log(p) - mean(log(p))`` over the sections, of the tier that answers; the
        contributions sum to it. The ``top`` weightiest words come first, then what the others add as one, and
        the score of a headline without any feature.

        Args:
            headline: one headline.
            top: how many words have an entry of their own.
            section: whose score is explained.
            against: another section, whose score is subtracted: what speaks for the one rather than the other.
                ``runner-up`` is the likeliest of the other sections.

        Raises:
            ValueError: the model does not know a section.
        """
        from classifier.model.explanation import explain

        prediction = self.predict([headline])[0]
        ranked = list(prediction.probabilities)
        section = ranked[0] if section is None else section
        if against == RUNNER_UP and RUNNER_UP not in ranked:
            against = next(name for name in ranked if name != section)
        for name in (section, against):
            if name is not None and name not in ranked:
                raise ValueError(f"section {name!r} is unknown; this model has {', '.join(self.sections)}")
        fast = self._fast if prediction.tier == "fast" else None
        return explain(fast or self.model.accurate, headline, section, top, against)


def _default_model() -> Path:
    """Return the folder of the champion; without one, that of the model in the package if there is one."""
    champion = champion_folder()
    if (champion / MANIFEST).is_file():
        return champion
    if not (packaged_model() / MANIFEST).is_file():
        raise ModelError(
            f"No champion yet: {champion.absolute()} holds no model. "
            "Run `classifier train`, or name a model: --model FOLDER, Classifier.load(FOLDER)."
        )
    _say_once(f"no champion in {champion.absolute()}: the model that came with the package answers")
    return packaged_model()


@cache
def _say_once(message: str) -> None:
    logger.warning(message)


def _rebuilt(versions: tuple[str, str], *parts: Any) -> Classifier:
    """Return the classifier that was pickled by value, if this process has the versions that it was pickled with."""
    check_versions(*versions)
    return Classifier(*parts)


@lru_cache(maxsize=4)
def _load_again(versions: tuple[str, str], source: str, tier: str, fingerprint: str, *promises: Any) -> Classifier:
    """Return the classifier that was pickled; each process reads it once."""
    check_versions(*versions)
    found = Classifier.load(source, tier, *promises)
    if found.model.fingerprint != fingerprint:
        raise ModelError(
            f"{source}: the classifier was pickled with the model {fingerprint[:16]}…, and now there is "
            f"{found.model.fingerprint[:16]}…. Load it again, or pickle Classifier.by_value()."
        )
    return found


def _powers(logits: list[float]) -> list[float]:
    """Return probabilities divided by the highest one."""
    highest = max(logits)
    return [math.exp(logit - highest) for logit in logits]


class PagePrediction(NamedTuple):
    """The prediction for one headline of a page, and the section that the page itself states for it."""

    place: str  #: ``article`` or ``listed``
    prediction: Prediction
    stated: str | None
    evidence: str | None  #: what states it: ``item``, ``article``, ``block``, ``page`` or ``address``


def predict_page(classifier: Classifier, reading: Reading) -> list[PagePrediction]:
    """Return the predictions for a page's article, if it has one, and for the different headlines that it lists."""
    found = []
    if (article := reading.article) is not None:
        evidence = "article" if article.section else None
        prediction = classifier.predict_article(article.title, article.body)
        found.append(PagePrediction("article", prediction, article.section, evidence))
    stated: dict[str, tuple[str | None, str | None]] = {}
    for item in reading.items:
        evidence, section = item.stated[0] if item.stated else (None, None)
        if section or item.headline not in stated:
            stated[item.headline] = (section, evidence)
    predictions = zip(classifier.predict(list(stated)), stated.values(), strict=True)
    return found + [PagePrediction("listed", prediction, *of_page) for prediction, of_page in predictions]


#: The champion that answered last, under its manifest's device, inode and time of change; None without a champion.
_champions: dict[tuple[int, int, int] | None, Classifier] = {}


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
    key = manifest_stamp(champion_folder())  # None: the model in the package answers, or loading says what to do
    champion = _champions.get(key)
    if champion is None:
        champion = Classifier.load()
        _champions.clear()
        _champions[key] = champion
    return champion.predict([headline])[0]
