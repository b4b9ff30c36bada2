"""Two hands on the last unit: exactly one wins, whoever comes first."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from everyshelf import cart, orders
from everyshelf.base.tx import Database, Tx
from tests.orders import shop as s
from tests.orders.shop import NOW, line


def both(db: Database, one: Callable[[Tx], Any], two: Callable[[Tx], Any]) -> tuple[Any, Any]:
    """Runs two transactions at once; both are open before either does anything."""
    ready = threading.Barrier(2)
    answers: dict[int, Any] = {}

    def run(n: int, work: Callable[[Tx], Any]) -> None:
        def at_once(tx: Tx) -> Any:
            assert tx.now
            if n not in answers:
                answers[n] = None
                ready.wait(20)
            return work(tx)

        answers[n] = db.run(at_once, now=NOW)

    threads = [threading.Thread(target=run, args=pair) for pair in ((0, one), (1, two))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers[0], answers[1]


def test_the_last_unit_is_cancelled_or_shipped_and_never_both(db: Database) -> None:
    s.shop(db, ("DC1", "TEA-1", 50))
    for n in range(20):
        order_id = s.placed(db, line("TEA-1", 1))
        command = orders.Cancel(f"race{n}", order_id, [orders.CancelLine(1, 1)])
        cancelled, shipped = both(
            db,
            lambda tx, c=command: orders.cancel(tx, [c])[0].ok,  # type: ignore[misc]
            lambda tx, i=order_id: orders.mark_shipped(tx, [(i, 1, 1)])[0],  # type: ignore[misc]
        )
        assert cancelled != shipped
        found = s.get(db, order_id).lines[0]
        assert (found.cancelled, found.shipped) == (int(cancelled), int(shipped))
    assert s.one(db, "select count(*) from order_line where cancelled + shipped <> 1") == 0


def test_without_the_lock_the_check_of_the_row_still_holds(db: Database) -> None:
    s.shop(db, ("DC1", "TEA-1", 5))
    order_id = s.placed(db, line("TEA-1", 1))
    s.one(db, f"update order_line set cancelled = 1 where order_id = {int(order_id)} returning 1")
    with pytest.raises(orders.NOTHING_OPEN("").__class__) as caught:
        s.one(db, f"update order_line set shipped = 1 where order_id = {int(order_id)} returning 1")
    assert caught.value.code == "orders.nothing_open"


def test_a_cart_is_checked_out_or_expires_and_never_both(db: Database) -> None:
    s.shop(db, ("DC1", "TEA-1", 50))
    late = NOW + cart.HOLD_FOR
    for n in range(10):
        made = db.run(lambda tx, n=n: cart.open_cart(  # type: ignore[misc]
            tx, [cart.OpenCart(f"o{n}", "web")])[0].get(), now=NOW)  # fmt: skip
        put = cart.Put(f"p{n}", made.id, "TEA-1", 2)
        db.run(lambda tx, put=put: cart.put(tx, [put])[0].get(), now=NOW)  # type: ignore[misc]
        command = s.order(cart_id=made.id)

        def expire(tx: Tx) -> int:
            tx._now = late
            return cart.expire(tx, 10)

        placed, expired = both(
            db, lambda tx, c=command: orders.place(tx, [c])[0].ok, expire,  # type: ignore[misc]
        )  # fmt: skip
        assert placed != bool(expired) or not (placed or expired)
        db.run(expire, now=late)
        state = db.run(lambda tx, i=made.id: cart.get(tx, [i])[i].state)  # type: ignore[misc]
        assert state == ("checked_out" if placed else "expired")
        s.clean(db)
    assert s.one(db, "select sum(held)::int from stock_balance") == s.one(
        db, "select coalesce(sum(qty), 0)::int from order_line"
    )
