"""Pictures of a model's answers, with Hangul that can be read on any machine."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib import font_manager
from matplotlib.figure import Figure
from sklearn.metrics import confusion_matrix

from classifier.evaluation.metrics import EvaluatedTable, reliability

_LONGEST_LABEL = 16  #: characters
_FONT_PACKAGE = "koreanize_matplotlib"  # carries Nanum Gothic (SIL Open Font License)


def styled() -> Any:
    """Return a context with a font that has Hangul; make figures and save them in it."""
    found = importlib.util.find_spec(_FONT_PACKAGE)  # locates the files without running the package
    family = "sans-serif"
    if found is not None and found.submodule_search_locations:
        path = Path(found.submodule_search_locations[0]) / "fonts" / "NanumGothic.ttf"
        if not any(font.fname == str(path) for font in font_manager.fontManager.ttflist):
            font_manager.fontManager.addfont(str(path))
        family = font_manager.FontProperties(fname=str(path)).get_name()
    return matplotlib.rc_context({"font.family": family, "axes.unicode_minus": False, "font.size": 10})


def _short(label: str) -> str:
    """Return a label that leaves room for what is drawn: a section's name may have any length."""
    return label if len(label) <= _LONGEST_LABEL else f"{label[: _LONGEST_LABEL - 1]}…"


def confusion_figure(evaluated: EvaluatedTable, title: str) -> Figure:
    """Draw the confusion matrix twice: counts, and shares of each true section."""
    answers = evaluated.probabilities.argmax(axis=1)
    counts = confusion_matrix(evaluated.target, answers, labels=range(len(evaluated.sections)))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(13, 6), layout="constrained")
    figure.suptitle(title)
    axes = figure.subplots(1, 2)
    for axis, values, name, form in zip(
        axes, (counts, shares), ("headlines", "share of the true section"), ("{:,}", "{:.2f}"), strict=True
    ):
        axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        _name_axes(axis, evaluated.sections)
        axis.set_title(name)
        for row, column in np.ndindex(values.shape):
            axis.text(
                column, row, form.format(values[row, column]), ha="center", va="center", fontsize=9,
                color="white" if shares[row, column] > 0.5 else "black",
            )  # fmt: skip
    return figure


def _name_axes(axis: Any, sections: Sequence[str]) -> None:
    names = [_short(section) for section in sections]
    axis.set_xticks(range(len(names)), names)
    axis.set_yticks(range(len(names)), names)
    axis.set_xlabel("predicted")
    axis.set_ylabel("true")


def reliability_figure(evaluated: EvaluatedTable, title: str) -> Figure:
    """Draw accuracy against stated probability; on the diagonal a probability means what it says."""
    confidence, accuracy, count = reliability(evaluated.probabilities, evaluated.target)
    seen = count > 0
    figure = Figure(figsize=(6, 6.5), layout="constrained")
    upper, lower = figure.subplots(2, 1, height_ratios=[3, 1], sharex=True)
    upper.plot([0, 1], [0, 1], color="grey", linestyle=":", label="perfect")
    upper.plot(confidence[seen], accuracy[seen], marker="o", label=f"model (ECE {evaluated.evaluation.ece:.3f})")
    upper.set(ylabel="share that was right", xlim=(0, 1), ylim=(0, 1), title=title)
    upper.legend(loc="upper left")
    lower.bar(confidence[seen], count[seen], width=0.04)
    lower.set(xlabel="stated probability", ylabel="headlines")
    return figure


def risk_coverage_figure(evaluated: EvaluatedTable, title: str) -> Figure:
    """Draw the share of wrong answers against the share of headlines answered, the surest first.

    El-Yaniv & Wiener 2010, "On the Foundations of Noise-free Selective Classification".
    """
    order = np.argsort(-evaluated.probabilities.max(axis=1), kind="stable")
    number = np.arange(1, len(order) + 1)
    risk = np.cumsum((evaluated.probabilities.argmax(axis=1) != evaluated.target)[order]) / number
    figure = Figure(figsize=(6, 4.5), layout="constrained")
    axis = figure.subplots()
    axis.plot(number / len(order), risk)
    axis.set(xlabel="share of headlines answered, the surest first", ylabel="share of answers that are wrong")
    axis.set(xlim=(0, 1), ylim=(0, None), title=title)
    axis.grid(alpha=0.3)
    return figure


def sections_figure(evaluated: EvaluatedTable, title: str) -> Figure:
    """Draw precision, recall and F1 of every section as bars."""
    figures = evaluated.evaluation.per_section
    names = list(figures)
    position = np.arange(len(names))
    figure = Figure(figsize=(9, 4.5), layout="constrained")
    axis = figure.subplots()
    for offset, measure in enumerate(("precision", "recall", "f1")):
        axis.bar(position + (offset - 1) * 0.27, [figures[name][measure] for name in names], 0.25, label=measure)
    axis.set_xticks(position, [f"{_short(name)}\n{figures[name]['support']:,}" for name in names])
    axis.set(ylim=(0, 1), title=title)
    axis.grid(axis="y", alpha=0.3)
    axis.legend(loc="lower right", ncols=3)
    return figure


def features_figure(features: Mapping[str, Sequence[tuple[str, str, float]]], title: str) -> Figure:
    """Draw the features that weigh most for each section; a middle dot is the edge of a word."""
    columns = 4
    rows = -(-len(features) // columns)
    figure = Figure(figsize=(3.2 * columns, 3.4 * rows), layout="constrained")
    figure.suptitle(title)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes[len(features) :]:
        axis.set_axis_off()
    for axis, (section, found) in zip(axes, features.items(), strict=False):
        position = np.arange(len(found))
        axis.barh(position, [weight for _, _, weight in found], color="tab:blue")
        axis.set_yticks(position, [_short(text) for text, _, _ in found])
        axis.invert_yaxis()
        axis.set_title(_short(section))
    return figure


def learning_curve_figure(curve: Sequence[tuple[int, float]], title: str) -> Figure:
    """Draw macro-F1 on one held-out fold against the number of training rows."""
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axis = figure.subplots()
    axis.plot([rows for rows, _ in curve], [f1 for _, f1 in curve], marker="o")
    for rows, f1 in curve:
        axis.annotate(f"{f1:.3f}", (rows, f1), textcoords="offset points", xytext=(0, -14), ha="center", fontsize=9)
    axis.set_xscale("log")
    axis.set_xticks([rows for rows, _ in curve], [f"{rows:,}" for rows, _ in curve])
    axis.minorticks_off()
    axis.set(xlabel="training rows", ylabel="macro-F1", title=title)
    axis.margins(0.1, 0.25)
    axis.grid(alpha=0.3)
    return figure
