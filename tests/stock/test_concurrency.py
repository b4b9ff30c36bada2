"""Many writers on one pool: exactly what is there is granted, and nobody waits in a circle."""

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from everyshelf import stock
from everyshelf.base.tx import Database, Tx
from everyshelf.stock import Want
from tests.stock.conftest import Clean, Fill


@pytest.fixture
def wide(shelf: Database) -> Iterator[Database]:
    """The same database through a pool for 32 writers."""
    with Database(shelf.url, size=32) as db:
        yield db


def hold_one(db: Database, owner: str) -> bool:
    wants = [Want("TEA", 1, "ship", "web", owner, 1)]
    return db.run(lambda tx: stock.hold_now(tx, wants))[0].ok


def naive_hold(db: Database, owner: str) -> bool:
    """What must not be done: look, then write what was seen. Oversells."""
    with db.transaction() as tx:
        ((seen,),) = tx.conn.execute("select sellable from stock_balance").fetchall()
        tx.conn.execute("select pg_sleep(0.002)")
        if seen < 1:
            return False
        tx.conn.execute("update stock_balance set sellable = %s, held = held + 1", [seen - 1])
        return True


@pytest.mark.parametrize(
    ("way", "exact"), [(hold_one, True), (naive_hold, False)], ids=["product", "negative control"]
)
def test_200_clients_want_100_units(
    wide: Database, fill: Fill, way: Callable[[Database, str], bool], exact: bool
) -> None:
    fill(DC1=100)
    with ThreadPoolExecutor(32) as pool:
        granted = sum(pool.map(lambda n: way(wide, f"o{n}"), range(200)))
    assert (granted == 100) is exact


def test_32_writers_with_1_to_20_lines_in_random_order_never_deadlock(
    wide: Database, clean: Clean
) -> None:
    items = [f"I{n:02}" for n in range(12)]
    with wide.transaction() as tx:
        for item in items:
            tx.conn.execute(
                "insert into item (item, name, updated_at) values (%s, %s, now())", [item, item]
            )
        stock.receive_now(
            tx, [stock.Receive("", n, i, 500) for i in items for n in ("DC1", "S1", "S3")]
        )
    before = deadlocks(wide)

    def order(n: int) -> bool:
        rng = random.Random(n)
        lines = [rng.choice(items) for _ in range(rng.randint(1, 20))]
        wants = [Want(i, 1, "ship", "web", f"o{n}", k, None, f"o{n}") for k, i in enumerate(lines)]
        return all(a.ok for a in wide.run(lambda tx: stock.hold_now(tx, wants)))

    with ThreadPoolExecutor(32) as pool:
        assert all(pool.map(order, range(160)))
    assert deadlocks(wide) == before
    clean()


def test_unsorted_locks_do_deadlock(wide: Database, fill: Fill) -> None:
    """Negative control: the counter of deadlocks sees what the lock order avoids."""
    fill(DC1=100)
    fill("MUG", DC1=100)
    before = deadlocks(wide)

    def touch(n: int) -> None:
        first, second = ("TEA", "MUG") if n % 2 else ("MUG", "TEA")

        def work(tx: Tx) -> None:
            for item in (first, second):
                tx.conn.execute("update stock_balance set held = held where item = %s", [item])
                tx.conn.execute("select pg_sleep(0.01)")

        wide.run(work)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(touch, range(6)))
    assert deadlocks(wide) > before


def deadlocks(db: Database) -> int:
    with db.transaction() as tx:
        tx.conn.execute("select pg_stat_force_next_flush()")
    with db.transaction() as tx:
        ((count,),) = tx.conn.execute(
            "select deadlocks from pg_stat_database where datname = current_database()"
        ).fetchall()
    return int(count)


def test_expiry_and_adoption_of_one_hold_have_one_winner(
    wide: Database, fill: Fill, clean: Clean
) -> None:
    fill(DC1=60)
    with wide.transaction() as tx:
        now = tx.now
    wants = [Want("TEA", 1, "ship", "web", f"c{n}", 1, now) for n in range(60)]
    wide.run(lambda tx: stock.hold_now(tx, wants))

    def convert(n: int) -> int:
        def work(tx: Tx) -> int:
            mine = stock.holds_of(tx, [f"c{n}"])
            stock.adopt(tx, [(f"c{n}", 1, f"order{n}", 1)])
            return len(mine)

        return wide.run(work)

    with ThreadPoolExecutor(16) as pool:
        kept = [pool.submit(convert, n) for n in range(60)]
        gone = [pool.submit(lambda: wide.run(lambda tx: stock.expire(tx, 7))) for _ in range(20)]
    assert sum(f.result() for f in kept) + sum(f.result() for f in gone) == 60
    clean()


def test_one_serial_number_received_at_two_nodes_at_once_is_at_one(
    shelf: Database, clean: Clean
) -> None:
    def receive(tx: Tx, node: str) -> str:
        command = stock.Receive(f"r-{node}", node, "PHONE", 1, serials=("SN1",))
        answer = stock.receive(tx, [command])[0]
        return answer.refusal.code if answer.refusal else "done"

    with ThreadPoolExecutor(1) as other:
        with shelf.transaction() as tx:
            assert receive(tx, "DC1") == "done"
            second = other.submit(shelf.run, lambda tx: receive(tx, "S1"))
            time.sleep(0.5)
        assert second.result(timeout=20) == "stock.serial_elsewhere"
    found = shelf.run(lambda tx: stock.balances(tx, ["PHONE"]))
    assert [(b.node, b.sellable) for b in found if b.sellable] == [("DC1", 1)]
    clean()
