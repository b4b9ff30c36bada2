"""What a cart is: one for all devices of a buyer, its lines and the refusals; pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from everyshelf.base.errors import Code
from everyshelf.base.ids import Id
from everyshelf.customer import CustomerId
from everyshelf.network import Address
from everyshelf.promise import Method, pool_of

HOLD_FOR: Final = timedelta(minutes=30)
MAX_LINES: Final = 200
# A kit holds one line per component: line 3's are held as 3000, 3001, ... of the cart.
COMPONENTS: Final = 1_000


class CartId(Id):
    """One cart, shared by a buyer's devices."""

    prefix = "crt"


class CartState(StrEnum):
    """An open cart becomes exactly one of the others, for good."""

    OPEN = "open"
    CHECKED_OUT = "checked_out"
    EXPIRED = "expired"
    MERGED = "merged"


UNKNOWN = Code("cart.unknown", 404, "There is no such cart.")
CLOSED = Code("cart.closed", 409, "The cart is empty, expired, merged or checked out.")
LINE_UNKNOWN = Code("cart.line_unknown", 422, "The cart has no such line.")
NOT_SOLD = Code("cart.item_not_sold", 422, "The item is not sold on the cart's channel.")
FULL = Code("cart.full", 422, f"A cart has at most {MAX_LINES} lines.")
OTHER_CHANNEL = Code("cart.other_channel", 409, "Carts of two channels cannot become one.")


class CartLine(msgspec.Struct, frozen=True):
    """Some units of an item and how they are to reach the buyer; their stock is held."""

    cart_id: CartId
    line: int
    item: str
    qty: int
    unit_minor: int
    method: Method
    pickup_node: str | None
    service: str | None

    @property
    def pool(self) -> str:
        return pool_of(self.method, self.pickup_node)

    @property
    def way(self) -> tuple[str, str, str | None, str | None]:
        """What makes two lines one: same item, same way."""
        return self.item, self.method, self.pickup_node, self.service


class Cart(msgspec.Struct, frozen=True):
    """A cart with its lines; every activity moves `expires_at` and the version."""

    id: CartId
    channel: str
    customer_id: CustomerId | None
    state: CartState
    ship_to: Address | None
    made_at: datetime
    expires_at: datetime
    version: int
    lines: tuple[CartLine, ...] = ()

    @property
    def total_minor(self) -> int:
        return sum(x.unit_minor * x.qty for x in self.lines)


class OpenCart(msgspec.Struct, frozen=True):
    """Begin a cart on a channel."""

    key: str
    channel: str
    customer_id: CustomerId | None = None
    ship_to: Address | None = None


class Put(msgspec.Struct, frozen=True):
    """The cart shall have `qty` of an item in this way: the quantity is absolute, so a repeated
    tap does not add up."""

    key: str
    cart_id: CartId
    item: str
    qty: int
    method: Method = Method.SHIP
    pickup_node: str | None = None
    service: str | None = None
    version: int | None = None


class Drop(msgspec.Struct, frozen=True):
    """Take a line out of the cart."""

    key: str
    cart_id: CartId
    line: int
    version: int | None = None


class Attach(msgspec.Struct, frozen=True):
    """Say whose cart it is, or where it goes; what is None stays."""

    key: str
    cart_id: CartId
    customer_id: CustomerId | None = None
    ship_to: Address | None = None
    version: int | None = None


class MergeCarts(msgspec.Struct, frozen=True):
    """Two devices, one buyer: the lines and holds of `loser` go to `winner`."""

    key: str
    winner: CartId
    loser: CartId
