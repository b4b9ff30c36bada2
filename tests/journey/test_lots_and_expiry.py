"""Milk has lots: the one that expires first leaves first, and comes back as itself."""

from __future__ import annotations

from datetime import date

from everyshelf import fulfillment as f
from everyshelf import returns, stock
from everyshelf.returns import CounterReturn, ReceivedLine
from tests.journey.story import Story


def test_lots_and_expiry(story: Story) -> None:
    story.opens()
    for lot, qty, day in (("LATE", 5, 28), ("SOON", 2, 11)):
        expires = date(2026, 3, day)
        units = stock.Receive(story.key(), "DC1", "MILK-1", qty, lot=lot, expires_on=expires)
        story.does(stock.receive, units)
    bare = stock.Receive(story.key(), "DC1", "MILK-1", 1)
    assert story.refuses(stock.receive, bare) == "stock.lot_required"
    order = story.place(("MILK-1", 3))
    story.sends(order)
    assert story.look("select lot, qty from package_line order by lot") == [
        ("LATE", 1), ("SOON", 2),
    ]  # fmt: skip
    other = story.place(("MILK-1", 1))
    work = story.work(other)
    alc = work.lines[0].allocation_id
    gone = f.Pick(story.key(), work.id, (f.PickLine(alc, lot="SOON"),))
    assert story.refuses(f.pick, gone) == "stock.allocation_gone"
    story.does(f.pick, f.Pick(story.key(), work.id, (f.PickLine(alc, lot="LATE"),)))
    back = CounterReturn(story.key(), order, "S001", [ReceivedLine(1, 1, lot="LATE")])
    story.does(returns.counter_return, back)
    lots = "select node, lot, bucket, qty from stock_lot where qty > 0 order by node, bucket"
    assert [row[:2] for row in story.look(lots)] == [
        ("DC1", "LATE"), ("DC1", "LATE"), ("S001", "LATE"),
    ]  # fmt: skip
    story.prepares(work)
    story.ships(work)
    assert story.look("select * from stock_carried") == []
