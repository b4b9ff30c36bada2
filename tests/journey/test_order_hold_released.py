"""A held order keeps its units and waits; with the last hold gone it is sourced."""

from __future__ import annotations

from everyshelf import orders, transport
from everyshelf.orders import HoldKind, HoldOrder, ReleaseHold
from tests.journey.story import Story


def test_order_hold_released(story: Story) -> None:
    story.opens(DC1={"PHONE-1": 1})
    kinds = [HoldKind.FRAUD, HoldKind.ADDRESS]
    order = story.place(("PHONE-1", 1), hold_kinds=kinds)
    assert story.state(order) == "held"
    assert story.worked(order) == []
    assert story.shelf("PHONE-1", "DC1") == {"held": 1}
    assert story.refuses(orders.place, story.order(("PHONE-1", 1))) == "orders.short"
    story.does(orders.release_hold, ReleaseHold(story.key(), order, HoldKind.FRAUD))
    assert story.worked(order) == []
    story.passes(days=2)
    assert story.shelf("PHONE-1", "DC1") == {"held": 1}
    story.does(orders.release_hold, ReleaseHold(story.key(), order, HoldKind.ADDRESS))
    assert story.worked(order) == [("DC1", "ship", "accepted")]
    story.does(orders.hold, HoldOrder(story.key(), order, HoldKind.REVIEW, "call back"))
    work = story.work(order)
    story.prepares(work)
    ship = transport.Ship(story.key(), work.id)
    assert story.refuses(transport.ship, ship) == "transport.order_held"
    story.does(orders.release_hold, ReleaseHold(story.key(), order, HoldKind.REVIEW))
    story.ships(work)
    assert story.state(order) == "completed"
