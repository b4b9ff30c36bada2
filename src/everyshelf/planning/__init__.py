"""planning: what to make before it can be sent.

Owns: make_order. Hears: orders.order.placed, orders.order.amended, orders.hold.released,
orders.line.cancelled. Emits: planning.make.requested, .started, .made, .cancelled.
Never allocates what was made: it is received as stock, and sourcing takes it from there.
"""

from everyshelf.planning.facts import (
    Made,
    MakeChanged,
    MakeId,
    MakeOrder,
    MakeState,
    Start,
)
from everyshelf.planning.make import cancel_now, get, made, open_makes, request_now, start

__all__ = [
    "Made",
    "MakeChanged",
    "MakeId",
    "MakeOrder",
    "MakeState",
    "Start",
    "cancel_now",
    "get",
    "made",
    "open_makes",
    "request_now",
    "start",
]
