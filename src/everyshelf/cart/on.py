"""What the cart room hears: holds that expired, customers that became one."""

from __future__ import annotations

from collections.abc import Sequence

from everyshelf.base.sql import load
from everyshelf.base.subscribe import Handlers, Heard
from everyshelf.base.tx import Tx
from everyshelf.cart.expire import expire_those
from everyshelf.cart.facts import CartId
from everyshelf.customer import CustomerMerged
from everyshelf.stock.events import HoldExpired

SQL = load("everyshelf.cart")


def hold_expired(tx: Tx, heard: Sequence[Heard]) -> None:
    """A cart whose hold is over is over, unless it was touched again meanwhile."""
    owners = {h.event.owner for h in heard if h.event.owner.startswith(f"{CartId.prefix}_")}
    if owners:
        expire_those(tx, [CartId.parse(owner) for owner in sorted(owners)])


def customers_merged(tx: Tx, heard: Sequence[Heard]) -> None:
    """The carts of a merged customer are the heir's."""
    tx.run(
        SQL.set_customers,
        losers=[h.event.customer_id for h in heard],
        winners=[h.event.into for h in heard],
    )


HANDLERS: Handlers = {HoldExpired: hold_expired, CustomerMerged: customers_merged}
