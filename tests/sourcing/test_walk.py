"""Whatever happens in whatever order: each owed unit ends at one node or waits; none is lost."""

import random

import pytest

from everyshelf import network, orders, sourcing, stock
from everyshelf.base.tx import Database, Tx
from everyshelf.orders import OrderId
from tests.sourcing import shop
from tests.world import NEW_YORKER, TEXAN, done

ITEMS = ("TEA-1", "MUG-1", "LAMP-1")
NODES = ("DC1", "S001", "S002", "S003")


class Walk:
    """One retailer and what may happen to it."""

    def __init__(self, db: Database, seed: int) -> None:
        self.db, self.luck, self.made = db, random.Random(seed), list[OrderId]()
        self.handled = 0
        shop.shop(db, {(n, i): self.luck.randint(0, 6) or 1 for n in NODES for i in ITEMS})
        for node in NODES[:2]:
            cap = network.UpsertNode(key=f"c{node}", node=node, daily_orders=4)
            done(db.run(lambda tx, cap=cap: network.upsert_nodes(tx, [cap])))  # type: ignore[misc]

    def place(self) -> None:
        items = self.luck.sample(ITEMS, self.luck.randint(1, 3))
        policy = self.luck.choice(list(orders.ShortPolicy))
        command = shop.order(
            *((i, self.luck.randint(1, 3)) for i in items), short_policy=policy,
            priority=self.luck.randint(0, 1), to=self.luck.choice((NEW_YORKER, TEXAN)),
        )  # fmt: skip
        [answer] = self.db.run(lambda tx: orders.place(tx, [command]), now=shop.NOW)
        if answer.ok:
            self.made.append(answer.get().order_id)

    def cancel(self) -> None:
        if self.made:
            found = self.db.run(lambda tx: orders.get(tx, [self.luck.choice(self.made)]))
            open_ = [x for x in found[0].lines if x.open]
            lines = [orders.CancelLine(x.line, self.luck.randint(1, x.open)) for x in open_]
            command = orders.Cancel(
                key=str(self.luck.random()), order_id=found[0].id, lines=lines[:1] or None
            )
            self.db.run(lambda tx: orders.cancel(tx, [command]), now=shop.NOW)

    def readdress(self) -> None:
        if self.made:
            command = orders.Amend(
                key=str(self.luck.random()), order_id=self.luck.choice(self.made),
                ship_to=self.luck.choice((NEW_YORKER, TEXAN)),
            )  # fmt: skip
            self.db.run(lambda tx: orders.amend(tx, [command]), now=shop.NOW)

    def reject(self) -> None:
        if self.made:
            self.db.run(self._reject, now=shop.NOW)

    def _reject(self, tx: Tx) -> None:
        order_id = self.luck.choice(self.made)
        sourcing.lock_orders(tx, [order_id])
        found = [a for a in stock.allocations_of(tx, [order_id]) if a.live]
        if found:
            a = self.luck.choice(found)
            done(stock.release(tx, [stock.Step(a.id, a.item, a.live)]))
            lost = sourcing.Resource(order_id, a.line, a.item, a.live, a.node, "too_busy")
            sourcing.resource_now(tx, [lost])

    def arrive(self) -> None:
        cell = (self.luck.choice(NODES), self.luck.choice(ITEMS))
        shop.fill(self.db, {cell: self.luck.randint(1, 4)})

    def hear(self) -> None:
        shop.hear(self.db)

    def work(self) -> None:
        """Fulfillment catches up with what was called back since."""
        self.db.run(self._work, now=shop.NOW)

    def _work(self, tx: Tx) -> None:
        told = shop.told(self.db, sourcing.AllocationsRevoked)
        for event in told[self.handled :]:
            assert isinstance(event, sourcing.AllocationsRevoked)
            live = {a.id: a.live for a in stock.allocations_of(tx, [event.order_id])}
            for x in event.lines:
                if qty := min(x.qty, live[x.allocation_id]):
                    done(stock.release(tx, [stock.Step(x.allocation_id, x.item, qty)]))
            sourcing.source_now(tx, [event.order_id])
        self.handled = len(told)


@pytest.mark.parametrize("seed", range(6))
def test_a_walk_leaves_every_unit_in_one_place(db: Database, seed: int) -> None:
    walk = Walk(db, seed)
    acts = (
        walk.place, walk.place, walk.cancel, walk.readdress, walk.reject, walk.arrive, walk.hear,
        walk.hear, walk.work,
    )  # fmt: skip
    for _ in range(70):
        walk.luck.choice(acts)()
    for _ in range(3):
        walk.hear()
        walk.work()
    db.run(sourcing.sweep, now=shop.later(hours=3))
    walk.work()
    assert len(walk.made) > 5
    assert shop.findings(db) == []
    assert shop.ask(db, "select * from sourcing_unsettled") == []
    ids = [d.decision_id for o in walk.made for d in shop.why(db, o).decisions]
    replays = [shop.again(db, i) for i in ids]
    assert all(r.same_problem and r.same_answer for r in replays)
