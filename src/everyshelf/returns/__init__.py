"""returns: what customers send or bring back.

Owns: rma, rma_line, return_receipt. Hears: orders.line.cancelled, orders.line.returned (of exchange
orders). Emits: returns.rma.opened, .received, .closed, .cancelled, returns.unit.graded,
returns.exchange.placed, returns.exchange.failed.
Never decides what a unit is worth (its order line does) and never leaves a unit without exactly one
disposition at the node that received it.
"""

from everyshelf.returns.close import cancel, close, expire
from everyshelf.returns.facts import (
    AskedLine,
    CancelRma,
    Changed,
    CloseRma,
    CounterReturn,
    Disposed,
    Opened,
    OpenRma,
    Receipt,
    ReceiptId,
    Received,
    ReceivedLine,
    ReceiveReturn,
    ReturnsPolicy,
    Rma,
    RmaId,
    RmaKind,
    RmaLine,
    RmaState,
    WantedLine,
)
from everyshelf.returns.open import open_rma
from everyshelf.returns.read import get, of_orders, receipts
from everyshelf.returns.receive import counter_return, receive
from everyshelf.returns.rules import check as check_rules

__all__ = [
    "AskedLine",
    "CancelRma",
    "Changed",
    "CloseRma",
    "CounterReturn",
    "Disposed",
    "OpenRma",
    "Opened",
    "Receipt",
    "ReceiptId",
    "ReceiveReturn",
    "Received",
    "ReceivedLine",
    "ReturnsPolicy",
    "Rma",
    "RmaId",
    "RmaKind",
    "RmaLine",
    "RmaState",
    "WantedLine",
    "cancel",
    "check_rules",
    "close",
    "counter_return",
    "expire",
    "get",
    "of_orders",
    "open_rma",
    "receipts",
    "receive",
]
