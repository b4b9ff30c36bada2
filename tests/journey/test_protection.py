"""Units are kept for walk-ins and for one channel: others cannot have them, the counter can."""

from __future__ import annotations

from everyshelf import orders, stock
from everyshelf.decide.atp import Protection
from everyshelf.orders import Method, PlaceLine
from tests.journey.story import Story


def rule(story: Story, **facts: object) -> None:
    kept = Protection(item="TEA-1", node="S001", **facts)  # type: ignore[arg-type]
    story.does(stock.set_rules, stock.SetRules(story.key(), (kept,)))


def order(story: Story, qty: int, channel: str) -> orders.Place:
    line = PlaceLine("TEA-1", qty, method=Method.PICKUP, pickup_node="S001")
    return story.order(line, channel=channel, ship_to=None)


def test_walk_in_customers_find_their_units(story: Story) -> None:
    story.opens(S001={"TEA-1": 5})
    rule(story, walk_in_qty=3)
    assert story.refuses(orders.place, order(story, 3, "web")) == "orders.short"
    story.does(orders.place, order(story, 2, "web"))
    till = stock.Sell(story.key(), "S001", "TEA-1", 3, strict=True)
    story.does(stock.sell, till)
    assert story.shelf("TEA-1", "S001") == {"allocated": 2}


def test_a_ring_fence_is_one_channels_own(story: Story) -> None:
    story.opens(S001={"TEA-1": 5})
    rule(story, channel="marketplace", ring_fence_qty=4)
    assert story.refuses(orders.place, order(story, 2, "web")) == "orders.short"
    story.does(orders.place, order(story, 1, "web"))
    story.does(orders.place, order(story, 4, "marketplace"))
    assert story.shelf("TEA-1", "S001") == {"allocated": 5}
    asked = [stock.Ask("TEA-1", c, "pickup:S001") for c in ("web", "marketplace")]
    answers = story.db.run(lambda tx: stock.availability(tx, asked), now=story.now)
    assert [a.total for a in answers] == [0, 0]
