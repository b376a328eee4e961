"""The command line: thin verbs that parse, call one function and print.

Data goes to stdout, progress and logs to stderr. Exit status: 0 done, 1 done but a gate failed,
2 the call or the data was wrong.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from classifier import __version__
from classifier.errors import ClassifierError
from classifier.places import REGISTERED_MODEL

if TYPE_CHECKING:
    from rich.console import Console

    from classifier.training.train import Outcome, Progress

app = typer.Typer(
    help="Says which section a Korean news headline belongs to.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
models_app = typer.Typer(help="The registered versions of the model.", no_args_is_help=True)
app.add_typer(models_app, name="models")

#: MLflow reads these when it is imported: no telemetry, and none of its own lines between ours.
MLFLOW_SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}

Model = Annotated[
    str | None,
    typer.Option("--model", "-m", help="A folder (models/ynat) or models:/name@alias; default: the champion."),
]


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"classifier {__version__}")
        raise typer.Exit


@app.callback()
def root(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more on stderr.")] = False,
    version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True)] = False,
) -> None:
    """Set up logging: the command line is the only place that does."""
    logging.basicConfig(stream=sys.stderr, format="%(message)s", level=logging.WARNING)
    logging.getLogger("classifier").setLevel(logging.DEBUG if verbose else logging.INFO)


@app.command()
def train(
    config: Annotated[Path | None, typer.Argument(help="An experiment's TOML file; default: the sample.")] = None,
) -> None:
    """Search, refit the best, test it once, register it, and promote it if it beats the champion."""
    from classifier.places import default_experiment
    from classifier.training.train import train as run
    from classifier.training.train import write_result

    path = config or default_experiment()
    try:
        with _progress("candidates") as advance:
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


@contextmanager
def _progress(what: str) -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("left"),
        TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


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
    console = _console()
    console.print(table)
    test = outcome.test
    name = outcome.config.experiment.registered_model
    console.print(
        f"winner on the test table ({test.n:,} headlines, read once): macro-F1 {test.macro_f1:.4f}, "
        f"accuracy {test.accuracy:.4f}, log-loss {test.log_loss:.4f}, ECE {test.ece:.4f}",
        soft_wrap=True,
    )
    console.print(f"{name} version {outcome.version} in {outcome.folder}/: {outcome.verdict}", soft_wrap=True)


@app.command()
def evaluate(
    table: Annotated[str, typer.Argument(help="A headline table, or a dataset's name such as ynat:dev.")],
    model: Model = None,
    against: Annotated[str | None, typer.Option(help="Another model, to compare with on the same table.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say how good a model is on a table, or whether it is better than another."""
    from dataclasses import asdict

    from classifier.corpus.datasets import load_corpus
    from classifier.prediction.classifier import Classifier
    from classifier.training.evaluation import compare, differing, judge

    clf = Classifier.load(model)
    rival = Classifier.load(against) if against is not None else None
    rows = load_corpus(table)
    judged = judge(clf.model, rows)
    report = judged.evaluation.to_dict() | {"model": clf.about()}
    if rival is not None:
        other = judge(rival.model, rows)
        difference = compare(judged, other)
        report |= {
            "against": other.evaluation.to_dict() | {"model": rival.about()},
            "difference": asdict(difference) | {"significant": difference.significant},
            "differing": differing(judged, other, rows),
        }
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False))
    else:
        _print_evaluation(table, report)


def _print_evaluation(table: str, report: dict[str, Any]) -> None:
    from rich.table import Table

    console = _console()
    shown = Table(title=f"{report['model']['name']} on {table}: {report['n']:,} headlines")
    for column in ("section", "precision", "recall", "F1", "support"):
        shown.add_column(column, justify="left" if column == "section" else "right")
    for name, f in report["per_section"].items():
        shown.add_row(name, f"{f['precision']:.3f}", f"{f['recall']:.3f}", f"{f['f1']:.3f}", f"{f['support']:,}")
    console.print(shown)

    def figures(of: dict[str, Any]) -> str:
        return (
            f"macro-F1 {of['macro_f1']:.4f}  accuracy {of['accuracy']:.4f}  "
            f"log-loss {of['log_loss']:.4f}  ECE {of['ece']:.4f}"
        )

    console.print(figures(report))
    if "against" not in report:
        return
    d = report["difference"]
    console.print(f"{figures(report['against'])}  (the other)")
    console.print(
        f"difference in macro-F1 {d['macro_f1']:+.4f}, 95% interval {d['low']:+.4f} to {d['high']:+.4f}: "
        + ("beyond chance" if d["significant"] else "within chance")
    )
    differ = report["differing"]
    rows = Table(title=f"{len(differ):,} headlines are answered differently" + ("; the first 20" * (len(differ) > 20)))
    for column in ("headline", "section", "model", "the other"):
        rows.add_column(column)
    for row in differ[:20]:
        rows.add_row(*row.values())
    console.print(rows)


def _console() -> Console:
    """Return a console on stdout, wide enough for its tables where stdout is no terminal."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 140, highlight=False)


@app.command()
def predict(
    headlines: Annotated[list[str] | None, typer.Argument(metavar="HEADLINE ...", help="Headlines.")] = None,
    source: Annotated[
        str | None, typer.Option("--input", help="A text file of headlines, one a line, or - for stdin.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Write there instead of to stdout.")] = None,
    model: Model = None,
    top: Annotated[int, typer.Option(min=1, help="How many sections to show for each headline.")] = 1,
    style: Annotated[
        str | None, typer.Option("--format", help="table, jsonl or tsv; default: table on a terminal, else jsonl.")
    ] = None,
) -> None:
    """Say which section each headline belongs to."""
    from classifier.corpus.tables import decode_lines, read_bytes
    from classifier.prediction.classifier import Classifier
    from classifier.prediction.formats import FORMATS, write_predictions

    if bool(headlines) == (source is not None):
        raise typer.BadParameter("give headlines, or --input FILE, or --input - for stdin")
    chosen = style or ("table" if output is None and sys.stdout.isatty() else "jsonl")
    if chosen not in FORMATS:
        raise typer.BadParameter(f"{chosen!r} is none of {', '.join(FORMATS)}", param_hint="--format")
    if source == "-":
        headlines = decode_lines(sys.stdin.buffer.read(), "standard input")
    elif source is not None:
        headlines = decode_lines(read_bytes(Path(source)), source)
    predictions = Classifier.load(model).predict(headlines or [])
    if output is None:
        try:
            write_predictions(predictions, sys.stdout, chosen, top)
            sys.stdout.flush()
        except BrokenPipeError:  # the reader has left, as `head` does: nothing more to say
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    else:
        with output.open("w", encoding="utf-8") as stream:
            write_predictions(predictions, stream, chosen, top)


@app.command()
def explain(
    headline: Annotated[str, typer.Argument(metavar="HEADLINE", help="A headline.")],
    model: Model = None,
    section: Annotated[str | None, typer.Option(help="Explain this section instead of the predicted one.")] = None,
    top: Annotated[int, typer.Option(min=1, help="How many words to show.")] = 10,
) -> None:
    """Show which words speak for the section, and which against it."""
    from rich.table import Table

    from classifier.prediction.classifier import Classifier

    clf = Classifier.load(model)
    prediction = clf.predict([headline])[0]
    chosen = section or next(iter(prediction.probabilities))
    if chosen not in clf.sections:
        raise typer.BadParameter(f"{chosen!r} is none of {', '.join(clf.sections)}", param_hint="--section")
    contributions = clf.explain(headline, top=top, section=chosen)
    table = Table(title=f"{chosen} {prediction.probabilities[chosen]:.1%}")
    table.add_column("word")
    table.add_column("weight", justify="right")
    for contribution in contributions:
        table.add_row(contribution.text, f"{contribution.weight:+.2f}")
    table.add_section()
    table.add_row("score", f"{sum(c.weight for c in contributions):+.2f}")
    _console().print(table)


@app.command()
def fetch(
    dataset: Annotated[str | None, typer.Argument(help="A dataset's name.")] = None,
    list_all: Annotated[bool, typer.Option("--list", help="List the datasets.")] = False,
) -> None:
    """Bring an openly licensed corpus into the data home, verified."""
    from classifier.corpus.datasets import datasets
    from classifier.corpus.datasets import fetch as run

    known = datasets()
    if list_all or dataset is None:
        for entry in known.values():
            splits = f" (splits: {', '.join(entry.splits)})" if entry.splits else ""
            typer.echo(f"{entry.name}\t{entry.licence}\t{entry.title}{splits}")
        return
    if dataset not in known:
        raise typer.BadParameter(f"{dataset!r} is none of {', '.join(known)}", param_hint="DATASET")
    for path in run(known[dataset]):
        typer.echo(path)


@models_app.command("list")
def models_list(name: Annotated[str, typer.Option(help="The registered model.")] = REGISTERED_MODEL) -> None:
    """List the versions, newest first."""
    import time

    from rich.table import Table

    from classifier.training.registry import versions

    table = Table(title=name)
    for column in ("version", "aliases", "created", "experiment", "macro-F1", "test table", "MB", "fingerprint"):
        table.add_column(column)
    for v in versions(name):
        created = time.strftime("%Y-%m-%d %H:%M", time.localtime(v.created))
        facts = [v.tags.get(key, "") for key in ("experiment", "macro_f1", "test_table", "size_mb", "fingerprint")]
        table.add_row(str(v.number), ", ".join(v.aliases), created, *facts[:-1], facts[-1][:12])
    _console().print(table)


@models_app.command("show")
def models_show(
    version: Annotated[int, typer.Argument(min=1)],
    name: Annotated[str, typer.Option(help="The registered model.")] = REGISTERED_MODEL,
) -> None:
    """Show one version: its tags and its model card."""
    from classifier.training.registry import find_version

    found = find_version(version, name)
    typer.echo(f"{name} version {found.number}  {', '.join(found.aliases)}")
    for key, value in sorted(found.tags.items()):
        typer.echo(f"{key}\t{value}")
    typer.echo(f"\n{found.description}")


@models_app.command("promote")
def models_promote(
    version: Annotated[int, typer.Argument(min=1)],
    name: Annotated[str, typer.Option(help="The registered model.")] = REGISTERED_MODEL,
    reason: Annotated[str, typer.Option(help="Kept as a tag of the version.")] = "promoted by hand",
) -> None:
    """Make a version the champion."""
    from classifier.training.registry import promote

    promote(version, name, reason=reason)
    typer.echo(f"{name} version {version} is the champion", err=True)


@models_app.command("rollback")
def models_rollback(
    name: Annotated[str, typer.Option(help="The registered model.")] = REGISTERED_MODEL,
) -> None:
    """Make the previous champion the champion again."""
    from classifier.training.registry import rollback

    version = rollback(name)
    typer.echo(f"{name} version {version} is the champion again", err=True)


@app.command()
def ui(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; the next free one is taken if it is not free.")] = 5000,
) -> None:
    """Open the MLflow UI on the project's store until Ctrl-C."""
    from classifier.training.ui import serve_ui

    raise typer.Exit(serve_ui(host, port))


def _fail(message: str) -> NoReturn:
    typer.echo(f"classifier: {message}", err=True)
    sys.exit(2)


def main() -> None:
    """Run the command line and turn the project's errors into one clear line and a status."""
    for name, value in MLFLOW_SETTINGS.items():
        os.environ.setdefault(name, value)
    try:
        app()
    except ClassifierError as error:
        _fail(str(error))
