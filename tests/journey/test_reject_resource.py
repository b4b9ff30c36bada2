"""A store says no: its stock is corrected when it says so, and another node serves the order."""

from __future__ import annotations

import pytest

from everyshelf import fulfillment as f
from tests.journey.story import Story


@pytest.mark.parametrize(
    ("reason", "left"),
    [("too_busy", {"sellable": 3}), ("not_found", {"sellable": 1}), ("damaged", None)],
)
def test_reject_resource(story: Story, reason: str, left: dict[str, int] | None) -> None:
    story.opens(S001={"BOOK-1": 3}, S003={"BOOK-1": 5})
    order = story.place(("BOOK-1", 2))
    work = story.work(order)
    assert work.node == "S001"
    story.does(f.reject, f.Reject(story.key(), work.id, f.RejectReason(reason)))
    assert story.worked(order) == [("S001", "ship", "rejected"), ("S003", "ship", "offered")]
    assert story.allocated(order) == [("BOOK-1", "S001", 2, 0, 2), ("BOOK-1", "S003", 2, 0, 0)]
    assert story.shelf("BOOK-1", "S001") == (left or {"sellable": 1, "damaged": 2})
    story.delivers(order)
    assert story.state(order) == "completed"
    assert story.look("select node, reason from sourcing_exclusion") == [("S001", reason)]
