"""Work that will be late is told once, and its case ends when it leaves or moves."""

from __future__ import annotations

from datetime import timedelta

from everyshelf import fulfillment as f
from everyshelf import insight
from everyshelf.base.tx import Database
from everyshelf.edge import chores, worker
from tests.journey.story import Story


def cases(story: Story) -> list[tuple[object, ...]]:
    return story.look(
        "select state, node from exception_case where kind = 'at_risk' order by opened_at, id"
    )


def warned(db: Database, story: Story) -> int:
    told = db.run(lambda tx: f.warn(tx, 100), now=story.now)
    worker.drain(db, now=story.now)
    return told


def test_work_that_will_be_late_is_told_once_and_ends_when_it_leaves(db: Database) -> None:
    story = Story(db).opens(S001={"BOOK-1": 9})
    order = story.place(("BOOK-1", 1))
    work = story.work(order)
    assert work.due_at is not None
    story.passes(seconds=(work.due_at - story.now - timedelta(hours=25)).total_seconds())
    assert cases(story) == []
    story.passes(hours=2)
    assert warned(db, story) == 0
    assert cases(story) == [("open", "S001")]
    story.delivers(order)
    assert cases(story) == [("resolved", "S001")]
    assert insight.audit_database(db) == []


def test_work_that_is_rejected_is_at_risk_no_more(db: Database) -> None:
    story = Story(db).opens(S001={"BOOK-1": 9}, S003={"BOOK-1": 9})
    work = story.work(story.place(("BOOK-1", 1)))
    assert work.due_at is not None
    story.passes(seconds=(work.due_at - story.now - timedelta(hours=1)).total_seconds())
    assert cases(story) == [("open", "S001")]
    story.does(f.reject, f.Reject(story.key(), work.id, f.RejectReason.TOO_BUSY))
    assert cases(story)[0] == ("resolved", "S001")


def test_the_worker_watches() -> None:
    assert "fulfillment.warn" in chores.CHORES
