"""The end of work: units that are not wanted any more, and orders that have left.

`withdraw_now` takes cancelled units out wherever they are: unpicked ones first, then picked, then
packed, back to the shelf. `complete_now` closes what has left the node. Both are for callers inside
a transaction that is already exactly-once. They do not touch the order's own counts.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from everyshelf.base.results import Result
from everyshelf.base.tx import Tx
from everyshelf.fulfillment import desk, events
from everyshelf.fulfillment.facts import (
    Act,
    Done,
    FulfillmentId,
    FulfillmentOrder,
    Line,
    State,
    allow,
    settled,
)
from everyshelf.fulfillment.turn import Moves, Turn, turned
from everyshelf.fulfillment.wave import finish_waves
from everyshelf.orders import OrderId
from everyshelf.stock import AllocationId, Step


class Withdraw(msgspec.Struct, frozen=True):
    """Units of an allocation that shall not leave."""

    order_id: OrderId
    allocation_id: AllocationId
    qty: int


class _Stop(msgspec.Struct, frozen=True):
    """All withdrawals of one fulfillment order."""

    fulfillment_id: FulfillmentId
    units: tuple[tuple[AllocationId, int], ...]
    reason: str
    key: str = ""
    version: int | None = None


class _Leave(msgspec.Struct, frozen=True):
    fulfillment_id: FulfillmentId
    key: str = ""
    version: int | None = None


def withdraw_now(tx: Tx, units: Sequence[Withdraw], reason: str) -> int:
    """Takes units out of the work and back to the shelf; how many were still here.

    Units that have left, or were withdrawn before, are not counted: hearing it twice is harmless.
    """
    at = desk.open_desk_of(tx, [unit.order_id for unit in units])
    home = {line.allocation_id: order.id for order in at.values() for line in order.lines}
    wanted: dict[FulfillmentId, list[tuple[AllocationId, int]]] = {}
    for unit in units:
        if unit.allocation_id in home:
            pair = (unit.allocation_id, unit.qty)
            wanted.setdefault(home[unit.allocation_id], []).append(pair)
    stops = [_Stop(id_, tuple(pairs), reason) for id_, pairs in sorted(wanted.items())]
    before = {id_: order.lines for id_, order in at.items()}
    after = [result.get() for result in desk.work(tx, at, stops, _decide)]
    finish_waves(tx, [o.wave_id for o in at.values() if o.wave_id is not None])
    assert len(after) == len(stops)
    return sum(
        taken for stop in stops for _, taken in _plan(before[stop.fulfillment_id], stop.units)
    )


def _plan(
    lines: tuple[Line, ...], units: Sequence[tuple[AllocationId, int]]
) -> list[tuple[Line, int]]:
    """What is taken of each line: never more than is open."""
    asked: dict[AllocationId, int] = {}
    for allocation, qty in units:
        asked[allocation] = asked.get(allocation, 0) + qty
    found = ((x, min(asked.get(x.allocation_id, 0), x.open)) for x in lines)
    return [(line, taken) for line, taken in found if taken]


def _decide(order: FulfillmentOrder, stop: _Stop) -> Turn:
    allow(order, Act.WITHDRAW)
    plan = _plan(order.lines, stop.units)
    unpack = [(x, _packed(x, taken)) for x, taken in plan]
    unpick = [(x, max(0, taken - x.to_pick)) for x, taken in plan]
    new = {x.allocation_id: _less(x, taken) for x, taken in plan}
    lines = tuple(new.get(x.allocation_id, x) for x in order.lines)
    state = settled(order.state, lines)
    reason = stop.reason if state is State.CANCELLED else order.reason
    after = turned(order, lines=lines, state=state, reason=reason)
    return Turn(
        after,
        moves=Moves(unpack=_steps(unpack), unpick=_steps(unpick), release=_steps(plan)),
        taken_out=tuple((x.allocation_id, qty) for x, qty in unpack if qty),
        events=(_told(after, plan, stop.reason),) if plan else (),
    )


def _packed(line: Line, taken: int) -> int:
    """How many of the withdrawn units lie in packages."""
    return max(0, taken - line.to_pick - line.to_pack)


def _less(line: Line, taken: int) -> Line:
    return msgspec.structs.replace(
        line,
        cancelled=line.cancelled + taken,
        picked=line.picked - max(0, taken - line.to_pick),
        packed=line.packed - _packed(line, taken),
    )


def _steps(units: Sequence[tuple[Line, int]]) -> tuple[Step, ...]:
    return tuple(Step(x.allocation_id, x.item, qty) for x, qty in units if qty)


def _told(
    after: FulfillmentOrder, plan: Sequence[tuple[Line, int]], reason: str
) -> events.UnitsWithdrawn:
    return events.UnitsWithdrawn(
        fulfillment_id=after.id, order_id=after.order_id, node=after.node, method=after.method,
        version=after.version, reason=reason,
        lines=tuple(events.event_line(line, qty) for line, qty in plan),
    )  # fmt: skip


def complete_now(tx: Tx, fulfillments: Sequence[FulfillmentId]) -> list[Result[Done]]:
    """Closes packed work whose units have all left. Irreversible."""
    at = desk.open_desk(tx, fulfillments)
    return desk.work(tx, at, [_Leave(id_) for id_ in fulfillments], _decide_complete)


def _decide_complete(order: FulfillmentOrder, command: _Leave) -> Turn:
    allow(order, Act.COMPLETE)
    return Turn(turned(order, state=State.COMPLETED))
