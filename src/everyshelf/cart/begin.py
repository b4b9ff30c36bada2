"""Begins carts, and says whose they are and where they go."""

from __future__ import annotations

from collections.abc import Sequence

from everyshelf import catalog
from everyshelf.base import codec, ids, outbox
from everyshelf.base.claims import once
from everyshelf.base.errors import INVALID, Refused
from everyshelf.base.parts import table
from everyshelf.base.results import Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.cart.book import get, lock, prolong, touched, usable
from everyshelf.cart.events import CartOpened
from everyshelf.cart.facts import HOLD_FOR, Attach, Cart, CartId, OpenCart

SQL = load("everyshelf.cart")


def open_cart(tx: Tx, commands: Sequence[OpenCart]) -> list[Result[Cart]]:
    """Begins carts. Refused: catalog.channel_unknown, input.invalid."""
    return once(tx, "cart.open", commands, _open, Cart)


def _open(tx: Tx, commands: list[OpenCart]) -> list[Result[Cart]]:
    channels = catalog.channels(tx, {c.channel for c in commands})
    made: dict[str, CartId] = {}
    refused: dict[str, Refused] = {}
    for c in commands:
        if c.channel not in channels:
            refused[c.key] = catalog.CHANNEL_UNKNOWN(f"There is no channel {c.channel!r}.")
        elif _nul(c):
            refused[c.key] = INVALID("Text must not contain the character NUL.")
        else:
            made[c.key] = ids.new(CartId)
    good = [c for c in commands if c.key in made]
    rows = [
        (
            ids.part_of(made[c.key]), made[c.key], c.channel, c.customer_id,
            None if c.ship_to is None else codec.encode(c.ship_to).decode(),
        )
        for c in good
    ]  # fmt: skip
    names = ("parts", "ids", "channels", "customer_ids", "ship_tos")
    if rows:
        tx.run(SQL.insert_carts, **table(names, rows), now=tx.now, expires_at=tx.now + HOLD_FOR)
    outbox.emit(
        tx,
        [
            CartOpened(version=1, cart_id=made[c.key], channel=c.channel, customer_id=c.customer_id)
            for c in good
        ],
    )
    carts = get(tx, made.values())
    return [
        Result.refused(refused[c.key]) if c.key in refused else Result.done(carts[made[c.key]])
        for c in commands
    ]


def attach(tx: Tx, commands: Sequence[Attach]) -> list[Result[Cart]]:
    """Says whose a cart is and where it goes. Refused: cart.unknown, cart.closed, version.stale."""
    return once(tx, "cart.attach", commands, _attach, Cart)


def _attach(tx: Tx, commands: list[Attach]) -> list[Result[Cart]]:
    carts = lock(tx, [c.cart_id for c in commands])
    answers: list[Result[Cart]] = []
    changed: dict[CartId, Cart] = {}
    for c in commands:
        try:
            if _nul(c):
                raise INVALID("Text must not contain the character NUL.")
            cart = usable(tx, carts, c.cart_id, c.version)
            customer = c.customer_id if c.customer_id is not None else cart.customer_id
            ship_to = c.ship_to if c.ship_to is not None else cart.ship_to
            cart = touched(tx, cart, customer_id=customer, ship_to=ship_to)
            carts[c.cart_id] = changed[c.cart_id] = cart
            answers.append(Result.done(cart))
        except Refused as error:
            answers.append(Result.refused(error))
    prolong(tx, changed.values())
    return answers


def _nul(command: object) -> bool:
    return b"\\u0000" in codec.encode(command)
