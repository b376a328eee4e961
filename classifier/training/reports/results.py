"""What a training came to, as a file beside its model: what ``make results`` publishes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from classifier.evaluation.metrics import Evaluation
from classifier.storage import replacing
from classifier.training.config import Config
from classifier.training.reports.descriptions import command
from classifier.training.search import Result

RESULTS = "results.json"


def write_results(
    folder: Path,
    config: Config,
    test_name: str,
    test: Evaluation,
    tiers: Mapping[str, Any],
    leaderboard: Sequence[Result],
) -> None:
    """Write a training's figures as JSON into the folder of its model.

    Times are left out: the same config, data, lock file and machine write the same file.
    """
    record: dict[str, Any] = {
        "experiment": config.name,
        "command": command(config, stream=not leaderboard),
        "train": list(config.data.train),
        "helpers": config.data.helpers,
        "unlabelled": config.data.unlabelled,
        "test_table": test_name,
    }
    if leaderboard:
        best = leaderboard[0]
        record["winner"] = best.candidate.name
        record["cross_validation"] = best.evaluation.to_dict() | {"macro_f1_std": best.macro_f1_std}
    record |= {"test": test.to_dict(), "tiers": dict(tiers)}
    record["leaderboard"] = [
        {"candidate": result.candidate.name}
        | {name: getattr(result.evaluation, name) for name in ("macro_f1", "accuracy", "log_loss", "ece")}
        for result in leaderboard
    ]
    with replacing(folder / RESULTS) as part:
        part.write_text(json.dumps(record, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
