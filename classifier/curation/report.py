"""The audit as one HTML file that needs nothing beside it, the review table, and the figures as JSON."""

from __future__ import annotations

import base64
import io
import json
from importlib.resources import files
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from classifier.curation.audit import Findings, SectionProfile
from classifier.curation.review import write_duplicates, write_leaks, write_review
from classifier.curation.style import Style
from classifier.errors import DataError
from classifier.training.reports.plots import confusion_figure, styled

REPORT, REVIEW, FIGURES = "report.html", "review.tsv", "audit.json"
DUPLICATES, LEAKS = "duplicates.tsv", "leaks.tsv"
FILES = (REPORT, REVIEW, FIGURES, DUPLICATES, LEAKS)

_SHOWN = 200


def write_audit(findings: Findings, folder: Path) -> Path:
    """Write the report, the review table, lists and figures into ``folder``; return the report's path.

    They are :data:`FILES`; ``leaks.tsv`` is written if the table was compared with another.

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
    write_review(findings.to_review, folder / REVIEW)
    write_duplicates([*findings.repeated, *findings.near], folder / DUPLICATES)
    if findings.against is not None:
        write_leaks(findings.leaks, folder / LEAKS)
    else:
        (folder / LEAKS).unlink(missing_ok=True)  # of an audit before this one
    return folder / REPORT


def render(findings: Findings) -> str:
    """Return the report as HTML."""
    from jinja2 import Environment, StrictUndefined

    template = files("classifier.curation").joinpath("report.html.jinja").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    with styled():
        pictures = {"profile": _embedded(_profile_figure(findings.profiles))}
        if findings.evaluated is not None:
            title = "label in the table (rows) and out-of-fold answer (columns)"
            pictures["evaluated"] = _embedded(confusion_figure(findings.evaluated, title))
        if findings.style is not None and findings.style_normalized is not None:
            pictures["style"] = _embedded(_style_figure(findings.style, findings.style_normalized))
    return environment.from_string(template).render(
        findings=findings,
        summary=findings.summary(),
        pictures=pictures,
        shown=_SHOWN,
        review=REVIEW,
        duplicates=DUPLICATES,
        leaks_file=LEAKS,
    )


def _embedded(figure: Figure) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _profile_figure(profiles: list[SectionProfile]) -> Figure:
    names = [profile.section for profile in profiles]
    position = np.arange(len(names))
    figure = Figure(figsize=(11, 0.45 * len(names) + 1.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.barh(position, [profile.rows for profile in profiles], color="tab:blue")
    for i, profile in enumerate(profiles):
        left.annotate(f" {profile.rows:,}", (profile.rows, i), va="center", fontsize=9)
    left.set_title("headlines")
    left.margins(x=0.15)
    low, middle, high = np.array([profile.length for profile in profiles]).T
    right.hlines(position, low, high, color="tab:blue", linewidth=5, alpha=0.4)
    right.plot(middle, position, "o", color="tab:blue")
    right.set_title("characters of a headline: 5%, median, 95%")
    right.set_xlim(left=0)
    for axis in (left, right):
        axis.set_yticks(position, names)
        axis.invert_yaxis()
    return figure


def _style_figure(raw: Style, normalized: Style) -> Figure:
    names = list(raw.recall)
    position = np.arange(len(names))
    figure = Figure(figsize=(9, 3.8), layout="constrained")
    axis = figure.subplots()
    for style, shift, label, color in (
        (raw, -0.2, "as it stands", "tab:red"),
        (normalized, 0.2, "after the normaliser", "tab:green"),
    ):
        # Recall alone would be 1 for the section that a model always answers.
        above_chance = [style.recall[name] - style.false_alarms[name] for name in names]
        axis.bar(position + shift, above_chance, 0.38, label=label, color=color)
    axis.axhline(0, color="grey", linewidth=0.8)
    axis.set_xticks(position, names)
    axis.set(ylim=(-0.1, 1.2), title="recall minus false-alarm rate by style alone (0: as by chance, 1: all)")
    axis.legend(loc="upper right", ncols=2)
    return figure
