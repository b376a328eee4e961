"""What the benchmarks share: how a reading is shown, and where figures go."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from classifier.evaluation.compare import interval
from classifier.evaluation.metrics import EvaluatedTable

RESULTS = Path(__file__).parent.parent / "results" / "benchmarks"


def figures(evaluated: EvaluatedTable) -> dict[str, str]:
    """Return macro-F1 with its 95% interval, and accuracy, as a table shows them."""
    low, high = interval(evaluated)
    return {
        "macro-F1": f"{evaluated.evaluation.macro_f1:.4f}",
        "95% interval": f"{low:.4f} to {high:.4f}",
        "accuracy": f"{evaluated.evaluation.accuracy:.4f}",
    }


def write(name: str, rows: Any) -> None:
    """Write a benchmark's figures; `make tables` shows them in experiments/README.md."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    print(f"wrote {path}")
