"""What a cart is; pure. The rest of its words come with its verbs."""

from __future__ import annotations

from everyshelf.base.ids import Id


class CartId(Id):
    """One cart, shared by a buyer's devices."""

    prefix = "crt"
