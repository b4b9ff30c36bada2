"""An order is shipped from a DC and delivered: every row on its way."""

from __future__ import annotations

from tests.journey.story import Story


def test_ship_from_dc(story: Story) -> None:
    story.opens(DC1={"TEA-1": 10, "MUG-1": 4})
    order = story.place(("TEA-1", 3), ("MUG-1", 1), shipping_minor=500)
    assert story.worked(order) == [("DC1", "ship", "accepted")]
    assert story.shelf("TEA-1", "DC1") == {"sellable": 7, "allocated": 3}
    total = 3 * 899 + 1250 + 500
    assert story.money(order) == (total, 0, 0, 0)
    (shipment,) = story.sends(order)
    assert story.lines(order) == [("TEA-1", 3, 0, 3, 0), ("MUG-1", 1, 0, 1, 0)]
    assert story.money(order) == (total, total, 0, 0)
    assert story.state(order) == "completed"
    story.tracks(shipment, "in_transit", "out_for_delivery", "delivered")
    assert story.shipped(order) == [("DC1", "GROUND", "delivered")]
    assert story.worked(order) == [("DC1", "ship", "completed")]
    assert story.allocated(order) == [("TEA-1", "DC1", 3, 3, 0), ("MUG-1", "DC1", 1, 1, 0)]
    assert story.moves("TEA-1") == [
        ("DC1.sellable", "DC1.held", 3, "hold"),
        ("DC1.held", "DC1.allocated", 3, "allocate"),
        ("DC1.allocated", "DC1.picked", 3, "pick"),
        ("DC1.picked", "DC1.packed", 3, "pack"),
        ("DC1.packed", "@customer.out", 3, "ship"),
    ]
    assert story.shelf("TEA-1", "DC1") == {"sellable": 7}
