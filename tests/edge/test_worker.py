"""The worker: drains what rooms hear, and stays quiet when nothing is new."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from everyshelf.base import outbox
from everyshelf.base.subscribe import Heard
from everyshelf.base.tx import Database, Tx
from everyshelf.edge import worker
from everyshelf.stock.events import ItemAdjusted


def bell(name: str, echoes: int = 0) -> ItemAdjusted:
    return ItemAdjusted(item=name, node="S001", delta=echoes, reason="bell")


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A subscriber that notes each bell, and rings on while it has echoes."""
    found: list[str] = []

    def hear(tx: Tx, batch: Sequence[Heard]) -> None:
        found.extend(h.event.item for h in batch)
        again = [bell(h.event.item, h.event.delta - 1) for h in batch if h.event.delta]
        outbox.emit(tx, again)

    monkeypatch.setattr(worker, "subscribers", lambda: {"test": {ItemAdjusted: hear}})
    return found


def test_drain_pumps_until_quiet(db: Database, heard: list[str]) -> None:
    db.run(lambda tx: outbox.emit(tx, [bell("a", 3), bell("b")]))
    assert worker.drain(db) == 5
    assert sorted(heard) == ["a", "a", "a", "a", "b"]
    assert worker.drain(db) == 0


def test_the_thread_hears_what_comes_and_stops(db: Database, heard: list[str]) -> None:
    running = worker.Worker(db).start()
    try:
        for name in "abc":
            db.run(partial(outbox.emit, events=[bell(name)]))
            deadline = time.monotonic() + 10
            while name not in heard and time.monotonic() < deadline:
                time.sleep(0.02)
        assert heard == ["a", "b", "c"]
    finally:
        running.stop()
    assert not any(t.name.startswith("everyshelf-") for t in threading.enumerate())


def test_the_search_is_compiled_before_any_order_waits(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    def warm() -> None:
        with db.pool.connection() as conn:
            busy = conn.execute(
                "select count(*) from pg_stat_activity where datname = current_database() "
                "and state like 'idle in transaction%'"
            ).fetchone()
        told.append(f"warm, {busy and busy[0]} transactions open")

    def subscribers() -> dict[str, object]:
        told.append("hears")
        return {}

    monkeypatch.setattr(worker, "warm", warm)
    monkeypatch.setattr(worker, "subscribers", subscribers)
    running = worker.Worker(db).start()
    deadline = time.monotonic() + 10
    while "hears" not in told and time.monotonic() < deadline:
        time.sleep(0.02)
    running.stop()
    assert told[:2] == ["warm, 0 transactions open", "hears"]


def test_a_failing_handler_parks_its_event_and_the_rest_go_on(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[str] = []

    def hear(tx: Tx, batch: Sequence[Heard]) -> None:
        names = [h.event.item for h in batch]
        assert "bad" not in names
        found.extend(names)

    monkeypatch.setattr(worker, "subscribers", lambda: {"test": {ItemAdjusted: hear}})
    db.run(lambda tx: outbox.emit(tx, [bell("a"), bell("bad"), bell("b")]))
    worker.drain(db)
    assert sorted(found) == ["a", "b"]
    with db.transaction() as tx:
        parked = tx.conn.execute("select subject, state, attempts from delivery").fetchall()
    assert parked == [("bad", "waiting", 1)]


def test_what_waits_behind_a_failed_event_keeps_its_place(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[int] = []
    broken = [True]

    def hear(tx: Tx, batch: Sequence[Heard]) -> None:
        for h in batch:
            assert not (broken and h.event.delta == 1)
            found.append(h.event.delta)

    monkeypatch.setattr(worker, "subscribers", lambda: {"test": {ItemAdjusted: hear}})
    for n in (1, 2, 3):
        db.run(partial(outbox.emit, events=[bell("x", n)]))
    worker.drain(db)
    assert found == []
    broken.clear()
    worker.drain(db, now=datetime.now(UTC) + timedelta(hours=1))
    assert found == [1, 2, 3]
    with db.transaction() as tx:
        assert tx.conn.execute("select count(*) from delivery").fetchone() == (0,)
