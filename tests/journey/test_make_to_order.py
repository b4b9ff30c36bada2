"""A sofa is made for its order: requested at once, begun, finished, sent from where it was made."""

from __future__ import annotations

from everyshelf import orders, planning
from everyshelf.planning import Made, Start
from tests.journey.story import Story


def test_make_to_order(story: Story) -> None:
    story.opens()
    order = story.place(("SOFA-1", 2))
    assert story.look("select supply from order_line") == [("make",)]
    ((row, node, state),) = story.look("select id, node, state from make_order")
    assert state == "requested"
    make = planning.MakeId(row)
    story.does(orders.cancel, orders.Cancel(story.key(), order, [orders.CancelLine(1, 1)]))
    assert story.look("select qty, cancelled, state from make_order") == [(2, 1, "requested")]
    story.does(planning.start, Start(story.key(), make))
    assert story.works(order) == []
    many = Made(story.key(), make, 2)
    assert story.refuses(planning.made, many) == "planning.too_many"
    story.does(planning.made, Made(story.key(), make, 1))
    assert story.allocated(order) == [("SOFA-1", node, 1, 0, 0)]
    story.delivers(order)
    assert story.lines(order) == [("SOFA-1", 2, 1, 1, 0)]
    assert story.money(order)[1] == 119900
    assert story.look("select state, made from make_order") == [("made", 1)]
