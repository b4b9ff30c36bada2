"""The carrier loses a parcel: refunded as far as it was paid, not restocked, a case is opened."""

from __future__ import annotations

from everyshelf import payment
from tests.journey.story import Story


def test_lost_parcel(story: Story) -> None:
    story.opens(DC1={"BOOK-1": 2})
    order = story.place(("BOOK-1", 2), shipping_minor=500)
    (shipment,) = story.sends(order)
    sorry = payment.Refund(story.key(), order, 300, "it is late")
    story.does(payment.refund, sorry)
    story.tracks(shipment, "in_transit", "lost")
    total = 2 * 1599 + 500
    assert story.money(order) == (total, total, total, 0)
    assert story.lines(order) == [("BOOK-1", 2, 0, 2, 2)]
    assert story.shelf("BOOK-1", "DC1") == {}
    cases = story.look("select kind, subject from exception_case")
    assert ("lost", str(shipment)) in cases
    story.tracks(shipment, "delivered")
    assert story.shipped(order) == [("DC1", "GROUND", "lost")]
    assert story.money(order)[2] == total
