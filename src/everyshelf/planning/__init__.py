"""planning: what to make before it can be sent, how a rule on trial does, what another rule would
have done, and where decisions fail.

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
from everyshelf.planning.failures import Failures, failures
from everyshelf.planning.make import cancel_now, get, made, open_makes, request_now, start
from everyshelf.planning.replay import Changed, Choice, Report, Shadowed, Side, replay, shadowed
from everyshelf.planning.worth import Terms, keep, read, reckon, renew

__all__ = [
    "Arm",
    "Breach",
    "Changed",
    "Choice",
    "Comparison",
    "ExperimentStopped",
    "Failures",
    "Figure",
    "Made",
    "MakeChanged",
    "MakeId",
    "MakeOrder",
    "MakeState",
    "Report",
    "Shadowed",
    "Side",
    "Start",
    "Terms",
    "broken",
    "cancel_now",
    "compare",
    "failures",
    "get",
    "keep",
    "made",
    "open_makes",
    "read",
    "reckon",
    "renew",
    "replay",
    "request_now",
    "shadowed",
    "start",
    "watch",
]
