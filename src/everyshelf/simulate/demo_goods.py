"""What the demo's retailer sells: seeded items of a house-and-garden shop, with sizes and handling.

Names, weights and prices are made up; the mix (kits, lots, serial numbers, made to order, cold,
hazardous, oversize) is there so that every rule of the rooms has something to work on.
"""

from __future__ import annotations

import random
from typing import Final

import msgspec

from everyshelf import catalog
from everyshelf.catalog import Tracking


class Range(msgspec.Struct, frozen=True):
    """One category: its nouns, the price and weight of a piece, and how it is handled."""

    code: str
    name: str
    nouns: tuple[str, ...]
    price: tuple[int, int]
    weight_g: tuple[int, int]
    share: float
    handling: tuple[str, ...] = ()
    tracking: Tracking = Tracking.NONE


RANGES: Final = (
    Range("KIT", "Kitchen", ("Mug", "Teapot", "Cutting board", "Skillet", "Whisk", "Salad bowl"),
          (600, 6900), (150, 2800), 0.22),
    Range("HOM", "Home", ("Lamp", "Throw", "Cushion", "Wall clock", "Candle", "Basket"),
          (900, 8900), (200, 3200), 0.22, ("fragile",)),
    Range("GAR", "Garden", ("Trowel", "Planter", "Watering can", "Gloves", "Bird feeder"),
          (700, 5900), (120, 3500), 0.16),
    Range("TOY", "Toys", ("Puzzle", "Building set", "Kite", "Plush bear", "Card game"),
          (800, 4900), (100, 1500), 0.12),
    Range("TXT", "Textiles", ("Socks", "Apron", "Bath towel", "Bed linen", "Scarf"),
          (500, 7900), (60, 1800), 0.12),
    Range("FOO", "Pantry", ("Oat milk", "Cold brew", "Granola", "Honey", "Olive oil"),
          (350, 1900), (250, 1100), 0.06, ("cold",), Tracking.LOT),
    Range("ELE", "Electronics", ("Speaker", "Headphones", "Smart plug", "Camera"),
          (2900, 39900), (120, 1900), 0.04, (), Tracking.SERIAL),
    Range("PNT", "Paint", ("Wall paint", "Wood stain", "Thinner"),
          (1400, 5900), (900, 5200), 0.03, ("hazmat",)),
    Range("FUR", "Furniture", ("Bookcase", "Desk", "Bench"),
          (9900, 39900), (12000, 38000), 0.03, ("oversize",)),
)  # fmt: skip
LOOKS: Final = (
    "blue", "sage", "linen", "oak", "charcoal", "rust", "white", "birch", "indigo", "clay",
    "amber", "slate", "rose", "moss", "sand", "copper",
)  # fmt: skip
LINES: Final = ("Harbor", "Juniper", "Fieldstone", "Larkspur", "Ember", "Willow", "Northfork")


class Goods(msgspec.Struct, frozen=True):
    """The codes of what is sold, by how the demo treats it; `stocked` is what lies on shelves."""

    items: tuple[catalog.UpsertItem, ...]
    kits: tuple[catalog.UpsertKit, ...]
    stocked: tuple[str, ...]
    tracked: dict[str, Tracking]
    special: frozenset[str]
    dropship: tuple[str, ...]
    made: tuple[str, ...]
    preorder: tuple[str, ...]
    prices: dict[str, int]
    returnable: frozenset[str]


def make(rng: random.Random, count: int) -> Goods:
    """About `count` items; the same seed makes the same."""
    items, owner = _stocked(rng, count)
    stocked = [i.item for i in items]
    plain = [code for code, r in owner.items() if not r.handling or r.handling == ("fragile",)]
    plain = [code for code in plain if owner[code].tracking is Tracking.NONE]
    kits = [_kit(rng, n, plain) for n in range(1, max(4, count // 60))]
    sets = [_item(k.kit, f"Gift set no. {n}", 4900 + 500 * (n % 8), 1800, "Sets")
            for n, k in enumerate(kits, 1)]  # fmt: skip
    drops = [_item(f"DRP-{n:03}", f"Garden bench, {LOOKS[n % 16]}", 15900 + 700 * n, 15000,
                   "Sent by the supplier") for n in range(1, 21)]  # fmt: skip
    made = [_item(f"MTO-{n:03}", f"Table made for you, {LOOKS[n % 16]}", 45900, 21000,
                  "Made to order", make_to_order=True) for n in range(1, 7)]  # fmt: skip
    coming = [_item(f"NEW-{n:03}", f"Spring edition {LINES[n % 7]}", 3900 + 300 * n, 700,
                    "Preorder") for n in range(1, 9)]  # fmt: skip
    everything = (*items, *sets, *drops, *made, *coming)
    return Goods(
        items=everything, kits=tuple(kits), stocked=tuple(stocked),
        tracked={c: r.tracking for c, r in owner.items() if r.tracking is not Tracking.NONE},
        special=frozenset(c for c, r in owner.items() if set(r.handling) - {"fragile"}),
        dropship=tuple(i.item for i in drops), made=tuple(i.item for i in made),
        preorder=tuple(i.item for i in coming),
        prices={i.item: int(i.price_minor or 0) for i in everything}, returnable=frozenset(plain),
    )  # fmt: skip


def _stocked(rng: random.Random, count: int) -> tuple[list[catalog.UpsertItem], dict[str, Range]]:
    items: list[catalog.UpsertItem] = []
    owner: dict[str, Range] = {}
    for r in RANGES:
        for n in range(1, max(3, round(count * r.share)) + 1):
            code = f"{r.code}-{n:04}"
            noun = r.nouns[n % len(r.nouns)]
            name = f"{LINES[(n // 7) % 7]} {noun.lower()}, {LOOKS[(n * 5 + n // 16) % 16]}"
            price = rng.randint(*r.price) // 100 * 100 + 99
            items.append(_item(code, name, price, rng.randint(*r.weight_g), r.name,
                               handling=r.handling, tracking=r.tracking))  # fmt: skip
            owner[code] = r
    return items, owner


def _item(
    code: str,
    name: str,
    price: int,
    weight_g: int,
    category: str,
    *,
    handling: tuple[str, ...] = (),
    tracking: Tracking = Tracking.NONE,
    make_to_order: bool = False,
) -> catalog.UpsertItem:
    side = max(60, round((weight_g * 4000) ** (1 / 3)))
    return catalog.UpsertItem(
        key=f"demo:{code}", item=code, name=name, price_minor=price, cost_minor=price * 2 // 5,
        weight_g=weight_g, length_mm=round(side * 1.3), width_mm=side, height_mm=side * 3 // 4,
        category=category, handling=handling, tracking=tracking, make_to_order=make_to_order,
    )  # fmt: skip


def _kit(rng: random.Random, n: int, plain: list[str]) -> catalog.UpsertKit:
    inside = rng.sample(plain, min(len(plain), rng.choice((2, 2, 3))))
    return catalog.UpsertKit(
        key=f"demo:{n}", kit=f"SET-{n:03}",
        components=tuple(catalog.KitPart(code, rng.choice((1, 1, 2))) for code in inside),
    )  # fmt: skip
