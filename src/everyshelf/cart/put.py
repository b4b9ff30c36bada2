"""Puts items into carts and takes them out; the stock is held, or given back, at once.

A batch is worked in rounds of one command a cart, each round in a constant number of statements.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import msgspec

from everyshelf import catalog, network, stock
from everyshelf.base import ids
from everyshelf.base.claims import once
from everyshelf.base.errors import INVALID, Refused
from everyshelf.base.parts import table
from everyshelf.base.results import Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.cart.book import lock, prolong, touched, usable
from everyshelf.cart.facts import (
    COMPONENTS,
    FULL,
    HOLD_FOR,
    LINE_UNKNOWN,
    MAX_LINES,
    NOT_SOLD,
    Cart,
    CartId,
    CartLine,
    Drop,
    Put,
)
from everyshelf.promise import Method, check_way

SQL = load("everyshelf.cart")
Replace = msgspec.structs.replace
C = TypeVar("C", Put, Drop)
Round = Callable[[Tx, list[C]], list[Result[Cart]]]


class Shop(msgspec.Struct, frozen=True):
    """What the checks look at, read once a round."""

    items: dict[str, catalog.Item]
    kits: dict[str, list[catalog.KitComponent]]
    prices: dict[tuple[str, str], tuple[int, str]]
    nodes: dict[str, network.Node]
    services: frozenset[str]


def put(tx: Tx, commands: Sequence[Put]) -> list[Result[Cart]]:
    """Sets quantities. Refused: cart.unknown, cart.closed, cart.full, cart.item_not_sold,
    catalog.item_unknown, network.node_unknown, network.service_unknown, promise.node_closed,
    stock.insufficient, version.stale, input.invalid."""
    return once(tx, "cart.put", commands, lambda tx, found: _rounds(tx, found, _put), Cart)


def drop(tx: Tx, commands: Sequence[Drop]) -> list[Result[Cart]]:
    """Takes lines out. Refused: cart.unknown, cart.closed, cart.line_unknown, version.stale."""
    return once(tx, "cart.drop", commands, lambda tx, found: _rounds(tx, found, _drop), Cart)


def _rounds(tx: Tx, commands: list[C], work: Round[C]) -> list[Result[Cart]]:
    lock(tx, [c.cart_id for c in commands])  # All at once, so that rounds keep the lock order.
    rounds: list[list[C]] = []
    seen: dict[CartId, int] = {}
    for c in commands:
        n = seen[c.cart_id] = seen.get(c.cart_id, -1) + 1
        if n == len(rounds):
            rounds.append([])
        rounds[n].append(c)
    answers = {c.key: a for r in rounds for c, a in zip(r, work(tx, r), strict=True)}
    return [answers[c.key] for c in commands]


def _put(tx: Tx, commands: list[Put]) -> list[Result[Cart]]:
    carts = lock(tx, [c.cart_id for c in commands])
    shop = _shop(tx, commands, carts)
    refused: dict[str, Refused] = {}
    lines: dict[str, tuple[CartLine | None, CartLine]] = {}
    for c in commands:
        try:
            lines[c.key] = _line(tx, usable(tx, carts, c.cart_id, c.version), c, shop)
        except Refused as error:
            refused[c.key] = error
    _hold(tx, commands, carts, shop, lines, refused)
    good = [c for c in commands if c.key not in refused]
    return _finish(tx, commands, good, carts, {c.key: lines[c.key][1] for c in good}, refused)


def _finish(
    tx: Tx, commands: list[Put], good: list[Put], carts: dict[CartId, Cart],
    lines: dict[str, CartLine], refused: dict[str, Refused],
) -> list[Result[Cart]]:  # fmt: skip
    save_lines(tx, lines.values())
    after = {}
    for c in good:
        cart, line = carts[c.cart_id], lines[c.key]
        others = [x for x in cart.lines if x.line != line.line]
        whole = tuple(sorted([*others, line], key=lambda x: x.line))
        after[c.key] = touched(tx, cart, lines=whole)
    prolong(tx, after.values())
    return [
        Result.refused(refused[c.key]) if c.key in refused else Result.done(after[c.key])
        for c in commands
    ]


def _shop(tx: Tx, commands: list[Put], carts: dict[CartId, Cart]) -> Shop:
    kits = catalog.kits(tx, {c.item for c in commands})
    pairs = {(carts[c.cart_id].channel, c.item) for c in commands if c.cart_id in carts}
    nodes = {c.pickup_node for c in commands if c.pickup_node}
    return Shop(
        catalog.items(tx, {c.item for c in commands}),
        kits,
        catalog.prices(tx, pairs),
        network.nodes(tx, nodes) if nodes else {},
        frozenset(network.services(tx)) if any(c.service for c in commands) else frozenset(),
    )


def _line(tx: Tx, cart: Cart, c: Put, shop: Shop) -> tuple[CartLine | None, CartLine]:
    """The line before and after; raises what is wrong with the command."""
    if not 1 <= c.qty <= stock.MAX_QTY:
        raise INVALID(f"A quantity is from 1 to {stock.MAX_QTY:,}, not {c.qty}.")
    if c.item not in shop.items:
        raise catalog.ITEM_UNKNOWN(f"There is no item {c.item!r}.")
    price = shop.prices.get((cart.channel, c.item))
    if price is None:
        raise NOT_SOLD(f"{c.item} is not sold on {cart.channel}.")
    check_way(c.method, c.pickup_node, c.service, shop.nodes, shop.services, tx.now.date())
    way = c.item, Method(c.method), c.pickup_node, c.service
    before = next((x for x in cart.lines if x.way == way), None)
    if before is not None:
        return before, Replace(before, qty=c.qty, unit_minor=price[0])
    if len(cart.lines) >= MAX_LINES:
        raise FULL()
    number = max((x.line for x in cart.lines), default=0) + 1
    return None, CartLine(cart.id, number, c.item, c.qty, price[0], *way[1:])


def _hold(
    tx: Tx, commands: list[Put], carts: dict[CartId, Cart], shop: Shop,
    lines: dict[str, tuple[CartLine | None, CartLine]], refused: dict[str, Refused],
) -> None:  # fmt: skip
    """Holds what the lines have more than before, each command all or nothing; frees the less."""
    wants: list[tuple[str, stock.Want]] = []
    frees: list[tuple[str, int | None, int | None]] = []
    for c in (c for c in commands if c.key in lines):
        before, after = lines[c.key]
        more = after.qty - (before.qty if before is not None else 0)
        owner = str(c.cart_id)
        for n, (item, each) in enumerate(parts_of(after.item, shop.kits)):
            number = after.line * COMPONENTS + n
            if more > 0:
                channel, until = carts[c.cart_id].channel, tx.now + HOLD_FOR
                want = stock.Want(
                    item, more * each, after.pool, channel, owner, number, until, owner
                )
                wants.append((c.key, want))
            elif more < 0:
                frees.append((owner, number, -more * each))
    if frees:
        stock.release_holds(tx, frees)
    answers = stock.hold_now(tx, [w for _, w in wants]) if wants else []
    for (key, _), answer in zip(wants, answers, strict=True):
        if answer.refusal is not None:
            refused.setdefault(key, answer.refusal.error())


def parts_of(item: str, kits: dict[str, list[catalog.KitComponent]]) -> list[tuple[str, int]]:
    """What is held for one of an item: itself, or a kit's components by their codes."""
    return sorted((part.item, part.qty) for part in kits.get(item, ())) or [(item, 1)]


def save_lines(tx: Tx, lines: Iterable[CartLine]) -> None:
    """Writes new lines and the quantities of known ones."""
    rows = [
        (
            ids.part_of(x.cart_id), x.cart_id, x.line, x.item, x.qty, x.unit_minor, x.method,
            x.pickup_node, x.service,
        )
        for x in lines
    ]  # fmt: skip
    names = ("parts", "ids", "lines", "items", "qtys", "units", "methods", "pickup_nodes",
             "services")  # fmt: skip
    if rows:
        tx.run(SQL.save_lines, **table(names, rows))


def _drop(tx: Tx, commands: list[Drop]) -> list[Result[Cart]]:
    carts = lock(tx, [c.cart_id for c in commands])
    answers: list[Result[Cart]] = []
    gone: list[CartLine] = []
    for c in commands:
        try:
            cart = usable(tx, carts, c.cart_id, c.version)
            line = next((x for x in cart.lines if x.line == c.line), None)
            if line is None:
                raise LINE_UNKNOWN(f"{c.cart_id} has no line {c.line}.")
            gone.append(line)
            rest = tuple(x for x in cart.lines if x.line != c.line)
            answers.append(Result.done(touched(tx, cart, lines=rest)))
        except Refused as error:
            answers.append(Result.refused(error))
    drop_lines(tx, gone)
    prolong(tx, [a.get() for a in answers if a.ok])
    return answers


def drop_lines(tx: Tx, lines: list[CartLine]) -> None:
    """Deletes lines and frees what is held for them, for every component of a kit."""
    if not lines:
        return
    held = {(r.owner, r.line) for r in stock.holds_of(tx, [str(x.cart_id) for x in lines])}
    mine = {(str(x.cart_id), x.line) for x in lines}
    frees = [(o, n, None) for o, n in sorted(held) if (o, n // COMPONENTS) in mine]
    if frees:
        stock.release_holds(tx, frees)
    rows = [(ids.part_of(x.cart_id), x.cart_id, x.line) for x in lines]
    tx.run(SQL.drop_lines, **table(("parts", "ids", "lines"), rows))
