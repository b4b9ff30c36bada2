"""From a command to the lines of an order: checks the input and takes kits apart; pure.

Everything that is wrong with an order by itself is refused here, before anything is read under a
lock or written. Whether the units are there is decided later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from everyshelf.base import codec, ids, money
from everyshelf.base.errors import INVALID, Code
from everyshelf.catalog import CHANNEL_UNKNOWN, ITEM_UNKNOWN, Channel, Item, KitComponent
from everyshelf.network import Node
from everyshelf.orders.commands import Place, PlaceLine
from everyshelf.orders.facts import (
    ADDRESS_MISSING,
    CHANNEL_CLOSED,
    CURRENCY,
    ITEM_NOT_SOLD,
    MAX_LINES,
    MAX_MINOR,
    MAX_QTY,
    PLACED_AT,
    TOTAL_MISMATCH,
    HoldKind,
    Line,
    OrderId,
    ShortPolicy,
    Supply,
)
from everyshelf.promise import COLLECTED, Method, check_way

FIRST_YEAR: Final = datetime(2000, 1, 1, tzinfo=UTC)
CLOCK_SLACK: Final = timedelta(minutes=5)
MAX_BODY: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class World:
    """What the checks look at, read once for the whole batch."""

    now: datetime
    channels: Mapping[str, Channel] = field(default_factory=dict)
    items: Mapping[str, Item] = field(default_factory=dict)
    kits: Mapping[str, Sequence[KitComponent]] = field(default_factory=dict)
    prices: Mapping[tuple[str, str], tuple[int, str]] = field(default_factory=dict)
    nodes: Mapping[str, Node] = field(default_factory=dict)
    services: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Seat:
    """A hold that has a line's units already: where they sit, and its line in the cart."""

    node: str
    hold_line: int


@dataclass(slots=True)
class Draft:
    """An order that passed the checks and is on its way into the tables.

    `seats` are the lines whose units its cart has held.
    """

    command: Place
    order_id: OrderId
    placed_at: datetime
    lines: list[Line]
    seats: dict[int, Seat] = field(default_factory=dict)

    @property
    def units(self) -> list[Line]:
        """The lines that carry units."""
        return [x for x in self.lines if x.supply is not Supply.KIT]


def draft(command: Place, world: World) -> Draft:
    """The order's lines, kits taken apart; raises the first refusal that applies."""
    check_shape(command)
    channel = world.channels.get(command.channel)
    _no(channel is None, CHANNEL_UNKNOWN, f"There is no channel {command.channel!r}.")
    assert channel is not None
    _no(not channel.active, CHANNEL_CLOSED, f"The channel {channel.channel} is not active.")
    words = f"{command.channel} sells in {channel.currency}, not in {command.currency}."
    _no(command.currency != channel.currency, CURRENCY, words)
    placed_at = check_placed_at(command.placed_at, world.now)
    order = Draft(command, ids.new(OrderId), placed_at, [])
    for asked in command.lines:
        check_line(asked, command, world)
        order.lines += lines_of(asked, order, world)
    total = sum(x.amount_minor + x.tax_minor for x in order.lines) + command.shipping_minor
    words = f"The lines, tax and shipping sum to {total}, not to {command.total_minor}."
    _no(command.total_minor not in (None, total), TOTAL_MISMATCH, words)
    return order


def check_shape(command: Place) -> None:
    """What can be said about the command without knowing the shop."""
    body = codec.encode(command)
    _no(b"\\u0000" in body, INVALID, "Text must not contain the character NUL.")
    _no(len(body) > MAX_BODY, INVALID, "An order's text is at most 1 MiB.")
    _no(not command.lines, INVALID, "An order has at least one line.")
    _no(len(command.lines) > MAX_LINES, INVALID, f"An order has at most {MAX_LINES} lines.")
    _no(len(command.channel_ref) > 200, INVALID, "A channel_ref has at most 200 characters.")
    _no(abs(command.priority) > 1_000_000, INVALID, "The priority is within ±1,000,000.")
    _money(command.shipping_minor, "shipping_minor")
    _no(command.short_policy not in list(ShortPolicy), INVALID, "The short_policy is unknown.")
    odd = [k for k in command.hold_kinds if k not in list(HoldKind)]
    _no(bool(odd), INVALID, f"There is no hold of the kind {', '.join(odd)}.")
    for n, line in enumerate(command.lines, 1):
        words = f"Line {n}: a quantity is from 1 to {MAX_QTY:,}, not {line.qty}."
        _no(not 1 <= line.qty <= MAX_QTY, INVALID, words)
        _money(line.amount_minor or 0, f"Line {n}: amount_minor")
        _money(line.tax_minor, f"Line {n}: tax_minor")


def check_placed_at(placed_at: datetime | None, now: datetime) -> datetime:
    """When the order was placed: now unless said; never naive, ancient or yet to come."""
    if placed_at is None:
        return now
    _no(placed_at.tzinfo is None, INVALID, "placed_at names its time zone.")
    words = f"placed_at is {placed_at.isoformat()}; an order is placed between 2000 and now."
    _no(not FIRST_YEAR <= placed_at <= now + CLOCK_SLACK, PLACED_AT, words)
    return placed_at


def check_line(asked: PlaceLine, command: Place, world: World) -> None:
    """Can the line reach its buyer: an address, a service or a node that hands over this way."""
    check_way(
        asked.method, asked.pickup_node, asked.service, world.nodes, world.services,
        world.now.date(),
    )  # fmt: skip
    away = asked.method not in COLLECTED and command.ship_to is None
    _no(away, ADDRESS_MISSING, f"{asked.item} is to be sent; give a ship_to address.")


def lines_of(asked: PlaceLine, order: Draft, world: World) -> list[Line]:
    """The line as it will stand; a kit becomes its own line and one per component."""
    item = world.items.get(asked.item)
    _no(item is None, ITEM_UNKNOWN, f"There is no item {asked.item!r}.")
    assert item is not None
    _no(not item.active, ITEM_NOT_SOLD, f"{asked.item} is not sold any more.")
    amount = asked.amount_minor
    if amount is None:
        price = world.prices.get((order.command.channel, asked.item))
        words = f"{asked.item} has no price in {order.command.currency} on this channel."
        _no(price is None or price[1] != order.command.currency, ITEM_NOT_SOLD, words)
        assert price is not None
        amount = price[0] * asked.qty
    number = len(order.lines) + 1
    line = Line(
        order.order_id, number, None, asked.item, asked.qty, amount, asked.tax_minor,
        Method(asked.method), asked.pickup_node, asked.service, Supply.STOCK,
    )  # fmt: skip
    components = world.kits.get(asked.item)
    return [line] if not components else _kit(line, components, world)


def _kit(line: Line, components: Sequence[KitComponent], world: World) -> list[Line]:
    """A kit's money goes to its components by their list prices, to the last minor unit."""
    weights = [_price(world, c.item) * c.qty for c in components]
    amounts = money.split(line.amount_minor, weights)
    taxes = money.split(line.tax_minor, weights)
    kit = msgspec.structs.replace(line, amount_minor=0, tax_minor=0, supply=Supply.KIT)
    made = [kit]
    for n, (part, amount, tax) in enumerate(zip(components, amounts, taxes, strict=True), 1):
        qty = part.qty * line.qty
        words = f"{line.qty} of {line.item} take {qty} of {part.item}: too many for one line."
        _no(qty > MAX_QTY, INVALID, words)
        made.append(
            msgspec.structs.replace(
                line, line=line.line + n, kit_line=line.line, item=part.item, qty=qty,
                amount_minor=amount, tax_minor=tax,
            )
        )  # fmt: skip
    return made


def _price(world: World, item: str) -> int:
    found = world.items.get(item)
    return found.price_minor if found is not None else 0


def _money(amount: int, what: str) -> None:
    _no(not 0 <= amount <= MAX_MINOR, INVALID, f"{what} is from 0 to {MAX_MINOR}, not {amount}.")


def _no(wrong: bool, code: Code, detail: str) -> None:
    if wrong:
        raise code(detail)
