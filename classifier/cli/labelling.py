"""The verb label."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from classifier.cli.common import INPUT, OUTPUT, Host, Model, Port, Table, path_option

_OUTPUT_HELP = "The table of labels, .tsv. If it is there already, labelling goes on where it stopped."
_QUEUE_HELP = "Write the queue for a spreadsheet (.csv, .xlsx) instead of opening the page."
_TAKE_HELP = "Read the sections that a person filled into the file of --queue, and add them to --output."


def label(
    table: Table,
    output: Annotated[Path, path_option(OUTPUT, "--output", _OUTPUT_HELP)] = Path("labels.tsv"),
    budget: Annotated[int, typer.Option(min=1, help="How many headlines to label at most.")] = 200,
    model: Model = None,
    errors: Annotated[
        bool, typer.Option("--errors", help="Give half of the budget to likely label errors of the table.")
    ] = False,
    queue: Annotated[Path | None, path_option(OUTPUT, "--queue", _QUEUE_HELP)] = None,
    take: Annotated[Path | None, path_option(INPUT, "--take", _TAKE_HELP)] = None,
    host: Host = "127.0.0.1",
    port: Port = 8001,
) -> None:
    """Choose the headlines from which a model learns most, and label them on a local page."""
    from classifier.curation.corrections import Corrections, read_queue, write_queue
    from classifier.extras import need

    if take is not None:
        taken = read_queue(take, Corrections(output))
        typer.echo(f"{take}: {taken:,} new labels in {output}", err=True)
        return
    need("serve", "the labelling page")
    from classifier.server.labelling import open_session, run_labelling

    session = open_session(table, output, model, budget, errors=errors)
    count = f"{len(session.items):,} headlines"
    if queue is not None:
        write_queue(session.items, queue)
        typer.echo(
            f"{queue}: {count}. Fill its column section, then: classifier label {table} --take {queue}", err=True
        )
        return
    typer.echo(f"http://{host}:{port}: {count} to label into {output} (Ctrl-C ends)", err=True)
    run_labelling(session, host, port)
