"""Which delivery service takes a piece of work and what its parcels cost, by the network's cards.

Prices come from `decide.rating`; here is only which cards are asked. A parcel heavier than the last
step of a card is billed as freight: each begun kilogram at the last step's price per kilogram.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import msgspec

from everyshelf import network
from everyshelf.base.tx import Tx
from everyshelf.decide import rating
from everyshelf.network import Address, Lane, Node, Service


class Parcels(msgspec.Struct, frozen=True):
    """What is to be carried: from a node, to an address, how heavy each package is."""

    node: str
    kind: str
    service: str | None
    to: Address
    weights_g: tuple[int, ...]


class Quote(msgspec.Struct, frozen=True):
    """Who carries it and at what price a package."""

    carrier: str
    service: str
    zone: int
    currency: str
    costs_minor: tuple[int, ...]


class Tariff(msgspec.Struct, frozen=True):
    """The network's cards and places, read once for a batch."""

    services: dict[str, Service]
    nodes: dict[str, Node]
    lanes: dict[tuple[str, str, str], Lane]


def read_tariff(tx: Tx, nodes: Sequence[str]) -> Tariff:
    """The services, and what is known about these nodes."""
    wanted = sorted(set(nodes))
    return Tariff(network.services(tx), network.nodes(tx, wanted), network.lanes(tx, wanted))


def quote(tariff: Tariff, parcels: Parcels) -> Quote | None:
    """The service that was asked for, else the cheapest that goes there; None when none does."""
    asked = tariff.services.get(parcels.service or "")
    ways = [asked] if asked is not None and asked.active else []
    if not ways and not parcels.service:
        ways = [s for s in tariff.services.values() if s.active and s.kind == parcels.kind]
    quotes = [q for s in ways if (q := _price(tariff, s, parcels)) is not None]
    return min(quotes, key=lambda q: (sum(q.costs_minor), q.service), default=None)


def _price(tariff: Tariff, service: Service, parcels: Parcels) -> Quote | None:
    node = tariff.nodes.get(parcels.node)
    if node is None or not service.rates:
        return None
    reach = network.reaches(service, [node], parcels.to, tariff.lanes).get(node.node)
    card, rows = _card(service)
    if reach is None or reach.zone not in rows:
        return None
    problems = [rating.Problem(rows[reach.zone], weight) for weight in parcels.weights_g]
    costs = [d.amount_minor for d in rating.decide(problems, rating.Policy(card))]
    if any(cost is None for cost in costs):
        return None
    paid = tuple(cost or 0 for cost in costs)
    return Quote(service.carrier, service.service, reach.zone, card.currency, paid)


@lru_cache(maxsize=256)
def _card(service: Service) -> tuple[rating.Card, dict[int, int]]:
    """A service's rates as a rating card, and the row of each zone that has a price at all."""
    steps = tuple(sorted({r.max_weight_g for r in service.rates}))
    by_zone: dict[int, dict[int, int]] = {}
    for rate in service.rates:
        by_zone.setdefault(rate.zone, {})[rate.max_weight_g] = rate.price_minor
    zones = sorted(by_zone)
    prices = tuple(_filled(by_zone[zone], steps) for zone in zones)
    over = tuple(-(-row[-1] * 1000 // steps[-1]) for row in prices)
    card = rating.Card(service.rates[0].currency, steps, prices, over)
    return card, {zone: n for n, zone in enumerate(zones)}


def _filled(known: dict[int, int], steps: tuple[int, ...]) -> tuple[int, ...]:
    """A zone's price for every step: a step that it does not name costs as the next that it does,
    beyond its last one as that."""
    named = sorted(known)
    return tuple(known[next((s for s in named if s >= step), named[-1])] for step in steps)
