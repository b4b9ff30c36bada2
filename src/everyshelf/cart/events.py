"""What carts tell: who went as far as a cart, and what became of it."""

from __future__ import annotations

import msgspec

from everyshelf.base.events import Event
from everyshelf.cart.facts import CartId
from everyshelf.customer import CustomerId


class CartUnits(msgspec.Struct, frozen=True):
    """What a cart had of an item."""

    item: str
    qty: int


class CartOpened(Event, frozen=True, kw_only=True):
    """A cart was begun."""

    TYPE = "cart.cart.opened"
    SUBJECT = "cart_id"
    cart_id: CartId
    channel: str
    customer_id: CustomerId | None


class CartCheckedOut(Event, frozen=True, kw_only=True):
    """The cart became an order."""

    TYPE = "cart.cart.checked_out"
    SUBJECT = "cart_id"
    cart_id: CartId


class CartExpired(Event, frozen=True, kw_only=True):
    """Nobody touched the cart in time; its units are free again."""

    TYPE = "cart.cart.expired"
    SUBJECT = "cart_id"
    cart_id: CartId
    channel: str
    customer_id: CustomerId | None
    lines: list[CartUnits]


class CartMerged(Event, frozen=True, kw_only=True):
    """The cart's lines went over to another cart."""

    TYPE = "cart.cart.merged"
    SUBJECT = "cart_id"
    cart_id: CartId
    into: CartId
