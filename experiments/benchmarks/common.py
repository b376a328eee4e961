"""What the benchmarks share: where their figures go."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent.parent / "results" / "benchmarks"


def write(name: str, rows: Any) -> None:
    """Write a benchmark's figures; `make tables` shows them in experiments/README.md."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    print(f"wrote {path}")
