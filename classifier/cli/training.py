"""Verbs about training: train, evaluate, ui."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from classifier.cli.common import (
    FIRST,
    MODEL,
    HeadlineColumn,
    Host,
    Model,
    Names,
    Scheduler,
    SectionColumn,
    Sheet,
    Table,
    check_tier,
    figures,
    option,
    progress_bar,
    rows_bar,
    section_names,
    show_line,
    show_table,
    text_option,
    the_first,
    user_path,
)

if TYPE_CHECKING:
    from classifier.corpus.columns import Columns
    from classifier.corpus.sections import SectionNames
    from classifier.training.publish import Outcome


def train(
    config: Annotated[
        Path | None,
        typer.Argument(parser=user_path, metavar="CONFIG.toml", help="An experiment's TOML file; default: the sample."),
    ] = None,
    add: Annotated[
        list[Path] | None,
        typer.Option(parser=user_path, metavar="TABLE", help="Corrected rows: they replace others and weigh more."),
    ] = None,
    stream: Annotated[
        bool, typer.Option("--stream", help="Fit the fast tier alone, from tables larger than memory; no search.")
    ] = False,
    scheduler: Scheduler = None,
) -> None:
    """Search, fit the best on all rows, test it once, register it, and promote it if it beats the champion."""
    if stream:
        if scheduler:
            raise typer.BadParameter("--scheduler goes with a search; --stream is one pass of one process")
        if add:
            raise typer.BadParameter("--add goes with a search; name the table in data.train", param_hint="--add")
        _train_stream(config)
        return
    from classifier.paths import default_experiment
    from classifier.prediction.cluster import joblib_on
    from classifier.training.pipeline import train as run

    path = config or default_experiment()
    try:
        with joblib_on(scheduler), progress_bar("candidates") as advance:
            outcome = run(path, add=add or (), progress=advance)
    except KeyboardInterrupt:
        typer.echo("classifier: interrupted; finished candidates are kept, run it again to continue", err=True)
        raise typer.Exit(130) from None
    _print_leaderboard(outcome)
    if outcome.unlabelled:
        show_line(outcome.unlabelled)
    _print_outcome("winner", outcome)


def _train_stream(config: Path | None) -> None:
    from classifier.paths import default_experiment
    from classifier.training.out_of_core.pipeline import train_stream

    try:
        with rows_bar("reading, then learning") as advance:
            outcome = train_stream(config or default_experiment(), reading=advance, learning=advance)
    except KeyboardInterrupt:
        typer.echo("classifier: interrupted; nothing is kept", err=True)
        raise typer.Exit(130) from None
    show_line(f"{outcome.rows:,} rows, {outcome.learned:,} learned from")
    _print_outcome("the fast tier", outcome)


def _print_leaderboard(outcome: Outcome) -> None:
    rows = []
    for result, throughput in outcome.leaderboard:
        e = result.evaluation
        rows.append(
            (
                result.candidate.name, f"{e.macro_f1:.4f}", f"{result.macro_f1_std:.4f}", f"{e.accuracy:.4f}",
                f"{e.log_loss:.4f}", f"{e.ece:.4f}", f"{result.fit_seconds:.1f}", f"{throughput:,.0f}",
            )
        )  # fmt: skip
    columns = ("candidate", ">macro-F1", ">±", ">accuracy", ">log-loss", ">ECE", ">fit s", ">headlines/s")
    show_table(f"{outcome.config.name}: cross-validated on the training rows", columns, rows)


def _print_outcome(what: str, outcome: Outcome) -> None:
    """Print the figures on the test table and the verdict; exit with 1 if a gate failed."""
    test, name = outcome.test, outcome.config.experiment.registered_model
    show_line(f"{what} on the test table ({test.n:,} headlines, read once): {figures(test.to_dict())}")
    for tier, of in outcome.tiers.items():
        share = f"; the fast tier answers {of['answered_by_fast']:.0%}" if tier == "cascade" else ""
        show_line(f"{tier} tier: macro-F1 {of['macro_f1']:.4f}{share}")
    show_line(f"{name} version {outcome.version} in {outcome.folder}/: {outcome.verdict}")
    if not outcome.ok:
        raise typer.Exit(1)


_TIER_HELP = "Which tier to measure: fast, accurate or cascade. Default: accurate, if the model has it."
_AGAINST_HELP = "Another model, to compare with on the same table."


def evaluate(
    table: Table,
    model: Model = None,
    tier: Annotated[str | None, option(MODEL, "--tier", _TIER_HELP)] = None,
    against: Annotated[str | None, text_option(MODEL, "--against", _AGAINST_HELP, metavar="MODEL")] = None,
    headline_column: HeadlineColumn = None,
    section_column: SectionColumn = None,
    sheet: Sheet = None,
    names: Names = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure how good a model is on a table, or whether it is better than another.

    Without --tier this is the accurate tier, which training tests and the registry compares.
    """
    from classifier.corpus.columns import Columns

    check_tier(tier)
    columns = Columns(headline_column, section_column, sheet)
    report = _measure(table, model, tier, against, columns, section_names(names))
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False))
    else:
        _print_evaluation(table, report)


def _measure(
    table: str, model: str | None, tier: str | None, against: str | None, columns: Columns, names: SectionNames | None
) -> dict[str, Any]:
    """Return the figures of a model, and with ``against`` its comparison with another, as plain values."""
    from classifier.extras import need

    need("train", "evaluate")
    from classifier.corpus.datasets import load_corpus
    from classifier.corpus.sections import SectionNames
    from classifier.verbs import evaluate as run
    from classifier.verbs import load_to_measure

    clf = load_to_measure(model, tier)
    rows = load_corpus(table, columns=columns, names=replace(names or SectionNames(), known=clf.sections))
    evaluated = run(rows, clf, tier=clf.tier)
    report = evaluated.evaluation.to_dict() | {"model": clf.about() | {"tier": clf.tier}}
    if against is None:
        return report
    from classifier.evaluation.compare import compare, differing

    other = load_to_measure(against, tier)
    compared = run(rows, other, tier=other.tier)
    difference = compare(evaluated, compared)
    return report | {
        "against": compared.evaluation.to_dict() | {"model": other.about() | {"tier": other.tier}},
        "difference": asdict(difference) | {"significant": difference.significant},
        "differing": differing(evaluated, compared, rows),
    }


def _print_evaluation(table: str, report: dict[str, Any]) -> None:
    show_table(
        f"{report['model']['name']} ({report['model']['tier']}) on {table}: {report['n']:,} headlines",
        ("section", ">precision", ">recall", ">F1", ">support"),
        [
            (name, f"{f['precision']:.3f}", f"{f['recall']:.3f}", f"{f['f1']:.3f}", f"{f['support']:,}")
            for name, f in report["per_section"].items()
        ],
    )
    show_line(figures(report))
    if "against" not in report:
        return
    d = report["difference"]
    show_line(f"{figures(report['against'])} (the other model)")
    show_line(
        f"difference in macro-F1 {d['macro_f1']:+.4f}, 95% interval {d['low']:+.4f} to {d['high']:+.4f}: "
        + ("more than chance" if d["significant"] else "within chance")
    )
    differ = report["differing"]
    show_table(
        f"{len(differ):,} headlines are answered differently{the_first(len(differ))}",
        ("headline", "section", "model", "the other"),
        [(row["headline"], row["section"], row["model"], row["against"]) for row in differ[:FIRST]],
    )


def ui(
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; the next free one is taken if it is not free.")] = 5000,
) -> None:
    """Open the MLflow UI on the project's store until Ctrl-C."""
    from classifier.tracking.ui import serve_ui

    raise typer.Exit(serve_ui(host, port))
