"""Takes orders: checks, holds the units, dates the promise, writes, tells.

`place` is idempotent by key and, a second time, by the channel's own reference. `place_now` is the
same inside another room's transaction, whose own exactly-once makes claims needless.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from everyshelf import catalog, customer, network, promise
from everyshelf.base import codec, ids, outbox
from everyshelf.base.claims import once
from everyshelf.base.errors import KEY_REUSED, Refused
from everyshelf.base.parts import table
from everyshelf.base.results import Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.orders import checkout
from everyshelf.orders.commands import Place, Placed
from everyshelf.orders.draft import Draft, World, draft
from everyshelf.orders.events import BackorderedLine, EventLine, LinesBackordered, OrderPlaced
from everyshelf.orders.facts import REF_TAKEN, ChangeId, Line, OrderId, Supply, state_of
from everyshelf.orders.supply import Secured, secure

SQL = load("everyshelf.orders")
Replace = msgspec.structs.replace


class _ByRef(msgspec.Struct, frozen=True):
    """A command under its channel's reference: the same order sent under two keys is one."""

    key: str
    command: Place


def place(tx: Tx, commands: Sequence[Place]) -> list[Result[Placed]]:
    """Places each order once. Refused: input.invalid, catalog.channel_unknown,
    catalog.item_unknown, network.node_unknown, cart.closed and every orders.* code of a check."""
    return once(tx, "orders.place", commands, _by_ref, Placed)


def _by_ref(tx: Tx, commands: list[Place]) -> list[Result[Placed]]:
    named = [c for c in commands if c.channel_ref]
    plain = [c for c in commands if not c.channel_ref]
    answers = dict(zip((c.key for c in plain), place_now(tx, plain), strict=True))
    refs = [_ByRef(f"{c.channel}\x1f{c.channel_ref}", Replace(c, key="")) for c in named]
    found = once(tx, "orders.channel_ref", refs, _place_refs, Placed) if refs else []
    for command, answer in zip(named, found, strict=True):
        answers[command.key] = _known(command, answer)
    return [answers[c.key] for c in commands]


def _place_refs(tx: Tx, refs: list[_ByRef]) -> list[Result[Placed]]:
    return place_now(tx, [ref.command for ref in refs])


def _known(command: Place, answer: Result[Placed]) -> Result[Placed]:
    """An order that came before under another key is answered with the same words."""
    if answer.refusal is not None and answer.refusal.code == KEY_REUSED.code:
        words = f"{command.channel} has sent another order as {command.channel_ref!r}."
        return Result.refused(REF_TAKEN(words))
    return answer


def place_now(tx: Tx, commands: Sequence[Place]) -> list[Result[Placed]]:
    """Places orders without claims, in a constant number of statements."""
    refused: dict[int, Refused] = {}
    filled, carts = checkout.fill(tx, commands, refused)
    world = read_world(tx, [c for n, c in enumerate(filled) if n not in refused])
    drafts: dict[int, Draft] = {}
    for n, command in enumerate(filled):
        if n not in refused:
            try:
                drafts[n] = draft(command, world)
            except Refused as error:
                refused[n] = error
    written = _write(tx, list(drafts.values()), world, carts)
    answers: list[Result[Placed]] = []
    for n in range(len(commands)):
        answers.append(Result.refused(refused[n]) if n in refused else written[drafts[n].order_id])
    return answers


def read_world(tx: Tx, commands: Sequence[Place]) -> World:
    """All that the checks need, one read a table."""
    codes = {x.item for c in commands for x in c.lines}
    kits = catalog.kits(tx, codes)
    codes |= {part.item for parts in kits.values() for part in parts}
    asked = {(c.channel, x.item) for c in commands for x in c.lines if x.amount_minor is None}
    nodes = {x.pickup_node for c in commands for x in c.lines if x.pickup_node}
    named = any(x.service for c in commands for x in c.lines)
    return World(
        tx.now,
        catalog.channels(tx, {c.channel for c in commands}),
        catalog.items(tx, codes),
        kits,
        catalog.prices(tx, asked) if asked else {},
        network.nodes(tx, sorted(nodes)) if nodes else {},
        frozenset(network.services(tx)) if named else frozenset(),
    )


def _write(
    tx: Tx, drafts: list[Draft], world: World, carts: checkout.Carts
) -> dict[OrderId, Result[Placed]]:
    if not drafts:
        return {}
    checkout.cover(tx, drafts, carts)
    done = secure(tx, drafts, world.items)
    answers: dict[OrderId, Result[Placed]] = {
        order_id: Result.refused(error) for order_id, error in done.refused.items()
    }
    good = [d for d in drafts if d.order_id not in done.refused]
    if good:
        checkout.take(tx, good)
        _dates(tx, good, done)
        _insert(tx, good, _customers(tx, good))
        outbox.emit(tx, _events(good, done))
    for d in good:
        state = state_of(d.units, bool(d.command.hold_kinds))
        answers[d.order_id] = Result.done(Placed(d.order_id, len(d.lines), state))
    return answers


def _dates(tx: Tx, drafts: Sequence[Draft], done: Secured) -> None:
    """Stores on each line the window that can be promised from where its units sit."""
    asked = [
        promise.Leg(
            done.nodes.get((d.order_id, x.line)), x.method, x.pickup_node, x.service,
            d.command.ship_to, done.due.get((d.order_id, x.line)),
        )
        for d in drafts
        for x in d.lines
    ]  # fmt: skip
    windows = iter(promise.windows_now(tx, asked))
    for d in drafts:
        d.lines = [_dated(x, next(windows)) for x in d.lines]


def _dated(line: Line, window: tuple[datetime, datetime] | None) -> Line:
    if window is None:
        return line
    return Replace(line, promised_earliest=window[0], promised_latest=window[1])


def _customers(tx: Tx, drafts: Sequence[Draft]) -> dict[OrderId, customer.CustomerId]:
    known = [d for d in drafts if _named(d)]
    people = [
        customer.Person(email=b.email, phone=b.phone, loyalty=b.loyalty, name=b.name)
        for b in (d.command.buyer for d in known)
    ]
    found = customer.identify_now(tx, people) if people else []
    return {d.order_id: c for d, c in zip(known, found, strict=True)}


def _named(d: Draft) -> bool:
    buyer = d.command.buyer
    return bool(buyer.email or buyer.phone or buyer.loyalty)


def _insert(tx: Tx, drafts: Sequence[Draft], customers: dict[OrderId, customer.CustomerId]) -> None:
    tx.run(SQL.insert_orders, **table(ORDER_COLUMNS, (_order_row(d, customers) for d in drafts)))
    insert_lines(tx, (line for d in drafts for line in d.lines))
    holds = [
        (ids.part_of(d.order_id), ids.new(ChangeId), d.order_id, kind, "placed")
        for d in drafts
        for kind in sorted(set(d.command.hold_kinds))
    ]
    if holds:
        columns = table(HOLD_COLUMNS, holds)
        tx.run(SQL.insert_holds, **columns, actor=tx.actor, now=tx.now)


ORDER_COLUMNS = (
    "parts", "ids", "channels", "channel_refs", "customer_ids", "currencies", "buyers", "ship_tos",
    "priorities", "short_policies", "shipping_minors", "cart_ids", "exchanges_of", "placed_ats",
)  # fmt: skip
HOLD_COLUMNS = ("parts", "ids", "order_ids", "kinds", "reasons")
LINE_COLUMNS = (
    "parts", "order_ids", "lines", "kit_lines", "items", "qtys", "amounts", "taxes", "methods",
    "pickup_nodes", "services", "supplies", "inbound_ids", "earliest", "latest", "cancelled",
)  # fmt: skip


def _order_row(d: Draft, customers: dict[OrderId, customer.CustomerId]) -> tuple[object, ...]:
    c = d.command
    ship_to = codec.encode(c.ship_to).decode() if c.ship_to is not None else None
    return (
        ids.part_of(d.order_id), d.order_id, c.channel, c.channel_ref, customers.get(d.order_id),
        c.currency, codec.encode(c.buyer).decode(), ship_to, c.priority, c.short_policy,
        c.shipping_minor, c.cart_id, c.exchange_of, d.placed_at,
    )  # fmt: skip


def insert_lines(tx: Tx, lines: Iterable[Line]) -> None:
    """Writes new lines; amendments use it too."""
    rows = (
        (
            ids.part_of(x.order_id), x.order_id, x.line, x.kit_line, x.item, x.qty, x.amount_minor,
            x.tax_minor, x.method, x.pickup_node, x.service, x.supply, x.inbound_id,
            x.promised_earliest, x.promised_latest, x.cancelled,
        )
        for x in lines
    )  # fmt: skip
    tx.run(SQL.insert_lines, **table(LINE_COLUMNS, rows))


def event_line(x: Line) -> EventLine:
    """A line as later rooms hear of it."""
    return EventLine(
        x.line, x.item, x.open, x.method, x.pickup_node, x.service, x.supply, x.promised_latest,
        x.inbound_id,
    )  # fmt: skip


def _events(drafts: Sequence[Draft], done: Secured) -> list[OrderPlaced | LinesBackordered]:
    told: list[OrderPlaced | LinesBackordered] = []
    for d in drafts:
        told.append(_placed(d))
        late = [
            BackorderedLine(
                x.line, x.item, x.qty, x.supply, x.inbound_id, done.due.get((d.order_id, x.line))
            )
            for x in d.units
            if x.supply in (Supply.INBOUND, Supply.MAKE)
        ]
        if late:
            told.append(LinesBackordered(version=1, order_id=d.order_id, lines=late))
    return told


def _placed(d: Draft) -> OrderPlaced:
    c = d.command
    total = sum(x.worth(0, x.qty - x.cancelled) for x in d.lines) + c.shipping_minor
    return OrderPlaced(
        version=1, order_id=d.order_id, channel=c.channel, priority=c.priority,
        short_policy=c.short_policy, held=bool(c.hold_kinds),
        lines=[event_line(x) for x in d.units if x.open], currency=c.currency, total_minor=total,
        authorized=c.payment.authorized, provider=c.payment.provider,
    )  # fmt: skip
