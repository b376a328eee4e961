"""The command line: thin verbs that parse, call one function and print.

Data goes to stdout, progress and logs to stderr. Exit status: 0 done, 1 done but a gate failed,
2 the call or the data was wrong.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import Annotated

import typer

from classifier import __version__
from classifier.cli import corpora, models, prediction, serving, training
from classifier.errors import ClassifierError

#: MLflow reads these when it is imported: no telemetry, and none of its own lines between ours.
MLFLOW_SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}

app = typer.Typer(
    help="Says which section a Korean news headline belongs to.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for verb in (
    training.train, training.evaluate, prediction.predict, prediction.explain, corpora.extract, corpora.audit,
    corpora.fetch,
):  # fmt: skip
    app.command()(verb)
app.add_typer(models.app, name="models")
app.command()(training.ui)
app.command()(serving.serve)


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


def main() -> None:
    """Run the command line and turn the project's errors into one clear line and a status."""
    for name, value in MLFLOW_SETTINGS.items():
        os.environ.setdefault(name, value)
    try:
        app()
    except ClassifierError as error:
        typer.echo(f"classifier: {error}", err=True)
        sys.exit(2)
