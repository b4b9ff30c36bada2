"""The demo's customers: what they order, on which channel, how it shall reach them; all by dice.

Makes commands and decides nothing about stock: what cannot be promised is refused by the rooms.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

import msgspec

from everyshelf import cart, orders, stock
from everyshelf.cart import CartId
from everyshelf.catalog import Tracking
from everyshelf.network import Address
from everyshelf.orders import HoldKind, Method
from everyshelf.simulate import demo_places
from everyshelf.simulate.demo_places import Town
from everyshelf.simulate.demo_retailer import Retailer

FIRST: Final = (
    "Ada", "Ben", "Carmen", "Dev", "Elena", "Femi", "Grace", "Hiro", "Ines", "Jamal", "Kira",
    "Leo", "Maya", "Noah", "Olga", "Priya", "Quinn", "Rosa", "Sam", "Tara",
)  # fmt: skip
LAST: Final = (
    "Abbott", "Brandt", "Chavez", "Diaz", "Ellis", "Fischer", "Gupta", "Hughes", "Ito", "Jensen",
    "Kim", "Lopez", "Miller", "Novak", "Okafor", "Perez", "Reed", "Silva", "Tran", "Wong",
)  # fmt: skip
STREETS: Final = ("Maple St", "Oak Ave", "2nd St", "Hill Rd", "Mill Ln", "Park Blvd")
CHANNELS: Final = (("web", 40), ("app", 25), ("marketplace", 17), ("social", 7), ("pos", 6),
                   ("phone", 5))  # fmt: skip
WAYS: Final = ((Method.SHIP, 54), (Method.PICKUP, 20), (Method.CURBSIDE, 9),
               (Method.SAME_DAY, 12), (Method.LOCKER, 5))  # fmt: skip
HELD_SHARE: Final = 0.03
NEAR_DEGREES: Final = 0.12
AROUND_DEGREES: Final = 0.5


class Wish(msgspec.Struct, frozen=True):
    """What somebody wants before it is an order."""

    channel: str
    buyer: orders.Buyer
    to: Address
    lines: list[orders.PlaceLine]


class Shoppers:
    """Draws wishes; `rng` is the only chance in them."""

    def __init__(self, retailer: Retailer, rng: random.Random, run: str) -> None:
        self.retailer = retailer
        self.rng = rng
        self.run = run
        self._numbers = 0

    def key(self) -> str:
        """A key that no other command of this run has."""
        self._numbers += 1
        return f"demo:{self.run}:{self._numbers}"

    def wish(self) -> Wish:
        """Somebody wants something."""
        channel = _draw(self.rng, CHANNELS)
        way = Method.SHIP if channel in ("marketplace", "phone") else _draw(self.rng, WAYS)
        name = f"{self.rng.choice(FIRST)} {self.rng.choice(LAST)}"
        mail = name.lower().replace(" ", ".") + f"{self.rng.randint(1, 400)}@example.com"
        node = self._node(way)
        town = self.retailer.nodes[node] if node else self._town()
        spread = NEAR_DEGREES if node else AROUND_DEGREES
        lines = [
            orders.PlaceLine(item, self._qty(item), method=way,
                             pickup_node=node if way in orders.COLLECTED else None)
            for item in self._items(way, node)
        ]  # fmt: skip
        return Wish(channel, orders.Buyer(name, mail), self._address(name, town, spread), lines)

    def order(self, wish: Wish, cart_id: CartId | None = None) -> orders.Place:
        """The order of a wish; a cart brings its own lines."""
        key = self.key()
        held = [self.rng.choice((HoldKind.FRAUD, HoldKind.ADDRESS, HoldKind.REVIEW))]
        sent = any(line.method is Method.SHIP for line in wish.lines)
        return orders.Place(
            key=key, channel=wish.channel, channel_ref=f"{wish.channel[:3].upper()}-{key[5:]}",
            buyer=wish.buyer, currency="USD", lines=[] if cart_id else wish.lines,
            ship_to=wish.to, shipping_minor=599 if sent else 0, cart_id=cart_id,
            hold_kinds=held if self.rng.random() < HELD_SHARE else [], allow_backorder=True,
        )  # fmt: skip

    def sale(self) -> stock.Sell:
        """Somebody buys at a till; now and then something the books do not know."""
        node = self.rng.choice(self.retailer.stores)
        known = self.rng.random() > 0.02
        shelf = self.retailer.shelf[node] if known else self.retailer.goods.stocked
        plain = [c for c in self.rng.choices(shelf, k=8) if c not in self.retailer.goods.tracked]
        item = plain[0] if plain else "KIT-0001"
        return stock.Sell(key=self.key(), node=node, item=item, qty=self.rng.choice((1, 1, 2)))

    def fill(self, cart_id: CartId, wish: Wish) -> list[cart.Put]:
        """The wish as things put into a cart."""
        return [
            cart.Put(self.key(), cart_id, line.item, line.qty, line.method, line.pickup_node)
            for line in wish.lines
        ]

    def _node(self, way: Method) -> str | None:
        if way is Method.SHIP:
            return None
        return self.rng.choice(self.retailer.collect[str(way)])

    def _town(self) -> Town:
        if self.rng.random() < 0.55:
            return self.rng.choice(demo_places.CITIES)
        return self.rng.choice(demo_places.STORES)

    def _address(self, name: str, town: Town, spread: float) -> Address:
        lat = town.lat + self.rng.uniform(-spread, spread)
        lon = town.lon + self.rng.uniform(-spread, spread)
        street = f"{self.rng.randint(1, 990)} {self.rng.choice(STREETS)}"
        return Address(
            name=name, street=street, city=town.name, region=town.region, postcode=town.postcode,
            lat=round(lat, 4), lon=round(lon, 4),
        )  # fmt: skip

    def _items(self, way: Method, node: str | None) -> list[str]:
        goods, rng = self.retailer.goods, self.rng
        count = rng.choices((1, 2, 3, 4), (52, 28, 13, 7))[0]
        if node is not None:
            near = [c for c in self.retailer.shelf.get(node, ()) if way is not Method.LOCKER
                    or c not in goods.special]  # fmt: skip
            return rng.sample(near, min(count, len(near)))
        kind = rng.random()
        if kind < 0.06:
            return [rng.choice(goods.kits).kit]
        if kind < 0.09:
            return [rng.choice(goods.dropship)]
        if kind < 0.10:
            return [rng.choice(goods.made)]
        if kind < 0.115:
            return [rng.choice(goods.preorder)]
        return sorted({self._popular(goods.stocked) for _ in range(count)})

    def _popular(self, codes: Sequence[str]) -> str:
        """A few items are most of the demand, as in every shop."""
        spread = len(codes) * 7919
        place = int(len(codes) * self.rng.random() ** 2.5)
        return codes[place * 7919 % spread % len(codes)]

    def _qty(self, item: str) -> int:
        if self.retailer.goods.tracked.get(item) is Tracking.SERIAL:
            return 1
        return self.rng.choices((1, 2, 3), (74, 20, 6))[0]


def _draw(rng: random.Random, choice: Sequence[tuple[Method, int] | tuple[str, int]]) -> Method:
    names = [name for name, _ in choice]
    return rng.choices(names, [weight for _, weight in choice])[0]  # type: ignore[return-value]
