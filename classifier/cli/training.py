"""Verbs about training: train, evaluate, ui."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from classifier.cli.common import Model, check_tier, console, progress_bar, rows_bar

if TYPE_CHECKING:
    from classifier.training.pipeline import Outcome


def train(
    config: Annotated[Path | None, typer.Argument(help="An experiment's TOML file; default: the sample.")] = None,
    stream: Annotated[
        bool, typer.Option("--stream", help="Fit the fast tier alone, from tables larger than memory; no search.")
    ] = False,
) -> None:
    """Search, refit the best, test it once, register it, and promote it if it beats the champion."""
    if stream:
        _train_stream(config)
        return
    from classifier.paths import default_experiment
    from classifier.training.pipeline import train as run
    from classifier.training.reports.results import write_result

    path = config or default_experiment()
    try:
        with progress_bar("candidates") as advance:
            outcome = run(path, progress=advance)
    except KeyboardInterrupt:
        typer.echo("classifier: interrupted; finished candidates are kept, run it again to go on", err=True)
        raise typer.Exit(130) from None
    results = path.parent / "results"
    if results.is_dir():
        write_result(outcome, results)
    _print_leaderboard(outcome)
    if not outcome.gate_passed:
        raise typer.Exit(1)


def _train_stream(config: Path | None) -> None:
    from classifier.paths import default_experiment
    from classifier.training.out_of_core.pipeline import train_stream

    try:
        with rows_bar("reading, then learning") as advance:
            outcome = train_stream(config or default_experiment(), reading=advance, learning=advance)
    except KeyboardInterrupt:
        typer.echo("classifier: interrupted; nothing is kept", err=True)
        raise typer.Exit(130) from None
    test = outcome.test
    out = console()
    out.print(f"{outcome.rows:,} rows, {outcome.learned:,} learned from", soft_wrap=True)
    out.print(
        f"the fast tier on the test table ({test.n:,} headlines, read once): macro-F1 {test.macro_f1:.4f}, "
        f"accuracy {test.accuracy:.4f}, log-loss {test.log_loss:.4f}, ECE {test.ece:.4f}",
        soft_wrap=True,
    )
    name = outcome.config.experiment.registered_model
    out.print(f"{name} version {outcome.version} in {outcome.folder}/: {outcome.verdict}", soft_wrap=True)
    if not outcome.gate_passed:
        raise typer.Exit(1)


def _print_leaderboard(outcome: Outcome) -> None:
    from rich.table import Table

    table = Table(title=f"{outcome.config.name}: cross-validated on the training rows")
    for column in ("candidate", "macro-F1", "±", "accuracy", "log-loss", "ECE", "fit s", "headlines/s"):
        table.add_column(column, justify="left" if column == "candidate" else "right")
    for result, throughput in outcome.leaderboard:
        e = result.evaluation
        table.add_row(
            result.candidate.name, f"{e.macro_f1:.4f}", f"{result.macro_f1_std:.4f}", f"{e.accuracy:.4f}",
            f"{e.log_loss:.4f}", f"{e.ece:.4f}", f"{result.fit_seconds:.1f}", f"{throughput:,.0f}",
        )  # fmt: skip
    out = console()
    out.print(table)
    test = outcome.test
    name = outcome.config.experiment.registered_model
    out.print(
        f"winner on the test table ({test.n:,} headlines, read once): macro-F1 {test.macro_f1:.4f}, "
        f"accuracy {test.accuracy:.4f}, log-loss {test.log_loss:.4f}, ECE {test.ece:.4f}",
        soft_wrap=True,
    )
    for tier, figures in outcome.tiers.items():
        share = f", in which the fast tier answers {figures['answered_by_fast']:.0%}" if tier == "cascade" else ""
        out.print(f"{tier} tier: macro-F1 {figures['macro_f1']:.4f}{share}", soft_wrap=True)
    out.print(f"{name} version {outcome.version} in {outcome.folder}/: {outcome.verdict}", soft_wrap=True)


def evaluate(
    table: Annotated[str, typer.Argument(help="A headline table, or a dataset's name such as ynat:dev.")],
    model: Model = None,
    tier: Annotated[
        str | None,
        typer.Option(help="Which tier to measure: fast, accurate or cascade. Default: accurate, if the model has it."),
    ] = None,
    against: Annotated[str | None, typer.Option(help="Another model, to compare with on the same table.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say how good a model is on a table, or whether it is better than another.

    Without --tier it is the accurate tier, which training tests and the registry compares.
    """
    from dataclasses import asdict

    from classifier.corpus.datasets import load_corpus
    from classifier.evaluation.compare import compare, differing
    from classifier.evaluation.metrics import evaluate
    from classifier.prediction.classifier import Classifier

    check_tier(tier)

    def load(source: str | None) -> Classifier:
        found = Classifier.load(source, tier)
        return found if tier is not None or found.tier == "fast" else Classifier(found.model, "accurate")

    clf = load(model)
    rival = load(against) if against is not None else None
    rows = load_corpus(table)
    evaluated = evaluate(clf.scorer, rows)
    report = evaluated.evaluation.to_dict() | {"model": clf.about() | {"tier": clf.tier}}
    if rival is not None:
        other = evaluate(rival.scorer, rows)
        difference = compare(evaluated, other)
        report |= {
            "against": other.evaluation.to_dict() | {"model": rival.about() | {"tier": rival.tier}},
            "difference": asdict(difference) | {"significant": difference.significant},
            "differing": differing(evaluated, other, rows),
        }
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False))
    else:
        _print_evaluation(table, report)


def _print_evaluation(table: str, report: dict[str, Any]) -> None:
    from rich.table import Table

    out = console()
    shown = Table(title=f"{report['model']['name']} ({report['model']['tier']}) on {table}: {report['n']:,} headlines")
    for column in ("section", "precision", "recall", "F1", "support"):
        shown.add_column(column, justify="left" if column == "section" else "right")
    for name, f in report["per_section"].items():
        shown.add_row(name, f"{f['precision']:.3f}", f"{f['recall']:.3f}", f"{f['f1']:.3f}", f"{f['support']:,}")
    out.print(shown)

    def figures(of: dict[str, Any]) -> str:
        return (
            f"macro-F1 {of['macro_f1']:.4f}  accuracy {of['accuracy']:.4f}  "
            f"log-loss {of['log_loss']:.4f}  ECE {of['ece']:.4f}"
        )

    out.print(figures(report))
    if "against" not in report:
        return
    d = report["difference"]
    out.print(f"{figures(report['against'])}  (the other)")
    out.print(
        f"difference in macro-F1 {d['macro_f1']:+.4f}, 95% interval {d['low']:+.4f} to {d['high']:+.4f}: "
        + ("beyond chance" if d["significant"] else "within chance")
    )
    differ = report["differing"]
    rows = Table(title=f"{len(differ):,} headlines are answered differently" + ("; the first 20" * (len(differ) > 20)))
    for column in ("headline", "section", "model", "the other"):
        rows.add_column(column)
    for row in differ[:20]:
        rows.add_row(*row.values())
    out.print(rows)


def ui(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; the next free one is taken if it is not free.")] = 5000,
) -> None:
    """Open the MLflow UI on the project's store until Ctrl-C."""
    from classifier.tracking.ui import serve_ui

    raise typer.Exit(serve_ui(host, port))
