"""No node has everything: two nodes ship, each part is paid when it leaves."""

from __future__ import annotations

from tests.journey.story import Story


def test_split_shipment(story: Story) -> None:
    story.opens(DC1={"TEA-1": 5}, DC2={"BOOK-1": 5})
    order = story.place(("TEA-1", 2), ("BOOK-1", 1), shipping_minor=700)
    first, second = story.works(order)
    assert (first.node, second.node) == ("DC1", "DC2")
    story.prepares(first, second)
    story.ships(first)
    assert story.state(order) == "open"
    assert story.money(order)[1] == 2 * 899 + 700
    story.ships(second)
    assert story.state(order) == "completed"
    total = 2 * 899 + 1599 + 700
    assert story.money(order) == (total, total, 0, 0)
    assert [(node, state) for node, _, state in story.shipped(order)] == [
        ("DC1", "shipped"), ("DC2", "shipped"),
    ]  # fmt: skip
    captures = story.look("select amount_minor from payment_intent where kind = 'capture'")
    assert sorted(captures) == [(1599,), (2 * 899 + 700,)]
