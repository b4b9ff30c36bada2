"""Same day: a node in town serves it by courier; from far away it cannot be had."""

from __future__ import annotations

from everyshelf import orders
from everyshelf.orders import Method, PlaceLine
from tests.journey.story import TEXAN, Story


def test_same_day(story: Story) -> None:
    story.opens(D001={"SOCK-1": 2}, S001={"SOCK-1": 1}, DC1={"SOCK-1": 50})
    line = PlaceLine("SOCK-1", 2, method=Method.SAME_DAY)
    order = story.place(line)
    assert story.worked(order) == [("D001", "same_day", "accepted")]
    (latest,) = story.look("select promised_latest at time zone 'America/New_York' from order_line")
    assert latest[0].date() == story.now.date()
    (shipment,) = story.delivers(order)
    assert story.shipped(order) == [("D001", "SAME_DAY", "delivered")]
    ((on_time,),) = story.look(
        f"select delivered_at <= promised_latest from shipment where id = {int(shipment)}"
    )
    assert on_time
    far = story.order(PlaceLine("SOCK-1", 1, method=Method.SAME_DAY), ship_to=TEXAN)
    order = story.does(orders.place, far).order_id
    assert story.works(order) == []
    assert story.look("select item, qty, reason from sourcing_demand") == [("SOCK-1", 1, "no_node")]
    assert story.look("select kind, state from exception_case") == [("unsourced", "open")]
