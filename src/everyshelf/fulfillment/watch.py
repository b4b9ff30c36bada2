"""Work that cannot go on where it is, and work that will be late.

A node that is closed for good gives back what it has not begun; sourcing finds another place at
once. Work whose promise draws near is told once, while there is still time to act. Nothing is
decided here about where else it could go.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from everyshelf.base import outbox
from everyshelf.base.parts import table
from everyshelf.base.subscribe import Heard
from everyshelf.base.tx import Tx
from everyshelf.fulfillment import events
from everyshelf.fulfillment.accept import Reject, reject_now
from everyshelf.fulfillment.desk import SQL
from everyshelf.fulfillment.facts import FulfillmentId, RejectReason, State
from everyshelf.network import NodeUpserted
from everyshelf.orders import OrderId

MARGIN: Final = timedelta(hours=24)
NOT_BEGUN: Final = (State.OFFERED, State.ACCEPTED)


class _Late(msgspec.Struct, frozen=True):
    part: int
    id: FulfillmentId
    order_id: OrderId
    node: str
    method: str
    state: State
    due_at: datetime
    version: int


def closed(tx: Tx, heard: Sequence[Heard]) -> None:
    """A node was closed: what nobody has begun there is done elsewhere."""
    told: list[NodeUpserted] = [h.event for h in heard]
    last = {event.node: event for event in sorted(told, key=lambda e: e.version)}
    nodes = sorted(node for node, event in last.items() if not event.active)
    if not nodes:
        return
    states = [str(s) for s in NOT_BEGUN]
    found = tx.tuples(SQL.work_at_closed, nodes=nodes, states=states)
    words = "the node was closed"
    reject_now(tx, [Reject("", FulfillmentId(i), RejectReason.CLOSED, words) for (i,) in found])


def warn(tx: Tx, limit: int) -> int:
    """Tells once of work that is not done a day before its promise; the worker calls it. How many
    were told."""
    late = tx.all(SQL.at_risk, _Late, before=tx.now + MARGIN, limit=limit)
    if late:
        tx.run(SQL.warned, **table(("parts", "ids"), ((x.part, x.id) for x in late)), now=tx.now)
    outbox.emit(tx, [
        events.FulfillmentAtRisk(
            fulfillment_id=x.id, order_id=x.order_id, node=x.node, method=x.method,
            version=x.version, state=str(x.state), due_at=x.due_at,
        )
        for x in late
    ])  # fmt: skip
    return len(late)
