"""Rate cards, distances and the split to the last minor unit."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from everyshelf.decide.rating import (
    Basis,
    Card,
    Policy,
    Problem,
    decide,
    distance_km,
    rate,
    rates,
    split,
    zones,
)

CARD = Card(
    "USD", (500, 1000, 5000), ((400, 500, 900), (450, 600, 1200)), (90, 130), 5000, (50, 500)
)


@pytest.mark.parametrize(
    ("zone", "weight", "volume", "amount", "why"),
    [
        (0, 500, 0, 400, Basis.WEIGHT),
        (0, 501, 0, 500, Basis.WEIGHT),
        (1, 200, 5000, 600, Basis.VOLUME),
        (1, 200, 5001, 1200, Basis.VOLUME),
        (0, 5000, 0, 900, Basis.WEIGHT),
        (0, 5001, 0, 990, Basis.WEIGHT),
        (1, 7000, 0, 1460, Basis.WEIGHT),
        (2, 100, 0, None, Basis.NO_ZONE),
        (-1, 100, 0, None, Basis.NO_ZONE),
    ],
)
def test_the_card_is_read_at_its_edges(
    zone: int, weight: int, volume: int, amount: int | None, why: Basis
) -> None:
    told = decide([Problem(zone, weight, volume)], Policy(CARD))[0]
    assert (told.amount_minor, told.why) == (amount, why)


def test_without_a_price_for_more_a_heavy_parcel_is_refused() -> None:
    card = Card("EUR", (1000,), ((300,),))
    assert rate(card, 0, 1001).why is Basis.TOO_HEAVY
    assert rate(card, 0, 1000, 10**9).amount_minor == 300


@given(st.lists(st.tuples(st.integers(-1, 3), st.integers(0, 9000), st.integers(0, 60_000))))
def test_many_parcels_cost_what_each_costs(rows: list[tuple[int, int, int]]) -> None:
    columns = np.array(rows, np.int64).reshape(-1, 3)
    many = rates(CARD, columns[:, 0], columns[:, 1], columns[:, 2])
    each = [rate(CARD, *row).amount_minor for row in rows]
    assert many.tolist() == [-1 if amount is None else amount for amount in each]


@given(st.integers(0, 1), st.integers(0, 9000), st.integers(0, 50_000), st.integers(0, 3000))
def test_a_heavier_or_bulkier_parcel_is_never_cheaper(
    zone: int, weight: int, volume: int, more: int
) -> None:
    base = rate(CARD, zone, weight, volume).amount_minor
    heavier = rate(CARD, zone, weight + more, volume).amount_minor
    bulkier = rate(CARD, zone, weight, volume + more).amount_minor
    assert base is not None
    assert heavier is not None
    assert bulkier is not None
    assert min(heavier, bulkier) >= base


def test_distance_and_zone() -> None:
    km = distance_km(40.7128, -74.0060, 51.5074, -0.1278)
    assert float(km) == pytest.approx(5570.2, abs=1.0)
    assert float(distance_km(0.0, 0.0, 0.0, 180.0)) == pytest.approx(np.pi * 6371.0088)
    assert zones(CARD, np.array([0.0, 50.0, 50.1, 500.0, 500.1])).tolist() == [0, 0, 1, 1, -1]


@given(st.integers(-10_000, 10_000), st.lists(st.integers(0, 999), min_size=1, max_size=12))
def test_shares_add_up_and_are_within_one_of_fair(amount: int, weights: list[int]) -> None:
    shares = split(amount, weights)
    assert sum(shares) == amount
    total = sum(weights) or len(weights)
    for share, weight in zip(shares, weights if any(weights) else [1] * len(weights), strict=True):
        assert abs(share - Fraction(amount * weight, total)) < 1
        assert weight or not share


def test_bad_cards_and_splits_are_refused() -> None:
    with pytest.raises(ValueError, match="rise"):
        Card("USD", (500, 500), ((1, 2),))
    with pytest.raises(ValueError, match="one price"):
        Card("USD", (500,), ((1, 2),))
    with pytest.raises(ValueError, match="per kilogram"):
        Card("USD", (500,), ((1,),), (1, 2))
    with pytest.raises(ValueError, match="negative"):
        split(5, [1, -1])
