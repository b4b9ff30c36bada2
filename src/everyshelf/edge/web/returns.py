"""The routes of returns: announced, received anywhere, graded, refunded."""

from __future__ import annotations

from datetime import datetime

import msgspec

from everyshelf import returns
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.edge.web import declare
from everyshelf.edge.web.declare import Face, Listing, Read, Verb
from everyshelf.orders import OrderId
from everyshelf.returns import Changed, Receipt, Received, Rma, RmaId

SQL = load("everyshelf.edge.web", "lists.sql")
ONE = "/v1/returns/{rma_id}"


class OneRma(msgspec.Struct, frozen=True):
    """Which return."""

    rma_id: RmaId


class RmaQuery(msgspec.Struct, frozen=True):
    """Filters of returns."""

    state: str | None = None
    order_id: OrderId | None = None


class RmaRow(msgspec.Struct, frozen=True):
    """A return in a list."""

    id: RmaId
    order_id: OrderId
    kind: str
    state: str
    channel: str
    expires_at: datetime
    made_at: datetime
    closed_at: datetime | None
    version: int


class RmaDetail(msgspec.Struct, frozen=True):
    """A return with what was received; the version is the return's."""

    rma: Rma
    receipts: list[Receipt]
    version: int


def _get(tx: Tx, query: OneRma) -> RmaDetail:
    found = declare.only(returns.get(tx, [query.rma_id]), "return")
    return RmaDetail(found, returns.receipts(tx, [query.rma_id]), found.version)


FACE = Face(
    "returns",
    "What came back: announced, received at any node, graded, refunded, restocked.",
    (
        Listing("/v1/returns", SQL.list_rmas, RmaRow, RmaQuery, "List returns"),
        Read(ONE, _get, OneRma, RmaDetail, "Get a return with its receipts"),
        Verb(
            "POST", "/v1/orders/{order_id}/returns", returns.open_rma, returns.OpenRma,
            returns.Opened, "Announce a return or an exchange", 201,
            location="/v1/returns/{rma_id}",
        ),
        Verb(
            "POST", "/v1/orders/{order_id}/counter-returns", returns.counter_return,
            returns.CounterReturn, Received, "Take a return at the counter in one step", 201,
        ),
        Verb(
            "POST", f"{ONE}/receive", returns.receive, returns.ReceiveReturn, Received,
            "Receive and grade units at a node",
        ),
        Verb("POST", f"{ONE}/close", returns.close, returns.CloseRma, Changed, "Close a return"),
        Verb("POST", f"{ONE}/cancel", returns.cancel, returns.CancelRma, Changed, "Cancel it"),
    ),
)  # fmt: skip
