"""Where stock can be and how it travels, as facts: nodes, hours, services, lanes, addresses.

Pure: the rules of their shape, never a read. Distances are in `geo`, centroids in `places`.
"""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from everyshelf.base.errors import Code

NODE_UNKNOWN: Final = Code("network.node_unknown", 422, "No node has this code.")
SERVICE_UNKNOWN: Final = Code("network.service_unknown", 422, "No service has this code.")
ZONE_UNKNOWN: Final = Code(
    "network.zone_unknown", 422, "The time zone is not in the IANA database."
)
PLACE_INVALID: Final = Code(
    "network.place_invalid",
    422,
    "The place is not on Earth: latitude -90..90, longitude -180..180.",
)
COUNTRY_UNKNOWN: Final = Code(
    "network.country_unknown", 422, "The country is neither an ISO 3166 code nor a known name."
)
HOURS_INVALID: Final = Code(
    "network.hours_invalid", 422, "Opening hours overlap or end before they begin."
)
CAPABILITY_UNKNOWN: Final = Code(
    "network.capability_unknown", 422, "A node can only be given a capability that is documented."
)
TARIFF_INVALID: Final = Code(
    "network.tariff_invalid", 422, "Zones and rates of a service must rise and fit each other."
)
NOT_A_SUPPLIER: Final = Code(
    "network.not_a_supplier", 422, "Only a node of the kind supplier has supplier terms."
)

CAPABILITIES: Final = frozenset(
    {
        "ship",
        "same_day",
        "pickup",
        "curbside",
        "locker",
        "returns",
        "hazmat",
        "cold",
        "oversize",
    }
)
# A colon separates pool and node (`pickup:S001`); `@` marks the accounts of the outside world.
NODE_CODE: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._/-]{0,31}", re.ASCII)
DAY_MINUTES: Final = 1440


class NodeKind(StrEnum):
    """What a node is."""

    DC = "dc"
    STORE = "store"
    DARK_STORE = "dark_store"
    MFC = "mfc"
    THREE_PL = "three_pl"
    SUPPLIER = "supplier"
    LOCKER = "locker"
    POPUP = "popup"
    HUB = "hub"


class ServiceKind(StrEnum):
    """How a carrier's service moves parcels."""

    SHIP = "ship"
    SAME_DAY = "same_day"


class Address(msgspec.Struct, frozen=True):
    """Where a parcel goes; `region` is the state or province, `country` its ISO 3166 code."""

    name: str = ""
    street: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    country: str = "US"
    lat: float | None = None
    lon: float | None = None
    phone: str = ""
    email: str = ""


class Node(msgspec.Struct, frozen=True):
    """Anything that can hold or send stock. Minutes of the day are local to its `zone`."""

    node: str
    name: str
    kind: NodeKind = NodeKind.STORE
    zone: str = "UTC"
    country: str = "US"
    region: str = ""
    city: str = ""
    postcode: str = ""
    street: str = ""
    lat: float = 0.0
    lon: float = 0.0
    capabilities: tuple[str, ...] = ("ship",)
    active: bool = True
    paused: bool = False
    opens_on: date | None = None
    closes_on: date | None = None
    cutoff_minute: int = 960
    processing_minutes: int = 120
    daily_orders: int | None = None
    daily_lines: int | None = None
    daily_units: int | None = None
    channel_orders: dict[str, int] = {}
    priority: int = 100
    labour_order_minor: int = 0
    labour_line_minor: int = 0
    labour_unit_minor: int = 0
    unknown_sales: bool = False
    lead_days: int = 0
    tags: tuple[str, ...] = ()
    version: int = 0

    @property
    def limited(self) -> bool:
        """Whether its day has any limit."""
        caps = (self.daily_orders, self.daily_lines, self.daily_units)
        return any(cap is not None for cap in caps) or bool(self.channel_orders)


class Hours(msgspec.Struct, frozen=True, order=True):
    """One opening of a weekday (Monday is 0), in local minutes of the day; 1440 is midnight."""

    weekday: int
    opens_minute: int
    closes_minute: int


class NodeException(msgspec.Struct, frozen=True, order=True):
    """Other hours on one date; without minutes the node is closed all day."""

    on_date: date
    opens_minute: int | None = None
    closes_minute: int | None = None
    reason: str = ""


class NodeSheet(msgspec.Struct, frozen=True):
    """A node with all of its hours and exceptions, as it is declared."""

    node: Node
    hours: tuple[Hours, ...] = ()
    exceptions: tuple[NodeException, ...] = ()
    version: int = 0


class UpsertNode(msgspec.Struct, frozen=True, kw_only=True):
    """States a node; hours and exceptions, when stated, replace all that were there."""

    key: str
    node: str
    name: str | UnsetType = UNSET
    kind: NodeKind | UnsetType = UNSET
    zone: str | UnsetType = UNSET
    country: str | UnsetType = UNSET
    region: str | UnsetType = UNSET
    city: str | UnsetType = UNSET
    postcode: str | UnsetType = UNSET
    street: str | UnsetType = UNSET
    lat: float | UnsetType = UNSET
    lon: float | UnsetType = UNSET
    capabilities: tuple[str, ...] | UnsetType = UNSET
    active: bool | UnsetType = UNSET
    opens_on: date | UnsetType | None = UNSET
    closes_on: date | UnsetType | None = UNSET
    cutoff_minute: int | UnsetType = UNSET
    processing_minutes: int | UnsetType = UNSET
    daily_orders: int | UnsetType | None = UNSET
    daily_lines: int | UnsetType | None = UNSET
    daily_units: int | UnsetType | None = UNSET
    channel_orders: dict[str, int] | UnsetType = UNSET
    priority: int | UnsetType = UNSET
    labour_order_minor: int | UnsetType = UNSET
    labour_line_minor: int | UnsetType = UNSET
    labour_unit_minor: int | UnsetType = UNSET
    unknown_sales: bool | UnsetType = UNSET
    lead_days: int | UnsetType = UNSET
    tags: tuple[str, ...] | UnsetType = UNSET
    hours: tuple[Hours, ...] | UnsetType = UNSET
    exceptions: tuple[NodeException, ...] | UnsetType = UNSET
    version: int | None = None


class Pause(msgspec.Struct, frozen=True, kw_only=True):
    """Takes a node out of every pool until it is resumed."""

    key: str
    node: str
    reason: str = ""
    version: int | None = None


class Resume(msgspec.Struct, frozen=True, kw_only=True):
    """Lets a paused node serve again."""

    key: str
    node: str
    version: int | None = None


class ServiceZone(msgspec.Struct, frozen=True, order=True):
    """Destinations up to `max_km` away, and the days a parcel takes to get there."""

    zone: int
    max_km: float
    days_p50: int
    days_p90: int


class Rate(msgspec.Struct, frozen=True, order=True):
    """The price of a parcel up to a weight in a zone."""

    zone: int
    max_weight_g: int
    price_minor: int
    currency: str = "USD"


class Service(msgspec.Struct, frozen=True):
    """A carrier's service with its zones (nearest first) and rates (lightest first)."""

    service: str
    carrier: str
    name: str
    kind: ServiceKind = ServiceKind.SHIP
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4)
    co2e_g_per_kg_km: float = 0.1
    active: bool = True
    zones: tuple[ServiceZone, ...] = ()
    rates: tuple[Rate, ...] = ()
    version: int = 0


class UpsertService(msgspec.Struct, frozen=True, kw_only=True):
    """States a service; zones and rates, when stated, replace all that were there."""

    key: str
    service: str
    carrier: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    kind: ServiceKind | UnsetType = UNSET
    weekdays: tuple[int, ...] | UnsetType = UNSET
    co2e_g_per_kg_km: float | UnsetType = UNSET
    active: bool | UnsetType = UNSET
    zones: tuple[ServiceZone, ...] | UnsetType = UNSET
    rates: tuple[Rate, ...] | UnsetType = UNSET
    version: int | None = None


class Lane(msgspec.Struct, frozen=True):
    """What is known better than by distance: from a node to a region by a service."""

    node: str
    region: str
    service: str
    zone: int
    days_p50: int
    days_p90: int
    version: int = 0


class UpsertLane(msgspec.Struct, frozen=True, kw_only=True):
    """States a lane."""

    key: str
    node: str
    region: str
    service: str
    zone: int
    days_p50: int
    days_p90: int
    version: int | None = None


class SupplierItem(msgspec.Struct, frozen=True):
    """A supplier's terms for one item."""

    node: str
    item: str
    cost_minor: int
    currency: str = "USD"
    lead_days: int = 0
    version: int = 0


class UpsertSupplierItem(msgspec.Struct, frozen=True, kw_only=True):
    """States a supplier's terms."""

    key: str
    node: str
    item: str
    cost_minor: int
    currency: str = "USD"
    lead_days: int = 0
    version: int | None = None


class Reach(msgspec.Struct, frozen=True):
    """How a service reaches an address from a node."""

    zone: int
    km: float
    days_p50: int
    days_p90: int
