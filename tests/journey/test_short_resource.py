"""A picker finds less than the books say: the rest comes from another node."""

from __future__ import annotations

from everyshelf import fulfillment as f
from tests.journey.story import Story


def test_short_resource(story: Story) -> None:
    story.opens(DC1={"SOCK-1": 5}, DC2={"SOCK-1": 5})
    order = story.place(("SOCK-1", 4))
    work = story.work(order)
    assert work.node == "DC1"
    alc = work.lines[0].allocation_id
    story.does(f.pick, f.Pick(story.key(), work.id, (f.PickLine(alc, 3),)))
    story.does(f.short, f.Short(story.key(), work.id, (f.ShortLine(alc),)))
    assert story.worked(order) == [("DC1", "ship", "picked"), ("DC2", "ship", "accepted")]
    assert story.allocated(order) == [("SOCK-1", "DC1", 4, 0, 1), ("SOCK-1", "DC2", 1, 0, 0)]
    assert ("DC1.allocated", "@adjust.out", 1, "not_found") in story.moves("SOCK-1")
    assert story.shelf("SOCK-1", "DC1") == {"sellable": 1, "picked": 3}
    story.does(f.pack, f.Pack(story.key(), work.id))
    story.ships(work)
    story.sends(order)
    assert story.lines(order) == [("SOCK-1", 4, 0, 4, 0)]
    assert story.look("select kind, state from exception_case order by id")
