"""Orders of a file to the room orders: what is unknown stays out, the rest is placed once.

The source's own number of the order is its key, so that neither a second file nor a second run
places it twice.
"""

from __future__ import annotations

from collections.abc import Sequence

from everyshelf import catalog, network, orders
from everyshelf.base.errors import KEY_REUSED
from everyshelf.base.results import Outcome, Result
from everyshelf.base.tx import Tx
from everyshelf.edge.intake.facts import Quarantined, Reason, Unit
from everyshelf.edge.intake.group import OrderDraft, ReturnDraft
from everyshelf.edge.intake.setup import Setup
from everyshelf.edge.intake.take_returns import take_returns
from everyshelf.edge.intake.translate_orders import Sale
from everyshelf.orders import Placed, PlaceLine

TAKEN_BEFORE = frozenset({KEY_REUSED.code, "orders.ref_taken"})


def take_orders(tx: Tx, units: Sequence[Unit], setup: Setup) -> list[list[Quarantined]]:
    """Places the orders, then takes back what is returned; the rows of each that were not taken.

    In one batch all sales come first: a return never stands before the sale it takes back.
    """
    left = dict(zip(_numbers(units, OrderDraft), _take_sales(tx, units, setup), strict=True))
    back = [u.draft.line for u in units if isinstance(u.draft, ReturnDraft)]
    if back:
        answers = take_returns(tx, back, setup)
        left |= dict(zip(_numbers(units, ReturnDraft), answers, strict=True))
    return [left[n] for n in range(len(units))]


def _numbers(units: Sequence[Unit], kind: type) -> list[int]:
    return [n for n, u in enumerate(units) if isinstance(u.draft, kind)]


def _take_sales(tx: Tx, units: Sequence[Unit], setup: Setup) -> list[list[Quarantined]]:
    drafts = [u.draft for u in units if isinstance(u.draft, OrderDraft)]
    if setup.make_items:
        make_items(tx, drafts, setup)
    items = catalog.items(tx, {x.item for d in drafts for x in d.lines})
    named = {x.more.pickup_node for d in drafts for x in d.lines if x.more.pickup_node}
    nodes = network.nodes(tx, sorted(named)) if named else {}
    left: list[list[Quarantined]] = []
    asked: list[tuple[int, list[Sale], orders.Place]] = []
    for n, draft in enumerate(drafts):
        left.append([_unknown(x, items) for x in draft.lines if not _known(x, items, nodes)])
        good = [x for x in draft.lines if _known(x, items, nodes)]
        if good:
            asked.append((n, good, place_of(draft.invoice, good, setup)))
    answers = orders.place(tx, [command for _, _, command in asked])
    met: set[str] = set()
    for (n, good, command), answer in zip(asked, answers, strict=True):
        reason = _reason(answer, command.key in met)
        met.add(command.key)
        if reason:
            left[n] += [Quarantined(x.row, "", reason) for x in good]
    return left


def make_items(tx: Tx, drafts: Sequence[OrderDraft], setup: Setup) -> None:
    """Makes the items that no one has stated yet, with the first price that was paid."""
    first = {x.item: x for d in reversed(drafts) for x in reversed(d.lines)}
    absent = sorted(set(first) - set(catalog.items(tx, first)))
    catalog.upsert_items(
        tx,
        [
            catalog.UpsertItem(
                key=setup.record_key(f"item:{code}"),
                item=code,
                name=first[code].description[:500] or code,
                price_minor=first[code].price_minor,
                currency=setup.currency,
            )
            for code in absent
        ],
    )


def place_of(invoice: str, lines: Sequence[Sale], setup: Setup) -> orders.Place:
    """The order as its lines state it; the buyer and the address are those of the first."""
    first = lines[0]
    return orders.Place(
        key=setup.record_key(invoice),
        channel=setup.plan.mapping.channel,
        channel_ref=invoice,
        buyer=orders.Buyer(
            first.more.buyer, first.more.email or None, first.more.phone or None,
            first.customer or None,
        ),
        currency=setup.currency,
        lines=[_place_line(x) for x in lines],
        ship_to=_address(first),
        short_policy=orders.ShortPolicy(setup.plan.mapping.short),
        placed_at=first.at,
    )  # fmt: skip


def _place_line(x: Sale) -> PlaceLine:
    method = orders.Method(x.more.method) if x.more.method else orders.Method.SHIP
    return PlaceLine(
        x.item, x.qty, x.qty * x.price_minor, x.more.tax_minor, method, x.more.pickup_node or None
    )


def _address(x: Sale) -> network.Address:
    country = network.iso_country(x.country) or x.country or "US"
    more = x.more
    return network.Address(
        more.buyer, more.street, more.city, more.region, more.postcode, country, None, None,
        more.phone, more.email,
    )  # fmt: skip


def _known(x: Sale, items: dict[str, catalog.Item], nodes: dict[str, network.Node]) -> bool:
    return x.item in items and (not x.more.pickup_node or x.more.pickup_node in nodes)


def _unknown(x: Sale, items: dict[str, catalog.Item]) -> Quarantined:
    if x.item in items:
        return Quarantined(x.row, "pickup_node", Reason.UNKNOWN_NODE)
    return Quarantined(x.row, "item", Reason.UNKNOWN_ITEM)


def _reason(answer: Result[Placed], met: bool) -> str:
    """Why the order's rows are not taken; empty when they are."""
    if answer.refusal is not None:
        before = answer.refusal.code in TAKEN_BEFORE
        return Reason.INVOICE_TAKEN_BEFORE if before else answer.refusal.code
    if met:
        return Reason.INVOICE_TAKEN_BEFORE
    return Reason.ALREADY_TAKEN if answer.outcome is Outcome.EXISTS else ""
