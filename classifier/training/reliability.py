"""What makes a trained model's answers reliable: calibrations, the cascade's threshold, and what it abstains from.

All of it is fitted out of fold: each row is scored by a model that was not fitted on it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from classifier.evaluation.calibration import fit_calibration
from classifier.evaluation.unfamiliar import fit_unfamiliar, other_text
from classifier.model.model import Model
from classifier.model.reference import Reference, join, scored
from classifier.training.config import Config
from classifier.training.dataset import TrainingSet, feature_cache
from classifier.training.distill import FOLDS, choose_threshold, distill, refit
from classifier.training.features import slice_rows
from classifier.training.search import Result

logger = logging.getLogger(__name__)


def with_reliability(model: Model, winner: Result, data: TrainingSet, config: Config) -> Model:
    """Return the model with its calibrations and, unless the config leaves it out, with a fast tier distilled from it.

    Args:
        model: the winner fitted to all rows.
        winner: of the search.
        data: the training set, with headlines.
        config: whether to distil, and for which publishers to calibrate.
    """
    if config.fast.distil:
        found = distill(winner, model.accurate, data, feature_cache(data.words), n_jobs=config.search.n_jobs)
        model, reference = model.replace(fast=found.fast), found.out_of_fold
    else:
        reference = _out_of_fold(winner, data)
    headlines = [data.headlines[i] for i in data.scored]
    model = calibrated_out_of_fold(model, reference, headlines, config)
    if model.fast is not None:
        logits = {tier: c.apply(reference.logits[tier]) for tier, c in model.calibrations.items()}
        threshold, share, macro_f1 = choose_threshold(logits["fast"], logits["accurate"], reference.target)
        logger.info(
            "out of fold: macro-F1 %.4f, fast tier %.4f, cascade %.4f, in which the fast tier answers %.0f%%",
            *(macro_f1[tier] for tier in ("accurate", "fast", "cascade")), 100 * share,
        )  # fmt: skip
        model = model.calibrated(model.calibrations, threshold)
        model = model.with_about(tiers={"macro_f1": macro_f1, "fast_share": share})
    return model


def calibrated_out_of_fold(model: Model, reference: Reference, headlines: Sequence[str], config: Config) -> Model:
    """Return the model calibrated on rows that it was not fitted on, with the arrays that abstaining needs."""
    other = config.calibration.publisher == "other"
    calibrations = {
        tier: fit_calibration(logits, reference.target, other=other) for tier, logits in reference.logits.items()
    }
    arrays = {
        "reference": reference.sample(config.experiment.seed).to_array(),
        "unfamiliar": fit_unfamiliar(headlines, other_text()),
    }
    return model.replace(arrays=arrays).calibrated(calibrations, 1.0 if model.fast is None else model.fast.threshold)


def _out_of_fold(winner: Result, data: TrainingSet) -> Reference:
    """Return the training rows scored by the winner, fitted to the other folds."""
    parts = []
    for fold, (_, test) in enumerate(data.folds[:FOLDS]):
        linear = refit(winner, data, fold)
        headlines = [data.headlines[i] for i in test]
        logits: dict[str, NDArray[np.float32]] = {
            "accurate": linear.scores_of_counts(slice_rows({b: data.counts[b] for b in linear.blocks}, test))
        }
        parts.append(scored(headlines, data.target[test], linear.unknown_share(headlines), logits))
    return join(parts)
