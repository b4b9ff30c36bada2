"""A node's work from offer to ready: the straight way, its undos, and its refusals."""

from __future__ import annotations

import itertools

from everyshelf import fulfillment as f
from everyshelf import stock
from everyshelf.base.tx import Database
from tests.fulfillment.shop import (
    balance,
    findings,
    key,
    one,
    open_shop,
    place,
    told,
    work,
    works,
)


def test_a_store_is_asked_and_a_dc_accepts_by_itself(db: Database) -> None:
    open_shop(db, S001={"TEA-1": 5}, DC1={"LAMP-1": 5})
    at_store = work(db, place(db, ("TEA-1", 2)))
    at_dc = work(db, place(db, ("LAMP-1", 1)))
    assert (at_store.node, at_store.state) == ("S001", f.State.OFFERED)
    assert (at_dc.node, at_dc.state) == ("DC1", f.State.ACCEPTED)
    assert at_dc.accepted_at is not None
    assert at_store.due_at is not None


def test_the_straight_way(db: Database) -> None:
    open_shop(db, S001={"TEA-1": 5, "MUG-1": 5})
    order_id = place(db, ("TEA-1", 2), ("MUG-1", 1))
    ful = work(db, order_id).id
    db.run(lambda tx: one(f.accept(tx, [f.Accept(key(), ful)])))
    db.run(lambda tx: one(f.pick(tx, [f.Pick(key(), ful)])))
    assert balance(db, "TEA-1", "S001") == {"sellable": 3, "picked": 2}
    done = db.run(lambda tx: one(f.pack(tx, [f.Pack(key(), ful)])))
    assert done.state is f.State.PACKED
    (package,) = db.run(lambda tx: f.packages_of(tx, [ful]))
    assert package.id == done.packages[0]
    assert {(x.item, x.qty) for x in package.lines} == {("TEA-1", 2), ("MUG-1", 1)}
    assert package.weight_g == 2 * 300 + 420 + next(
        b.tare_g for b in f.CARTONS if b.name == package.carton
    )
    assert balance(db, "TEA-1", "S001") == {"sellable": 3, "packed": 2}
    assert told(db, "fulfillment.order") == [
        f"fulfillment.order.{x}" for x in ("offered", "accepted", "picked", "packed")
    ]
    assert findings(db) == []


def test_every_step_can_be_undone(db: Database) -> None:
    open_shop(db, DC1={"TEA-1": 5})
    ful = work(db, place(db, ("TEA-1", 3))).id
    db.run(lambda tx: one(f.prepare(tx, [f.Prepare(key(), ful)])))
    assert balance(db, "TEA-1", "DC1") == {"sellable": 2, "packed": 3}
    opened = db.run(lambda tx: one(f.unpack(tx, [f.Unpack(key(), ful)])))
    assert opened.state is f.State.PICKED
    assert db.run(lambda tx: f.packages_of(tx, [ful])) == []
    back = db.run(lambda tx: one(f.unpick(tx, [f.Unpick(key(), ful)])))
    assert back.state is f.State.ACCEPTED
    assert balance(db, "TEA-1", "DC1") == {"sellable": 2, "allocated": 3}
    assert findings(db) == []


def test_a_key_is_done_once_and_answers_the_same(db: Database) -> None:
    open_shop(db, DC1={"TEA-1": 5})
    ful = work(db, place(db, ("TEA-1", 3))).id
    command = f.Pick("once", ful)
    first = db.run(lambda tx: one(f.pick(tx, [command])))
    (again,) = db.run(lambda tx: f.pick(tx, [command]))
    assert (again.outcome, again.value) == ("exists", first)
    assert balance(db, "TEA-1", "DC1") == {"sellable": 2, "picked": 3}


def test_a_stale_version_and_an_unknown_order_are_refused_alone(db: Database) -> None:
    open_shop(db, DC1={"TEA-1": 5})
    good, stale = (work(db, place(db, ("TEA-1", 1))).id for _ in range(2))
    unknown = f.FulfillmentId(7)
    answers = db.run(
        lambda tx: f.pick(
            tx, [f.Pick("a", good, version=1), f.Pick("b", stale, version=9), f.Pick("c", unknown)]
        )
    )
    codes = [a.refusal.code if a.refusal else None for a in answers]
    assert codes == [None, "version.stale", "fulfillment.unknown"]
    assert balance(db, "TEA-1", "DC1") == {"sellable": 3, "allocated": 1, "picked": 1}


def test_only_the_lines_item_is_picked(db: Database) -> None:
    open_shop(db, DC1={"TEA-1": 5, "MUG-1": 5})
    order = work(db, place(db, ("TEA-1", 1), ("MUG-1", 1)))
    tea = next(x for x in order.lines if x.item == "TEA-1")

    def scan(code: str) -> str | None:
        line = f.PickLine(tea.allocation_id, scanned=code)
        (answer,) = db.run(lambda tx: f.pick(tx, [f.Pick(key(), order.id, (line,))]))
        return answer.refusal.code if answer.refusal else None

    assert scan("MUG-1") == "fulfillment.wrong_item"
    assert scan("400638100001") == "fulfillment.wrong_item"
    assert scan("nonsense") == "fulfillment.wrong_item"
    assert balance(db, "TEA-1", "DC1") == {"sellable": 4, "allocated": 1}
    assert scan("400638100000") is None
    assert work(db, order.order_id).state is f.State.PICKING


def test_no_more_than_is_left_and_only_its_own_lines(db: Database) -> None:
    open_shop(db, DC1={"TEA-1": 9})
    order, other = (work(db, place(db, ("TEA-1", 2))) for _ in range(2))
    mine, foreign = order.lines[0].allocation_id, other.lines[0].allocation_id

    def code(*lines: f.PickLine) -> str | None:
        (answer,) = db.run(lambda tx: f.pick(tx, [f.Pick(key(), order.id, lines)]))
        return answer.refusal.code if answer.refusal else None

    assert code(f.PickLine(mine, 3)) == "fulfillment.too_many"
    assert code(f.PickLine(mine, 0)) == "fulfillment.too_many"
    assert code(f.PickLine(mine, -1)) == "fulfillment.too_many"
    assert code(f.PickLine(mine, 1), f.PickLine(mine, 2)) == "fulfillment.too_many"
    assert code(f.PickLine(foreign, 1)) == "fulfillment.line_unknown"
    assert balance(db, "TEA-1", "DC1") == {"sellable": 5, "allocated": 4}
    assert code(f.PickLine(mine, 1), f.PickLine(mine, 1)) is None
    assert findings(db) == []


def test_a_lot_that_is_not_there_refuses_one_command_and_leaves_the_others(db: Database) -> None:
    open_shop(db, DC1={"MILK-1": 9, "TEA-1": 9})
    milk, tea = work(db, place(db, ("MILK-1", 2), ("TEA-1", 1))), work(db, place(db, ("TEA-1", 1)))
    by_item = {x.item: x.allocation_id for x in milk.lines}
    wrong = (f.PickLine(by_item["TEA-1"]), f.PickLine(by_item["MILK-1"], lot="L9"))
    answers = db.run(lambda tx: f.pick(tx, [f.Pick("a", milk.id, wrong), f.Pick("b", tea.id)]))
    assert [a.ok for a in answers] == [False, True]
    assert answers[0].refusal is not None
    assert answers[0].refusal.code.startswith("stock.")
    assert balance(db, "TEA-1", "DC1") == {"sellable": 7, "allocated": 1, "picked": 1}
    right = (f.PickLine(by_item["TEA-1"]), f.PickLine(by_item["MILK-1"], lot="L1"))
    db.run(lambda tx: one(f.pick(tx, [f.Pick("c", milk.id, right)])))
    assert balance(db, "MILK-1", "DC1") == {"sellable": 7, "picked": 2}
    assert findings(db) == []


def test_packages_can_be_named_and_hold_what_was_picked(db: Database) -> None:
    open_shop(db, DC1={"TEA-1": 9})
    order = work(db, place(db, ("TEA-1", 5)))
    allocation = order.lines[0].allocation_id
    db.run(lambda tx: one(f.pick(tx, [f.Pick(key(), order.id)])))

    def code(*boxes: f.PackBox) -> str | None:
        (answer,) = db.run(lambda tx: f.pack(tx, [f.Pack(key(), order.id, boxes)]))
        return answer.refusal.code if answer.refusal else None

    assert code(f.PackBox("HUGE", (f.PackLine(allocation, 1),))) == "fulfillment.carton_unknown"
    assert code(f.PackBox("S", (f.PackLine(allocation, 6),))) == "fulfillment.too_many"
    assert code(f.PackBox("S", ())) == "fulfillment.nothing_open"
    assert code(f.PackBox("S", (f.PackLine(allocation, 2),), weight_g=777)) is None
    assert work(db, order.order_id).state is f.State.PICKED
    assert code(f.PackBox("M", (f.PackLine(allocation),))) is None
    assert work(db, order.order_id).state is f.State.PACKED
    packages = db.run(lambda tx: f.packages_of(tx, [order.id]))
    assert [(p.weight_g, p.lines[0].qty) for p in packages] == [(777, 2), (3 * 300 + 180, 3)]
    foreign = f.Unpack(key(), order.id, (f.PackageId(3),))
    (answer,) = db.run(lambda tx: f.unpack(tx, [foreign]))
    assert answer.refusal is not None
    assert answer.refusal.code == "fulfillment.package_unknown"
    one_opened = f.Unpack(key(), order.id, (packages[0].id,))
    twice = f.Unpack(key(), order.id, (packages[0].id,))
    answers = db.run(lambda tx: f.unpack(tx, [one_opened, twice]))
    assert [a.ok for a in answers] == [True, False]
    assert findings(db) == []


def test_the_number_of_statements_does_not_grow_with_the_batch(db: Database) -> None:
    open_shop(db, DC1={"TEA-1": 999, "MUG-1": 999})
    few = [work(db, place(db, ("TEA-1", 1), ("MUG-1", 1))).id for _ in range(2)]
    many = [place(db, ("TEA-1", 1), ("MUG-1", 1), drive_after=False) for _ in range(29)]
    many.append(place(db, ("TEA-1", 1), ("MUG-1", 1)))
    ids = [work(db, order_id).id for order_id in many]

    def count(wanted: list[f.FulfillmentId]) -> list[int]:
        with db.transaction() as tx:
            marks = [tx.statements]
            assert all(a.ok for a in f.pick(tx, [f.Pick(key(), id_) for id_ in wanted]))
            marks.append(tx.statements)
            assert all(a.ok for a in f.pack(tx, [f.Pack(key(), id_) for id_ in wanted]))
            marks.append(tx.statements)
            assert all(a.ok for a in f.unpack(tx, [f.Unpack(key(), id_) for id_ in wanted]))
            marks.append(tx.statements)
        return [after - before for before, after in itertools.pairwise(marks)]

    assert count(few) == count(ids)
    assert len(works(db, many[0])) == 1
    assert findings(db) == []


def test_stock_and_work_never_disagree_about_an_allocation(db: Database) -> None:
    open_shop(db, DC1={"TEA-1": 9})
    order = work(db, place(db, ("TEA-1", 5)))
    db.run(lambda tx: one(f.pick(tx, [f.Pick(key(), order.id, (
        f.PickLine(order.lines[0].allocation_id, 3),))])))  # fmt: skip
    (allocation,) = db.run(lambda tx: stock.allocations_of(tx, [order.order_id]))
    (line,) = work(db, order.order_id).lines
    assert (allocation.picked, allocation.allocated) == (line.picked, line.to_pick) == (3, 2)
