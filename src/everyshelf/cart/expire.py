"""Ends carts that nobody touched in time; their units are free again, once.

A cart that is being changed or checked out is locked and left alone: of conversion and expiry
exactly one wins.
"""

from __future__ import annotations

from collections.abc import Iterable

from everyshelf import stock
from everyshelf.base import outbox
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.cart.book import Replace, get, lock, save
from everyshelf.cart.events import CartExpired, CartUnits
from everyshelf.cart.facts import Cart, CartId, CartState

SQL = load("everyshelf.cart")


def expire(tx: Tx, limit: int = 500) -> int:
    """Ends at most `limit` carts whose time is over; how many."""
    rows = tx.tuples(SQL.lock_over, now=tx.now, limit=limit)
    carts = get(tx, [CartId(i) for (i,) in rows]) if rows else {}
    return _end(tx, carts.values())


def expire_those(tx: Tx, cart_ids: Iterable[CartId]) -> int:
    """Ends those of these carts whose time is over: stock has told that their holds expired."""
    carts = lock(tx, cart_ids).values()
    return _end(tx, [c for c in carts if c.state is CartState.OPEN and c.expires_at <= tx.now])


def _end(tx: Tx, carts: Iterable[Cart]) -> int:
    over = [Replace(c, state=CartState.EXPIRED, version=c.version + 1) for c in carts]
    if not over:
        return 0
    save(tx, over)
    stock.release_holds(tx, [(str(c.id), None, None) for c in over])
    outbox.emit(
        tx,
        [
            CartExpired(
                version=c.version, cart_id=c.id, channel=c.channel, customer_id=c.customer_id,
                lines=[CartUnits(x.item, x.qty) for x in c.lines],
            )
            for c in over
        ],
    )  # fmt: skip
    return len(over)
