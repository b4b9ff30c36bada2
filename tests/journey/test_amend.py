"""An order is changed before it leaves: promised anew, sourced anew, paid anew."""

from __future__ import annotations

from everyshelf import orders
from everyshelf.orders import Amend, AmendLine, Method
from tests.journey.story import TEXAN, Story


def test_a_new_address_moves_the_work_to_a_nearer_node(story: Story) -> None:
    story.opens(S001={"LAMP-1": 3}, S003={"LAMP-1": 3})
    order = story.place(("LAMP-1", 1))
    assert story.worked(order) == [("S001", "ship", "offered")]
    story.does(orders.amend, Amend(story.key(), order, ship_to=TEXAN))
    assert story.worked(order) == [("S001", "ship", "cancelled"), ("S003", "ship", "offered")]
    assert story.shelf("LAMP-1", "S001") == {"sellable": 3}
    ((latest,),) = story.look("select promised_latest from order_line")
    assert latest is not None
    story.delivers(order)
    assert story.look("select ship_to ->> 'city' from shipment") == [("Dallas",)]


def test_more_and_less(story: Story) -> None:
    story.opens(DC1={"LAMP-1": 5})
    order = story.place(("LAMP-1", 2))
    story.does(orders.amend, Amend(story.key(), order, lines=[AmendLine(1, qty=4)]))
    assert sum(row[1] for row in story.lines(order)) == 4
    assert story.money(order)[0] == 4 * 4599
    assert story.shelf("LAMP-1", "DC1") == {"sellable": 1, "allocated": 4}
    over = Amend(story.key(), order, lines=[AmendLine(1, qty=9)])
    assert story.refuses(orders.amend, over) == "orders.short"
    story.does(orders.amend, Amend(story.key(), order, lines=[AmendLine(1, qty=1)]))
    assert story.lines(order) == [("LAMP-1", 2, 1, 0, 0), ("LAMP-1", 2, 0, 0, 0)]
    assert story.shelf("LAMP-1", "DC1") == {"sellable": 2, "allocated": 3}
    story.delivers(order)
    assert story.money(order)[1] == 3 * 4599
    late = Amend(story.key(), order, lines=[AmendLine(1, qty=2)])
    assert story.refuses(orders.amend, late).startswith("orders.")


def test_shipped_becomes_picked_up(story: Story) -> None:
    story.opens(DC1={"LAMP-1": 3}, S002={"LAMP-1": 1})
    order = story.place(("LAMP-1", 1))
    assert story.worked(order) == [("DC1", "ship", "accepted")]
    way = AmendLine(1, method=Method.PICKUP, pickup_node="S002")
    story.does(orders.amend, Amend(story.key(), order, lines=[way]))
    assert story.worked(order)[-1] == ("S002", "pickup", "offered")
    assert story.shelf("LAMP-1", "DC1") == {"sellable": 3}
    full = AmendLine(1, method=Method.PICKUP, pickup_node="S003")
    assert story.refuses(orders.amend, Amend(story.key(), order, lines=[full])) == "orders.short"
    wait = story.waits(order)
    assert wait.node == "S002"
