"""Bought online, returned in a store: on that store's shelf at once, paid back to the payment."""

from __future__ import annotations

from everyshelf import returns
from everyshelf.orders import Method, PlaceLine
from everyshelf.returns import CounterReturn, ReceivedLine
from tests.journey.story import Story


def test_return_in_store(story: Story) -> None:
    story.opens(DC1={"MUG-1": 5})
    order = story.place(("MUG-1", 3), shipping_minor=500)
    story.delivers(order)
    back = CounterReturn(story.key(), order, "S001", [ReceivedLine(1, 1)], "wrong colour")
    got = story.does(returns.counter_return, back)
    assert got.refund_minor == 1250
    assert story.lines(order) == [("MUG-1", 3, 0, 3, 1)]
    assert story.shelf("MUG-1", "S001") == {"sellable": 1}
    total = 3 * 1250 + 500
    assert story.money(order) == (total, total, 1250, 0)
    assert story.moves("MUG-1")[-1] == ("@customer.out", "S001.sellable", 1, "return:restock")
    assert story.look("select state, kind from rma") == [("closed", "return")]
    many = CounterReturn(story.key(), order, "S001", [ReceivedLine(1, 3)])
    assert story.refuses(returns.counter_return, many) == "returns.too_many"
    again = story.place(PlaceLine("MUG-1", 1, method=Method.PICKUP, pickup_node="S001"))
    assert story.worked(again) == [("S001", "pickup", "offered")]
