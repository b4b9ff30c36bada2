"""The log by month: made ahead, read across, dropped whole and only when everybody has read it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from everyshelf import stock
from everyshelf.base import ids, outbox, retention, subscribe
from everyshelf.base.subscribe import Heard
from everyshelf.base.tx import Database, Tx
from everyshelf.stock.events import ItemAdjusted

NOW = datetime.now(UTC)
LATER = NOW + timedelta(days=retention.KEEP_DAYS + 62)


def partitions(db: Database) -> list[str]:
    with db.transaction() as tx:
        return [name for (name,) in tx.tuples(retention.SQL.event_partitions)]


def tell(db: Database, n: int) -> None:
    def work(tx: Tx) -> None:
        event = ItemAdjusted(item=f"I{n}", node="DC1", delta=n, reason="test")
        outbox.emit(tx, [event])

    db.run(work)


def hear(db: Database, name: str) -> list[str]:
    heard: list[str] = []

    def note(tx: Tx, events: Sequence[Heard]) -> None:
        heard.extend(h.event.item for h in events)

    while subscribe.step(db, name, {ItemAdjusted: note}):
        pass
    return sorted(heard)


def test_an_empty_log_gets_this_month_and_the_next_two(db: Database) -> None:
    assert db.run(lambda tx: retention.make_months(tx, NOW)) == 3
    assert db.run(lambda tx: retention.make_months(tx, NOW)) == 0
    tell(db, 1)
    with db.transaction() as tx:
        row = tx.conn.execute("select tableoid::regclass::text from event").fetchone()
    assert row == (NOW.strftime(retention.NAME),)


def test_a_log_in_use_gets_only_the_months_to_come(db: Database) -> None:
    tell(db, 1)
    assert db.run(lambda tx: retention.make_months(tx, NOW)) == 2
    tell(db, 2)
    assert hear(db, "reader") == ["I1", "I2"]


def test_a_month_is_dropped_only_when_everybody_has_read_it(db: Database) -> None:
    db.run(lambda tx: retention.make_months(tx, NOW))
    assert hear(db, "slow") == []
    tell(db, 1)
    assert hear(db, "quick") == ["I1"]
    assert db.run(lambda tx: retention.drop_months(tx, LATER)) == 0
    assert hear(db, "slow") == ["I1"]
    before = partitions(db)
    assert db.run(lambda tx: retention.drop_months(tx, NOW)) == 0
    assert db.run(lambda tx: retention.drop_months(tx, LATER)) >= 1
    assert NOW.strftime(retention.NAME) in before
    assert NOW.strftime(retention.NAME) not in partitions(db)
    tell(db, 2)
    assert hear(db, "quick") == ["I2"]


def test_the_ids_of_a_month_lie_in_its_range() -> None:
    made = int(ids.new(stock.MoveId))
    start, end = retention.month_of(NOW), retention.month_of(NOW, 1)
    assert retention.first_id(start) <= made < retention.first_id(end)
    assert retention.month_of(datetime(2026, 11, 5, tzinfo=UTC), 2) == datetime(
        2027, 1, 1, tzinfo=UTC
    )
