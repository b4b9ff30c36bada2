"""cart: one cart on all devices, its units held softly until it is checked out or forgotten.

Owns cart, cart_line. Hears stock.hold.expired, customer.customer.merged.
Emits cart.cart.opened, .checked_out, .expired, .merged.
Never makes an order: `orders` reads the cart, takes its holds over and closes it.
"""

from everyshelf.cart.begin import attach, open_cart
from everyshelf.cart.book import close_now, get, lock_now, open_carts_of
from everyshelf.cart.events import CartCheckedOut, CartExpired, CartMerged, CartOpened, CartUnits
from everyshelf.cart.expire import expire
from everyshelf.cart.facts import (
    CLOSED,
    COMPONENTS,
    HOLD_FOR,
    UNKNOWN,
    Attach,
    Cart,
    CartId,
    CartLine,
    CartState,
    Drop,
    MergeCarts,
    OpenCart,
    Put,
)
from everyshelf.cart.merge import merge
from everyshelf.cart.put import drop, put

__all__ = [
    "CLOSED",
    "COMPONENTS",
    "HOLD_FOR",
    "UNKNOWN",
    "Attach",
    "Cart",
    "CartCheckedOut",
    "CartExpired",
    "CartId",
    "CartLine",
    "CartMerged",
    "CartOpened",
    "CartState",
    "CartUnits",
    "Drop",
    "MergeCarts",
    "OpenCart",
    "Put",
    "attach",
    "close_now",
    "drop",
    "expire",
    "get",
    "lock_now",
    "merge",
    "open_cart",
    "open_carts_of",
    "put",
]
