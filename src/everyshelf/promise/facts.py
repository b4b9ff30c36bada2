"""What can be said to a buyer: the ways of delivery and the options with their dates; pure."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Final

import msgspec

from everyshelf.network import Address


class Method(StrEnum):
    """How a line reaches its buyer."""

    SHIP = "ship"
    SAME_DAY = "same_day"
    PICKUP = "pickup"
    CURBSIDE = "curbside"
    LOCKER = "locker"


COLLECTED: Final = frozenset({Method.PICKUP, Method.CURBSIDE, Method.LOCKER})


def pool_of(method: str, pickup_node: str | None) -> str:
    """The nodes that could serve a line, by name: `ship`, `same_day`, `pickup:S001`."""
    return f"{method}:{pickup_node}" if method in COLLECTED else str(method)


class WhyNot(StrEnum):
    """Why a method is not offered, beyond the reasons of stock (`sold_out`, `protected`, ...) and
    of the calendar (`never_open`, `too_late_today`, `no_carrier_day`, ...)."""

    NO_DESTINATION = "no_destination"
    NO_NODE = "no_node"
    OUT_OF_REACH = "out_of_reach"
    NO_RATE = "no_rate"
    ITEM_UNKNOWN = "item_unknown"
    QTY_INVALID = "qty_invalid"


class PromiseAsk(msgspec.Struct, frozen=True):
    """What could be said for these (item, qty)? `destination` is for what is sent, `near` for what
    is collected (else the destination); `methods` None asks for all."""

    lines: list[tuple[str, int]]
    channel: str
    destination: Address | None = None
    near: tuple[float, float] | None = None
    methods: list[Method] | None = None


class Option(msgspec.Struct, frozen=True):
    """One way to get the goods: its price and window, or `why_not`. `node` is where they are
    collected; for what is sent it is None: sourcing decides that."""

    method: Method
    service: str | None = None
    node: str | None = None
    price_minor: int | None = None
    currency: str | None = None
    earliest: datetime | None = None
    latest: datetime | None = None
    why_not: str | None = None


class Promise(msgspec.Struct, frozen=True):
    """All that can be said for one ask: what is offered first, soonest first."""

    options: list[Option]


class Leg(msgspec.Struct, frozen=True):
    """Units whose node is known (where their hold sits) and how they are to reach the buyer;
    `due_on` is the day on which they will be there, if they are not yet."""

    node: str | None
    method: Method
    pickup_node: str | None = None
    service: str | None = None
    ship_to: Address | None = None
    due_on: date | None = None
