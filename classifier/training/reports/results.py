"""What a training came to, as a file: the source of the tables in ``experiments/README.md``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from classifier.training.reports.descriptions import command

if TYPE_CHECKING:
    from classifier.training.pipeline import Outcome


def write_result(outcome: Outcome, folder: Path) -> Path:
    """Write a training's figures as JSON, from which the tables of ``experiments/README.md`` are made.

    Times are left out: the same config, data and lock file write the same file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{outcome.config.name}.json"
    winner = outcome.winner
    record = {
        "experiment": outcome.config.name,
        "command": command(outcome.config),
        "train": list(outcome.config.data.train),
        "auxiliary": list(outcome.config.data.auxiliary),
        "test_table": outcome.config.data.test or f"held-out {outcome.config.data.holdout}",
        "winner": winner.candidate.name,
        "cross_validation": winner.evaluation.to_dict() | {"macro_f1_std": winner.macro_f1_std},
        "test": outcome.test.to_dict(),
        "tiers": outcome.tiers,
        "leaderboard": [
            {
                "candidate": result.candidate.name,
                "macro_f1": result.evaluation.macro_f1,
                "accuracy": result.evaluation.accuracy,
                "log_loss": result.evaluation.log_loss,
                "ece": result.evaluation.ece,
            }
            for result, _ in outcome.leaderboard
        ],
    }
    path.write_text(json.dumps(record, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return path
