"""A store closes for good: what nobody has begun there goes elsewhere, what is picked stays."""

from __future__ import annotations

from everyshelf import fulfillment as f
from everyshelf import network
from tests.journey.story import Story


def test_a_closed_store_gives_back_what_it_has_not_begun(story: Story) -> None:
    story.opens(S001={"BOOK-1": 9}, S003={"BOOK-1": 9})
    waiting, begun = story.place(("BOOK-1", 1)), story.place(("BOOK-1", 1))
    work = story.work(begun)
    story.does(f.accept, f.Accept(story.key(), work.id))
    story.does(f.pick, f.Pick(story.key(), work.id))
    story.does(network.upsert_nodes, network.UpsertNode(key=story.key(), node="S001", active=False))
    assert story.worked(waiting) == [("S001", "ship", "rejected"), ("S003", "ship", "offered")]
    assert [node for node, _, _ in story.worked(begun)] == ["S001"]
    assert story.look("select node, reason from sourcing_exclusion") == [("S001", "closed")]
    story.does(network.upsert_nodes, network.UpsertNode(key=story.key(), node="S001", name="Gone"))
    assert len(story.worked(begun)) == 1
