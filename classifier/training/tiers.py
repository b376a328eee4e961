"""A training's tiers: the accurate model of every fold, the fast tier distilled from it, and what all come to."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from classifier.evaluation.metrics import EvaluatedTable, score
from classifier.model.cascade import accepted, confidence
from classifier.model.linear import LinearModel
from classifier.model.model import Model
from classifier.model.scoring import softmax
from classifier.paths import cache_folder
from classifier.training.config import Config
from classifier.training.distill import distill
from classifier.training.features import FeatureCache
from classifier.training.search import Result, fit_model

if TYPE_CHECKING:
    from classifier.training.dataset import Corpora, TrainingSet

logger = logging.getLogger(__name__)


def refit_fold(
    winner: Result, materials: TrainingSet, sections: tuple[str, ...], seed: int, fold: int | None
) -> LinearModel:
    """Fit the winner on all rows, or on those of a fold, and compile it."""
    rows = None if fold is None else materials.folds[fold][0]
    weighting = materials.weighting if fold is None else (materials.weightings or [None] * (fold + 1))[fold]
    return fit_model(
        winner.candidate, materials.counts, materials.target, sections, materials.embeddings, seed, weighting, rows,
        materials.extra, winner.temperature,
    )  # fmt: skip


def with_fast_tier(model: Model, winner: Result, materials: TrainingSet, corpora: Corpora, config: Config) -> Model:
    """Return the model with a fast tier distilled from it."""
    found = distill(
        partial(refit_fold, winner, materials, corpora.sections, config.experiment.seed),
        model.accurate,
        corpora.train["headline"].tolist(),
        materials.counts,
        materials.target,
        materials.folds,
        FeatureCache(str(cache_folder() / "features")),
        seed=config.experiment.seed,
        n_jobs=config.search.n_jobs,
    )
    logger.info(
        "out of fold: macro-F1 %.4f, fast tier %.4f, cascade %.4f, in which the fast tier answers %.0f%%",
        *(found.macro_f1[tier] for tier in ("accurate", "fast", "cascade")), 100 * found.share,
    )  # fmt: skip
    return model.replace(fast=found.fast).with_about(tiers={"macro_f1": found.macro_f1, "fast_share": found.share})


def evaluate_tiers(model: Model, evaluated: EvaluatedTable, corpora: Corpora) -> dict[str, dict[str, float]]:
    """Return what the tiers come to on the test table, read once: the accurate model's answers are ``evaluated``."""
    if model.fast is None:
        return {}
    logits, has_features = model.fast.scores(corpora.test["headline"].tolist())
    stands = accepted(confidence(logits), has_features, model.fast.threshold)
    probabilities = softmax(logits)
    answers = {"fast": probabilities, "cascade": np.where(stands[:, None], probabilities, evaluated.probabilities)}
    found = {tier: score(answer, evaluated.target, evaluated.sections) for tier, answer in answers.items()}
    return {
        tier: {
            "macro_f1": figures.macro_f1,
            "accuracy": figures.accuracy,
            "log_loss": figures.log_loss,
            "ece": figures.ece,
            "answered_by_fast": float(stands.mean()) if tier == "cascade" else 1.0,
        }
        for tier, figures in found.items()
    }
