"""planning: what to make before it can be sent, and how a rule on trial does.

Owns: make_order. Hears: orders.order.placed, orders.order.amended, orders.hold.released,
orders.line.cancelled. Emits: planning.make.requested, .started, .made, .cancelled,
planning.experiment.stopped.
Never allocates what was made: it is received as stock, and sourcing takes it from there.
"""

from everyshelf.planning.events import ExperimentStopped
from everyshelf.planning.experiment import Arm, Breach, Comparison, Figure, broken, compare, watch
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
    "Arm",
    "Breach",
    "Comparison",
    "ExperimentStopped",
    "Figure",
    "Made",
    "MakeChanged",
    "MakeId",
    "MakeOrder",
    "MakeState",
    "Start",
    "broken",
    "cancel_now",
    "compare",
    "get",
    "made",
    "open_makes",
    "request_now",
    "start",
    "watch",
]
