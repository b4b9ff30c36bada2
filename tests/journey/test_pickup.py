"""Bought online, picked up in the store: staged, told, handed over against the code."""

from __future__ import annotations

from everyshelf import pickup
from everyshelf.orders import Method, PlaceLine
from tests.journey.story import Story


def test_pickup(story: Story) -> None:
    story.opens(S001={"BOOK-1": 3}, DC1={"BOOK-1": 9})
    line = PlaceLine("BOOK-1", 2, method=Method.PICKUP, pickup_node="S001")
    order = story.place(line, ship_to=None)
    assert story.worked(order) == [("S001", "pickup", "offered")]
    wait = story.waits(order)
    assert story.shelf("BOOK-1", "S001") == {"sellable": 1, "packed": 2}
    assert story.money(order) == (2 * 1599, 0, 0, 0)
    bad = f"{(int(wait.code) + 1) % 10**6:06d}"
    wrong = pickup.HandOver(story.key(), wait.pickup_id, bad)
    (refused,) = story.answers(pickup.hand_over, wrong)
    assert refused.refusal is not None
    assert refused.refusal.code == "pickup.code_wrong"
    assert story.look("select state, tries from pickup") == [("staged", 1)]
    right = pickup.HandOver(story.key(), wait.pickup_id, wait.code, to="Ada")
    assert story.does(pickup.hand_over, right).units == 2
    assert story.look("select state, handed_to from pickup") == [("handed_over", "Ada")]
    assert story.money(order) == (2 * 1599, 2 * 1599, 0, 0)
    assert story.worked(order) == [("S001", "pickup", "completed")]
    assert story.lines(order) == [("BOOK-1", 2, 0, 2, 0)]
    assert story.shipped(order) == []
    assert story.shelf("BOOK-1", "S001") == {"sellable": 1}
    assert story.shelf("BOOK-1", "DC1") == {"sellable": 9}
