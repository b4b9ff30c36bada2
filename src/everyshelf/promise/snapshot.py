"""The network as a promise sees it: one read of nodes, calendars, services and lanes a batch."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cached_property

from everyshelf import network
from everyshelf.base.tx import Tx
from everyshelf.decide import promise as decide
from everyshelf.network import Address, Node, Reach, Service, ServiceKind

HORIZON = timedelta(days=decide.HORIZON_DAYS + 2)
COURIER_KM_PER_HOUR = 30
COURIER_START_MINUTES = 15
COURIER_BY_MINUTE = 21 * 60

Window = tuple[datetime, datetime]


class Snapshot:
    """The nodes in question with what times them. Reads lazily, each table once."""

    def __init__(self, tx: Tx, codes: Iterable[str]) -> None:
        self.tx = tx
        self.now = tx.now
        self.nodes = network.nodes(tx, sorted(set(codes)))
        self._ready: dict[tuple[str, datetime], datetime | None] = {}
        self._reach: dict[tuple[str, Address], dict[str, Reach]] = {}

    @cached_property
    def calendars(self) -> dict[str, decide.Calendar]:
        first = self.now.date() - timedelta(days=1)
        return network.calendar(self.tx, self.nodes, first, first + HORIZON)

    @cached_property
    def services(self) -> dict[str, Service]:
        return {c: s for c, s in network.services(self.tx).items() if s.active}

    @cached_property
    def lanes(self) -> dict[tuple[str, str, str], network.Lane]:
        return network.lanes(self.tx, self.nodes)

    def ready(self, code: str, asked: datetime) -> datetime | None:
        """When work asked for at an instant is done at the node; None if it is never open."""
        key = code, asked
        if key not in self._ready:
            node = self.nodes[code]
            start = asked + timedelta(days=node.lead_days)
            self._ready[key] = decide.ready_at(
                self.calendars[code], start, node.cutoff_minute, node.processing_minutes
            )
        return self._ready[key]

    def reach(self, node: str, address: Address) -> dict[str, Reach]:
        """How each active service reaches the address from the node."""
        key = node, address
        if key not in self._reach:
            found = {}
            for code, service in self.services.items():
                one = network.reaches(service, [self.nodes[node]], address, self.lanes)
                if node in one:
                    found[code] = one[node]
            self._reach[key] = found
        return self._reach[key]

    def standard(self, node: str, address: Address) -> str | None:
        """The cheapest parcel service from the node to the address: what no wish means."""
        found = [
            (price, code)
            for code, reach in self.reach(node, address).items()
            if self.services[code].kind is ServiceKind.SHIP
            and (price := price_of(self.services[code], reach.zone, 1)) is not None
        ]
        return min(found)[1] if found else None

    def lane(self, node: Node, service: str, reach: Reach, price_minor: int = 0) -> decide.Lane:
        """The service as the decision sees it. The node's zone stands for the destination's."""
        return decide.Lane(
            service, reach.days_p50, reach.days_p90, self.services[service].weekdays, price_minor,
            node.zone, node.zone,
        )  # fmt: skip

    def courier(self, reach: Reach, price_minor: int = 0) -> decide.SameDay:
        """A courier for the distance."""
        minutes = COURIER_START_MINUTES + int(reach.km * 60 / COURIER_KM_PER_HOUR)
        return decide.SameDay(minutes, COURIER_BY_MINUTE, price_minor)

    def offer(self, code: str) -> decide.NodeOffer:
        """The node without any method: its calendar and pace."""
        node = self.nodes[code]
        return decide.NodeOffer(
            0, self.calendars[code], node.cutoff_minute, node.processing_minutes
        )


def price_of(service: Service, zone: int, weight_g: int) -> int | None:
    """The rate card's price of a weight; what is heavier than the card goes in several parcels."""
    rates = [r for r in service.rates if r.zone == zone]
    if not rates:
        return None
    full, rest = divmod(weight_g, rates[-1].max_weight_g)
    price = full * rates[-1].price_minor
    if rest or not full:
        price += next(r.price_minor for r in rates if rest <= r.max_weight_g)
    return price
