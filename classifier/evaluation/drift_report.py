"""The measured drift as one HTML file that needs nothing beside it."""

from __future__ import annotations

from importlib.resources import files

from classifier.evaluation.drift import Drift


def render_drift(drift: Drift, table: str, reference: str) -> str:
    """Return the report as HTML.

    Args:
        drift: what was measured.
        table: the name of the table.
        reference: the name of what it is compared with.
    """
    from jinja2 import Environment, StrictUndefined

    template = files("classifier.evaluation").joinpath("drift.html.jinja").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    n = len(drift.confidence[0])
    bins = [f"{i / n:.1f}–{(i + 1) / n:.1f}" for i in range(n)]
    charts = {
        "Sections of the answers": [(name, *shares) for name, shares in drift.sections.items()],
        "Confidence": [*zip(bins, *drift.confidence, strict=True)],
    }
    largest = {title: max((max(row[1:]) for row in rows), default=0) or 1 for title, rows in charts.items()}
    return environment.from_string(template).render(
        drift=drift, table=table, reference=reference, charts=charts, largest=largest
    )
