"""Publish what the trainings of this folder's configs came to: ``make results``.

Every training writes ``results.json`` beside its model. This copies them to ``experiments/results/``, rounded to four
digits after the point, so that another processor, whose last digits differ, changes nothing.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from classifier.paths import models_folder

HERE = Path(__file__).parent
DIGITS = 4


def rounded(value: Any) -> Any:
    """Return the same value with all fractions in it rounded."""
    if isinstance(value, dict):
        return {key: rounded(part) for key, part in value.items()}
    if isinstance(value, list):
        return [rounded(part) for part in value]
    return round(value, DIGITS) if isinstance(value, float) else value


def publish(models: Path, target: Path) -> list[str]:
    """Write the results of every config that has been trained; return the names of those that changed."""
    changed = []
    for config in sorted(HERE.glob("*.toml")):
        source, copy = models / config.stem / "results.json", target / f"{config.stem}.json"
        if source.is_file():
            figures = rounded(json.loads(source.read_text(encoding="utf-8")))
            text = json.dumps(figures, ensure_ascii=False, indent=2) + "\n"
            if not copy.is_file() or copy.read_text(encoding="utf-8") != text:
                copy.write_text(text, encoding="utf-8")
                changed.append(config.stem)
    return changed


if __name__ == "__main__":
    print(f"changed: {', '.join(publish(models_folder(), HERE / 'results')) or 'nothing'}")
