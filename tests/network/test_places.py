"""Names of countries and states, where they lie, and how far it is from here to there. Pure."""

from __future__ import annotations

import pytest

from everyshelf import network


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("United Kingdom", "GB"), ("EIRE", "IE"), ("Channel Islands", "JE"), ("RSA", "ZA"),
        ("USA", "US"), ("gb", "GB"), ("  czech   republic ", "CZ"), ("Unspecified", None),
        ("European Community", None), ("", None),
    ],
)  # fmt: skip
def test_country_names_have_one_code(text: str, code: str | None) -> None:
    assert network.iso_country(text) == code


def test_every_named_country_and_state_has_a_place() -> None:
    from everyshelf.network import places

    assert set(places.COUNTRY_NAMES.values()) <= set(places.COUNTRIES)
    assert set(places.US_STATE_NAMES.values()) == set(places.US_STATES)
    assert all(abs(lat) <= 90 and abs(lon) <= 180 for lat, lon in places.COUNTRIES.values())


def test_known_distances() -> None:
    london, paris = (51.5074, -0.1278), (48.8566, 2.3522)
    assert network.haversine_km(london, paris) == pytest.approx(343.6, abs=1)
    assert network.haversine_km(london, london) == 0
    assert network.haversine_km((0, 179.9), (0, -179.9)) == pytest.approx(22.2, abs=0.1)
