"""promise: what can be said to a buyer, by deciding on a snapshot of network and stock.

Owns no table. Hears and emits nothing: it only reads and computes.
Never holds a unit or chooses the node of an order: `stock` and `sourcing` do.
"""

from everyshelf.promise.facts import (
    COLLECTED,
    Leg,
    Method,
    Option,
    Promise,
    PromiseAsk,
    WhyNot,
    pool_of,
)
from everyshelf.promise.options import options
from everyshelf.promise.ways import NODE_CLOSED, check_way
from everyshelf.promise.windows import windows_now

__all__ = [
    "COLLECTED",
    "NODE_CLOSED",
    "Leg",
    "Method",
    "Option",
    "Promise",
    "PromiseAsk",
    "WhyNot",
    "check_way",
    "options",
    "pool_of",
    "windows_now",
]
