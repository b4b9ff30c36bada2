"""The carts a verb works on: locked, read, changed in memory, written at once.

Whatever touches a cart prolongs it and its holds. Decides nothing about what may be in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from everyshelf import stock
from everyshelf.base import codec, ids, outbox
from everyshelf.base.errors import STALE
from everyshelf.base.parts import table
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.cart.events import CartCheckedOut
from everyshelf.cart.facts import CLOSED, HOLD_FOR, UNKNOWN, Cart, CartId, CartLine, CartState
from everyshelf.customer import CustomerId

SQL = load("everyshelf.cart")
Replace = msgspec.structs.replace


def _keys(cart_ids: Iterable[CartId]) -> dict[str, list[object]]:
    return table(("parts", "ids"), ((ids.part_of(i), i) for i in sorted(set(cart_ids))))


def get(tx: Tx, cart_ids: Iterable[CartId]) -> dict[CartId, Cart]:
    """The carts with their lines, whatever their state."""
    keys = _keys(cart_ids)
    lines: dict[CartId, list[CartLine]] = {}
    for line in tx.all(SQL.read_lines, CartLine, **keys):
        lines.setdefault(line.cart_id, []).append(line)
    found = tx.all(SQL.read_carts, Cart, **keys)
    return {c.id: Replace(c, lines=tuple(lines.get(c.id, ()))) for c in found}


def open_carts_of(tx: Tx, customers: Iterable[CustomerId]) -> dict[CartId, Cart]:
    """The open carts of these customers: what another device of the same person shows."""
    rows = tx.tuples(SQL.carts_of, customer_ids=sorted(set(customers)), now=tx.now)
    return get(tx, [CartId(i) for (i,) in rows]) if rows else {}


def lock(tx: Tx, cart_ids: Iterable[CartId]) -> dict[CartId, Cart]:
    """The carts, their rows locked in key order before they are read."""
    wanted = set(cart_ids)
    tx.run(SQL.lock_carts, **_keys(wanted))
    return get(tx, wanted)


def lock_now(tx: Tx, cart_ids: Iterable[CartId]) -> dict[CartId, Cart]:
    """For orders: the carts that can be checked out now, locked until the transaction ends."""
    return {i: c for i, c in lock(tx, cart_ids).items() if live(tx, c)}


def close_now(tx: Tx, cart_ids: Iterable[CartId]) -> None:
    """For orders, which has locked the carts: they are checked out; what they still hold is
    free."""
    carts = get(tx, cart_ids)
    stock.release_holds(tx, [(str(i), None, None) for i in carts])
    after = [Replace(c, state=CartState.CHECKED_OUT, version=c.version + 1) for c in carts.values()]
    save(tx, after)
    outbox.emit(tx, [CartCheckedOut(version=c.version, cart_id=c.id) for c in after])


def live(tx: Tx, cart: Cart) -> bool:
    """Open, and its time is not over even if the sweeper has not come yet."""
    return cart.state is CartState.OPEN and cart.expires_at > tx.now


def usable(tx: Tx, carts: dict[CartId, Cart], cart_id: CartId, version: int | None = None) -> Cart:
    """The cart to change; refuses an unknown, closed or meanwhile changed one."""
    cart = carts.get(cart_id)
    if cart is None:
        raise UNKNOWN(f"There is no cart {cart_id}.")
    if not live(tx, cart):
        state = "over its time" if cart.state is CartState.OPEN else cart.state
        raise CLOSED(f"{cart_id} is {state}; begin a new one.")
    if version is not None and version != cart.version:
        raise STALE(f"{cart_id} is at version {cart.version}, you read version {version}.")
    return cart


def touched(tx: Tx, cart: Cart, **fields: Any) -> Cart:
    """The cart after an activity: one version on, its time begins again."""
    fields = {"version": cart.version + 1, "expires_at": tx.now + HOLD_FOR, **fields}
    return Replace(cart, **fields)


def prolong(tx: Tx, carts: Iterable[Cart]) -> None:
    """Writes touched carts and lets their holds live as long."""
    changed = list(carts)
    if changed:
        save(tx, changed)
        stock.extend(tx, [str(c.id) for c in changed], tx.now + HOLD_FOR)


def save(tx: Tx, carts: Iterable[Cart]) -> None:
    """Writes the rows of carts (not their lines)."""
    rows = [
        (
            ids.part_of(c.id), c.id, c.state, c.customer_id,
            None if c.ship_to is None else codec.encode(c.ship_to).decode(), c.expires_at,
            c.version,
        )
        for c in carts
    ]  # fmt: skip
    names = ("parts", "ids", "states", "customer_ids", "ship_tos", "expiries", "versions")
    tx.run(SQL.save_carts, **table(names, rows))
