"""A store keeps its last units for the weekend's walk-ins, and sells them online before the truck.

The floor is the optimum for the time that is left: nobody changes a rule between Friday and Monday.
"""

from __future__ import annotations

from datetime import UTC, datetime

from everyshelf import orders, stock
from everyshelf.decide.atp import Protection
from everyshelf.orders import Method, PlaceLine
from tests.journey.story import Story

FRIDAY = datetime(2026, 3, 6, 17, tzinfo=UTC)  # Noon in New York.
TRUCK = datetime(2026, 3, 9, 10, tzinfo=UTC)  # Monday, six in the morning there.


def collects(story: Story, qty: int, channel: str = "web") -> orders.Place:
    line = PlaceLine("TEA-1", qty, method=Method.PICKUP, pickup_node="S001")
    return story.order(line, channel=channel, ship_to=None)


def promised(story: Story) -> tuple[int, int]:
    """What the web and the till may promise."""
    asked = [stock.Ask("TEA-1", c, "pickup:S001") for c in ("web", "pos")]
    web, till = story.db.run(lambda tx: stock.availability(tx, asked), now=story.now)
    return web.total, till.total


def test_the_last_units_wait_for_the_weekend_and_not_for_the_truck(story: Story) -> None:
    story.now = FRIDAY
    story.opens(S001={"TEA-1": 6})
    walk_in = stock.WalkIn(
        rate_per_day=1.0, online_rate_per_day=1.5, margin_minor=400, online_value_minor=150,
        replenish_weekdays=(0,), replenish_minute=6 * 60,
    )  # fmt: skip
    kept = Protection(item="TEA-1", node="S001", walk_in=walk_in)
    story.does(stock.set_rules, stock.SetRules(story.key(), (kept,)))

    # Friday noon: four of the six are for people who will walk in before Monday.
    assert promised(story) == (2, 6)
    assert story.refuses(orders.place, collects(story, 3)) == "orders.short"
    first = story.place(
        PlaceLine("TEA-1", 2, method=Method.PICKUP, pickup_node="S001"), ship_to=None
    )
    assert promised(story) == (0, 4)
    assert story.refuses(orders.place, collects(story, 1)) == "orders.short"

    # Saturday: the till sells one of those that were kept.
    story.passes(hours=24)
    story.does(stock.sell, stock.Sell(story.key(), "S001", "TEA-1", 1, strict=True))
    assert promised(story) == (0, 3)

    # Sunday night: hardly anybody will come before the truck, so the web may have the rest.
    story.passes(hours=(TRUCK - story.now).total_seconds() / 3600 - 2)
    assert promised(story) == (3, 3)
    last = story.does(orders.place, collects(story, 3)).order_id
    assert promised(story) == (0, 0)

    # The truck comes: the shelf is full, the week is long, and units are kept again.
    story.passes(hours=3)
    story.arrives(S001={"TEA-1": 20})
    web, till = promised(story)
    assert till == 20
    assert 0 < web < 12
    assert [a[:3] for o in (first, last) for a in story.allocated(o)] == [
        ("TEA-1", "S001", 2), ("TEA-1", "S001", 3),
    ]  # fmt: skip
