"""Verbs about reliability: calibrate, drift."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from classifier import verbs
from classifier.cli.common import MODEL, OUTPUT, Model, Table, option, path_option, show_line, show_table, text_option

if TYPE_CHECKING:
    from classifier.evaluation.drift import Drift

_REFERENCE_HELP = "The table to compare with, such as last month's. Default: what the model was trained on."
_THRESHOLD_HELP = "The distance, from 0 to 1, above which it is drift and the exit status is 1. Default: 0.1."


def calibrate(table: Table, model: Model = None) -> None:
    """Fit a model's probabilities to a publisher's labelled headlines (some 200), and register the new version."""
    done = verbs.calibrate(table, model)
    gain = done.gain
    rows = {"ECE (bins of equal count)": gain.ece, "log-loss": gain.log_loss, "macro-F1": gain.macro_f1}
    show_table(
        f"{table}: {gain.rows:,} headlines, cross-validated",
        ("", ">before", ">after"),
        [(name, f"{before:.4f}", f"{after:.4f}") for name, (before, after) in rows.items()],
    )
    lower = gain.log_loss[0] - gain.log_loss[1]
    show_line(f"log-loss lower by {lower:.4f}, 95% interval {gain.low:+.4f} to {gain.high:+.4f}")
    show_line(f"{done.name} version {done.version} in {done.folder}/; `classifier models promote {done.version}`")


def drift(
    table: Table,
    reference: Annotated[str | None, text_option(None, "--reference", _REFERENCE_HELP, metavar="TABLE")] = None,
    model: Model = None,
    threshold: Annotated[float | None, option(MODEL, "--threshold", _THRESHOLD_HELP, min=0.0, max=1.0)] = None,
    output: Annotated[Path | None, path_option(OUTPUT, "--output", "Write the report, HTML, to this file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    track: Annotated[bool, typer.Option("--track", help="Log the report and its figures to MLflow too.")] = False,
) -> None:
    """Measure whether a table's headlines have moved away from what the model learned; no labels are needed."""
    found = verbs.drift(table, model, reference=reference, threshold=threshold)
    against = reference or "the training rows"
    if as_json:
        typer.echo(json.dumps({"table": table, "reference": reference, **found.to_dict()}, ensure_ascii=False))
    else:
        _print_drift(f"{table} ({found.rows:,} headlines) against {against}", found)
    if output is not None or track:
        _write_report(found, table, against, output, track)
    if found.drifted:
        raise typer.Exit(1)


def _print_drift(title: str, found: Drift) -> None:
    rows = [
        (d.name, f"{d.value:.3f}", f"{d.bound:.3f}", "yes" if d.name in found.drifted else "") for d in found.distances
    ]
    show_table(title, ("distance", ">value", ">by chance below", "drift"), rows)
    show_line(f"mean confidence {found.mean_confidence:.3f}")
    if found.estimated_accuracy is not None:
        show_line(
            f"accuracy, estimated without labels: {found.estimated_accuracy:.3f} (of the training rows, out of fold: "
            f"{found.reference_accuracy:.3f})"
        )


def _write_report(found: Drift, table: str, against: str, output: Path | None, track: bool) -> None:
    from classifier.evaluation.drift_report import render_drift
    from classifier.storage import replacing

    page = render_drift(found, table, against)
    if output is not None:
        with replacing(output) as part:
            part.write_text(page, encoding="utf-8")
        typer.echo(f"{output}", err=True)
    if track:
        from classifier.tracking.runs import log_report

        figures = {d.name: d.value for d in found.distances} | {"mean confidence": found.mean_confidence}
        run = log_report("Drift", f"drift of {table}", {"table": table}, figures, {"drift.html": page})
        typer.echo(f"logged to MLflow as run {run}", err=True)
