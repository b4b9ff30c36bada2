"""A store's day is limited for the web: the second order goes elsewhere, a cancelled one makes
room, and the manager's pause sends the next away at once."""

from __future__ import annotations

from everyshelf import network, orders
from tests.journey.story import Story


def test_the_day_of_a_store_fills_empties_and_is_paused(story: Story) -> None:
    story.opens(S001={"BOOK-1": 9}, S003={"BOOK-1": 9})
    limit = network.UpsertNode(
        key=story.key(), node="S001", daily_units=5, channel_orders={"web": 1}
    )
    story.does(network.upsert_nodes, limit)
    first, second = story.place(("BOOK-1", 2)), story.place(("BOOK-1", 2))
    assert [story.worked(o)[0][0] for o in (first, second)] == ["S001", "S003"]
    story.does(orders.cancel, orders.Cancel(story.key(), first))
    assert story.look("select channel, orders, units from node_load order by channel") == [
        ("", 0, 0), ("web", 0, 0),
    ]  # fmt: skip
    third = story.place(("BOOK-1", 2))
    assert story.worked(third)[0][0] == "S001"
    story.does(network.pause, network.Pause(key=story.key(), node="S001", reason="burst pipe"))
    assert story.worked(story.place(("BOOK-1", 1)))[0][0] == "S003"
    story.does(network.resume, network.Resume(key=story.key(), node="S001"))
    assert story.worked(third)[0][0] == "S001"
