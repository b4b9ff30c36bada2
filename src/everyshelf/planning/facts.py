"""The facts of planning: what is made to order, and the words with which it says no. Pure."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from everyshelf.base.errors import Code
from everyshelf.base.ids import Id
from everyshelf.orders import OrderId

UNKNOWN: Final = Code("planning.make_unknown", 404, "There is no such make order.")
NOT_REQUESTED: Final = Code(
    "planning.not_requested", 409, "The work has begun already, or is not wanted any more."
)
NOT_OPEN: Final = Code("planning.not_open", 409, "This make order is made or cancelled.")
TOO_MANY: Final = Code(
    "planning.too_many",
    422,
    "More would be made than the order wants; receive the rest as stock.",
    constraint="make_order_counts_in_qty",
)


class MakeId(Id):
    """Identifies units that are made for one order line."""

    prefix = "mko"


class MakeState(StrEnum):
    """requested: may still be cancelled. started: material is spent, it will be made."""

    REQUESTED = "requested"
    STARTED = "started"
    MADE = "made"
    CANCELLED = "cancelled"


TRANSITIONS: Final[dict[MakeState, frozenset[MakeState]]] = {
    MakeState.REQUESTED: frozenset({MakeState.STARTED, MakeState.MADE, MakeState.CANCELLED}),
    MakeState.STARTED: frozenset({MakeState.MADE}),
    MakeState.MADE: frozenset(),
    MakeState.CANCELLED: frozenset(),
}
OPEN: Final = frozenset({MakeState.REQUESTED, MakeState.STARTED})


class MakeOrder(msgspec.Struct, frozen=True):
    """Units that are made for one order line, at one node."""

    id: MakeId
    order_id: OrderId
    line: int
    item: str
    node: str
    qty: int
    made: int
    cancelled: int
    state: MakeState
    requested_at: datetime
    started_at: datetime | None
    version: int

    @property
    def open(self) -> int:
        """Units that are still to be made."""
        return self.qty - self.made - self.cancelled


class Start(msgspec.Struct, frozen=True):
    """The work begins: from now on a cancelled order does not stop it."""

    key: str
    make_id: MakeId
    version: int | None = None


class Made(msgspec.Struct, frozen=True):
    """Units are finished and lie at the node that made them."""

    key: str
    make_id: MakeId
    qty: int
    lot: str = ""
    serials: tuple[str, ...] = ()


class MakeChanged(msgspec.Struct, frozen=True):
    """A make order after a change."""

    make_id: MakeId
    state: MakeState
    made: int
    version: int
