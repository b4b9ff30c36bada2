"""A process that is meant to be killed: walks orders through the house under stable keys.

It knows nothing of what an earlier process did and sends everything again; the keys must make each
effect happen once. `python -m tests.chaos.driver URL FOLDER ORDERS` prints `done` at the end.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

from everyshelf import fulfillment, orders, payment, transport
from everyshelf.base.ids import new
from everyshelf.base.tx import Database, Tx
from everyshelf.edge import worker
from everyshelf.fulfillment import FulfillmentId
from everyshelf.payment import Answer, ProviderAnswer
from everyshelf.transport import Bought, Request
from tests.walk import NOW, ask
from tests.world import NEW_YORKER, done

LATER: Final = NOW + timedelta(hours=1)  # Leases of a process that died are over.


class Book:
    """What the outside did: one line an effect, kept in a file that outlives a crash."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def has(self, key: str) -> bool:
        return self.path.exists() and key in self.path.read_text().split()

    def write(self, key: str) -> None:
        with self.path.open("a") as sink:
            sink.write(f"{key}\n")


class Bank:
    """A provider that acts every time it is asked: only a look-up first keeps it to once."""

    def __init__(self, folder: Path) -> None:
        self.book = Book(folder / "bank")

    def authorize(self, key: str, amount_minor: int, currency: str, ref: str) -> ProviderAnswer:
        self.book.write(f"{key}={amount_minor}")
        return ProviderAnswer(Answer.DONE, "ref")

    capture = refund = void = authorize

    def lookup(self, key: str, kind: str, ref: str) -> ProviderAnswer | None:
        known = self.book.path.exists() and f"{key}=" in self.book.path.read_text()
        return ProviderAnswer(Answer.DONE, "ref") if known else None


class Parcels:
    """A carrier that sells a label every time it is asked."""

    def __init__(self, folder: Path) -> None:
        self.book = Book(folder / "labels")

    def find(self, key: str) -> Bought | None:
        return Bought(f"T-{key}", 700, "USD") if self.book.has(key) else None

    def buy(self, request: Request) -> Bought:
        self.book.write(request.key)
        return Bought(f"T-{request.key}", 700, "USD")

    def void(self, key: str) -> None:
        self.book.write(f"void-{key}")


def order(n: int, keyed: bool = True) -> orders.Place:
    """The n-th order: the same one in every process, under the same key unless it has none."""
    return orders.Place(
        key=f"order-{n}" if keyed else str(new(orders.OrderId)),
        channel="web",
        channel_ref=f"ref-{n}" if keyed else "",
        buyer=orders.Buyer(name="Ada Miller", email=f"b{n % 3}@example.com"),
        currency="USD",
        lines=[orders.PlaceLine(item="TEA-1", qty=1 + n % 2), orders.PlaceLine("MUG-1", 1)],
        ship_to=NEW_YORKER,
        payment=orders.PaymentChoice("bank", authorized=False),
    )


def _prepare(command: fulfillment.Prepare, tx: Tx) -> None:
    fulfillment.prepare(tx, [command])


def _label(command: transport.BuyLabels, tx: Tx) -> None:
    transport.buy_labels(tx, [command])


def walk(db: Database, folder: Path, count: int, keyed: bool = True) -> None:
    """Places, prepares, buys labels, ships and takes the money."""
    bank, parcels = Bank(folder), Parcels(folder)
    for n in range(count):
        command = order(n, keyed)
        db.run(lambda tx, c=command: done(orders.place(tx, [c])), now=NOW)  # type: ignore[misc]
    _settle(db, bank)
    for id_ in _work(db):
        work = fulfillment.Prepare(f"prepare-{id_}", id_)
        db.run(partial(_prepare, work), now=NOW)
        label = transport.BuyLabels(f"label-{id_}", id_, "parcels", "GROUND")
        db.run(partial(_label, label), now=NOW)
    transport.settle_labels(db, {"parcels": parcels})
    for id_ in _work(db):
        command_ = transport.Ship(f"ship-{id_}", id_)
        db.run(lambda tx, c=command_: done(transport.ship(tx, [c])), now=NOW)  # type: ignore[misc]
    _settle(db, bank)


def _work(db: Database) -> list[FulfillmentId]:
    found = ask(
        db,
        "select id from fulfillment_order where state not in ('completed', 'cancelled', "
        "'rejected') order by id",
    )
    return [FulfillmentId(int(str(id_))) for (id_,) in found]


def _settle(db: Database, bank: Bank) -> None:
    for now in (NOW, LATER):
        worker.drain(db, now=now)
        payment.settle(db, "bank", bank, now=now)
    worker.drain(db, now=LATER)


if __name__ == "__main__":
    url, folder, count, keyed = sys.argv[1:5]
    with Database(url, size=2) as database:
        walk(database, Path(folder), int(count), keyed == "keyed")
    print("done")
