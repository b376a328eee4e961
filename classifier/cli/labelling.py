"""The verb label."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from classifier.cli.common import Model


def label(
    table: Annotated[str, typer.Argument(help="Headlines to label: a table, with or without sections.")],
    output: Annotated[Path, typer.Option(help="The table of labels; it grows, and is taken up again.")] = Path(
        "labels.tsv"
    ),
    budget: Annotated[int, typer.Option(min=1, help="How many headlines to label at most.")] = 200,
    model: Model = None,
    errors: Annotated[
        bool, typer.Option("--errors", help="Half of the budget for likely label errors of the table.")
    ] = False,
    queue: Annotated[
        Path | None, typer.Option(help="Write the queue for a spreadsheet (.csv, .xlsx) instead of opening the page.")
    ] = None,
    take: Annotated[
        Path | None, typer.Option(help="Take over the sections that a person filled into the file of --queue.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8001,
) -> None:
    """Label the headlines that are most worth it, on a local page with one key a section."""
    from classifier.curation.corrections import Corrections, read_queue, write_queue
    from classifier.extras import need

    need("train", "labelling")
    if take is not None:
        taken = read_queue(take, Corrections(output))
        typer.echo(f"{take}: {taken:,} labels taken over into {output}", err=True)
        return
    if queue is None:
        need("serve", "the labelling page")
    from classifier.server.labelling import open_session, run_labelling

    session = open_session(table, output, model, budget, errors=errors)
    if queue is not None:
        write_queue(session.items, queue)
        typer.echo(f"{queue}: {len(session.items):,} headlines; fill the column section, then --take {queue}", err=True)
        return
    typer.echo(f"http://{host}:{port}: {len(session.items):,} headlines to label into {output} (Ctrl-C ends)", err=True)
    run_labelling(session, host, port)
