"""The verb serve."""

from __future__ import annotations

from typing import Annotated

import typer

from classifier.cli.common import Host, Model, Port, Tier, check_tier


def serve(
    model: Model = None,
    tier: Tier = None,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Annotated[int, typer.Option(min=1, help="Processes; they share the memory of the model.")] = 1,
    max_body: Annotated[int, typer.Option(min=1, help="Bytes of a request at most.")] = 2_000_000,
    max_headlines: Annotated[int, typer.Option(min=1, help="Headlines of a request at most.")] = 1_000,
    log_headlines: Annotated[
        bool, typer.Option("--log-headlines", help="Log every headline with its section; nothing is logged otherwise.")
    ] = False,
) -> None:
    """Answer over HTTP, with a page for people at /, until Ctrl-C."""
    from classifier.server.run import serve as run
    from classifier.server.settings import Settings

    check_tier(tier)
    settings = Settings(model, tier, max_body, max_headlines, log_headlines=log_headlines)
    typer.echo(f"http://{host}:{port} (Ctrl-C stops it)", err=True)
    run(settings, host, port, workers)
