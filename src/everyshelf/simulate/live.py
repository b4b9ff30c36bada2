"""Replay: a retailer's past goes once more through the real rooms, on a clock set by hand.

Period by period: take the orders, let the rooms hear (`pump`), let customers cancel and return,
let people work, let parcels arrive, fill the shelves up. Nothing of the product is replaced.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from everyshelf import orders, returns
from everyshelf.base import ids
from everyshelf.base.parts import table
from everyshelf.base.process import settle_down
from everyshelf.base.results import Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Database, Tx
from everyshelf.decide.sourcing import warm
from everyshelf.network import Address, iso_country
from everyshelf.simulate.history import Entry, Invoice, Period
from everyshelf.simulate.people import People
from everyshelf.simulate.retailer import CHANNELS, Level, Retailer, Site, receive

SQL = load("everyshelf.simulate")
Pump = Callable[[datetime], int]
CHANNEL_WEIGHTS = (55, 15, 5, 5, 5, 15)
PICKUP_RATE = 0.15
PICKUP_LINES = 12
PICKUP_UNITS = 60
REFILL_BELOW = 0.8
REFILL_DAYS = 7
SETTLE_DAYS = 21
HISTORY = "returned in the history"


class Bought(msgspec.Struct):
    """Units of an order line that a customer has, or still expects."""

    customer: str
    item: str
    order_id: orders.OrderId
    line: int
    open: int
    had: int


class Counts(msgspec.Struct):
    """What happened to the rows of the file."""

    rows_taken: int = 0
    quarantined: Counter[str] = msgspec.field(default_factory=Counter)
    refused: Counter[str] = msgspec.field(default_factory=Counter)
    refused_lines: int = 0
    orders: int = 0
    unmatched_units: int = 0
    cancelled_units: int = 0


class Replay:
    """One run. `pump(now)` lets all rooms hear what has happened."""

    def __init__(
        self, db: Database, retailer: Retailer, *, home: str, seed: int, pump: Pump
    ) -> None:
        self.db = db
        self.retailer = retailer
        self.home = home
        self.pump = pump
        self.people = People(db, seed)
        self.counts = Counts()
        self._towns = retailer.stores or retailer.dcs
        self._refilled: datetime | None = None
        warm()  # Compiling takes seconds: not inside the transaction of the first orders.
        settle_down()

    def period(self, period: Period) -> None:
        """Lives through one span of the history."""
        now = period.until.replace(tzinfo=UTC)
        for entry in period.quarantined:
            self.counts.quarantined[entry.reason] += 1
        self.capture(period.sales, now)
        self.pump(now)
        self.give_back(period.returns, now)
        self.live(now)

    def live(self, now: datetime) -> None:
        """What goes on without new orders: work, parcels, pickups, deliveries from suppliers."""
        self.people.work(now)
        self.pump(now)
        self.people.ship(now)
        self.people.deliver(now)
        self.people.collect(now)
        self.refill(now)
        self.pump(now)

    def settle(self, last: datetime) -> None:
        """Lets three more weeks pass, so that what is on its way arrives."""
        now = last.replace(tzinfo=UTC)
        for _ in range(SETTLE_DAYS):
            now += timedelta(days=1)
            self.live(now)

    # Orders

    def capture(self, invoices: Sequence[Invoice], now: datetime) -> None:
        """Takes the period's orders; a pickup that cannot be promised is sent instead."""
        commands = [self._order(invoice, pickup=True) for invoice in invoices]
        answers = self._place(commands, now)
        again = [
            self._order(invoice, pickup=False)
            for invoice, command, answer in zip(invoices, commands, answers, strict=True)
            if not answer.ok and any(line.pickup_node for line in command.lines)
        ]
        second = {c.channel_ref: a for c, a in zip(again, self._place(again, now), strict=True)}
        for invoice, answer in zip(invoices, answers, strict=True):
            self._count(invoice, second.get(invoice.number, answer))

    def _place(
        self, commands: Sequence[orders.Place], now: datetime
    ) -> list[Result[orders.Placed]]:
        if not commands:
            return []
        return self.db.run(lambda tx: orders.place(tx, commands), now=now, actor="replay")

    def _count(self, invoice: Invoice, answer: Result[orders.Placed]) -> None:
        self.counts.rows_taken += len(invoice.entries)
        if answer.refusal is None:
            self.counts.orders += 1
        else:
            self.counts.refused[answer.refusal.code] += 1
            self.counts.refused_lines += len(invoice.entries)

    def _order(self, invoice: Invoice, *, pickup: bool) -> orders.Place:
        dice = self.people.draw("order", invoice.number)
        channel = dice.choices(CHANNELS, CHANNEL_WEIGHTS)[0]
        address, store = self._address(invoice)
        small = len(invoice.entries) <= PICKUP_LINES
        small = small and sum(e.qty for e in invoice.entries) <= PICKUP_UNITS
        collect = dice.random() < PICKUP_RATE and store is not None and small and pickup
        lines = [self._line(entry, store if collect else None) for entry in invoice.entries]
        return orders.Place(
            key=f"replay:{invoice.number}:{'collect' if collect else 'send'}",
            channel=channel, channel_ref=invoice.number,
            buyer=orders.Buyer(
                name=f"Customer {invoice.customer}" if invoice.customer else "Guest",
                loyalty=invoice.customer or None,
            ),
            currency=self.retailer.currency, lines=lines, ship_to=address,
            short_policy=orders.ShortPolicy.CANCEL_SHORT,
            placed_at=invoice.at.replace(tzinfo=UTC),
        )  # fmt: skip

    def _line(self, entry: Entry, store: Site | None) -> orders.PlaceLine:
        method = orders.Method.PICKUP if store else orders.Method.SHIP
        return orders.PlaceLine(
            entry.item, entry.qty, entry.price_minor * entry.qty, method=method,
            pickup_node=store.code if store else None,
        )  # fmt: skip

    def _address(self, invoice: Invoice) -> tuple[Address, Site | None]:
        """The home market lives around the stores of the network, each customer in one place;
        who is abroad is sent to the middle of their country."""
        if invoice.country != self.home:
            return Address(name="Customer", country=abroad(invoice.country)), None
        dice = self.people.draw("home", invoice.customer or invoice.number)
        town = dice.choice(self._towns)
        lat, lon = town.lat + dice.gauss(0, 0.2), town.lon + dice.gauss(0, 0.2)
        home = Address(
            name="Customer", street="1 Main St", city=town.city.title(), region=town.region,
            postcode=town.postcode, lat=round(lat, 4), lon=round(lon, 4),
        )  # fmt: skip
        return home, town if town in self.retailer.stores else None

    # Cancellations and returns

    def give_back(self, invoices: Sequence[Invoice], now: datetime) -> None:
        """Matches the file's returns with what was sold: units that have not left are cancelled,
        units the customer has are brought back; what was never sold is quarantined."""
        known = [(i, e) for i in invoices for e in i.entries if i.customer]
        self.counts.quarantined["return_without_customer"] += sum(
            len(i.entries) for i in invoices if not i.customer
        )
        if not known:
            return
        bought = self._bought({i.customer for i, _ in known}, {e.item for _, e in known}, now)
        cancels: list[orders.Cancel] = []
        counters: list[returns.CounterReturn] = []
        for invoice, entry in known:
            before = len(cancels) + len(counters)
            left = self._match(invoice, entry, bought, cancels, counters)
            self.counts.unmatched_units += left
            if len(cancels) + len(counters) > before:
                self.counts.rows_taken += 1
            else:
                self.counts.quarantined["return_without_sale"] += 1
        self._send(cancels, counters, now)

    def _bought(
        self, customers: Iterable[str], items: Iterable[str], now: datetime
    ) -> dict[tuple[str, str], list[Bought]]:
        named = sorted(set(customers))
        with self.db.transaction(now=now) as tx:
            rows = tx.all(
                SQL.bought_before, Bought, parts=sorted({ids.part_of(c) for c in named}),
                customers=named, items=sorted(set(items)),
            )  # fmt: skip
        found: dict[tuple[str, str], list[Bought]] = {}
        for row in rows:
            found.setdefault((row.customer, row.item), []).append(row)
        return found

    def _match(
        self,
        invoice: Invoice,
        entry: Entry,
        bought: dict[tuple[str, str], list[Bought]],
        cancels: list[orders.Cancel],
        counters: list[returns.CounterReturn],
    ) -> int:
        """Takes the entry's units from the latest purchases; how many found none."""
        left = abs(entry.qty)
        for row in bought.get((invoice.customer, entry.item), []):
            key = f"replay:{entry.row}:{row.order_id}:{row.line}"
            if back := min(left, row.had):
                row.had, left = row.had - back, left - back
                counters.append(self._counter(key, invoice, entry, row, back))
            if off := min(left, row.open):
                row.open, left = row.open - off, left - off
                cancels.append(orders.Cancel(key, row.order_id, [orders.CancelLine(row.line, off)]))
            if not left:
                break
        return left

    def _counter(
        self, key: str, invoice: Invoice, entry: Entry, row: Bought, qty: int
    ) -> returns.CounterReturn:
        dice = self.people.draw("grade", entry.row)
        grade = dice.choices(("a", "b", "c", "d"), (80, 12, 5, 3))[0]
        _, store = self._address(invoice)
        node = store.code if store else self.retailer.dcs[0].code
        line = returns.ReceivedLine(row.line, qty, grade)
        return returns.CounterReturn(key, row.order_id, node, [line], "history", override=HISTORY)

    def _send(
        self,
        cancels: Sequence[orders.Cancel],
        counters: Sequence[returns.CounterReturn],
        now: datetime,
    ) -> None:
        def work(tx: Tx) -> None:
            for answer in orders.cancel(tx, cancels):
                self._note("cancel", answer)
            for back in returns.counter_return(tx, counters):
                self._note("return", back)

        if cancels or counters:
            self.db.run(work, now=now, actor="replay")
            self.pump(now)

    def _note(self, what: str, answer: Result[orders.Cancelled] | Result[returns.Received]) -> None:
        if answer.refusal is not None:
            self.counts.refused[f"{what}: {answer.refusal.code}"] += 1

    # Supply

    def refill(self, now: datetime) -> None:
        """Once a week suppliers fill up the cells that have fallen low."""
        if self._refilled is not None and now - self._refilled < timedelta(days=REFILL_DAYS):
            return
        self._refilled = now
        rows = (
            (ids.part_of(level.item), level.item, level.node, level.qty)
            for level in self.retailer.levels
        )
        names = ("parts", "items", "nodes", "levels")
        with self.db.transaction(now=now) as tx:
            low = tx.all(SQL.below_level, Level, **table(names, rows), share=REFILL_BELOW)
        for start in range(0, len(low), 5_000):
            receive(self.db, low[start : start + 5_000], "replenishment", now)


def abroad(country: str) -> str:
    """The ISO code of a country as the file writes it; the home market's own when unknown."""
    return iso_country(country) or "US"
