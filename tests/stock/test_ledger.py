"""Postings: all or nothing, in order of arrival, nothing below zero, everything accounted for."""

import psycopg
import pytest

from everyshelf import stock
from everyshelf.base.errors import Refused
from everyshelf.base.tx import Database
from everyshelf.stock import Bucket, Leg
from tests.stock.conftest import Clean, Fill

S, H = Bucket.SELLABLE, Bucket.HELD


def leg(qty: int, node: str = "DC1", floor: int = 0) -> Leg:
    return Leg("TEA", node, S, node, H, qty, "test", floor=floor)


def sellable(db: Database) -> dict[str, int]:
    rows = db.run(lambda tx: stock.balances(tx, ["TEA"]))
    return {row.node: row.sellable for row in rows}


def test_a_group_is_posted_whole_or_not_at_all(shelf: Database, fill: Fill, clean: Clean) -> None:
    fill(DC1=3, S1=1)
    groups = [
        [leg(2), leg(2, "S1")],  # the second leg is short: the first is undone
        [leg(3)],
        [leg(1)],
    ]
    answers = shelf.run(lambda tx: stock.post(tx, groups))
    assert answers[0] is not None
    assert (answers[0].node, answers[0].wanted, answers[0].free) == ("S1", 2, 1)
    assert answers[1] is None
    assert answers[2] is not None
    assert sellable(shelf) == {"DC1": 0, "S1": 1}
    with pytest.raises(AssertionError, match="held_is_the_sum"):
        clean()  # units were held by hand, without a hold: the audit sees it


def test_a_floor_keeps_units_from_the_leg(shelf: Database, fill: Fill) -> None:
    fill(DC1=5)
    answers = shelf.run(lambda tx: stock.post(tx, [[leg(3, floor=3)], [leg(2, floor=3)]]))
    assert answers[0] is not None
    assert answers[0].free == 2
    assert answers[1] is None


def test_the_check_on_the_row_is_the_guard(shelf: Database, fill: Fill) -> None:
    """Negative control: even SQL that bypasses the room cannot take a bucket below zero."""
    fill(DC1=1)
    with pytest.raises(Refused) as refused, shelf.transaction() as tx:
        tx.conn.execute("update stock_balance set sellable = sellable - 2")
    assert refused.value.code == "stock.sellable_negative"
    assert sellable(shelf) == {"DC1": 1}


def test_every_move_is_in_the_ledger_and_the_balance_is_their_sum(
    shelf: Database, fill: Fill, clean: Clean
) -> None:
    fill(DC1=5)
    command = stock.Regrade("g1", "DC1", "TEA", "sellable", "display", 2, "shop window")
    assert shelf.run(lambda tx: stock.regrade(tx, [command]))[0].get() == 2
    clean()
    with shelf.transaction() as tx:
        tx.conn.execute("update stock_balance set sellable = sellable + 1")
    with pytest.raises(AssertionError, match="balance_is_the_sum_of_its_moves"):
        clean()


def test_the_number_of_statements_does_not_grow_with_the_batch(shelf: Database, fill: Fill) -> None:
    fill(DC1=100)

    def statements(count: int) -> int:
        with shelf.transaction() as tx:
            stock.post(tx, [[leg(1)] for _ in range(count)])
            return tx.statements

    assert statements(3) == statements(60)


@pytest.mark.parametrize("qty", [0, -1, 1_000_001, 10**12])
def test_a_quantity_out_of_bounds_is_refused_and_writes_nothing(shelf: Database, qty: int) -> None:
    answer = shelf.run(lambda tx: stock.receive(tx, [stock.Receive("r", "DC1", "TEA", qty)]))[0]
    assert answer.refusal is not None
    assert (answer.refusal.code, answer.refusal.status) == ("stock.qty_invalid", 422)
    with shelf.transaction() as tx:
        for name in ("stock_move", "stock_balance", "claim", "event"):
            assert tx.conn.execute(f"select count(*) from {name}").fetchone() == (0,)


def test_unknown_item_and_node_are_refused_alone(shelf: Database) -> None:
    commands = [
        stock.Receive("a", "DC1", "NOPE", 1),
        stock.Receive("b", "NOPE", "TEA", 1),
        stock.Receive("c", "DC1", "TEA", 1),
    ]
    answers = shelf.run(lambda tx: stock.receive(tx, commands))
    codes = [a.refusal.code if a.refusal else "done" for a in answers]
    assert codes == ["stock.item_unknown", "stock.node_unknown", "done"]


def test_the_same_key_is_done_once_and_another_body_is_refused(shelf: Database) -> None:
    first = stock.Receive("k", "DC1", "TEA", 5)
    other = stock.Receive("k", "DC1", "TEA", 6)
    for _ in range(2):
        assert shelf.run(lambda tx: stock.receive(tx, [first, first]))[1].get() == 5
    answer = shelf.run(lambda tx: stock.receive(tx, [other]))[0]
    assert answer.refusal is not None
    assert answer.refusal.code == "key.reused"
    assert sellable(shelf) == {"DC1": 5}


def test_a_move_of_nothing_cannot_be_stored(shelf: Database) -> None:
    with pytest.raises(psycopg.errors.CheckViolation), shelf.transaction() as tx:
        tx.conn.execute(
            "insert into stock_move values (0, 1, 'TEA', 'DC1', 'sellable', '@lost', 'out', 0, "
            "'', '', 'r', 'c', 'a', now())"
        )
