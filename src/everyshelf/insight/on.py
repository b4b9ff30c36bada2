"""What the exceptions desk hears: troubles open cases, and what heals them closes them."""

from __future__ import annotations

from collections.abc import Sequence

from everyshelf.base.ids import part_of
from everyshelf.base.parts import table
from everyshelf.base.subscribe import Heard
from everyshelf.base.tx import Tx
from everyshelf.fulfillment.events import (
    FulfillmentAtRisk,
    FulfillmentCancelled,
    FulfillmentCompleted,
    FulfillmentRejected,
    FulfillmentShorted,
    SupplierOrderRejected,
)
from everyshelf.insight.desk import SQL, close_now, open_now
from everyshelf.insight.facts import CaseKind, Trouble
from everyshelf.orders import OrderId
from everyshelf.orders.events import LinesCancelled
from everyshelf.payment.events import PaymentAuthorized, PaymentCaptured, PaymentFailed
from everyshelf.payment.events import PaymentRefunded as Refunded
from everyshelf.pickup.events import PickupCodeLocked, PickupNotCollected, PickupUnlocked
from everyshelf.planning.events import ExperimentStopped
from everyshelf.returns.events import ExchangeFailed
from everyshelf.sourcing.events import LinesUnsourced, OrderAllocated
from everyshelf.stock.events import ItemCorrected, ItemCounted, ItemSold, TransferClosed
from everyshelf.transport.events import (
    ShipmentAttemptFailed,
    ShipmentDelivered,
    ShipmentDisputed,
    ShipmentLost,
    ShipmentReturned,
)

K = CaseKind


def unsourced(tx: Tx, heard: Sequence[Heard]) -> None:
    """Units that no node can serve."""
    events: list[LinesUnsourced] = [h.event for h in heard]
    open_now(tx, [
        Trouble(K.UNSOURCED, str(e.order_id),
                "; ".join(f"{x.qty} of {x.item}: {x.reason}" for x in e.lines), e.order_id)
        for e in events
    ])  # fmt: skip


def sourced_or_cancelled(tx: Tx, heard: Sequence[Heard]) -> None:
    """Closes the cases of orders for which nothing waits without a node any more."""
    order_ids = sorted({h.event.order_id for h in heard})
    keys = table(("parts", "order_ids"), ((part_of(o), o) for o in order_ids))
    waiting = {OrderId(o) for (o,) in tx.tuples(SQL.still_unsourced, **keys)}
    healed = [str(o) for o in order_ids if o not in waiting]
    close_now(tx, [(k, o) for o in healed for k in (K.UNSOURCED, K.REJECTED, K.SHORTED)],
              "the units have a node again, or are not wanted any more")  # fmt: skip


def at_risk(tx: Tx, heard: Sequence[Heard]) -> None:
    """Work that has not left a day before its promise."""
    events: list[FulfillmentAtRisk] = [h.event for h in heard]
    open_now(tx, [
        Trouble(K.AT_RISK, str(e.fulfillment_id), f"{e.method} from {e.node} is promised for "
                f"{e.due_at:%Y-%m-%d %H:%M} UTC and is only {e.state}: hurry it, or reject it "
                "there so that another node is found", e.order_id, e.node)
        for e in events
    ])  # fmt: skip


def left_or_ended(tx: Tx, heard: Sequence[Heard]) -> None:
    """It has left, or is nobody's work any more."""
    close_now(tx, [(K.AT_RISK, str(h.event.fulfillment_id)) for h in heard], "the work has ended")


def rejected(tx: Tx, heard: Sequence[Heard]) -> None:
    """A node said no."""
    events: list[FulfillmentRejected] = [h.event for h in heard]
    left_or_ended(tx, heard)
    open_now(tx, [
        Trouble(K.REJECTED, str(e.order_id), f"{e.node}: {e.reason}", e.order_id, e.node)
        for e in events
    ])  # fmt: skip


def shorted(tx: Tx, heard: Sequence[Heard]) -> None:
    """A picker found less."""
    events: list[FulfillmentShorted] = [h.event for h in heard]
    open_now(tx, [
        Trouble(K.SHORTED, str(e.order_id), f"{e.node}: {e.reason}", e.order_id, e.node)
        for e in events
    ])  # fmt: skip


def supplier_refused(tx: Tx, heard: Sequence[Heard]) -> None:
    """A supplier will not send."""
    events: list[SupplierOrderRejected] = [h.event for h in heard]
    open_now(tx, [
        Trouble(K.SUPPLIER_REFUSED, str(e.supplier_order_id), e.reason, e.order_id, e.node)
        for e in events
    ])  # fmt: skip


def lost(tx: Tx, heard: Sequence[Heard]) -> None:
    """Claim it from the carrier."""
    events: list[ShipmentLost] = [h.event for h in heard]
    open_now(tx, [
        Trouble(K.LOST, str(e.shipment_id),
                f"{e.carrier} lost {e.units} units; {e.refund_minor} {e.currency} refunded",
                e.order_id, e.node)
        for e in events
    ])  # fmt: skip


def attempt_failed(tx: Tx, heard: Sequence[Heard]) -> None:
    """Call the buyer before the carrier gives up."""
    events: list[ShipmentAttemptFailed] = [h.event for h in heard]
    open_now(tx, [
        Trouble(K.UNDELIVERED, str(e.shipment_id), f"attempt {e.attempts} failed {e.place}".strip(),
                e.order_id, e.node)
        for e in events
    ])  # fmt: skip


def arrived(tx: Tx, heard: Sequence[Heard]) -> None:
    """Delivered after all, or back and refunded."""
    close_now(tx, [(K.UNDELIVERED, str(h.event.shipment_id)) for h in heard],
              "the shipment has arrived")  # fmt: skip


def disputed(tx: Tx, heard: Sequence[Heard]) -> None:
    """A carrier contradicts itself."""
    events: list[ShipmentDisputed] = [h.event for h in heard]
    open_now(tx, [
        Trouble(K.DISPUTED, str(e.shipment_id), f"ended as {e.state}, then said {e.said}",
                e.order_id, e.node)
        for e in events
    ])  # fmt: skip


def not_collected(tx: Tx, heard: Sequence[Heard]) -> None:
    """Nobody came; the units wait for their shelf."""
    events: list[PickupNotCollected] = [h.event for h in heard]
    open_now(tx, [
        Trouble(K.NOT_COLLECTED, str(e.pickup_id), "put the units back", e.order_id, e.node)
        for e in events
    ])  # fmt: skip


def code_locked(tx: Tx, heard: Sequence[Heard]) -> None:
    """Somebody tried codes."""
    events: list[PickupCodeLocked] = [h.event for h in heard]
    open_now(tx, [
        Trouble(K.CODE_LOCKED, str(e.pickup_id), "five wrong codes", e.order_id, e.node)
        for e in events
    ])  # fmt: skip


def unlocked(tx: Tx, heard: Sequence[Heard]) -> None:
    """A document was looked at."""
    close_now(tx, [(K.CODE_LOCKED, str(h.event.pickup_id)) for h in heard], "a document was shown")


def payment_failed(tx: Tx, heard: Sequence[Heard]) -> None:
    """Money did not move."""
    events: list[PaymentFailed] = [h.event for h in heard]
    open_now(tx, [
        Trouble(K.PAYMENT_FAILED, str(e.intent_id), f"{e.kind}: {e.detail}", e.order_id)
        for e in events
    ])  # fmt: skip


def paid(tx: Tx, heard: Sequence[Heard]) -> None:
    """The same intent went through."""
    close_now(tx, [(K.PAYMENT_FAILED, str(h.event.intent_id)) for h in heard], "it went through")


def exchange_failed(tx: Tx, heard: Sequence[Heard]) -> None:
    """The buyer gets money instead of goods."""
    events: list[ExchangeFailed] = [h.event for h in heard]
    open_now(tx, [
        Trouble(K.EXCHANGE_FAILED, str(e.rma_id), e.detail, e.order_id) for e in events
    ])  # fmt: skip


def corrected(tx: Tx, heard: Sequence[Heard]) -> None:
    """The books were wrong: count the shelf."""
    events: list[ItemCorrected] = [h.event for h in heard]
    open_now(tx, [
        Trouble(K.CORRECTED, f"{e.item}@{e.node}", f"{e.qty} {e.reason}: count it", node=e.node)
        for e in events
    ])  # fmt: skip


def sold(tx: Tx, heard: Sequence[Heard]) -> None:
    """A till sold what the books did not have."""
    events: list[ItemSold] = [h.event for h in heard if h.event.unknown]
    open_now(tx, [
        Trouble(K.UNKNOWN_SALE, f"{e.item}@{e.node}", f"{e.unknown} sold and not in the books",
                node=e.node)
        for e in events
    ])  # fmt: skip


def counted(tx: Tx, heard: Sequence[Heard]) -> None:
    """The shelf was counted: the books are right again."""
    cells = [f"{h.event.item}@{h.event.node}" for h in heard]
    close_now(tx, [(k, c) for c in cells for k in (K.CORRECTED, K.UNKNOWN_SALE)], "it was counted")


def transfer_closed(tx: Tx, heard: Sequence[Heard]) -> None:
    """Units of a transfer never arrived."""
    events: list[TransferClosed] = [h.event for h in heard if h.event.lost]
    open_now(tx, [
        Trouble(K.TRANSFER_LOSS, str(e.transfer_id),
                "; ".join(f"{u.qty} of {u.item}" for u in e.lost), node=e.lost[0].node)
        for e in events
    ])  # fmt: skip


def experiment_stopped(tx: Tx, heard: Sequence[Heard]) -> None:
    """A rule on trial did harm and was taken back: find out why before it is tried again."""
    events: list[ExperimentStopped] = [h.event for h in heard]
    open_now(tx, [
        Trouble(K.EXPERIMENT_STOPPED, f"{e.policy}/{e.number}", e.detail) for e in events
    ])  # fmt: skip


HANDLERS = {
    LinesUnsourced: unsourced,
    OrderAllocated: sourced_or_cancelled,
    LinesCancelled: sourced_or_cancelled,
    FulfillmentRejected: rejected,
    FulfillmentAtRisk: at_risk,
    FulfillmentCompleted: left_or_ended,
    FulfillmentCancelled: left_or_ended,
    FulfillmentShorted: shorted,
    SupplierOrderRejected: supplier_refused,
    ShipmentLost: lost,
    ShipmentAttemptFailed: attempt_failed,
    ShipmentDelivered: arrived,
    ShipmentReturned: arrived,
    ShipmentDisputed: disputed,
    PickupNotCollected: not_collected,
    PickupCodeLocked: code_locked,
    PickupUnlocked: unlocked,
    PaymentFailed: payment_failed,
    PaymentAuthorized: paid,
    PaymentCaptured: paid,
    Refunded: paid,
    ExchangeFailed: exchange_failed,
    ItemCorrected: corrected,
    ItemSold: sold,
    ItemCounted: counted,
    TransferClosed: transfer_closed,
    ExperimentStopped: experiment_stopped,
}
