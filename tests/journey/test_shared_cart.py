"""A cart that is used on two devices becomes one order; one that is forgotten gives units back."""

from __future__ import annotations

from everyshelf import cart, orders
from everyshelf.cart import CartId
from tests.journey.story import Story


def opened(story: Story) -> CartId:
    return story.does(cart.open_cart, cart.OpenCart(story.key(), "web")).id


def put(story: Story, cart_id: CartId, item: str, qty: int) -> cart.Cart:
    return story.does(cart.put, cart.Put(story.key(), cart_id, item, qty))


def test_two_devices_fill_one_cart_and_buy_it_once(story: Story) -> None:
    story.opens(DC1={"TEA-1": 3, "MUG-1": 3})
    phone, laptop = opened(story), opened(story)
    put(story, phone, "TEA-1", 2)
    put(story, laptop, "MUG-1", 1)
    merge = cart.MergeCarts(story.key(), winner=phone, loser=laptop)
    story.does(cart.merge, merge)
    both = put(story, phone, "TEA-1", 3)
    stale = cart.Put(story.key(), phone, "TEA-1", 1, version=both.version - 1)
    assert story.refuses(cart.put, stale) == "version.stale"
    closed = cart.Put(story.key(), laptop, "MUG-1", 1)
    assert story.refuses(cart.put, closed) == "cart.closed"
    order = story.place(cart_id=phone)
    assert sorted(story.lines(order)) == [("MUG-1", 1, 0, 0, 0), ("TEA-1", 3, 0, 0, 0)]
    again = story.order(cart_id=phone)
    assert story.refuses(orders.place, again) == "cart.closed"
    assert story.shelf("TEA-1", "DC1") == {"allocated": 3}
    story.delivers(order)


def test_conversion_and_expiry_do_not_both_have_the_units(story: Story) -> None:
    story.opens(DC1={"TEA-1": 2})
    mine = opened(story)
    put(story, mine, "TEA-1", 2)
    story.passes(minutes=29)
    assert story.refuses(orders.place, story.order(("TEA-1", 1))) == "orders.short"
    put(story, mine, "TEA-1", 2)  # Activity moves the end.
    story.passes(minutes=29)
    order = story.place(cart_id=mine)
    story.passes(hours=2)
    assert story.shelf("TEA-1", "DC1") == {"allocated": 2}
    assert story.state(order) == "open"


def test_a_forgotten_cart_gives_its_units_to_the_next(story: Story) -> None:
    story.opens(DC1={"TEA-1": 2})
    mine = opened(story)
    put(story, mine, "TEA-1", 2)
    story.passes(minutes=31)
    assert story.look("select state from cart") == [("expired",)]
    assert story.shelf("TEA-1", "DC1") == {"sellable": 2}
    story.place(("TEA-1", 2))
    late = story.order(cart_id=mine)
    assert story.refuses(orders.place, late) == "cart.closed"
