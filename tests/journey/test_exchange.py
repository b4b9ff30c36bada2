"""An exchange: the units come back, an order of the same worth goes out for nothing."""

from __future__ import annotations

from everyshelf import orders, returns
from everyshelf.returns import CounterReturn, ReceivedLine, RmaKind, WantedLine
from tests.journey.story import Story


def test_exchange(story: Story) -> None:
    story.opens(DC1={"TEA-1": 5, "SOCK-1": 5})
    order = story.place(("TEA-1", 2))
    story.delivers(order)
    swap = CounterReturn(
        story.key(), order, "S001", [ReceivedLine(1, 2)], kind=RmaKind.EXCHANGE,
        exchange=[WantedLine("SOCK-1", 1)],
    )  # fmt: skip
    got = story.does(returns.counter_return, swap)
    new = got.exchange_order_id
    assert new is not None
    assert story.lines(order) == [("TEA-1", 2, 0, 2, 2)]
    assert story.money(order) == (2 * 899, 2 * 899, 2 * 899 - 599, 0)
    assert story.worked(new) == [("DC1", "ship", "accepted")]
    story.delivers(new)
    assert story.lines(new) == [("SOCK-1", 1, 0, 1, 0)]
    assert story.money(new) == (0, 0, 0, 0)
    assert story.shelf("TEA-1", "S001") == {"sellable": 2}


def test_an_exchange_that_is_cancelled_or_lost_pays_the_credit_back(story: Story) -> None:
    story.opens(DC1={"TEA-1": 9})
    order = story.place(("TEA-1", 3))
    story.delivers(order)
    lines = [ReceivedLine(1, 3)]
    swap = CounterReturn(story.key(), order, "S001", lines, kind=RmaKind.EXCHANGE)
    new = story.does(returns.counter_return, swap).exchange_order_id
    assert new is not None
    story.does(orders.cancel, orders.Cancel(story.key(), new, [orders.CancelLine(1, 1)]))
    assert story.money(order)[2] == 899
    (shipment,) = story.sends(new)
    story.tracks(shipment, "lost")
    assert story.lines(new) == [("TEA-1", 3, 1, 2, 2)]
    assert story.money(order) == (3 * 899, 3 * 899, 3 * 899, 0)
