"""What happens between the snapshot and the taking: it is noticed, and decided again."""

from collections.abc import Callable

import pytest

from everyshelf import network, orders, stock
from everyshelf.base.tx import Database, Tx
from everyshelf.sourcing.pool import Pool
from tests.sourcing import shop
from tests.world import done


def in_between(
    monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object], times: int = 1
) -> list[int]:
    """Lets something happen right after the snapshot is read, the first times it is."""
    read, seen = Pool._read_suppliers, list[int]()

    def late(self: Pool, tx: Tx) -> dict[tuple[int, int], int]:
        found = read(self, tx)
        seen.append(len(seen))
        if len(seen) <= times:
            happens()
        return found

    monkeypatch.setattr(Pool, "_read_suppliers", late)
    return seen


def test_a_node_that_pauses_in_between_gets_nothing(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.shop(db, {("S001", "TEA-1"): 5, ("S003", "TEA-1"): 5})
    [order_id] = shop.place(db, shop.order(("TEA-1", 1)))
    pause = network.Pause(key="p", node="S001")
    seen = in_between(monkeypatch, lambda: done(db.run(lambda tx: network.pause(tx, [pause]))))
    shop.hear(db)
    assert seen == [0, 1]
    assert shop.nodes(db, order_id) == {"S003"}
    [decision] = shop.why(db, order_id).decisions
    assert {c.node: c.excluded_by for c in decision.candidates} == {"S001": "paused", "S003": None}
    assert shop.findings(db) == []


def _sell(db: Database, key: str, qty: int) -> None:
    """A till sells what the snapshot still shows."""
    sold = stock.Sell(key=key, node="S001", item="TEA-1", qty=qty, strict=True)
    done(db.run(lambda tx: stock.sell(tx, [sold])))


def _two_orders(db: Database, policy: orders.ShortPolicy) -> list[orders.OrderId]:
    """Two orders whose units sit in S003, while S001 has one cheaper unit for each."""
    shop.shop(db, {("S003", "TEA-1"): 2, ("S003", "MUG-1"): 2})
    lines = (("TEA-1", 1), ("MUG-1", 1))
    made = shop.place(db, *(shop.order(*lines, short_policy=policy) for _ in range(2)))
    shop.fill(db, {("S001", "TEA-1"): 2, ("S001", "MUG-1"): 2})
    return made


@pytest.mark.parametrize("policy", list(orders.ShortPolicy))
def test_units_that_are_sold_in_between_are_found_elsewhere(
    db: Database, monkeypatch: pytest.MonkeyPatch, policy: orders.ShortPolicy
) -> None:
    first, second = _two_orders(db, policy)
    seen = in_between(monkeypatch, lambda: _sell(db, "s", 1))
    shop.hear(db)
    assert seen == [0, 1]
    assert shop.at(db, first) == {(1, "S001"): 1, (2, "S001"): 1}
    assert shop.at(db, second) == {(1, "S003"): 1, (2, "S003"): 1}
    assert shop.findings(db) == []


def test_who_keeps_losing_waits_and_holds_its_units_still(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lost race gives back what the same attempt took: the soft holds are as they were."""
    shop.shop(db, {("S001", "TEA-1"): 9})
    made = shop.place(db, *(shop.order(("TEA-1", 1)) for _ in range(3)))

    def refuse(tx: Tx, commands: list[stock.Allocate]) -> list[object]:
        answers = allocate(tx, commands)
        gone = stock.INSUFFICIENT("gone")
        return [type(a).refused(gone) if c.order_id == made[1] else a
                for c, a in zip(commands, answers, strict=True)]  # fmt: skip

    allocate = stock.allocate
    monkeypatch.setattr(stock, "allocate", refuse)
    shop.hear(db)
    assert [shop.nodes(db, o) for o in made] == [{"S001"}, set(), {"S001"}]
    assert shop.waiting(db, made[1]) == {1: (1, "no_node")}
    [hold] = db.run(lambda tx: stock.holds_of(tx, [str(o) for o in made]))
    assert (hold.owner, hold.qty) == (str(made[1]), 1)
    monkeypatch.undo()
    shop.fill(db, {("S002", "TEA-1"): 1})
    shop.hear(db)
    assert shop.nodes(db, made[1]) == {"S001"}
    assert shop.findings(db) == []
