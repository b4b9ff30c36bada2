"""A node takes its work or says no.

A refusal for a stock reason corrects the balance; any other puts the units back on sale. Either
way the units are sourced again, never at this node. Accept and reject at once: the order's row is
locked, the second finds another state and is refused. The undo of accept is reject; a rejection
is final.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from everyshelf import sourcing
from everyshelf.base import claims
from everyshelf.base.results import Result
from everyshelf.base.tx import Tx
from everyshelf.fulfillment import desk, events
from everyshelf.fulfillment.facts import (
    STOCK_REASONS,
    Act,
    Done,
    FulfillmentId,
    FulfillmentOrder,
    Line,
    RejectReason,
    State,
    allow,
)
from everyshelf.fulfillment.turn import Moves, Turn, turned
from everyshelf.stock import NotFound, Step


class Accept(msgspec.Struct, frozen=True):
    """The node takes the work."""

    key: str
    fulfillment_id: FulfillmentId
    version: int | None = None


class Reject(msgspec.Struct, frozen=True):
    """The node does not take the work."""

    key: str
    fulfillment_id: FulfillmentId
    reason: RejectReason
    note: str = ""
    version: int | None = None


def accept(tx: Tx, commands: Sequence[Accept]) -> list[Result[Done]]:
    """Takes offered work. Refused: fulfillment.unknown, version.stale, fulfillment.state."""
    return claims.once(tx, "fulfillment.accept", commands, _accept, Done)


def _accept(tx: Tx, commands: list[Accept]) -> list[Result[Done]]:
    at = desk.open_desk(tx, [c.fulfillment_id for c in commands])
    return desk.work(tx, at, commands, decide_accept)


def decide_accept(order: FulfillmentOrder, command: Accept) -> Turn:
    allow(order, Act.ACCEPT)
    return Turn(turned(order, state=State.ACCEPTED))


def reject(tx: Tx, commands: Sequence[Reject]) -> list[Result[Done]]:
    """Gives all units of the work back to sourcing.

    Refused: fulfillment.unknown, version.stale, fulfillment.state.
    """
    return claims.once(tx, "fulfillment.reject", commands, reject_now, Done)


def reject_now(tx: Tx, commands: Sequence[Reject]) -> list[Result[Done]]:
    """The claim-free form."""
    at = desk.open_desk(tx, [c.fulfillment_id for c in commands])
    return desk.work(tx, at, commands, decide_reject)


def decide_reject(order: FulfillmentOrder, command: Reject) -> Turn:
    allow(order, Act.REJECT)
    lost = command.reason in STOCK_REASONS
    left = [line for line in order.lines if line.open]
    reason = f"{command.reason.value}: {command.note}" if command.note else command.reason.value
    after = turned(
        order, lines=tuple(_without(line, lost) for line in order.lines), state=State.REJECTED,
        reason=reason,
    )  # fmt: skip
    return Turn(
        after,
        moves=_moves(left, command.reason, lost),
        resource=tuple(elsewhere(order, line, line.open, command.reason) for line in left),
        events=(
            events.FulfillmentRejected(
                fulfillment_id=order.id, order_id=order.order_id, node=order.node,
                method=order.method, version=after.version, reason=command.reason.value,
                lines=tuple(events.event_line(line, line.open) for line in left),
            ),
        ),
    )  # fmt: skip


def _without(line: Line, lost: bool) -> Line:
    if not line.open:
        return line
    if lost:
        return msgspec.structs.replace(line, short=line.short + line.open)
    return msgspec.structs.replace(line, cancelled=line.cancelled + line.open)


def _moves(left: Sequence[Line], reason: RejectReason, lost: bool) -> Moves:
    if lost:
        return Moves(
            short=tuple(NotFound(x.allocation_id, x.item, x.open, reason.value) for x in left)
        )
    return Moves(release=tuple(Step(x.allocation_id, x.item, x.open) for x in left))


def elsewhere(order: FulfillmentOrder, line: Line, qty: int, reason: str) -> sourcing.Resource:
    """Asks sourcing for another node than this one."""
    return sourcing.Resource(order.order_id, line.line, line.item, qty, order.node, str(reason))
