"""What the tests of sourcing share: the small retailer with stock, orders, and the event loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count

from everyshelf import network, orders, sourcing, stock
from everyshelf.base import codec, subscribe
from everyshelf.base.events import Event
from everyshelf.base.sql import Statement, load
from everyshelf.base.tx import Database, Tx
from everyshelf.orders import OrderId, PlaceLine
from everyshelf.sourcing.on import HANDLERS
from tests.world import NEW_YORKER, done, small_world

NOW = datetime(2026, 3, 4, 15, tzinfo=UTC)  # A Wednesday morning in New York.
_numbers = count(1)


def ask(db: Database, text: str) -> list[tuple[object, ...]]:
    """The rows of a query that a test writes."""
    return db.run(lambda tx: tx.tuples(Statement("test", "ask", "", text)))


def shop(db: Database, shelf: Mapping[tuple[str, str], int]) -> None:
    """The small retailer, with so many units of (node, item)."""
    small_world(db, {})
    fill(db, shelf)


def fill(db: Database, shelf: Mapping[tuple[str, str], int], now: datetime = NOW) -> None:
    """Units arrive."""
    commands = [
        stock.Receive(key=f"fill:{next(_numbers)}", node=node, item=item, qty=qty)
        for (node, item), qty in shelf.items()
    ]
    db.run(lambda tx: done(stock.receive(tx, commands)), now=now)


def order(
    *lines: tuple[str, int], to: network.Address | None = NEW_YORKER, method: str = "ship",
    at: str | None = None, **more: object,
) -> orders.Place:  # fmt: skip
    """A command that places an order for these (item, qty)."""
    n = next(_numbers)
    made = [
        PlaceLine(item=item, qty=qty, method=orders.Method(method), pickup_node=at)
        for item, qty in lines
    ]
    return orders.Place(
        key=f"order:{n}", channel="web", channel_ref=f"W{n}", buyer=orders.Buyer(email="a@b.de"),
        currency="USD", lines=made, ship_to=to, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def place(db: Database, *commands: orders.Place, now: datetime = NOW) -> list[OrderId]:
    """Places orders; nobody has heard of them yet."""
    placed = db.run(lambda tx: done(orders.place(tx, commands)), now=now)
    return [p.order_id for p in placed]


def hear(db: Database, now: datetime = NOW) -> None:
    """Sourcing hears all there is."""
    while subscribe.step(db, "sourcing", HANDLERS, now=now):
        pass
    assert not db.run(lambda tx: tx.tuples(Statement("t", "d", "", "select error from delivery")))


def source(db: Database, *commands: orders.Place, now: datetime = NOW) -> list[OrderId]:
    """Places orders and lets sourcing hear of them."""
    placed = place(db, *commands, now=now)
    hear(db, now)
    return placed


def at(db: Database, order_id: OrderId) -> dict[tuple[int, str], int]:
    """Live units by (line, node)."""
    found: dict[tuple[int, str], int] = {}
    for a in db.run(lambda tx: stock.allocations_of(tx, [order_id])):
        if a.live:
            found[a.line, a.node] = found.get((a.line, a.node), 0) + a.live
    return found


def nodes(db: Database, order_id: OrderId) -> set[str]:
    """The nodes at which the order has live units."""
    return {node for _, node in at(db, order_id)}


def waiting(db: Database, order_id: OrderId) -> dict[int, tuple[int, str]]:
    """(units, reason) that wait, by line."""
    found = db.run(lambda tx: sourcing.why(tx, order_id)).waiting
    return {w.line: (w.qty, w.reason.value) for w in found}


def told(db: Database, kind: type[Event]) -> list[Event]:
    """All events of a type, oldest first."""
    text = f"select body from event where type = 'everyshelf.{kind.TYPE}.v1' order by xid, id"
    return [codec.decode(str(body), kind) for (body,) in ask(db, text)]


def let_go(db: Database, now: datetime = NOW) -> None:
    """What fulfillment does when units are called back: it releases them and asks again."""
    gone = told(db, sourcing.AllocationsRevoked)

    def work(tx: Tx) -> None:
        for event in gone:
            assert isinstance(event, sourcing.AllocationsRevoked)
            live = {a.id: a.allocated for a in stock.allocations_of(tx, [event.order_id])}
            steps = [
                stock.Step(x.allocation_id, x.item, min(x.qty, live[x.allocation_id]))
                for x in event.lines
                if live[x.allocation_id]
            ]
            stock.release(tx, steps)
            sourcing.source_now(tx, [event.order_id])

    db.run(work, now=now)


def findings(
    db: Database, rooms: Sequence[str] = ("stock", "orders", "sourcing")
) -> list[tuple[str, str, object]]:
    """What the checks of these rooms find."""
    found: list[tuple[str, str, object]] = []
    with db.transaction() as tx:
        for room in rooms:
            for name, check in load(f"everyshelf.{room}", "checks.sql").found.items():
                text = check.text.replace("%%", "%")
                found += [(room, name, row) for row in tx.conn.execute(text.encode())]
    return found


def why(db: Database, order_id: OrderId) -> sourcing.Why:
    """What sourcing knows about an order."""
    return db.run(lambda tx: sourcing.why(tx, order_id))


def again(db: Database, decision_id: sourcing.DecisionId) -> sourcing.Replay:
    """A recorded decision taken again."""
    return db.run(lambda tx: sourcing.audit_replay(tx, decision_id))


def later(**kwargs: float) -> datetime:
    """NOW and some time."""
    return NOW + timedelta(**kwargs)
