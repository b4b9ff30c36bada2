"""The routes of stock: availability, the verbs of the ledger, and what it looks like now."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated

import msgspec

from everyshelf import catalog, stock
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.edge.web.declare import Call, Face, Listing, NoQuery, Read, Verb
from everyshelf.stock.facts import RuleId

SQL = load("everyshelf.edge.web", "lists.sql")


class AskMany(msgspec.Struct, frozen=True):
    """What could be promised of these items?"""

    asks: list[stock.Ask]


class BalanceQuery(msgspec.Struct, frozen=True):
    """Filters of balances."""

    item: str | None = None
    node: str | None = None


class BalanceRow(msgspec.Struct, frozen=True):
    """The units of an item at a node, by bucket; `cell` orders the list."""

    cell: str
    item: str
    node: str
    sellable: int
    held: int
    allocated: int
    picked: int
    packed: int
    in_transit: int
    quality_hold: int
    damaged: int
    display: int
    on_hand: int


class MoveQuery(msgspec.Struct, frozen=True):
    """Which item's moves; `node` is where units came from or went."""

    item: str
    node: str | None = None


class MoveRow(msgspec.Struct, frozen=True):
    """One entry of the ledger."""

    id: stock.MoveId
    item: str
    from_node: str
    from_bucket: str
    to_node: str
    to_bucket: str
    qty: int
    lot: str
    serial: str
    reason: str
    cause: str
    actor: str
    at: datetime


class HoldQuery(msgspec.Struct, frozen=True):
    """Filters of holds."""

    item: str | None = None
    node: str | None = None
    owner: str | None = None


class HoldView(msgspec.Struct, frozen=True):
    """Units of a hold that sit at one node."""

    place: str
    id: stock.HoldId
    item: str
    node: str
    pool: str
    channel: str
    owner: str
    line: int
    qty: int
    expires_at: datetime | None


class TransferQuery(msgspec.Struct, frozen=True):
    """Filters of transfers."""

    node: str | None = None
    state: str | None = None


class TransferRow(msgspec.Struct, frozen=True):
    """A transfer and the units still on the way."""

    id: stock.TransferId
    from_node: str
    to_node: str
    state: str
    reason: str
    made_at: datetime
    closed_at: datetime | None
    sent: int
    received: int
    version: int


class InboundView(msgspec.Struct, frozen=True):
    """Dated supply."""

    id: stock.InboundId
    item: str
    node: str
    kind: str
    ref: str
    due_on: date
    qty: int
    received: int
    promised: int
    cap: int


class RuleView(msgspec.Struct, frozen=True):
    """One protection rule."""

    id: RuleId
    item: str | None
    node: str | None
    channel: str | None
    starts_on: date | None
    ends_on: date | None
    safety_qty: int | None
    walk_in_qty: int | None
    ring_fence_qty: int | None
    walk_in: stock.WalkIn | None


class RateQuery(msgspec.Struct, frozen=True):
    """Which item's walk-ins, at all nodes or one, over the last days."""

    item: str
    node: str | None = None
    days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 28


class CountView(msgspec.Struct, frozen=True):
    """One count that was taken."""

    id: stock.CountId
    item: str
    node: str
    counted: int
    expected: int
    variance: int
    reason: str
    actor: str
    at: datetime


def _availability(tx: Tx, asked: AskMany) -> list[stock.Availability]:
    unknown = {ask.channel for ask in asked.asks} - catalog.channels(tx).keys()
    if unknown:
        raise catalog.CHANNEL_UNKNOWN(f"There is no channel {min(unknown)!r}.")
    return stock.availability(tx, asked.asks)


def _rates(tx: Tx, query: RateQuery) -> list[stock.WalkInRate]:
    nodes = None if query.node is None else [query.node]
    return stock.walk_in_rates(tx, [query.item], nodes, tx.now - timedelta(days=query.days))


FACE = Face(
    "stock",
    "The one pool: what can be promised, and every movement of a unit.",
    (
        Call(
            "/v1/stock/availability", _availability, AskMany, list[stock.Availability],
            "Ask what each channel may promise, per node and in all",
        ),
        Listing(
            "/v1/stock/balances", SQL.list_balances, BalanceRow, BalanceQuery,
            "List balances by item and node", by="cell", newest=False,
        ),
        Listing(
            "/v1/stock/moves", SQL.list_moves, MoveRow, MoveQuery, "List an item's moves",
            within="item",
        ),
        Listing(
            "/v1/stock/holds", SQL.list_holds, HoldView, HoldQuery, "List live holds",
            by="place", newest=False,
        ),
        Listing(
            "/v1/stock/transfers", SQL.list_transfers, TransferRow, TransferQuery, "List transfers",
        ),
        Listing("/v1/stock/inbound", SQL.list_inbound, InboundView, BalanceQuery, "List supply"),
        Listing("/v1/stock/rules", SQL.list_rules, RuleView, NoQuery, "List protection rules"),
        Read(
            "/v1/stock/walk-in-rates", _rates, RateQuery, list[stock.WalkInRate],
            "What the tills sell of an item a day, node by node",
        ),
        Listing("/v1/stock/counts", SQL.list_counts, CountView, BalanceQuery, "List counts"),
        Verb(
            "POST", "/v1/stock/holds", stock.hold, stock.Hold, stock.Held,
            "Hold units of an item somewhere in a pool", 201,
        ),
        Verb(
            "POST", "/v1/stock/holds/end", stock.end_hold, stock.EndHold, int,
            "Give held units back before their time", told_as="released",
        ),
        Verb(
            "POST", "/v1/stock/receipts", stock.receive, stock.Receive, int,
            "Receive units at a node", 201, told_as="received",
        ),
        Verb(
            "POST", "/v1/stock/adjustments", stock.adjust, stock.Adjust, int,
            "Correct the books, with a reason", 201, told_as="delta",
        ),
        Verb(
            "POST", "/v1/stock/counts", stock.count, stock.Count, stock.Counted,
            "Take over a count; the variance is posted", 201,
        ),
        Verb(
            "POST", "/v1/stock/regrades", stock.regrade, stock.Regrade, int,
            "Move units between sellable, quality hold, damaged and display", 201,
            told_as="regraded",
        ),
        Verb(
            "POST", "/v1/stock/sales", stock.sell, stock.Sell, int,
            "Book a sale over the counter", 201, told_as="unknown",
        ),
        Verb(
            "POST", "/v1/stock/feeds", stock.feed, stock.Feed, stock.Fed,
            "Take over another system's snapshot of a node", 201,
        ),
        Verb(
            "PUT", "/v1/stock/rules", stock.set_rules, stock.SetRules, int,
            "Replace the protection rules of a scope", told_as="rules", bulk=False,
        ),
        Verb(
            "POST", "/v1/stock/inbound", stock.expect, stock.Expect, stock.InboundId,
            "Announce dated supply", 201, told_as="inbound_id",
        ),
        Verb(
            "POST", "/v1/stock/transfers", stock.send_transfer, stock.SendTransfer,
            stock.TransferId, "Send units to another node", 201, told_as="transfer_id",
        ),
        Verb(
            "POST", "/v1/stock/transfers/{transfer_id}/receive", stock.receive_transfer,
            stock.ReceiveTransfer, stock.TransferId, "Receive all or some units of a transfer",
            told_as="transfer_id",
        ),
        Verb(
            "POST", "/v1/stock/transfers/{transfer_id}/close", stock.close_transfer,
            stock.CloseTransfer, stock.TransferId, "Close a transfer; what is missing is lost",
            told_as="transfer_id",
        ),
    ),
)  # fmt: skip
