"""The command line: thin verbs that parse, call one function and print.

Data goes to stdout, progress and logs to stderr. Exit status: 0 done, 1 done but a gate failed,
2 the call or the data was wrong.
"""

from __future__ import annotations

import io
import logging
import os
import sys
from typing import Annotated

import typer

from classifier import __version__
from classifier.cli import corpora, labelling, models, prediction, reliability, serving, training
from classifier.errors import ClassifierError

#: MLflow reads these when it is imported: no telemetry, and none of its own lines between ours.
MLFLOW_SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}

app = typer.Typer(
    help="Predict which section a Korean news headline belongs to.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(training.train)
app.command()(training.evaluate)
app.command(cls=prediction.HeadlineCommand)(prediction.predict)
app.command(cls=prediction.HeadlineCommand)(prediction.explain)
for verb in (
    corpora.extract, corpora.audit, corpora.fetch, serving.serve, labelling.label, training.ui,
    reliability.calibrate, reliability.drift,
):  # fmt: skip
    app.command()(verb)
app.add_typer(models.app, name="models")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"classifier {__version__}")
        raise typer.Exit


@app.callback()
def root(
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Log every step to stderr, and errors with their traceback.")
    ] = False,
    version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True)] = False,
) -> None:
    """Set up logging: the command line is the only place that does."""
    logging.basicConfig(stream=sys.stderr, format="%(message)s", level=logging.WARNING)
    logging.getLogger("classifier").setLevel(logging.DEBUG if verbose else logging.INFO)


def _write_utf8() -> None:
    """Write UTF-8 to standard output whatever the system's encoding is, and never fail on a character.

    Korean Windows takes CP949 for a file or a pipe, which cannot hold every headline.
    """
    for stream, encoding in ((sys.stdout, "utf-8"), (sys.stderr, None)):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=encoding, errors="backslashreplace")


def main() -> None:
    """Run the command line and turn the project's errors into one clear line and a status."""
    for name, value in MLFLOW_SETTINGS.items():
        os.environ.setdefault(name, value)
    _write_utf8()
    try:
        app()
    except ClassifierError as error:
        logging.getLogger(__name__).debug("the error's traceback", exc_info=error)
        typer.echo(f"classifier: {error}", err=True)
        sys.exit(2)
