"""Returned by mail: allowed, received in parts, graded; each grade goes where it belongs."""

from __future__ import annotations

from everyshelf import returns
from everyshelf.returns import AskedLine, CloseRma, OpenRma, ReceivedLine, ReceiveReturn
from tests.journey.story import Story


def test_mail_in_return(story: Story) -> None:
    story.opens(DC1={"LAMP-1": 5})
    order = story.place(("LAMP-1", 4))
    story.delivers(order)
    ask = OpenRma(story.key(), order, [AskedLine(1, 3, "too bright")])
    rma = story.does(returns.open_rma, ask).rma_id
    assert story.money(order)[2] == 0
    story.passes(days=6)
    good = ReceiveReturn(story.key(), rma, "DC2", [ReceivedLine(1, 1, "a")])
    story.does(returns.receive, good)
    assert story.look("select state from rma") == [("received",)]
    broken = ReceiveReturn(story.key(), rma, "DC2", [ReceivedLine(1, 1, "d")])
    story.does(returns.receive, broken)
    assert story.money(order)[2] == 2 * 4599
    shelf = story.shelf("LAMP-1", "DC2")
    assert shelf["sellable"] == 1
    assert sum(shelf.values()) == 2
    assert story.look("select grade, disposition from return_receipt order by grade") == [
        ("a", "restock"), ("d", "recycle"),
    ]  # fmt: skip
    story.does(returns.close, CloseRma(story.key(), rma))
    late = ReceiveReturn(story.key(), rma, "DC2", [ReceivedLine(1, 1, "a")])
    assert story.refuses(returns.receive, late) == "returns.not_open"
    assert story.lines(order) == [("LAMP-1", 4, 0, 4, 2)]
