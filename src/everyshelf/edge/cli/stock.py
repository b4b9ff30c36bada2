"""The command `stock`: where the units of an item are, and what each channel may promise of them.

Moves nothing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final

import msgspec
import typer
from rich.table import Table

from everyshelf import catalog, stock
from everyshelf.base.tx import Tx
from everyshelf.edge.cli import show, target
from everyshelf.stock import Ask, Availability, Balance, WalkInRate

ORDER: Final = 22
LOOK_BACK: Final = timedelta(days=28)


class Shelf(msgspec.Struct, frozen=True):
    """An item's units by node and bucket, and what each channel may promise of them."""

    item: str
    balances: list[Balance]
    availability: list[Availability]
    walk_in_rates: list[WalkInRate]


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command("stock", rich_help_panel=target.LOOK)(show_stock)


def show_stock(
    item: Annotated[str, typer.Argument(help="The code of the item; a kit shows its components.")],
    pool: Annotated[
        str, typer.Option(help="Where it may come from: ship, or pickup:NODE for one node.")
    ] = "ship",
    as_json: Annotated[bool, typer.Option("--json", help="For a machine.")] = False,
) -> None:
    """Show an item's units by node and bucket, and what each channel may promise of them.

    Available to promise is what is sellable less safety stock, walk-in protection and what is
    fenced off for other channels. Where it is nothing, the table says why and what is due. Below
    stands what the tills sold a day in the last four weeks.

    Example: everyshelf stock TEA-1
    """
    found = show.run(lambda tx: [read(tx, one, pool) for one in _items(tx, item)])
    tables = [t for one in found for t in (_balances(one), _availability(one), _rates(one))]
    show.tell(found, as_json, *tables)


def _items(tx: Tx, item: str) -> list[str]:
    if item not in catalog.items(tx, [item]):
        raise catalog.ITEM_UNKNOWN(f"There is no item {item}.")
    components = catalog.kits(tx, [item]).get(item, [])
    return [c.item for c in components] or [item]


def read(tx: Tx, item: str, pool: str) -> Shelf:
    """The shelf of one item."""
    asks = [Ask(item, channel, pool) for channel in sorted(catalog.channels(tx))]
    rates = stock.walk_in_rates(tx, [item], None, tx.now - LOOK_BACK)
    return Shelf(item, stock.balances(tx, [item]), stock.availability(tx, asks), rates)


def _balances(shelf: Shelf) -> Table:
    buckets = [b.value for b in stock.BUCKETS]
    rows = (
        (b.node, b.on_hand, *(getattr(b, bucket) or None for bucket in buckets))
        for b in shelf.balances
    )
    heads = ("node", "on hand", *(bucket.replace("_", " ") for bucket in buckets))
    return show.table(f"{shelf.item}: units by node", heads, rows)


def _availability(shelf: Shelf) -> Table:
    heads = ("channel", "available", "at", "why not", "next due", "units due")
    rows = (
        (a.channel, a.total, ", ".join(f"{n.node} {n.atp}" for n in a.nodes if n.atp),
         a.reason, a.next_due, a.next_qty or None)
        for a in shelf.availability
    )  # fmt: skip
    return show.table(f"{shelf.item}: available to promise", heads, rows)


def _rates(shelf: Shelf) -> Table:
    rows = ((r.node, r.qty, f"{r.rate_per_day:.2f}") for r in shelf.walk_in_rates)
    title = f"{shelf.item}: sold at tills in {LOOK_BACK.days} days"
    return show.table(title, ("node", "units", "a day"), rows)
