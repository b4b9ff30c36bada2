"""`python -m docs.write_cli`: writes docs/cli.md, the manual of the command line, from its code.

What is written is never edited by hand; a test compares it with the commands that exist.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, Final

import typer

from everyshelf.edge.cli import app

PAGE: Final = Path(__file__).parent / "cli.md"
NOTE: Final = "<!-- Written by `python -m docs.write_cli`; edit the code, not this file. -->"
INTRODUCTION: Final = (
    "A refusal is told on stderr as `code: detail`, with exit status 2; [errors](errors.md) lists "
    "the codes. Every command takes `--help`."
)
MARKUP: Final = re.compile(r"\[/?[a-z]*\]")


def commands() -> dict[str, Any]:
    """Every command by its full name, with its parameters."""
    found: list[tuple[str, Any]] = [("everyshelf", typer.main.get_command(app))]
    for name, command in found:  # Grows while it is read: a group is followed by its commands.
        below = getattr(command, "commands", {})
        found.extend((f"{name} {n}", c) for n, c in below.items() if not c.hidden)
    return {name: c for name, c in found if not hasattr(c, "commands")}


def options(command: Any) -> set[str]:
    """The options that a command takes, long and short."""
    return {
        name
        for one in command.params
        if one.param_type_name == "option"
        for name in (*one.opts, *one.secondary_opts)
    } | {"--help", "-h"}


def page() -> str:
    """The whole page."""
    parts = ["# Command line", NOTE, INTRODUCTION]
    for name, command in commands().items():
        parts += _section(name, command)
    return "\n\n".join(parts) + "\n"


def _section(name: str, command: Any) -> Iterator[str]:
    yield f"## {name}"
    words, _, example = (command.help or "").partition("Example:")
    yield MARKUP.sub("", words).strip()
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    asked = "".join(f" {one.name.upper()}" for one in arguments)
    yield f"```text\n{name}{asked} [OPTIONS]\n```"
    if command.params:
        rows = [_row(one) for one in command.params]
        yield "\n".join(["| parameter | meaning |", "| --- | --- |", *rows])
    if example:
        yield f"Example: `{' '.join(example.split())}`"


def _row(one: Any) -> str:
    kind = one.type_descriptor.annotation
    if one.param_type_name == "argument":
        name = one.name.upper()
    else:
        name = ", ".join((*one.opts, *one.secondary_opts))
        name += "" if one.is_flag else f" {kind.__name__.upper()}"
    words = " ".join((one.help or "").split())
    if issubclass(kind, Enum):
        words += f" One of {', '.join(kind)}."
    return f"| `{name}` | {words}{_usual(one)} |"


def _usual(one: Any) -> str:
    if one.required and one.param_type_name == "option":
        return " Required."
    if one.default in (None, False) or one.param_type_name == "argument":
        return ""
    return f" Else {_word(one.default)}."


def _word(value: object) -> str:
    return {True: "yes"}.get(value, str(value)) if isinstance(value, bool) else f"`{value}`"


if __name__ == "__main__":
    PAGE.write_text(page())
