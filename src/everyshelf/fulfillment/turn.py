"""What one decided command does: the order after it and all that follows from it; pure."""

from __future__ import annotations

import msgspec

from everyshelf import sourcing
from everyshelf.base.events import Event
from everyshelf.fulfillment.facts import FulfillmentOrder, Line, PackageId, State
from everyshelf.stock import AllocationId, NotFound, Step

# Backward moves come first, so that a unit that is withdrawn from a box can reach the shelf.
BACKWARD = ("unpack", "unpick", "release", "short")
KINDS = (*BACKWARD, "pick", "pack")


class PackedLine(msgspec.Struct, frozen=True):
    """What lies in a package."""

    allocation_id: AllocationId
    line: int
    item: str
    qty: int
    lot: str = ""
    serial: str = ""


class NewPackage(msgspec.Struct, frozen=True):
    """A package that is closed by this turn."""

    id: PackageId
    carton: str
    weight_g: int
    lines: tuple[PackedLine, ...]


class Moves(msgspec.Struct, frozen=True):
    """What a turn asks of the stock room."""

    unpack: tuple[Step, ...] = ()
    unpick: tuple[Step, ...] = ()
    release: tuple[Step, ...] = ()
    short: tuple[NotFound, ...] = ()
    pick: tuple[Step, ...] = ()
    pack: tuple[Step, ...] = ()


class Turn(msgspec.Struct, frozen=True):
    """What a decided command does: the order after it and everything that follows."""

    order: FulfillmentOrder
    moves: Moves = Moves()
    packages: tuple[NewPackage, ...] = ()
    opened: tuple[PackageId, ...] = ()
    taken_out: tuple[tuple[AllocationId, int], ...] = ()
    resource: tuple[sourcing.Resource, ...] = ()
    events: tuple[Event, ...] = ()


def turned(
    order: FulfillmentOrder,
    *,
    lines: tuple[Line, ...] | None = None,
    state: State | None = None,
    reason: str | None = None,
) -> FulfillmentOrder:
    """The order after one more change."""
    return msgspec.structs.replace(
        order,
        lines=order.lines if lines is None else lines,
        state=order.state if state is None else state,
        reason=order.reason if reason is None else reason,
        version=order.version + 1,
    )
