"""Three times nobody is at home: it goes back, is for sale again, and the buyer is refunded."""

from __future__ import annotations

from tests.journey.story import Story


def test_failed_delivery_returned(story: Story) -> None:
    story.opens(DC1={"MILK-1": 4, "TEA-1": 4})
    order = story.place(("MILK-1", 2), ("TEA-1", 1), shipping_minor=500)
    (shipment,) = story.sends(order)
    story.tracks(shipment, "out_for_delivery", "attempt_failed", "attempt_failed")
    assert story.shipped(order) == [("DC1", "GROUND", "attempt_failed")]
    story.tracks(shipment, "attempt_failed")
    assert story.shipped(order) == [("DC1", "GROUND", "returning")]
    assert story.money(order)[2] == 0
    story.tracks(shipment, "returned")
    assert story.shipped(order) == [("DC1", "GROUND", "returned")]
    assert story.lines(order) == [("MILK-1", 2, 0, 2, 2), ("TEA-1", 1, 0, 1, 1)]
    total = 2 * 349 + 899 + 500
    assert story.money(order) == (total, total, total, 0)
    assert story.shelf("MILK-1", "DC1") == {"sellable": 4}
    assert story.look("select lot, qty from stock_lot where bucket = 'shelf'") == [
        ("MILK-1-DC1", 4),
    ]  # fmt: skip
    story.tracks(shipment, "returned", "in_transit")
    assert story.money(order)[2] == total
