"""The verbs of ``classifier models``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from classifier.cli.common import show_table, user_path
from classifier.paths import REGISTERED_MODEL

app = typer.Typer(help="The registered versions of the model.", no_args_is_help=True)


@app.command("list")
def models_list(name: Annotated[str, typer.Option(help="The registered model.")] = REGISTERED_MODEL) -> None:
    """List the versions, newest first."""
    import time

    from classifier.tracking.registry import registered_models, versions

    found = versions(name)
    if not found:
        others = ", ".join(other for other in registered_models() if other != name)
        advice = f"The store has versions of: {others}. Add --name NAME." if others else "`classifier train` makes one."
        typer.echo(f"{name} has no versions. {advice}", err=True)
        return
    rows = []
    for v in found:
        created = time.strftime("%Y-%m-%d %H:%M", time.localtime(v.created))
        facts = [v.tags.get(key, "") for key in ("experiment", "macro_f1", "test_table", "size_mb", "fingerprint")]
        rows.append((str(v.number), ", ".join(v.aliases), created, *facts[:-1], facts[-1][:12]))
    columns = ("version", "aliases", "created", "experiment", "macro-F1", "test table", "MB", "fingerprint")
    show_table(name, columns, rows)


@app.command("show")
def models_show(
    version: Annotated[int, typer.Argument(min=1)],
    name: Annotated[str, typer.Option(help="The registered model.")] = REGISTERED_MODEL,
) -> None:
    """Show one version: its tags and its model card."""
    from classifier.tracking.registry import find_version

    found = find_version(version, name)
    typer.echo(f"{name} version {found.number}  {', '.join(found.aliases)}")
    for key, value in sorted(found.tags.items()):
        typer.echo(f"{key}\t{value}")
    typer.echo(f"\n{found.description}")


@app.command("promote")
def models_promote(
    version: Annotated[int, typer.Argument(min=1)],
    name: Annotated[str, typer.Option(help="The registered model.")] = REGISTERED_MODEL,
    reason: Annotated[str, typer.Option(help="Kept as a tag of the version.")] = "promoted by hand",
) -> None:
    """Make a version the champion."""
    from classifier.tracking.registry import promote

    promote(version, name, reason=reason)
    typer.echo(f"{name} version {version} is the champion", err=True)


@app.command("pull")
def models_pull() -> None:
    """Make models/champion the champion of the store, which may have been promoted on another machine."""
    from classifier.paths import champion_folder
    from classifier.tracking.download import pull_champion

    champion = pull_champion()
    typer.echo(f"{champion_folder()} holds {champion.about['name']} version {champion.about['version']}", err=True)


@app.command("register")
def models_register(
    folder: Annotated[Path, typer.Argument(parser=user_path, metavar="FOLDER", help="The folder of a model.")],
) -> None:
    """Register the model of a training whose store went away before it was registered."""
    from classifier.tracking.registry import register_later

    name, version = register_later(folder)
    typer.echo(
        f"{name} version {version} is registered. `classifier models promote {version}` makes it the champion", err=True
    )


@app.command("prune")
def models_prune(
    name: Annotated[str, typer.Option(help="The registered model.")] = REGISTERED_MODEL,
    keep: Annotated[int, typer.Option(min=0, help="How many of the newest versions stay, besides the champion.")] = 3,
    yes: Annotated[bool, typer.Option("--yes", help="Delete without asking.")] = False,
) -> None:
    """Delete old versions without an alias, and the runs that only they need."""
    from classifier.tracking.prune import find_prunable, prune

    found = find_prunable(name, keep=keep)
    for version in found.versions:
        typer.echo(
            f"version {version.number}\t{version.tags.get('experiment', '')}\t{version.tags.get('macro_f1', '')}"
        )
    runs = f"{len(found.searches)} trainings' runs and {len(found.candidates)} candidates' runs"
    typer.echo(f"{len(found.versions)} versions, {runs} may go: {found.megabytes:.1f} MB", err=True)
    if not found.folders and not found.versions:
        return
    if not yes and not typer.confirm("Delete them?", err=True):
        raise typer.Exit(1)
    prune(found)
    typer.echo("deleted", err=True)


@app.command("repair")
def models_repair() -> None:
    """Mend the store's addresses of artefacts after the folder was moved or copied."""
    from classifier.tracking.store import repair

    typer.echo(f"{repair(copied=True)} addresses mended", err=True)


@app.command("rollback")
def models_rollback(
    name: Annotated[str, typer.Option(help="The registered model.")] = REGISTERED_MODEL,
) -> None:
    """Make the previous champion the champion again."""
    from classifier.tracking.registry import rollback

    version = rollback(name)
    typer.echo(f"{name} version {version} is the champion again", err=True)
