"""Write the reference of the command line from the verbs themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def _describe(parameter: Any) -> tuple[str, str]:
    """Return what is typed for a parameter and what it means."""
    names = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
    if parameter.param_type_name == "argument":
        names = f"`{parameter.metavar or parameter.name.upper()}`"
    text = " ".join((getattr(parameter, "help", "") or "").split())
    default = parameter.default
    if default not in (None, False, (), []) and isinstance(default, str | int | float) and "efault" not in text:
        text = f"{text} Default: `{default}`."
    return names, text.replace("|", r"\|")


def _section(name: str, command: Any, level: str) -> list[str]:
    lines = [f"{level} `classifier {name}`", "", " ".join((command.help or "").split()), ""]
    rows = [_describe(parameter) for parameter in command.params if parameter.name != "help"]
    if rows:
        lines += ["| argument or option | meaning |", "|---|---|", *(f"| {a} | {b} |" for a, b in rows), ""]
    return lines


def write_cli_reference(path: Path) -> None:
    """Write a Markdown page with every verb, its arguments and its options; leave a page that is right alone."""
    import typer.main

    from classifier.cli import app

    lines = [
        "# Command line",
        "",
        "This page is written from the verbs when the documentation is built.",
        "Data goes to stdout, progress and messages to stderr.",
        "Exit status: 0 done, 1 done but a gate failed, 2 the call or the data was wrong.",
        "",
    ]
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for name, command in commands.items():
        lines += _section(name, command, "##")
        for inner, below in getattr(command, "commands", {}).items():
            lines += _section(f"{name} {inner}", below, "###")
    text = "\n".join(lines)
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
