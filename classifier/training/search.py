"""The search: every candidate is cross-validated."""

from __future__ import annotations

import dataclasses
import json
import logging
import signal
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from classifier.evaluation.calibration import fit_temperature
from classifier.evaluation.metrics import Evaluation, probabilities_of, score
from classifier.model.blocks import BLOCKS
from classifier.training.compile import fit
from classifier.training.config import Candidate
from classifier.training.dataset import RowWeights, TrainingSet
from classifier.training.features import slice_rows


@dataclass(frozen=True)
class Result:
    """What cross-validation found out about a candidate."""

    candidate: Candidate
    evaluation: Evaluation  #: of the out-of-fold probabilities of all training rows
    temperature: float
    macro_f1_std: float  #: standard deviation between the folds
    fit_seconds: float  #: mean of a fold: TF-IDF and estimator, counts given
    score_seconds: float  #: for one headline, counts given
    started: float  #: seconds since the epoch
    ended: float

    def to_json(self) -> str:
        """Return everything but the candidate as JSON."""
        fields = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.name != "candidate"}
        return json.dumps(fields | {"evaluation": self.evaluation.to_dict()}, ensure_ascii=False)

    @classmethod
    def from_json(cls, candidate: Candidate, text: str) -> Result:
        """Return the result that :meth:`to_json` wrote of a candidate."""
        fields = json.loads(text)
        return cls(candidate=candidate, evaluation=Evaluation(**fields.pop("evaluation")), **fields)

    def headlines_per_second(self, seconds: Mapping[str, float]) -> float:
        """Return how many headlines a second the candidate classifies in batch, from text to section.

        Args:
            seconds: as :func:`~classifier.training.features.extraction_seconds` returns them.
        """
        blocks = self.candidate.features
        total = seconds[""] + self.score_seconds + sum(seconds[name] for name in blocks)
        if any(BLOCKS[name].needs_kiwi for name in blocks):
            total += seconds["kiwi"]
        return 1 / total


def fit_and_score(
    candidate: Candidate,
    data: TrainingSet,
    train: NDArray[np.intp],
    test: NDArray[np.intp],
    weights: RowWeights = None,
) -> tuple[NDArray[np.float64], float, float]:
    """Fit on the ``train`` rows; return scores of the ``test`` rows and the seconds of both."""
    begin = time.perf_counter()
    fitted = fit(candidate, data, train, weights)
    middle = time.perf_counter()
    scores = fitted.scores(slice_rows(data.counts, test))
    return scores, middle - begin, time.perf_counter() - middle


def cross_validate(candidate: Candidate, data: TrainingSet) -> Result:
    """Fit ``candidate`` on the training rows of every fold and score it on the fold's test rows."""
    started = time.time()
    scores = np.empty((len(data.target), len(data.sections)))
    fit_seconds = score_seconds = 0.0
    f1 = []
    for fold, (_, test) in enumerate(data.folds):
        train, weights = data.part(fold)
        scores[test], fitting, scoring = fit_and_score(candidate, data, train, test, weights)
        fit_seconds += fitting
        score_seconds += scoring
        f1.append(score(probabilities_of(scores[test], 1.0), data.target[test], data.sections).macro_f1)
    scored = data.scored
    scores, target = scores[scored], data.target[scored]
    temperature = fit_temperature(scores, target)
    return Result(
        candidate=candidate,
        evaluation=score(probabilities_of(scores, temperature), target, data.sections),
        temperature=temperature,
        macro_f1_std=float(np.std(f1)),
        fit_seconds=fit_seconds / len(data.folds),
        score_seconds=score_seconds / len(target),
        started=started,
        ended=time.time(),
    )


def search(candidates: Sequence[Candidate], data: TrainingSet, *, n_jobs: int) -> Iterator[Result]:
    """Yield each candidate's result as it is done, in no particular order."""
    jobs = (delayed(cross_validate)(candidate, data.only(candidate.features)) for candidate in candidates)
    parallel = Parallel(
        n_jobs=n_jobs, return_as="generator_unordered", pre_dispatch="n_jobs", initializer=_ignore_interrupts
    )
    # When a search is interrupted, joblib warns and logs what the user already knows.
    callbacks = logging.getLogger("concurrent.futures")
    level = callbacks.level
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"(?s).*adjusting the input task iterator")
        callbacks.setLevel(logging.CRITICAL)
        results = parallel(jobs)
        try:
            yield from results
        finally:
            results.close()
            callbacks.setLevel(level)


def _ignore_interrupts() -> None:
    """Keep a worker from printing a traceback when a terminal interrupts the whole group; joblib ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
