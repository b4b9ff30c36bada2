"""The shape of nodes, hours and tariffs: each rule refuses with what is wrong. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from zoneinfo import available_timezones

import msgspec

from everyshelf.base.declare import require
from everyshelf.catalog import CURRENCY
from everyshelf.network.facts import (
    CAPABILITIES,
    CAPABILITY_UNKNOWN,
    COUNTRY_UNKNOWN,
    DAY_MINUTES,
    HOURS_INVALID,
    NODE_CODE,
    PLACE_INVALID,
    TARIFF_INVALID,
    ZONE_UNKNOWN,
    Hours,
    Node,
    NodeException,
    NodeSheet,
    Service,
)
from everyshelf.network.places import centroid, iso_country

WEEKDAYS = range(7)


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def check_sheet(sheet: NodeSheet) -> NodeSheet:
    """The node with its country as an ISO code and its place known, when all of it is right."""
    node = sheet.node
    _check_name(node)
    _check_numbers(node)
    odd = sorted(set(node.capabilities) - CAPABILITIES)
    if odd:
        known = ", ".join(sorted(CAPABILITIES))
        raise CAPABILITY_UNKNOWN(f"Unknown capability: {', '.join(odd)}; known: {known}.")
    if node.zone not in _zones():
        raise ZONE_UNKNOWN(f"{node.zone!r} is no IANA time zone, such as America/New_York.")
    _check_hours(sheet.hours)
    _check_exceptions(sheet.exceptions)
    return msgspec.structs.replace(
        sheet,
        node=_placed(node),
        hours=tuple(sorted(sheet.hours)),
        exceptions=tuple(sorted(sheet.exceptions, key=lambda e: e.on_date)),
    )


def _check_name(node: Node) -> None:
    require(
        NODE_CODE.fullmatch(node.node),
        f"{node.node!r} is no node code: 1-32 letters, digits or . _ / - (no colon, no @).",
    )
    require(node.name.strip() and len(node.name) <= 200, "A node has a name of 1-200 letters.")


def _check_numbers(node: Node) -> None:
    require(0 <= node.cutoff_minute <= DAY_MINUTES, "The cutoff is a minute of the day, 0-1440.")
    labour = (node.labour_order_minor, node.labour_line_minor, node.labour_unit_minor)
    require(all(c >= 0 for c in labour), "Labour costs are 0 or more.")
    require(0 <= node.processing_minutes <= 60 * DAY_MINUTES, "Processing takes 0-86400 minutes.")
    require(0 <= node.lead_days <= 3650, "The lead time is 0-3650 days.")
    caps = (node.daily_orders, node.daily_lines, node.daily_units, *node.channel_orders.values())
    require(all(cap is None or cap >= 0 for cap in caps), "The daily capacity is 0 or more.")
    require("" not in node.channel_orders, "A limit of a channel names the channel.")
    require(
        node.opens_on is None or node.closes_on is None or node.opens_on <= node.closes_on,
        "A node opens before it closes.",
    )


def _placed(node: Node) -> Node:
    """Fills the country's code, and the place of a node that has none, from its region."""
    country = iso_country(node.country) or node.country
    if len(country) != 2 or not (country.isascii() and country.isupper()):
        raise COUNTRY_UNKNOWN(f"{node.country!r} is no country; use its ISO 3166 code.")
    lat, lon = node.lat, node.lon
    if not (math.isfinite(lat) and math.isfinite(lon) and abs(lat) <= 90 and abs(lon) <= 180):
        raise PLACE_INVALID(f"{lat}, {lon} is not on Earth.")
    if lat == 0 and lon == 0:
        lat, lon = centroid(country, node.region) or (lat, lon)
    return msgspec.structs.replace(node, country=country, lat=lat, lon=lon)


def _check_hours(hours: Sequence[Hours]) -> None:
    for h in hours:
        if h.weekday not in WEEKDAYS:
            raise HOURS_INVALID(f"A weekday is 0 (Monday) to 6, not {h.weekday}.")
        _check_opening(h.opens_minute, h.closes_minute)
    for one, two in pairwise(sorted(hours)):
        if one.weekday == two.weekday and two.opens_minute < one.closes_minute:
            raise HOURS_INVALID(f"Two openings of weekday {one.weekday} overlap.")


def _check_exceptions(exceptions: Sequence[NodeException]) -> None:
    dates = [e.on_date for e in exceptions]
    if len(set(dates)) != len(dates):
        raise HOURS_INVALID("A date has one exception.")
    for e in exceptions:
        if (e.opens_minute is None) != (e.closes_minute is None):
            raise HOURS_INVALID(f"{e.on_date} opens and closes, or does neither.")
        if e.opens_minute is not None and e.closes_minute is not None:
            _check_opening(e.opens_minute, e.closes_minute)


def _check_opening(opens: int, closes: int) -> None:
    if not 0 <= opens < closes <= DAY_MINUTES:
        raise HOURS_INVALID(
            f"An opening lies within a day of 0-1440 minutes, not {opens}-{closes}."
        )


def check_service(service: Service) -> Service:
    """The service with zones and rates in order, when all of it is right."""
    require(NODE_CODE.fullmatch(service.service), f"{service.service!r} is no service code.")
    require(service.name.strip() and service.carrier.strip(), "A service has a name and a carrier.")
    require(
        service.weekdays and set(service.weekdays) <= set(WEEKDAYS),
        "A service moves parcels on weekdays 0 (Monday) to 6.",
    )
    require(0 <= service.co2e_g_per_kg_km < 1000, "CO2e is 0 or more grams for a kg and km.")
    zones = tuple(sorted(service.zones, key=lambda z: (z.max_km, z.zone)))
    rates = tuple(sorted(service.rates))
    _check_tariff(service)
    days = tuple(sorted(set(service.weekdays)))
    return msgspec.structs.replace(service, zones=zones, rates=rates, weekdays=days)


def _check_tariff(service: Service) -> None:
    numbers = [z.zone for z in service.zones]
    if len(set(numbers)) != len(numbers):
        raise TARIFF_INVALID("A zone is stated once.")
    for z in service.zones:
        if not (z.max_km > 0 and math.isfinite(z.max_km) and 0 <= z.days_p50 <= z.days_p90 <= 365):
            raise TARIFF_INVALID(f"Zone {z.zone} needs max_km > 0 and 0 <= days_p50 <= days_p90.")
    if len({(r.zone, r.max_weight_g) for r in service.rates}) != len(service.rates):
        raise TARIFF_INVALID("A weight of a zone has one price.")
    for r in service.rates:
        if r.zone not in numbers:
            raise TARIFF_INVALID(f"There is a rate for zone {r.zone}, which the service has not.")
        if r.max_weight_g <= 0 or r.price_minor < 0 or not CURRENCY.fullmatch(r.currency):
            raise TARIFF_INVALID(f"A rate of zone {r.zone} has no weight, price or currency.")
    if len({r.currency for r in service.rates}) > 1:
        raise TARIFF_INVALID("A service has one currency.")
