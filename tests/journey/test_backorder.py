"""Two orders wait for a delivery: the first that came is served first, then the other."""

from __future__ import annotations

from datetime import date

from everyshelf import orders, stock
from tests.journey.story import Story


def test_backorder(story: Story) -> None:
    story.opens()
    due = stock.Expect(story.key(), "BOOK-1", "DC1", 10, date(2026, 3, 20))
    story.does(stock.expect, due)
    refused = story.order(("BOOK-1", 1))
    assert story.refuses(orders.place, refused) == "orders.short"
    first = story.place(("BOOK-1", 3), allow_backorder=True)
    story.passes(minutes=5)
    second = story.place(("BOOK-1", 2), allow_backorder=True)
    assert story.look("select item, supply, inbound_id is not null from order_line") == [
        ("BOOK-1", "inbound", True), ("BOOK-1", "inbound", True),
    ]  # fmt: skip
    assert story.look("select promised from stock_inbound") == [(5,)]
    assert story.allocated(first) == []
    story.passes(days=10)
    came = stock.Receive(story.key(), "DC1", "BOOK-1", 4)
    story.does(stock.receive, came)
    assert story.allocated(first) == [("BOOK-1", "DC1", 3, 0, 0)]
    assert story.allocated(second) == [("BOOK-1", "DC1", 1, 0, 0)]
    assert story.shelf("BOOK-1", "DC1") == {"allocated": 4}
    story.arrives(DC1={"BOOK-1": 1})
    assert sum(row[2] for row in story.allocated(second)) == 2
    for order in (first, second):
        story.delivers(order)
        assert story.state(order) == "completed"
    assert story.shelf("BOOK-1", "DC1") == {}
