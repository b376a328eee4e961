"""How much less sure a model has to be of publishers that it has not seen: `SHIFT` of `classifier/evaluation`.

The calibration of `models/sample` is fitted out of fold, as training does. The shift is then fitted to each publisher
in turn, and to both, by log-loss, and read on each: what one publisher says of another. Neither `ynat:dev` nor
`portal-2025` is read. `portal-archive` is of the same portal as `portal-2025`, so that a publisher which is really
unseen gets what the rows say in which the shift was fitted to the other one. What did not help is in docs/reliability.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from benchmarks.common import write
from scipy.optimize import minimize_scalar

from classifier.corpus.datasets import load_corpus
from classifier.evaluation.adaptation import score_rows
from classifier.evaluation.calibration import expected_calibration_error, fit_calibration
from classifier.model.calibration import Calibration
from classifier.model.model import Model
from classifier.model.reference import Reference
from classifier.model.scoring import softmax

PUBLISHERS = ("ynat:train", "portal-archive")
ROWS = 15_000  # of each


def _shift(home: Calibration, tier: str, publishers: Sequence[Reference]) -> float:
    """Return the shift with the smallest mean log-loss on some publishers."""

    def log_loss(shift: float) -> float:
        moved = replace(home, scale=home.scale * float(np.exp(-shift)))
        losses = []
        for rows in publishers:
            right = softmax(moved.apply(rows.logits[tier]))[np.arange(len(rows.target)), rows.target]
            losses.append(-np.log(np.maximum(right, 1e-12)).mean())
        return float(np.mean(losses))

    return float(minimize_scalar(log_loss, bounds=(-1, 2), method="bounded").x)


def main() -> None:
    """Fit on each publisher and on both, read on each, write."""
    model = Model.load("models/sample")
    reference = model.reference
    scored = {}
    for name in PUBLISHERS:
        table = load_corpus(name).sample(ROWS, random_state=0)
        scored[name] = score_rows(model, table["headline"].tolist(), table["section"].tolist())
    rows = []
    for tier in model.calibrations:
        home = fit_calibration(reference.logits[tier], reference.target)
        for fitted_on in [(name,) for name in PUBLISHERS] + [PUBLISHERS]:
            shift = _shift(home, tier, [scored[name] for name in fitted_on])
            moved = replace(home, scale=home.scale * float(np.exp(-shift)))
            row = {
                "tier": tier,
                "fitted on": ", ".join(fitted_on),
                "shift": f"{shift:.2f}",
                "power": f"{home.power:.2f}",
            }
            for name in PUBLISHERS:
                probabilities = softmax(moved.apply(scored[name].logits[tier]))
                row[f"ECE on {name}"] = f"{expected_calibration_error(probabilities, scored[name].target):.3f}"
            rows.append(row)
            print(rows[-1], flush=True)
    write("calibration", rows)


if __name__ == "__main__":
    main()
