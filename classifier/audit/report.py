"""The audit as one HTML file that needs nothing beside it, the review table, and the figures as JSON."""

from __future__ import annotations

import base64
import io
import json
from importlib.resources import files
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from classifier.audit.findings import Findings, SectionProfile
from classifier.audit.review import write_review
from classifier.audit.style import Style
from classifier.errors import DataError
from classifier.training.plots import confusion_figure, styled

REPORT, REVIEW, FIGURES = "report.html", "review.tsv", "audit.json"

_SHOWN = 200


def write_audit(findings: Findings, folder: Path) -> Path:
    """Write ``report.html``, ``review.tsv`` and ``audit.json`` into ``folder``; return the report's path.

    Raises:
        DataError: the folder cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / REPORT).write_text(render(findings), encoding="utf-8")
        text = json.dumps({"table": findings.table, **findings.summary()}, ensure_ascii=False, indent=2)
        (folder / FIGURES).write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise DataError(
            f"{folder}: cannot be written ({error.strerror}). Name another folder with --output."
        ) from error
    write_review(findings.doubts, folder / REVIEW)
    return folder / REPORT


def render(findings: Findings) -> str:
    """Return the report as HTML."""
    from jinja2 import Environment, StrictUndefined

    template = files("classifier.audit").joinpath("report.html.jinja").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    pictures = {"profile": _profile_figure(findings.profiles)}
    if findings.judged is not None:
        pictures["judged"] = confusion_figure(
            findings.judged, "label in the table (rows) and out-of-fold answer (columns)"
        )
    if findings.style is not None and findings.style_normalized is not None:
        pictures["style"] = _style_figure(findings.style, findings.style_normalized)
    return environment.from_string(template).render(
        findings=findings,
        summary=findings.summary(),
        pictures={name: _embedded(figure) for name, figure in pictures.items()},
        shown=_SHOWN,
        review=REVIEW,
    )


def _embedded(figure: Figure) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _profile_figure(profiles: list[SectionProfile]) -> Figure:
    names = [profile.section for profile in profiles]
    place = np.arange(len(names))
    with styled():
        figure = Figure(figsize=(11, 0.45 * len(names) + 1.6), layout="constrained")
        left, right = figure.subplots(1, 2)
        left.barh(place, [profile.rows for profile in profiles], color="tab:blue")
        for i, profile in enumerate(profiles):
            left.annotate(f" {profile.rows:,}", (profile.rows, i), va="center", fontsize=9)
        left.set_title("headlines")
        left.margins(x=0.15)
        low, middle, high = np.array([profile.length for profile in profiles]).T
        right.hlines(place, low, high, color="tab:blue", linewidth=5, alpha=0.4)
        right.plot(middle, place, "o", color="tab:blue")
        right.set_title("characters of a headline: 5%, median, 95%")
        right.set_xlim(left=0)
        for axis in (left, right):
            axis.set_yticks(place, names)
            axis.invert_yaxis()
        figure.draw_without_rendering()  # ticks are made now, with this font
    return figure


def _style_figure(raw: Style, normalized: Style) -> Figure:
    names = list(raw.recall)
    place = np.arange(len(names))
    with styled():
        figure = Figure(figsize=(9, 3.8), layout="constrained")
        axis = figure.subplots()
        axis.bar(place - 0.2, list(raw.recall.values()), 0.38, label="as it stands", color="tab:red")
        axis.bar(place + 0.2, list(normalized.recall.values()), 0.38, label="after the normaliser", color="tab:green")
        axis.axhline(raw.chance, color="grey", linestyle=":", label="chance")
        axis.set_xticks(place, names)
        axis.set(ylim=(0, 1.2), title="share of each section that style alone tells (recall)")
        axis.legend(loc="upper right", ncols=3)
        figure.draw_without_rendering()  # ticks are made now, with this font
    return figure
