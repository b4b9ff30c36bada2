"""A kit is sold as one, sent as its components, and taken back as one."""

from __future__ import annotations

from everyshelf import orders, returns
from everyshelf.returns import CounterReturn, ReceivedLine
from tests.journey.story import Story


def test_kit(story: Story) -> None:
    story.opens(DC1={"TEA-1": 7, "MUG-1": 3})
    order = story.place(("GIFT-1", 3))
    assert story.lines(order) == [
        ("GIFT-1", 3, 0, 0, 0), ("MUG-1", 3, 0, 0, 0), ("TEA-1", 6, 0, 0, 0),
    ]  # fmt: skip
    assert story.shelf("MUG-1", "DC1") == {"allocated": 3}
    assert story.refuses(orders.place, story.order(("GIFT-1", 1))) == "orders.short"
    cancel = orders.Cancel(story.key(), order, [orders.CancelLine(1, 1)])
    story.does(orders.cancel, cancel)
    assert story.shelf("TEA-1", "DC1") == {"sellable": 3, "allocated": 4}
    story.delivers(order)
    assert story.lines(order)[1:] == [("MUG-1", 3, 1, 2, 0), ("TEA-1", 6, 2, 4, 0)]
    assert story.money(order)[1] == 2 * 2799
    back = CounterReturn(story.key(), order, "S002", [ReceivedLine(1, 1)])
    assert story.does(returns.counter_return, back).refund_minor == 2799
    assert story.shelf("TEA-1", "S002") == {"sellable": 2}
    assert story.shelf("MUG-1", "S002") == {"sellable": 1}
