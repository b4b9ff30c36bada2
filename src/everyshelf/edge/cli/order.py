"""The command `order`: everything about one order on one page. Changes nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
import typer
from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from everyshelf import fulfillment, orders, payment, pickup, returns, sourcing, stock, transport
from everyshelf.base import money
from everyshelf.base.tx import Tx
from everyshelf.edge.cli import show, target
from everyshelf.edge.web.declare import shown
from everyshelf.edge.web.pickup import PickupView
from everyshelf.edge.web.transport import ShipmentView
from everyshelf.fulfillment import FulfillmentOrder
from everyshelf.orders import Order
from everyshelf.payment import Intent, Payment
from everyshelf.returns import Rma
from everyshelf.stock import Allocation

ORDER: Final = 21


class Standing(msgspec.Struct, frozen=True):
    """So many units of a line, and where they stand."""

    line: int
    item: str
    qty: int
    stands: str
    node: str = ""
    why: str = ""


class Step(msgspec.Struct, frozen=True):
    """One thing that happened to the order."""

    at: datetime
    what: str
    by: str = ""


class Page(msgspec.Struct, frozen=True):
    """Everything about one order."""

    order: Order
    state: str
    total_minor: int
    units: list[Standing]
    payment: Payment | None
    intents: list[Intent]
    work: list[FulfillmentOrder]
    shipments: list[Any]
    pickups: list[Any]
    returns: list[Rma]
    timeline: list[Step]


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command(rich_help_panel=target.LOOK)(order)


def order(
    order: Annotated[str, typer.Argument(help="Its id (ord_...) or its channel's reference.")],
    channel: Annotated[
        str | None, typer.Option(help="The channel, where several have this reference.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For a machine.")] = False,
) -> None:
    """Show an order: where each unit stands, its money, parcels, pickups, returns and timeline.

    Times are in UTC. `everyshelf why` says why its units come from there.

    Example: everyshelf order 1001
    """
    page = show.run(lambda tx: read(tx, show.order(tx, order, channel)))
    show.tell(page, as_json, *_tables(page))


def read(tx: Tx, found: Order) -> Page:
    """The page of an order, from every room that knows it."""
    work = fulfillment.of_orders(tx, [found.id])
    parcels = transport.of_orders(tx, [found.id])
    collected = pickup.of_fulfillments(tx, [w.id for w in work])
    back = returns.of_orders(tx, [found.id])
    intents = payment.intents(tx, [found.id])
    page = Page(
        found, found.state, found.total_minor, standings(tx, found),
        next(iter(payment.get(tx, [found.id])), None), intents, work,
        [shown(ShipmentView, s) for s in parcels], [shown(PickupView, p) for p in collected],
        back, [],
    )  # fmt: skip
    steps = _steps(page, orders.changes(tx, found.id))
    return msgspec.structs.replace(page, timeline=sorted(steps, key=lambda step: step.at))


def standings(tx: Tx, order: Order) -> list[Standing]:
    """Where each unit of the order stands, line by line."""
    at: dict[int, list[Allocation]] = {}
    for one in stock.allocations_of(tx, [order.id]):
        at.setdefault(one.line, []).append(one)
    waiting = {w.line: w for w in sourcing.why(tx, order.id).waiting}
    found: list[Standing] = []
    for x in order.real:
        mine = at.get(x.line, [])
        found += [
            Standing(x.line, x.item, qty, stands, one.node)
            for one in mine
            for stands, qty in (
                ("allocated", one.allocated), ("picked", one.picked), ("packed", one.packed),
            )
            if qty
        ]  # fmt: skip
        wait = waiting.get(x.line)
        if wait is not None:
            found.append(Standing(x.line, x.item, wait.qty, "waiting", "", wait.reason))
        unsourced = x.open - sum(one.live for one in mine) - (wait.qty if wait else 0)
        ends = (
            ("not sourced yet", unsourced), ("shipped", x.shipped - x.returned),
            ("returned", x.returned), ("cancelled", x.cancelled),
        )  # fmt: skip
        found += [Standing(x.line, x.item, qty, stands) for stands, qty in ends if qty > 0]
    return found


def _steps(page: Page, changes: list[orders.Change]) -> list[Step]:
    steps = [Step(page.order.placed_at, f"placed on {page.order.channel}")]
    steps += [Step(c.at, c.kind.replace("_", " "), c.actor) for c in changes]
    for w in page.work:
        for what, when in (
            ("gets the work", w.made_at), ("accepted", w.accepted_at), ("picked", w.picked_at),
            ("packed", w.packed_at),
        ):  # fmt: skip
            steps += [Step(when, f"{w.node}: {what}")] if when else []
    for s in page.shipments:
        steps.append(Step(s.shipped_at, f"{s.node}: shipped by {s.carrier} {s.service}"))
        steps += [Step(s.delivered_at, f"delivered by {s.carrier}")] if s.delivered_at else []
    for p in page.pickups:
        steps.append(Step(p.staged_at, f"{p.node}: ready to be collected"))
        steps += [Step(p.handed_over_at, f"{p.node}: handed over")] if p.handed_over_at else []
    for r in page.returns:
        steps.append(Step(r.made_at, f"{r.kind} announced"))
        steps += [Step(r.closed_at, f"{r.kind} {r.state}")] if r.closed_at else []
    currency = page.order.currency
    steps += [
        Step(i.done_at, f"{i.kind} of {money.show(i.amount_minor, currency)} {i.state}")
        for i in page.intents
        if i.done_at
    ]
    return steps


def _tables(page: Page) -> list[RenderableType]:
    found, currency = page.order, page.order.currency
    worth = money.show(page.total_minor, currency)
    held = f", held for {', '.join(found.holds)}" if found.holds else ""
    made: list[RenderableType] = [
        f"[bold]{found.id}[/] {escape(found.channel)} {escape(found.channel_ref)}: "
        f"{page.state}{held}, {worth}",
        show.table(
            "Units", ("line", "item", "units", "stands", "at", "why"),
            ((u.line, u.item, u.qty, u.stands, u.node, u.why) for u in page.units),
        ),
    ]  # fmt: skip
    if page.payment is not None:
        made.append(_money(page.payment))
    made += [part(page) for part in (_shipments, _pickups, _returns)]
    steps = ((s.at, s.what, s.by) for s in page.timeline)
    timeline = show.table("Timeline", ("when", "what", "by"), steps)
    return [one for one in (*made, timeline) if not isinstance(one, Table) or one.row_count]


def _shipments(page: Page) -> Table:
    heads = ("shipment", "from", "carrier", "service", "state", "promised", "delivered")
    rows = (
        (s.id, s.node, s.carrier, s.service, s.state, s.promised_latest, s.delivered_at)
        for s in page.shipments
    )
    return show.table("Shipments", heads, rows)


def _pickups(page: Page) -> Table:
    heads = ("pickup", "at", "state", "place", "until", "handed over")
    rows = ((p.id, p.node, p.state, p.place, p.expires_at, p.handed_over_at) for p in page.pickups)
    return show.table("Pickups", heads, rows)


def _returns(page: Page) -> Table:
    def units(rma: Rma) -> str:
        return ", ".join(f"{x.received}/{x.qty} x {x.item}" for x in rma.lines)

    rows = ((r.id, r.kind, r.state, units(r)) for r in page.returns)
    return show.table("Returns", ("return", "kind", "state", "received"), rows)


def _money(paid: Payment) -> str:
    said = (
        ("authorized", paid.authorized_minor), ("captured", paid.captured_minor),
        ("refunded", paid.refunded_minor), ("voided", paid.voided_minor),
    )  # fmt: skip
    sums = ", ".join(
        f"{money.show(amount, paid.currency)} {word}" for word, amount in said if amount
    )
    return f"[bold]Payment[/] by {escape(paid.provider)}: {sums or 'nothing yet'}"
