"""An order is cancelled wherever its work stands: the units are back on sale, nothing is owed.

What has left cannot be cancelled; it comes back as a return.
"""

from __future__ import annotations

from datetime import date

import pytest

from everyshelf import fulfillment as f
from everyshelf import orders, stock
from everyshelf.orders import Cancel, CancelLine, Method, OrderId, PlaceLine
from tests.journey.story import Story

STATES = ("offered", "accepted", "picking", "picked", "packed")


def reach(story: Story, order: OrderId, state: str) -> None:
    """Brings the only work of an order into a state."""
    work = story.work(order)
    part = (f.PickLine(work.lines[0].allocation_id, 1),)
    if state == "offered":
        return
    story.does(f.accept, f.Accept(story.key(), work.id))
    if state == "picking":
        story.does(f.pick, f.Pick(story.key(), work.id, part))
    if state in ("picked", "packed"):
        story.does(f.pick, f.Pick(story.key(), work.id))
    if state == "packed":
        story.does(f.pack, f.Pack(story.key(), work.id))


@pytest.mark.parametrize("state", STATES)
def test_cancel_while(story: Story, state: str) -> None:
    story.opens(S001={"MUG-1": 5})
    order = story.place(("MUG-1", 3), shipping_minor=400)
    reach(story, order, state)
    assert story.worked(order) == [("S001", "ship", state)]
    done = story.does(orders.cancel, Cancel(story.key(), order))
    assert (done.units, done.amount_minor) == (3, 3 * 1250 + 400)
    assert story.worked(order) == [("S001", "ship", "cancelled")]
    assert story.shelf("MUG-1", "S001") == {"sellable": 5}
    assert story.lines(order) == [("MUG-1", 3, 3, 0, 0)]
    assert story.money(order) == (4150, 0, 0, 4150)
    assert story.look("select * from package") == []
    assert story.refuses(orders.cancel, Cancel(story.key(), order)) == "orders.ended"


@pytest.mark.parametrize("state", STATES)
def test_cancel_a_part_while(story: Story, state: str) -> None:
    story.opens(S001={"MUG-1": 5})
    order = story.place(("MUG-1", 3), shipping_minor=400)
    reach(story, order, state)
    story.does(orders.cancel, Cancel(story.key(), order, [CancelLine(1, 2)]))
    assert story.shelf("MUG-1", "S001")["sellable"] == 4
    work = story.work(order)
    if work.state is not f.State.PACKED:
        story.prepares(work)
    story.ships(work)
    assert story.lines(order) == [("MUG-1", 3, 2, 1, 0)]
    assert story.money(order) == (4150, 1650, 0, 2500)
    assert story.look("select sum(qty) from package_line") == [(1,)]


def test_cancel_while_it_waits_for_supply(story: Story) -> None:
    story.opens()
    story.does(stock.expect, stock.Expect(story.key(), "MUG-1", "DC1", 9, date(2026, 3, 20)))
    order = story.place(("MUG-1", 3), allow_backorder=True)
    story.does(orders.cancel, Cancel(story.key(), order, [CancelLine(1, 1)]))
    assert story.look("select promised from stock_inbound") == [(2,)]
    story.does(orders.cancel, Cancel(story.key(), order))
    assert story.look("select promised from stock_inbound") == [(0,)]
    assert story.look("select * from sourcing_demand") == []
    story.arrives(DC1={"MUG-1": 9})
    assert story.allocated(order) == []
    assert story.shelf("MUG-1", "DC1") == {"sellable": 9}


def test_cancel_while_staged(story: Story) -> None:
    story.opens(S001={"MUG-1": 5})
    line = PlaceLine("MUG-1", 2, method=Method.PICKUP, pickup_node="S001")
    order = story.place(line, ship_to=None)
    story.waits(order)
    story.does(orders.cancel, Cancel(story.key(), order))
    assert story.look("select state from pickup") == [("cancelled",)]
    assert story.shelf("MUG-1", "S001") == {"sellable": 5}
    assert story.money(order) == (2500, 0, 0, 2500)


def test_what_has_left_is_not_cancelled(story: Story) -> None:
    story.opens(S001={"MUG-1": 5})
    order = story.place(("MUG-1", 3))
    story.sends(order)
    assert story.refuses(orders.cancel, Cancel(story.key(), order)) == "orders.ended"
    part = Cancel(story.key(), order, [CancelLine(1, 1)])
    assert story.refuses(orders.cancel, part) == "orders.ended"
    assert story.lines(order) == [("MUG-1", 3, 0, 3, 0)]
