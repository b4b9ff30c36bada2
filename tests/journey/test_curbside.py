"""Collected at the curb: the customer checks in from the car, the goods come out."""

from __future__ import annotations

from everyshelf import pickup
from everyshelf.orders import Method, PlaceLine
from tests.journey.story import Story


def test_curbside(story: Story) -> None:
    story.opens(S002={"TEA-1": 4, "MUG-1": 1})
    lines = [
        PlaceLine(item, 1, method=Method.CURBSIDE, pickup_node="S002")
        for item in ("TEA-1", "MUG-1")
    ]
    order = story.place(*lines, ship_to=None)
    wait = story.waits(order)
    story.does(pickup.check_in, pickup.CheckIn(story.key(), wait.pickup_id, "bay 3"))
    story.does(pickup.check_in, pickup.CheckIn(story.key(), wait.pickup_id, "bay 4"))
    assert story.look("select state, bay from pickup") == [("checked_in", "bay 4")]
    give = pickup.HandOver(story.key(), wait.pickup_id, token=wait.token, node="S002")
    assert story.does(pickup.hand_over, give).state is pickup.State.HANDED_OVER
    assert story.worked(order) == [("S002", "curbside", "completed")]
    assert story.lines(order) == [("TEA-1", 1, 0, 1, 0), ("MUG-1", 1, 0, 1, 0)]
    assert story.money(order) == (899 + 1250, 899 + 1250, 0, 0)
    again = pickup.HandOver(story.key(), wait.pickup_id, token=wait.token)
    assert story.refuses(pickup.hand_over, again) == "pickup.state"
