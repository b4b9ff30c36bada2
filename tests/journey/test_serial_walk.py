"""One phone by its serial number: bought, sold, returned, sold again; always in one place."""

from __future__ import annotations

from everyshelf import fulfillment as f
from everyshelf import returns, stock
from everyshelf.returns import CounterReturn, ReceivedLine
from tests.journey.story import Story

WHERE = "select serial, node, bucket from stock_serial order by serial"


def test_serial_walk(story: Story) -> None:
    story.opens()
    units = stock.Receive(story.key(), "DC1", "PHONE-1", 2, serials=("A1", "B2"))
    story.does(stock.receive, units)
    twin = stock.Receive(story.key(), "S001", "PHONE-1", 1, serials=("A1",))
    assert story.refuses(stock.receive, twin) == "stock.serial_elsewhere"
    order = story.place(("PHONE-1", 1))
    work = story.work(order)
    line = f.PickLine(work.lines[0].allocation_id, serials=("B2",))
    story.does(f.pick, f.Pick(story.key(), work.id, (line,)))
    assert story.look(WHERE) == [("A1", "DC1", "shelf"), ("B2", "DC1", "picked")]
    story.prepares(work)
    story.ships(work)
    assert story.look(WHERE)[1] == ("B2", "@customer", "out")
    assert story.look("select serial from package_line") == [("B2",)]
    other = CounterReturn(story.key(), order, "S001", [ReceivedLine(1, 1, serials=("A1",))])
    assert story.refuses(returns.counter_return, other) == "returns.serial_not_sold"
    back = CounterReturn(story.key(), order, "S001", [ReceivedLine(1, 1, serials=("B2",))])
    story.does(returns.counter_return, back)
    assert story.look(WHERE)[1] == ("B2", "S001", "shelf")
    again = story.place(("PHONE-1", 2))
    story.delivers(again)
    assert {(node, bucket) for _, node, bucket in story.look(WHERE)} == {("@customer", "out")}
    moves = "select from_node, to_node from stock_move where serial = 'B2' order by id"
    assert ("@customer", "S001") in story.look(moves)
