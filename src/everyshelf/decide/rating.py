"""Decides what a parcel costs: a rate card of zones and weight steps, billed by weight or bulk.

Also the distance and its zone, and the fair split of one amount over lines to the last minor unit.
It does not choose a carrier and asks none: cards are data.
"""

from collections.abc import Sequence
from enum import StrEnum

import msgspec
import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

EARTH_KM = 6371.0088


class Basis(StrEnum):
    """What the price rests on, or why there is none."""

    WEIGHT = "weight"
    VOLUME = "volume"
    TOO_HEAVY = "too_heavy"
    NO_ZONE = "no_zone"


class Card(msgspec.Struct, frozen=True):
    """Prices in minor units: `prices[zone][step]`, a step covering weights up to `steps_g[step]`.

    Beyond the last step each begun kilogram adds `over_per_kg_minor[zone]`; an empty tuple refuses
    such parcels. `dim_cm3_per_kg` turns volume into weight (0: never). A zone covers distances up
    to its entry of `bands_km`.
    """

    currency: str
    steps_g: tuple[int, ...]
    prices: tuple[tuple[int, ...], ...]
    over_per_kg_minor: tuple[int, ...] = ()
    dim_cm3_per_kg: int = 0
    bands_km: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not self.steps_g or list(self.steps_g) != sorted(set(self.steps_g)):
            raise ValueError("weight steps must rise")
        if any(len(row) != len(self.steps_g) for row in self.prices):
            raise ValueError("every zone needs one price per weight step")
        if self.over_per_kg_minor and len(self.over_per_kg_minor) != len(self.prices):
            raise ValueError("every zone needs its price per kilogram over the last step")
        if list(self.bands_km) != sorted(set(self.bands_km)):
            raise ValueError("distance bands must rise")


class Problem(msgspec.Struct, frozen=True):
    """One parcel to one zone."""

    zone: int
    weight_g: int
    volume_cm3: int = 0


class Policy(msgspec.Struct, frozen=True):
    """The card to rate by."""

    card: Card


class Decision(msgspec.Struct, frozen=True):
    """The price (None: not carried), the weight it was billed for, and the basis."""

    amount_minor: int | None
    currency: str
    billed_g: int
    why: Basis


def decide(problems: Sequence[Problem], policy: Policy) -> list[Decision]:
    """Rate every parcel of the batch."""
    return [rate(policy.card, p.zone, p.weight_g, p.volume_cm3) for p in problems]


def rate(card: Card, zone: int, weight_g: int, volume_cm3: int = 0) -> Decision:
    """The price of one parcel and what it rests on."""
    billed = int(billed_g(card, np.int64(weight_g), np.int64(volume_cm3)))
    amount = int(rates(card, np.array([zone]), np.array([billed]))[0])
    basis = Basis.VOLUME if billed > weight_g else Basis.WEIGHT
    if amount < 0:
        known = 0 <= zone < len(card.prices)
        return Decision(None, card.currency, billed, Basis.TOO_HEAVY if known else Basis.NO_ZONE)
    return Decision(amount, card.currency, billed, basis)


def rates(card: Card, zone: Ints, weight_g: Ints, volume_cm3: Ints | int = 0) -> Ints:
    """Prices of many parcels in minor units; -1 where the card does not carry the parcel."""
    billed = billed_g(card, weight_g, volume_cm3)
    steps = np.array(card.steps_g, np.int64)
    step = np.searchsorted(steps, billed, side="left")
    known = (zone >= 0) & (zone < len(card.prices))
    place = np.where(known, zone, 0)
    table = np.array(card.prices, np.int64).reshape(-1, len(steps))
    if not len(table):
        return np.full(np.shape(zone), -1, np.int64)
    price = table[place, np.minimum(step, len(steps) - 1)]
    over_kg = -(-np.maximum(billed - steps[-1], 0) // 1000)
    if card.over_per_kg_minor:
        price = price + over_kg * np.array(card.over_per_kg_minor, np.int64)[place]
    else:
        known &= over_kg == 0
    return np.where(known, price, -1)


def billed_g(card: Card, weight_g: Ints | np.int64, volume_cm3: Ints | np.int64 | int) -> Ints:
    """The greater of weight and bulk, bulk rounded up to the gram."""
    if not card.dim_cm3_per_kg:
        return np.asarray(weight_g, np.int64)
    bulk = -(-np.asarray(volume_cm3, np.int64) * 1000 // card.dim_cm3_per_kg)
    return np.maximum(weight_g, bulk)


def zones(card: Card, km: Floats | float) -> Ints:
    """The zone of each distance: the first band that reaches it, -1 beyond the last."""
    bands = np.array(card.bands_km, np.float64)
    zone = np.searchsorted(bands, km, side="left")
    return np.where(zone < len(bands), zone, -1)


def distance_km(
    lat: Floats | float, lon: Floats | float, to_lat: Floats | float, to_lon: Floats | float
) -> Floats:
    """Great-circle distances by the haversine formula on the mean earth radius."""
    a, b, c, d = (np.radians(np.asarray(x, np.float64)) for x in (lat, lon, to_lat, to_lon))
    chord = np.sin((c - a) / 2) ** 2 + np.cos(a) * np.cos(c) * np.sin((d - b) / 2) ** 2
    angle: Floats = 2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(chord, 0.0, 1.0)))
    return angle


def split(amount_minor: int, weights: Sequence[int]) -> list[int]:
    """Share an amount in proportion to weights by largest remainder; the shares add up exactly.

    Equal remainders favour the earlier line; weights that are all zero share equally.
    """
    if not weights or min(weights) < 0:
        raise ValueError("a split needs at least one line and no negative weight")
    parts = list(weights) if any(weights) else [1] * len(weights)
    sign = -1 if amount_minor < 0 else 1
    total, amount = sum(parts), abs(amount_minor)
    shares = [amount * part // total for part in parts]
    remainders = sorted(range(len(parts)), key=lambda i: (-(amount * parts[i] % total), i))
    for i in remainders[: amount - sum(shares)]:
        shares[i] += 1
    return [sign * share for share in shares]
