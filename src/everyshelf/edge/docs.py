"""`python -m everyshelf.edge.docs`: writes the catalogues of docs/ from the code.

Events with a JSON schema each, error codes, KPIs, settings and commands. What is written here is
never edited by hand; a test compares it with the code.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import typer

import everyshelf
from everyshelf.base.errors import CODES
from everyshelf.base.events import Event, registry
from everyshelf.base.ids import TEXT_LENGTH, Id
from everyshelf.edge import docs_parts
from everyshelf.insight import KPIS
from everyshelf.journey import ROOMS

NOTE: Final = "Written by `python -m everyshelf.edge.docs`; edit the code, not this file."
SCHEMAS: Final = "https://json-schema.org/draft/2020-12/schema"
SETTINGS: Final = {
    "EVERYSHELF_CRASH_AT": "For tests: `name:hit` kills the process at a numbered crash point.",
    "EVERYSHELF_DATABASE_URL": "The PostgreSQL to use (16 or newer); else the embedded one.",
    "EVERYSHELF_HOME": "The folder of the embedded PostgreSQL and its data.",
    "EVERYSHELF_PG_BIN": "The folder with PostgreSQL's programs; else the wheel's, else the "
    "machine's.",
    "EVERYSHELF_SMTP_URL": "The mail server for messages to customers; without it none are sent.",
    "EVERYSHELF_WORTH_HOURS": "How often the worker reckons what units are worth where they are; "
    "without it never.",
    "EVERYSHELF_PRIVATE_WEBHOOKS": "1 lets webhooks go to private addresses; only for trials.",
}


def pages() -> dict[str, str]:
    """All generated files, by their path below docs/."""
    for found in pkgutil.walk_packages(everyshelf.__path__, "everyshelf."):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)
    made = {f"events/{kind.TYPE}.json": schema_of(kind) for kind in registry().values()}
    return made | {
        "events.md": _events(),
        "errors.md": _errors(),
        "kpis.md": _kpis(),
        "settings.md": _settings(),
        "commands.md": _commands(),
        "sourcing-policy.md": docs_parts.page(NOTE),
    }


def write(folder: Path) -> None:
    """Writes all pages, and removes the schemas of events that are gone."""
    made = pages()
    for path, text in made.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    for old in (folder / "events").glob("*.json"):
        if f"events/{old.name}" not in made:
            old.unlink()


def schema_of(kind: type[Event]) -> str:
    """The JSON schema of an event's body (`data` of the envelope)."""
    schema = msgspec.json.schema(kind, schema_hook=_id_schema)
    head = {"$schema": SCHEMAS, "$id": f"everyshelf.{kind.TYPE}.v1"}
    return msgspec.json.format(msgspec.json.encode(head | schema)).decode() + "\n"


def _id_schema(kind: type) -> dict[str, Any]:
    if issubclass(kind, Id):
        letters = "[0-9a-hjkmnp-tv-z]"
        return {"type": "string", "pattern": f"^{kind.prefix}_{letters}{{{TEXT_LENGTH}}}$"}
    raise NotImplementedError(kind)


def _page(title: str, words: str, parts: Iterable[str]) -> str:
    return "\n\n".join([f"# {title}", f"<!-- {NOTE} -->", words, *parts]).rstrip() + "\n"


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _doc(thing: object) -> str:
    return " ".join((thing.__doc__ or "").split())


def _events() -> str:
    kinds = sorted(registry().values(), key=lambda k: k.TYPE)
    words = (
        f"{len(kinds)} types. Each is sent in a CloudEvents 1.0 envelope whose `type` is "
        "`everyshelf.<type>.v1` and whose `subject` is the aggregate; within one aggregate the "
        "events come in the order of `aggregateversion`."
    )
    return _page("Events", words, _event_sections(kinds))


def _event_sections(kinds: list[type[Event]]) -> Iterator[str]:
    for room in ROOMS:
        mine = [k for k in kinds if k.TYPE.startswith(f"{room}.")]
        if mine:
            yield f"## {room}"
            yield _table(
                ("type", "subject", "what happened"),
                ((f"[`{k.TYPE}`](events/{k.TYPE}.json)", f"`{k.SUBJECT}`", _doc(k)) for k in mine),
            )


def _errors() -> str:
    rows = ((f"`{c.code}`", str(c.status), c.meaning) for _, c in sorted(CODES.items()))
    words = (
        "A refused command wrote nothing. Over HTTP a refusal is a problem (RFC 9457) whose "
        "`code` is the stable word of this table."
    )
    return _page("Error codes", words, [_table(("code", "status", "meaning"), rows)])


def _kpis() -> str:
    rows = ((f"`{k.name}`", k.unit, k.better, k.meaning) for k in KPIS)
    words = "Every figure is read from the rooms' own rows for the orders placed in a period."
    return _page("KPIs", words, [_table(("name", "unit", "better", "meaning"), rows)])


def _settings() -> str:
    rows = ((f"`{name}`", words) for name, words in sorted(SETTINGS.items()))
    return _page("Settings", "Environment variables.", [_table(("name", "meaning"), rows)])


def commands() -> list[tuple[str, str]]:
    """Every command of the command line: its full name and what it does."""
    from everyshelf.edge.cli import app

    root = typer.main.get_command(app)
    found = [("everyshelf", root)]
    for name, command in found:
        below = getattr(command, "commands", {})
        found.extend((f"{name} {n}", c) for n, c in below.items() if not c.hidden)
    return sorted((n, c.help or "") for n, c in found if not hasattr(c, "commands"))


def _commands() -> str:
    rows = ((f"`{name}`", re.sub(r"\[/?\w*\]", "", words)) for name, words in commands())
    words = "`everyshelf COMMAND --help` is the manual of one command."
    return _page("Commands", words, [_table(("command", "what it does"), rows)])


def main() -> None:
    """Writes into the folder that is named, else into docs/ below the current folder."""
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "docs"))


if __name__ == "__main__":
    main()
