"""A preorder has a cap: what is announced may be promised so often and no more."""

from __future__ import annotations

from datetime import date

from everyshelf import orders, stock
from tests.journey.story import Story


def test_preorder(story: Story) -> None:
    story.opens()
    launch = stock.Expect(story.key(), "LAMP-1", "DC1", 3, date(2026, 4, 1), kind="preorder", cap=2)
    inbound = story.does(stock.expect, launch)
    firsts = [story.place(("LAMP-1", 2), allow_backorder=True) for _ in range(2)]
    over = story.order(("LAMP-1", 2), allow_backorder=True)
    assert story.refuses(orders.place, over) == "orders.short"
    last = story.place(("LAMP-1", 1), allow_backorder=True)
    assert story.look("select promised, qty, cap from stock_inbound") == [(5, 3, 2)]
    (latest,) = {x for (x,) in story.look("select promised_latest::date from order_line")}
    assert latest >= date(2026, 4, 1)
    story.does(orders.cancel, orders.Cancel(story.key(), firsts[0]))
    assert story.look("select promised from stock_inbound") == [(3,)]
    story.now = story.now.replace(month=4, day=1)
    came = stock.Receive(story.key(), "DC1", "LAMP-1", 3, inbound_id=inbound)
    story.does(stock.receive, came)
    assert story.allocated(firsts[1]) == [("LAMP-1", "DC1", 2, 0, 0)]
    assert story.allocated(last) == [("LAMP-1", "DC1", 1, 0, 0)]
    for order in (firsts[1], last):
        story.delivers(order)
        assert story.state(order) == "completed"
    assert story.look("select received, promised from stock_inbound") == [(3, 3)]
