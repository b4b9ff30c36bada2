"""What transport hears: work that was opened again loses its labels; a supplier has sent."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from everyshelf.base.subscribe import Heard
from everyshelf.base.tx import Tx
from everyshelf.fulfillment.events import (
    FulfillmentCancelled,
    FulfillmentReopened,
    SupplierOrderShipped,
)
from everyshelf.transport.facts import Ship
from everyshelf.transport.labels import void_orphans_now
from everyshelf.transport.quote import Quote
from everyshelf.transport.ship import leave
from everyshelf.transport.work import Work, lock_work

LOG = structlog.get_logger()


def opened_again(tx: Tx, heard: Sequence[Heard]) -> None:
    """Packages that are gone need no label any more."""
    void_orphans_now(tx, [h.event.fulfillment_id for h in heard])


def supplier_sent(tx: Tx, heard: Sequence[Heard]) -> None:
    """A supplier's own carrier took the packages; the supplier pays it."""
    told = {h.event.fulfillment_id: h.event for h in heard}
    works = lock_work(tx, list(told))

    def ask(command: Ship, work: Work) -> Quote:
        event: SupplierOrderShipped = told[command.fulfillment_id]
        free = (0,) * len(work.packages)
        return Quote(event.carrier or "supplier", "supplier", 0, work.currency, free)

    commands = [Ship("", id_) for id_ in told]
    numbers = {id_: event.tracking for id_, event in told.items()}
    for result in leave(tx, commands, works, ask, numbers):
        if result.refusal is not None:
            LOG.warning("supplier_shipment_refused", refusal=result.refusal.detail)


HANDLERS = {
    FulfillmentReopened: opened_again,
    FulfillmentCancelled: opened_again,
    SupplierOrderShipped: supplier_sent,
}
