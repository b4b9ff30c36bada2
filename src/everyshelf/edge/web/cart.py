"""The routes of cart: one cart on all devices, its units held."""

from __future__ import annotations

from datetime import datetime

import msgspec

from everyshelf import cart
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.cart import Cart, CartId
from everyshelf.customer import CustomerId
from everyshelf.edge.web import declare
from everyshelf.edge.web.declare import Face, Listing, Read, Verb

SQL = load("everyshelf.edge.web", "lists.sql")


class OneCart(msgspec.Struct, frozen=True):
    """Which cart."""

    cart_id: CartId


class CartQuery(msgspec.Struct, frozen=True):
    """Filters of carts."""

    state: str | None = None
    channel: str | None = None
    customer_id: CustomerId | None = None


class CartRow(msgspec.Struct, frozen=True):
    """A cart in a list."""

    id: CartId
    channel: str
    customer_id: CustomerId | None
    state: str
    made_at: datetime
    expires_at: datetime
    lines: int
    units: int
    version: int


def _get(tx: Tx, query: OneCart) -> Cart:
    return declare.only(list(cart.get(tx, [query.cart_id]).values()), "cart")


FACE = Face(
    "cart",
    "One cart on all devices; its units are held for half an hour after the last touch.",
    (
        Listing("/v1/carts", SQL.list_carts, CartRow, CartQuery, "List carts"),
        Read("/v1/carts/{cart_id}", _get, OneCart, Cart, "Get a cart"),
        Verb(
            "POST", "/v1/carts", cart.open_cart, cart.OpenCart, Cart, "Open a cart", 201,
            location="/v1/carts/{id}",
        ),
        Verb(
            "POST", "/v1/carts/{cart_id}/lines", cart.put, cart.Put, Cart,
            "Put units of an item into a cart and hold them",
        ),
        Verb(
            "DELETE", "/v1/carts/{cart_id}/lines/{line}", cart.drop, cart.Drop, Cart,
            "Take a line out of a cart", bulk=False,
        ),
        Verb(
            "POST", "/v1/carts/{cart_id}/attach", cart.attach, cart.Attach, Cart,
            "Say whose cart it is, or where it goes",
        ),
        Verb(
            "POST", "/v1/carts/{winner}/merge", cart.merge, cart.MergeCarts, Cart,
            "Merge another cart into this one",
        ),
    ),
)  # fmt: skip
