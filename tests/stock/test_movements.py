"""Counts, tills, feeds, transfers, lots, serials, dated supply: each as a person would see it."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import TypeVar

import pytest

from everyshelf import stock
from everyshelf.base.results import Result
from everyshelf.base.tx import Database, Tx
from everyshelf.stock import Want
from tests.stock.conftest import Clean, Fill

C = TypeVar("C")
R = TypeVar("R")
V = TypeVar("V")


def run(db: Database, verb: Callable[[Tx, Sequence[C]], list[R]], *commands: C) -> list[R]:
    return db.run(lambda tx: verb(tx, list(commands)))


def code(answer: Result[V]) -> str:
    return answer.refusal.code if answer.refusal else "done"


def balance(db: Database, node: str = "DC1") -> stock.Balance:
    return db.run(lambda tx: stock.balances(tx, ["TEA"], [node]))[0]


def test_a_count_becomes_the_truth(shelf: Database, fill: Fill, clean: Clean) -> None:
    fill(DC1=10)
    counted = run(shelf, stock.count, stock.Count("c", "DC1", "TEA", 7))[0].get()
    assert (counted.expected, counted.variance) == (10, -3)
    assert balance(shelf).sellable == 7
    clean()


def test_a_count_below_what_is_promised_is_refused(
    shelf: Database, fill: Fill, clean: Clean
) -> None:
    fill(DC1=10)
    shelf.run(lambda tx: stock.hold_now(tx, [Want("TEA", 8, "ship", "web", "o", 1)]))
    assert code(run(shelf, stock.count, stock.Count("c", "DC1", "TEA", 7))[0]) == (
        "stock.insufficient"
    )
    assert balance(shelf).on_hand == 10
    clean()


def test_a_till_sells_what_the_books_do_not_know_and_says_so(
    shelf: Database, fill: Fill, clean: Clean
) -> None:
    fill(DC1=1)
    shelf.run(lambda tx: stock.hold_now(tx, [Want("TEA", 1, "ship", "web", "o", 1)]))
    answers = run(
        shelf, stock.sell, stock.Sell("s", "DC1", "TEA", 2),
        stock.Sell("t", "DC1", "TEA", 1, strict=True),
    )  # fmt: skip
    assert answers[0].get() == 2
    assert code(answers[1]) == "stock.insufficient"
    assert (balance(shelf).held, balance(shelf).sellable) == (1, 0)
    clean()


def test_a_refused_count_is_not_what_the_next_one_of_its_batch_starts_from(
    shelf: Database, fill: Fill, clean: Clean
) -> None:
    fill(DC1=10)
    shelf.run(lambda tx: stock.hold_now(tx, [Want("TEA", 8, "ship", "web", "o", 1)]))
    answers = run(
        shelf, stock.count, stock.Count("a", "DC1", "TEA", 2), stock.Count("b", "DC1", "TEA", 12),
        stock.Count("c", "DC1", "TEA", 11),
    )  # fmt: skip
    assert code(answers[0]) == "stock.insufficient"
    assert (answers[1].get().expected, answers[1].get().variance) == (10, 2)
    assert (answers[2].get().expected, answers[2].get().variance) == (12, -1)
    assert balance(shelf).on_hand == 11
    clean()


def test_a_refused_sale_takes_nothing_from_the_next_one_of_its_batch(
    shelf: Database, fill: Fill, clean: Clean
) -> None:
    fill(DC1=5)
    answers = run(
        shelf, stock.sell, stock.Sell("a", "DC1", "TEA", 9, strict=True),
        stock.Sell("b", "DC1", "TEA", 3), stock.Sell("c", "DC1", "TEA", 3),
    )  # fmt: skip
    assert code(answers[0]) == "stock.insufficient"
    assert [a.get() for a in answers[1:]] == [0, 1]
    assert balance(shelf).on_hand == 0
    clean()


def test_an_older_snapshot_never_overwrites_a_newer_one(shelf: Database, clean: Clean) -> None:
    def snapshot(sequence: int, qty: int) -> stock.Feed:
        lines = (stock.FeedLine("TEA", qty),)
        return stock.Feed(f"f{sequence}-{qty}", "wms", "DC1", sequence, lines)

    answers = run(shelf, stock.feed, snapshot(3, 30), snapshot(1, 10), snapshot(4, 40))
    assert [code(a) for a in answers] == ["done", "stock.feed_stale", "done"]
    assert balance(shelf).sellable == 40
    clean()


def test_a_feed_leaves_promised_units_to_their_orders(
    shelf: Database, fill: Fill, clean: Clean
) -> None:
    fill(DC1=5)
    shelf.run(lambda tx: stock.hold_now(tx, [Want("TEA", 4, "ship", "web", "o", 1)]))
    lines = (stock.FeedLine("TEA", 3),)
    fed = run(shelf, stock.feed, stock.Feed("f", "wms", "DC1", 1, lines))[0].get()
    assert (fed.changed, fed.oversold) == (1, 1)
    assert (balance(shelf).held, balance(shelf).sellable) == (4, 0)
    clean()


def test_a_transfer_is_received_in_parts_and_closed_with_its_loss(
    shelf: Database, fill: Fill, clean: Clean
) -> None:
    fill(DC1=10)
    line = stock.TransferLine
    sent = stock.SendTransfer("t", "DC1", "S1", (line("TEA", 6),))
    transfer = run(shelf, stock.send_transfer, sent)[0].get()
    assert balance(shelf, node="S1").in_transit == 6
    first = stock.ReceiveTransfer("r1", transfer, (line("TEA", 4, 1),))
    assert code(run(shelf, stock.receive_transfer, first)[0]) == "done"
    more = stock.ReceiveTransfer("r2", transfer, (line("TEA", 3),))
    assert code(run(shelf, stock.receive_transfer, more)[0]) == "stock.transfer_excess"
    assert code(run(shelf, stock.close_transfer, stock.CloseTransfer("c", transfer))[0]) == "done"
    assert code(run(shelf, stock.receive_transfer, stock.ReceiveTransfer(
        "r3", transfer, (line("TEA", 1),)))[0]) == "stock.transfer_closed"  # fmt: skip
    after = balance(shelf, node="S1")
    assert (after.sellable, after.damaged, after.in_transit) == (3, 1, 0)
    clean()


def test_a_transfer_of_more_than_there_is_moves_nothing(
    shelf: Database, fill: Fill, clean: Clean
) -> None:
    fill(DC1=5)
    lines = (stock.TransferLine("TEA", 5), stock.TransferLine("MUG", 1))
    answer = run(shelf, stock.send_transfer, stock.SendTransfer("t", "DC1", "S1", lines))[0]
    assert code(answer) == "stock.insufficient"
    assert balance(shelf).sellable == 5
    clean()


def lot(key: str, name: str, qty: int, days: int) -> stock.Receive:
    return stock.Receive(key, "DC1", "MILK", qty, lot=name,
                         expires_on=date(2026, 1, 1) + timedelta(days))  # fmt: skip


def ship_out(
    db: Database, item: str, qty: int, serials: tuple[str, ...] = ()
) -> list[Result[stock.AllocationId]]:
    def work(tx: Tx) -> list[Result[stock.AllocationId]]:
        allocated = stock.allocate(tx, [stock.Allocate(1, 1, item, "DC1", qty, "web", False)])
        step = stock.Step(allocated[0].get(), item, qty, serials=serials)
        return [verb(tx, [step])[0] for verb in (stock.pick, stock.pack, stock.ship)]

    return db.run(work)


def test_the_earliest_expiring_lot_leaves_first(shelf: Database, clean: Clean) -> None:
    run(shelf, stock.receive, lot("a", "LATE", 5, 30), lot("b", "SOON", 2, 3))
    assert all(a.ok for a in ship_out(shelf, "MILK", 3))
    with shelf.transaction() as tx:
        rows = tx.conn.execute(
            "select lot, qty from stock_lot where bucket = 'shelf' order by lot"
        ).fetchall()
    assert rows == [("LATE", 4), ("SOON", 0)]
    clean()


def test_a_lot_item_is_not_received_without_its_lot(shelf: Database, clean: Clean) -> None:
    answer = run(shelf, stock.receive, stock.Receive("a", "DC1", "MILK", 5))[0]
    assert code(answer) == "stock.lot_required"
    clean()


def test_a_serial_number_has_one_place(shelf: Database, clean: Clean) -> None:
    phones = stock.Receive("a", "DC1", "PHONE", 2, serials=("X1", "X2"))
    twice = stock.Receive("b", "S1", "PHONE", 1, serials=("X1",))
    answers = run(shelf, stock.receive, phones, twice)
    assert [code(a) for a in answers] == ["done", "stock.serial_elsewhere"]
    assert all(a.ok for a in ship_out(shelf, "PHONE", 1, serials=("X2",)))
    back = [stock.ReturnIn("PHONE", "S1", "sellable", 1, serials=(s,)) for s in ("X2", "X9")]
    answers = shelf.run(lambda tx: stock.return_in_now(tx, back))
    assert [code(a) for a in answers] == ["done", "stock.serial_elsewhere"]
    clean()


def test_an_allocation_goes_forth_and_back_and_never_twice(
    shelf: Database, fill: Fill, clean: Clean
) -> None:
    fill(DC1=5)

    def walk(tx: Tx) -> None:
        made = stock.allocate(tx, [stock.Allocate(9, 1, "TEA", "DC1", 3, "web", False)])[0].get()
        step = [stock.Step(made, "TEA", 3)]
        for verb in (stock.pick, stock.pack, stock.unpack, stock.unpick, stock.release):
            assert verb(tx, step)[0].ok
            assert not verb(tx, step)[0].ok

    shelf.run(walk)
    assert balance(shelf).sellable == 5
    clean()


def test_units_that_were_not_there_leave_the_books(
    shelf: Database, fill: Fill, clean: Clean
) -> None:
    fill(DC1=5)

    def work(tx: Tx) -> list[Result[stock.AllocationId]]:
        made = stock.allocate(tx, [stock.Allocate(9, 1, "TEA", "DC1", 3, "web", False)])[0].get()
        found = [
            stock.NotFound(made, "TEA", 1, "not_found"), stock.NotFound(made, "TEA", 1, "damaged"),
            stock.NotFound(made, "TEA", 2, "not_found"),
        ]  # fmt: skip
        return stock.short(tx, found)

    assert [code(a) for a in shelf.run(work)] == ["done", "done", "stock.allocation_gone"]
    after = balance(shelf)
    assert (after.sellable, after.allocated, after.damaged, after.on_hand) == (2, 1, 1, 4)
    clean()


def test_inbound_units_are_promised_once_up_to_the_cap(shelf: Database, clean: Clean) -> None:
    expected = stock.Expect("e", "TEA", "DC1", 3, date(2026, 5, 1), cap=1)
    run(shelf, stock.expect, expected)
    wants = [("TEA", 2, "ship"), ("TEA", 2, "ship"), ("TEA", 1, "pickup:S1"), ("TEA", 1, "ship")]
    due = shelf.run(lambda tx: stock.promise_inbound_now(tx, wants))
    assert [d is not None for d in due] == [True, True, False, False]
    assert due[0] is not None
    given = [(due[0].inbound_id, "TEA", 2)]
    shelf.run(lambda tx: stock.unpromise_inbound_now(tx, given))
    assert shelf.run(lambda tx: stock.promise_inbound_now(tx, [("TEA", 2, "ship")]))[0] is not None
    clean()


@pytest.mark.parametrize("delta", [0, 2_000_000, -2_000_000])
def test_an_adjustment_of_no_sense_is_refused(shelf: Database, delta: int) -> None:
    answer = run(shelf, stock.adjust, stock.Adjust("a", "DC1", "TEA", delta, "why"))[0]
    assert code(answer) == "stock.qty_invalid"


def test_units_that_have_arrived_are_not_promised_again(shelf: Database, clean: Clean) -> None:
    coming = run(shelf, stock.expect, stock.Expect("e", "TEA", "DC1", 10, date(2026, 5, 1)))[0]
    given = shelf.run(lambda tx: stock.promise_inbound_now(tx, [("TEA", 3, "ship")]))
    arrived = stock.Receive("r", "DC1", "TEA", 6, inbound_id=coming.get())
    run(shelf, stock.receive, arrived)[0].get()
    ask = [stock.Ask("TEA", "web", "ship")]
    assert shelf.run(lambda tx: stock.availability(tx, ask))[0].next_qty == 4
    wants = [("TEA", 5, "ship"), ("TEA", 4, "ship"), ("TEA", 1, "ship")]
    more = shelf.run(lambda tx: stock.promise_inbound_now(tx, wants))
    assert [due is not None for due in (*given, *more)] == [True, False, True, False]
    clean()


def test_a_receipt_serves_the_supply_of_its_own_item_and_node(
    shelf: Database, clean: Clean
) -> None:
    coming = run(shelf, stock.expect, stock.Expect("e", "TEA", "DC1", 10, date(2026, 5, 1)))[0]
    answers = run(
        shelf, stock.receive, stock.Receive("a", "S1", "TEA", 1, inbound_id=coming.get()),
        stock.Receive("b", "DC1", "MUG", 1, inbound_id=coming.get()),
        stock.Receive("c", "DC1", "TEA", 1, inbound_id=coming.get()),
    )  # fmt: skip
    codes = ["stock.inbound_unknown", "stock.inbound_unknown", "done"]
    assert [code(a) for a in answers] == codes
    with shelf.transaction() as tx:
        assert tx.conn.execute("select received from stock_inbound").fetchone() == (1,)
    assert shelf.run(lambda tx: stock.balances(tx, ["MUG"])) == []
    clean()


def test_a_feed_tells_what_it_could_not_take_over(shelf: Database, clean: Clean) -> None:
    both = (stock.FeedLine("TEA", 5), stock.FeedLine("MILK", 7))
    twice = (stock.FeedLine("TEA", 8), stock.FeedLine("TEA", 9))
    answers = run(
        shelf, stock.feed, stock.Feed("a", "wms", "DC1", 1, both),
        stock.Feed("b", "wms", "DC1", 2, twice),
    )  # fmt: skip
    assert answers[0].get() == stock.Fed(lines=2, changed=1, oversold=0, skipped=1)
    assert code(answers[1]) == "input.invalid"
    assert balance(shelf).sellable == 5
    assert [b.sellable for b in shelf.run(lambda tx: stock.balances(tx, ["MILK"]))] in ([], [0])
    clean()
