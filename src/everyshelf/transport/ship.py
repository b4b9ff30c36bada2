"""Shipping: packed work leaves a node. Irreversible; what comes back comes back as a return.

A batch takes a constant number of statements. In one transaction the order's lines count the
units, the stock leaves the books of the node, the labels are paid, what was earned is captured and
the work is closed. A carrier outside is asked before this, by `buy_labels`; never here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from everyshelf import fulfillment, payment, stock
from everyshelf.base import claims, codec, ids, outbox
from everyshelf.base.errors import Refused
from everyshelf.base.parts import table
from everyshelf.base.results import Result
from everyshelf.base.tx import Tx
from everyshelf.fulfillment import FulfillmentId, PackageId
from everyshelf.transport.events import LabelBought, Parcel, ShipmentShipped
from everyshelf.transport.facts import (
    FULFILLMENT_UNKNOWN,
    LABEL_PENDING,
    NO_SERVICE,
    NOT_PACKED,
    Label,
    LabelState,
    ParcelLabel,
    Ship,
    ShipmentId,
    Shipped,
    tracking_of,
)
from everyshelf.transport.quote import Parcels, Quote, quote, read_tariff
from everyshelf.transport.work import SQL, Work, lock_work, mark, refusal, steps

Labels = Mapping[PackageId, Label]
Quoter = Callable[[Ship, Work], Quote | None]


class Leaving(msgspec.Struct, frozen=True):
    """One shipment as it is written."""

    id: ShipmentId
    work: Work
    quote: Quote
    labels: tuple[ParcelLabel, ...]


def ship(tx: Tx, commands: Sequence[Ship]) -> list[Result[Shipped]]:
    """Hands packed work to carriers.

    Refused: transport.fulfillment_unknown, .not_packed, .collected, .order_held, .no_address,
    .no_service, .label_pending.
    """
    return claims.once(tx, "transport.ship", commands, ship_now, Shipped)


def ship_now(tx: Tx, commands: Sequence[Ship]) -> list[Result[Shipped]]:
    """The same, for callers inside a transaction that is already exactly-once."""
    works = lock_work(tx, [c.fulfillment_id for c in commands])
    tariff = read_tariff(tx, [work.node for work in works.values()])
    return leave(tx, commands, works, lambda c, work: quote(tariff, parcels(c, work)))


def leave(
    tx: Tx,
    commands: Sequence[Ship],
    works: dict[FulfillmentId, Work],
    ask: Quoter,
    numbers: Mapping[FulfillmentId, str] | None = None,
) -> list[Result[Shipped]]:
    """Ships locked work at the prices that `ask` gives; `numbers` are known trackings."""
    bought = _labels_of(tx, works)
    answers: dict[int, Result[Shipped]] = {}
    going: dict[FulfillmentId, tuple[int, Quote]] = {}
    for n, command in enumerate(commands):
        try:
            price = _check(command, works, going, bought, ask)
            going[command.fulfillment_id] = (n, price)
        except Refused as refused:
            answers[n] = Result.refused(refused)
    kept, left = mark(tx, [works[id_] for id_ in going]) if going else ([], {})
    leaving = [
        _leaving(work, works[work.id], going[work.id][1], bought, (numbers or {}).get(work.id, ""))
        for work in kept
    ]
    _write(tx, leaving, bought)
    gone = {one.work.id: one for one in leaving}
    for id_, (n, _) in going.items():
        answers[n] = Result.done(_answer(works[id_], gone.get(id_), left.get(id_, 0)))
    return [answers[n] for n in range(len(commands))]


def parcels(command: Ship, work: Work) -> Parcels:
    """What a carrier is asked to carry."""
    assert work.ship_to is not None
    kind = "same_day" if work.method == "same_day" else "ship"
    weights = tuple(work.packages.values())
    return Parcels(work.node, kind, command.service or work.service, work.ship_to, weights)


def _labels_of(tx: Tx, works: Mapping[FulfillmentId, Work]) -> Labels:
    return {x.package_id: x for x in tx.all(SQL.read_labels_of, Label, ids=sorted(works))}


def _check(
    command: Ship,
    works: Mapping[FulfillmentId, Work],
    going: Mapping[FulfillmentId, object],
    bought: Labels,
    ask: Quoter,
) -> Quote:
    work = works.get(command.fulfillment_id)
    if work is None:
        raise FULFILLMENT_UNKNOWN(f"There is no fulfillment order {command.fulfillment_id}.")
    code = refusal(work)
    if code is not None or work.id in going:
        found = "shipped by this batch already" if code is None else work.state
        raise (code or NOT_PACKED)(f"{work.id} at {work.node} is {found}.")
    mine = [bought[p] for p in work.packages if p in bought]
    if any(label.state is LabelState.INTENT for label in mine):
        raise LABEL_PENDING(f"A label of {work.id} was ordered and has not come yet.")
    if mine:
        return _bought_quote(work, mine, bought)
    price = ask(command, work)
    if price is None:
        service = command.service or work.service or f"of the kind {work.method}"
        raise NO_SERVICE(f"No service {service} goes from {work.node} to this address.")
    return price


def _bought_quote(work: Work, mine: Sequence[Label], bought: Labels) -> Quote:
    if len(mine) != len(work.packages):
        raise LABEL_PENDING(f"Not every package of {work.id} has its label.")
    costs = tuple(bought[p].cost_minor for p in work.packages)
    return Quote(mine[0].carrier, mine[0].service, 0, mine[0].currency, costs)


def _leaving(work: Work, asked: Work, price: Quote, bought: Labels, number: str) -> Leaving:
    """Only the packages that are left are paid; a label that was bought keeps its number."""
    costs = dict(zip(asked.packages, price.costs_minor, strict=True))
    trackings = {p: bought[p].tracking if p in bought else tracking_of(p) for p in work.packages}
    if number:  # A supplier names one number; its second package gets it with a suffix.
        trackings = {p: f"{number}-{n}" if n else number for n, p in enumerate(work.packages)}
    labels = tuple(ParcelLabel(p, trackings[p], costs[p]) for p in work.packages)
    return Leaving(ids.new(ShipmentId), work, price, labels)


def _answer(work: Work, gone: Leaving | None, left_out: int) -> Shipped:
    if gone is None:
        return Shipped(None, work.id, work.order_id, left_out=left_out)
    return Shipped(
        gone.id, work.id, work.order_id, gone.quote.carrier, gone.quote.service,
        sum(label.cost_minor for label in gone.labels), gone.quote.currency, gone.labels, left_out,
    )  # fmt: skip


def _write(tx: Tx, leaving: Sequence[Leaving], bought: Labels) -> None:
    if not leaving:
        return
    moves = steps([content for one in leaving for content in one.work.contents])
    for result in stock.ship(tx, moves):
        result.get()
    _write_shipments(tx, leaving)
    _write_labels(tx, leaving)
    fulfillment.complete_now(tx, [one.work.id for one in leaving])
    payment.capture_shipped_now(tx, [(one.work.order_id, f"ship:{one.id}") for one in leaving])
    outbox.emit(tx, [_shipped(one) for one in leaving])
    outbox.emit(
        tx, [_bought(o, x) for o in leaving for x in o.labels if x.package_id not in bought]
    )


def _write_shipments(tx: Tx, leaving: Sequence[Leaving]) -> None:
    names = (
        "parts", "ids", "order_ids", "fulfillment_ids", "nodes", "carriers", "services",
        "ship_tos", "zones", "weights", "costs", "currencies", "promised",
    )  # fmt: skip
    rows = (
        (
            one.work.part, one.id, one.work.order_id, one.work.id, one.work.node,
            one.quote.carrier, one.quote.service, codec.encode(one.work.ship_to).decode(),
            one.quote.zone, sum(one.work.packages.values()),
            sum(label.cost_minor for label in one.labels), one.quote.currency,
            one.work.promised_latest,
        )
        for one in leaving
    )  # fmt: skip
    tx.run(SQL.insert_shipments, now=tx.now, **table(names, rows))


def _write_labels(tx: Tx, leaving: Sequence[Leaving]) -> None:
    names = (
        "parts", "package_ids", "fulfillment_ids", "shipment_ids", "keys", "carriers", "services",
        "trackings", "costs", "currencies",
    )  # fmt: skip
    rows = (
        (
            one.work.part, label.package_id, one.work.id, one.id, f"label:{label.package_id}",
            one.quote.carrier, one.quote.service, label.tracking, label.cost_minor,
            one.quote.currency,
        )
        for one in leaving
        for label in one.labels
    )  # fmt: skip
    tx.run(SQL.put_labels, now=tx.now, **table(names, rows))


def _shipped(one: Leaving) -> ShipmentShipped:
    return ShipmentShipped(
        shipment_id=one.id, order_id=one.work.order_id, fulfillment_id=one.work.id,
        node=one.work.node, carrier=one.quote.carrier, service=one.quote.service,
        cost_minor=sum(label.cost_minor for label in one.labels), currency=one.quote.currency,
        promised_latest=one.work.promised_latest, version=1,
        parcels=tuple(Parcel(label.package_id, label.tracking) for label in one.labels),
    )  # fmt: skip


def _bought(one: Leaving, label: ParcelLabel) -> LabelBought:
    return LabelBought(
        package_id=label.package_id, fulfillment_id=one.work.id, carrier=one.quote.carrier,
        service=one.quote.service, tracking=label.tracking, cost_minor=label.cost_minor,
        currency=one.quote.currency,
    )  # fmt: skip
