"""The commands `key create|list|revoke`: who may call the API, as what, where and until when."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.edge import keys
from everyshelf.edge.cli import show, target
from everyshelf.edge.keys import ApiKey, KeyId, MakeKey, RevokeKey, Role

ORDER: Final = 40
LAST: Final = (1 << 63) - 1

SQL = load("everyshelf.edge.web", "lists.sql")

Json = Annotated[bool, typer.Option("--json", help="For a machine.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True)
    group.command("create")(create)
    group.command("list")(list_)
    group.command("revoke")(revoke)
    app.add_typer(group, name="key", rich_help_panel=target.OPERATE)


def create(
    name: Annotated[str, typer.Argument(help="Who uses the key.")],
    role: Annotated[Role, typer.Option(help="What the key may do.")],
    node: Annotated[
        list[str] | None, typer.Option(help="Bind it to this node; may be repeated.")
    ] = None,
    channel: Annotated[
        list[str] | None, typer.Option(help="Bind it to this channel; may be repeated.")
    ] = None,
    expires: Annotated[datetime | None, typer.Option(help="Ends at this instant, in UTC.")] = None,
    as_json: Json = False,
) -> None:
    """Make an API key. Its secret is told once, here, and kept nowhere.

    Keys of store managers, associates, warehouses and partners are bound to nodes.

    Example: everyshelf key create "till 3" --role associate --node S001
    """
    ends = expires.replace(tzinfo=UTC) if expires is not None else None
    command = MakeKey(show.new_key(), name, role, node or None, channel or None, ends)
    made = show.run(lambda tx: keys.make(tx, [command])[0].get())
    said = f"{made.key_id} of {made.role}. Its secret, told only now:\n[bold]{made.secret}[/]"
    show.tell(made, as_json, said)


def list_(
    every: Annotated[
        bool, typer.Option("--all", help="Also those that have ended or were revoked.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List the API keys that are in force, without their secrets.

    Example: everyshelf key list --all
    """

    def read(tx: Tx) -> list[ApiKey]:
        found = tx.all(SQL.list_keys, ApiKey, after=LAST, limit=10_000)
        return [key for key in found if every or _in_force(key, tx.now)]

    found = show.run(read)
    heads = ("key", "name", "role", "nodes", "channels", "ends", "last used", "revoked")
    rows = (
        (k.id, k.name, k.role, ", ".join(k.nodes or ()), ", ".join(k.channels or ()),
         k.expires_at, k.last_used_at, k.revoked_at)
        for k in found
    )  # fmt: skip
    show.tell(found, as_json, show.table("Keys", heads, rows))


def _in_force(key: ApiKey, now: datetime) -> bool:
    return key.revoked_at is None and (key.expires_at is None or key.expires_at > now)


def revoke(
    key: Annotated[str, typer.Argument(help="Its id (key_...), not its secret.")],
    as_json: Json = False,
) -> None:
    """End an API key at once; its next request is refused.

    Example: everyshelf key revoke key_1dzk8p2v5c0qa
    """
    command = RevokeKey(show.new_key(), show.an_id(KeyId, key))
    ended = show.run(lambda tx: keys.revoke(tx, [command])[0].get())
    show.tell(ended, as_json, f"{ended.id} has ended.")
