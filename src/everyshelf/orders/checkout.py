"""Turns carts into orders: the cart's lines become the order's, its held units change owner.

The cart's row is locked from the first read to the end, so of a conversion and an expiry exactly
one wins. A refused order leaves the cart and its holds as they were.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from everyshelf import cart, stock
from everyshelf.base.errors import INVALID, Refused
from everyshelf.base.tx import Tx
from everyshelf.orders.commands import Place, PlaceLine
from everyshelf.orders.draft import Draft, Seat

Carts = Mapping[cart.CartId, cart.Cart]


def fill(
    tx: Tx, commands: Sequence[Place], refused: dict[int, Refused]
) -> tuple[list[Place], Carts]:
    """Commands that name a cart get its lines; the carts, locked."""
    wanted = sorted({c.cart_id for c in commands if c.cart_id is not None})
    carts = cart.lock_now(tx, wanted) if wanted else {}
    taken: set[cart.CartId] = set()
    filled = []
    for n, command in enumerate(commands):
        try:
            filled.append(_filled(command, carts, taken))
        except Refused as error:
            refused[n] = error
            filled.append(command)
    return filled, carts


def _filled(command: Place, carts: Carts, taken: set[cart.CartId]) -> Place:
    if command.cart_id is None:
        return command
    if command.lines:
        raise INVALID("Name a cart or lines, not both.")
    found = carts.get(command.cart_id)
    if found is None or command.cart_id in taken:
        raise cart.CLOSED(f"{command.cart_id} is unknown, expired or checked out.")
    if not found.lines:
        raise cart.CLOSED(f"{command.cart_id} is empty.")
    if found.channel != command.channel:
        raise cart.CLOSED(f"{command.cart_id} is a cart of {found.channel}.")
    taken.add(command.cart_id)
    ship_to = command.ship_to if command.ship_to is not None else found.ship_to
    lines = [_line(x) for x in found.lines]
    return msgspec.structs.replace(command, lines=lines, ship_to=ship_to)


def _line(line: cart.CartLine) -> PlaceLine:
    amount = line.unit_minor * line.qty
    return PlaceLine(line.item, line.qty, amount, 0, line.method, line.pickup_node, line.service)


def cover(tx: Tx, drafts: Sequence[Draft], carts: Carts) -> None:
    """Finds, for each line that comes from a cart, the hold that already has all of its units."""
    owners = {str(d.command.cart_id): d for d in drafts if d.command.cart_id is not None}
    if not owners:
        return
    held: dict[tuple[str, int, str, str], list[stock.HoldRow]] = {}
    for row in stock.holds_of(tx, list(owners)):
        key = row.owner, row.line // cart.COMPONENTS, row.item, row.pool
        held.setdefault(key, []).append(row)
    for owner, d in owners.items():
        assert d.command.cart_id is not None
        tops = iter(carts[d.command.cart_id].lines)
        number = 0
        for line in d.lines:
            number = next(tops).line if line.kit_line is None else number
            rows = held.get((owner, number, line.item, line.pool), [])
            if rows and sum(r.qty for r in rows) == line.qty:
                best = max(rows, key=lambda r: r.qty)
                d.seats[line.line] = Seat(best.node, best.line)


def take(tx: Tx, drafts: Sequence[Draft]) -> None:
    """The held units become the orders'; what the carts held beyond them is given back."""
    from_carts = [d for d in drafts if d.command.cart_id is not None]
    if not from_carts:
        return
    moved = [
        (str(d.command.cart_id), seat.hold_line, str(d.order_id), number)
        for d in from_carts
        for number, seat in d.seats.items()
    ]
    if moved:
        stock.adopt(tx, moved)
    spare: list[tuple[str, int | None, int | None]] = [
        (str(d.order_id), x.line, x.cancelled)
        for d in from_carts
        for x in d.lines
        if x.line in d.seats and x.cancelled
    ]
    if spare:
        stock.release_holds(tx, spare)
    closed = [d.command.cart_id for d in from_carts if d.command.cart_id is not None]
    cart.close_now(tx, closed)
