"""orders: what was promised.

Owns sales_order, order_line, order_hold, order_change and the view order_state.
Hears customer.customer.merged, customer.customer.erased.
Emits orders.order.placed, .amended, .completed; orders.hold.placed, .released;
orders.line.cancelled, .shipped, .unshipped, .returned, .backordered.
Never chooses a node, moves money or knows how far the work on open units is.
"""

from everyshelf.orders.amend import amend
from everyshelf.orders.book import Change, changes, get, open_lines
from everyshelf.orders.cancel import cancel, cancel_now
from everyshelf.orders.commands import (
    Amend,
    Amended,
    AmendLine,
    Cancel,
    Cancelled,
    CancelLine,
    HoldOrder,
    OrderHolds,
    PaymentChoice,
    Place,
    Placed,
    PlaceLine,
    ReleaseHold,
)
from everyshelf.orders.events import (
    BackorderedLine,
    CancelledLine,
    EventLine,
    HoldPlaced,
    HoldReleased,
    LineCount,
    LinesBackordered,
    LinesCancelled,
    LinesReturned,
    LinesShipped,
    LinesUnshipped,
    MovedLine,
    OrderAmended,
    OrderCompleted,
    OrderPlaced,
)
from everyshelf.orders.facts import (
    LINE_UNKNOWN,
    NOTHING_OPEN,
    UNKNOWN,
    Buyer,
    HoldKind,
    Line,
    LineState,
    Order,
    OrderId,
    OrderState,
    ShortPolicy,
    Supply,
)
from everyshelf.orders.find import by_ref, facts_for_policies, of_customers, page
from everyshelf.orders.hold import hold, release_hold
from everyshelf.orders.place import place, place_now
from everyshelf.orders.progress import mark_returned, mark_shipped, unship
from everyshelf.promise import COLLECTED, Method, pool_of

__all__ = [
    "COLLECTED",
    "LINE_UNKNOWN",
    "NOTHING_OPEN",
    "UNKNOWN",
    "Amend",
    "AmendLine",
    "Amended",
    "BackorderedLine",
    "Buyer",
    "Cancel",
    "CancelLine",
    "Cancelled",
    "CancelledLine",
    "Change",
    "EventLine",
    "HoldKind",
    "HoldOrder",
    "HoldPlaced",
    "HoldReleased",
    "Line",
    "LineCount",
    "LineState",
    "LinesBackordered",
    "LinesCancelled",
    "LinesReturned",
    "LinesShipped",
    "LinesUnshipped",
    "Method",
    "MovedLine",
    "Order",
    "OrderAmended",
    "OrderCompleted",
    "OrderHolds",
    "OrderId",
    "OrderPlaced",
    "OrderState",
    "PaymentChoice",
    "Place",
    "PlaceLine",
    "Placed",
    "ReleaseHold",
    "ShortPolicy",
    "Supply",
    "amend",
    "by_ref",
    "cancel",
    "cancel_now",
    "changes",
    "facts_for_policies",
    "get",
    "hold",
    "mark_returned",
    "mark_shipped",
    "of_customers",
    "open_lines",
    "page",
    "place",
    "place_now",
    "pool_of",
    "release_hold",
    "unship",
]
