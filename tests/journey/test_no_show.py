"""Nobody comes for a pickup: after its days the units are for sale again, nothing is charged."""

from __future__ import annotations

from everyshelf import pickup
from everyshelf.orders import Method, PlaceLine
from tests.journey.story import Story


def test_no_show(story: Story) -> None:
    story.opens(S003={"TEA-1": 2})
    line = PlaceLine("TEA-1", 2, method=Method.PICKUP, pickup_node="S003")
    order = story.place(line, ship_to=None)
    wait = story.waits(order)
    story.passes(days=6, hours=23)
    assert story.look("select state from pickup") == [("staged",)]
    story.passes(hours=2)
    assert story.look("select state from pickup") == [("no_show",)]
    assert story.shelf("TEA-1", "S003") == {"sellable": 2}
    assert story.lines(order) == [("TEA-1", 2, 2, 0, 0)]
    assert story.state(order) == "cancelled"
    assert story.money(order) == (1798, 0, 0, 1798)
    assert story.worked(order) == [("S003", "pickup", "cancelled")]
    late = pickup.HandOver(story.key(), wait.pickup_id, wait.code)
    assert story.refuses(pickup.hand_over, late) == "pickup.state"
