"""Reading shipments, labels and what carriers said. Changes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from everyshelf.base.parts import table
from everyshelf.base.tx import Tx
from everyshelf.fulfillment import FulfillmentId
from everyshelf.orders import OrderId
from everyshelf.transport.facts import Label, Message, Shipment, ShipmentId
from everyshelf.transport.work import SQL


def get(tx: Tx, shipments: Sequence[ShipmentId]) -> list[Shipment]:
    """These shipments, those that exist."""
    return tx.all(SQL.read_shipments, Shipment, ids=sorted(set(shipments)))


def of_orders(tx: Tx, order_ids: Sequence[OrderId]) -> list[Shipment]:
    """The shipments of these orders, oldest first."""
    return tx.all(SQL.read_shipments_of, Shipment, order_ids=sorted(set(order_ids)))


def labels(tx: Tx, fulfillments: Sequence[FulfillmentId]) -> list[Label]:
    """The labels of these fulfillment orders that are ordered or paid."""
    return tx.all(SQL.read_labels_of, Label, ids=sorted(set(fulfillments)))


def messages(tx: Tx, shipments: Sequence[Shipment]) -> list[Message]:
    """What carriers said about these shipments, in the order in which it happened."""
    keys = table(("parts", "ids"), ((s.part, s.id) for s in shipments))
    return tx.all(SQL.read_messages, Message, **keys)
