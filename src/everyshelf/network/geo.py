"""Distances and zones: which zone of a service lies between a node and an address. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from everyshelf.network.facts import Address, Lane, Node, Reach, Service, ServiceZone
from everyshelf.network.places import Point, centroid, iso_country, us_state

EARTH_KM = 6371.0088  # Mean radius, IUGG.


def haversine_km(a: Point, b: Point) -> float:
    """Great-circle distance in kilometres."""
    (lat1, lon1), (lat2, lon2) = a, b
    rise, run = math.radians(lat2 - lat1), math.radians(lon2 - lon1)
    h = (
        math.sin(rise / 2) ** 2
        + math.cos(math.radians(lat1)) * math.cos(math.radians(lat2)) * math.sin(run / 2) ** 2
    )
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(h)))


def locate(address: Address) -> Point | None:
    """Where an address is: its coordinates, else the middle of its state or country."""
    if address.lat is not None and address.lon is not None:
        return address.lat, address.lon
    return centroid(address.country, address.region)


def zone_at(service: Service, km: float) -> ServiceZone | None:
    """The nearest zone that reaches so far; None beyond the last."""
    return next((z for z in service.zones if km <= z.max_km), None)


def region_of(address: Address) -> str:
    """How lanes name a destination: the US state, else the country's ISO code."""
    country = iso_country(address.country) or address.country
    state = us_state(address.region) if country == "US" else None
    return f"US-{state}" if state else country


def reaches(
    service: Service,
    nodes: Iterable[Node],
    address: Address,
    lanes: Mapping[tuple[str, str, str], Lane] | None = None,
) -> dict[str, Reach]:
    """How the service reaches the address from each node; a node from which it does not is absent.

    A lane speaks before the distance does: it was measured or agreed.
    """
    there = locate(address)
    if there is None:
        return {}
    found: dict[str, Reach] = {}
    for node in nodes:
        km = haversine_km((node.lat, node.lon), there)
        lane = (lanes or {}).get((node.node, region_of(address), service.service))
        zone = lane or zone_at(service, km)
        if zone is not None:
            found[node.node] = Reach(zone.zone, km, zone.days_p50, zone.days_p90)
    return found
