"""What the commands of operators share: one transaction on the running database, an order by its
id or its channel's reference, and answers as tables or JSON. Offers no command, starts nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Final, TypeVar

import psycopg
import typer
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.table import Table

from everyshelf import orders
from everyshelf.base import codec
from everyshelf.base.errors import INVALID, Code
from everyshelf.base.ids import Id
from everyshelf.base.tx import Database, Tx
from everyshelf.edge.cli import target
from everyshelf.orders import Order, OrderId

T = TypeVar("T")
I = TypeVar("I", bound=Id)  # noqa: E741

ACTOR: Final = "command line"

NOT_MIGRATED: Final = Code(
    "database.not_migrated", 409, "The database has no tables yet; run `everyshelf migrate`."
)
ORDER_AMBIGUOUS: Final = Code(
    "orders.ambiguous", 409, "More than one channel has an order with this reference."
)


def run(work: Callable[[Tx], T]) -> T:
    """Does the work in one transaction on the database that runs; refuses when none does."""
    with Database(target.database_url(start=False), size=1) as db:
        try:
            return db.run(work, actor=ACTOR)
        except psycopg.errors.UndefinedTable:
            raise NOT_MIGRATED() from None


def new_key() -> str:
    """The key of a command that an operator gives once."""
    return f"cli:{secrets.token_hex(12)}"


def an_id(kind: type[I], text: str) -> I:
    """The id that was written; refuses another text."""
    try:
        return kind.parse(text)
    except ValueError as error:
        raise INVALID(str(error)) from None


def order(tx: Tx, text: str, channel: str | None = None) -> Order:
    """The order with this id, or with this reference of a channel."""
    if text.startswith(f"{OrderId.prefix}_"):
        found = orders.get(tx, [an_id(OrderId, text)])
    else:
        found = orders.by_ref(tx, [text], channel)
    if not found:
        raise orders.UNKNOWN(f"There is no order {text}.")
    if len(found) > 1:
        known = ", ".join(f"{one.id} ({one.channel})" for one in found[:5])
        raise ORDER_AMBIGUOUS(f"{text} is {known}; name one of them, or its --channel.")
    return found[0]


def tell(value: object, as_json: bool, *shown: RenderableType) -> None:
    """The value as JSON for a machine, else what is shown to a person."""
    if as_json:
        typer.echo(codec.encode(value).decode())
        return
    console = Console(highlight=False)
    for one in shown:
        console.print(one)


def table(title: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A table; numbers stand on the right, and a column without any content is left out."""
    kept = [tuple(row) for row in rows]
    made = Table(title=escape(title), title_justify="left")
    used = [
        n for n in range(len(heads)) if not kept or any(row[n] not in (None, "") for row in kept)
    ]
    for n in used:
        plain = all(isinstance(row[n], int | float | None) for row in kept)
        made.add_column(heads[n], justify="right" if kept and plain else "left")
    for row in kept:
        made.add_row(*(_cell(row[n]) for n in used))
    return made


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return at(value)
    if isinstance(value, int) and not isinstance(value, Id):
        return f"{value:,}"
    return escape(str(value))


def at(when: datetime | None) -> str:
    """An instant as a person reads it, in UTC."""
    return f"{when:%Y-%m-%d %H:%M}" if when is not None else ""
