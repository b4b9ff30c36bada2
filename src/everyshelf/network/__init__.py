"""network: where from.

Owns node, node_hours, node_exception, service, service_zone, rate, lane, supplier_item and the
view network_pool. Hears nothing. Emits network.node.upserted, network.node.paused,
network.node.resumed, network.service.upserted and network.lane.upserted. Never knows what lies in
a node (`stock`) and never chooses one (`sourcing`).
"""

from everyshelf.network.calendar import calendar
from everyshelf.network.events import (
    LaneUpserted,
    NodePaused,
    NodeResumed,
    NodeUpserted,
    ServiceUpserted,
)
from everyshelf.network.facts import (
    CAPABILITIES,
    CAPABILITY_UNKNOWN,
    COUNTRY_UNKNOWN,
    HOURS_INVALID,
    NODE_UNKNOWN,
    NOT_A_SUPPLIER,
    PLACE_INVALID,
    SERVICE_UNKNOWN,
    TARIFF_INVALID,
    ZONE_UNKNOWN,
    Address,
    Hours,
    Lane,
    Node,
    NodeException,
    NodeKind,
    Pause,
    Rate,
    Reach,
    Resume,
    Service,
    ServiceKind,
    ServiceZone,
    SupplierItem,
    UpsertLane,
    UpsertNode,
    UpsertService,
    UpsertSupplierItem,
)
from everyshelf.network.geo import haversine_km, locate, reaches, region_of, zone_at
from everyshelf.network.pause import pause, resume
from everyshelf.network.places import centroid, iso_country, us_state
from everyshelf.network.read import (
    exceptions,
    hours,
    lanes,
    nodes,
    pool,
    pools,
    services,
    supplier_items,
    zones,
)
from everyshelf.network.upsert_lanes import upsert_lanes
from everyshelf.network.upsert_nodes import upsert_nodes
from everyshelf.network.upsert_services import upsert_services
from everyshelf.network.upsert_supplier_items import upsert_supplier_items

__all__ = [
    "CAPABILITIES",
    "CAPABILITY_UNKNOWN",
    "COUNTRY_UNKNOWN",
    "HOURS_INVALID",
    "NODE_UNKNOWN",
    "NOT_A_SUPPLIER",
    "PLACE_INVALID",
    "SERVICE_UNKNOWN",
    "TARIFF_INVALID",
    "ZONE_UNKNOWN",
    "Address",
    "Hours",
    "Lane",
    "LaneUpserted",
    "Node",
    "NodeException",
    "NodeKind",
    "NodePaused",
    "NodeResumed",
    "NodeUpserted",
    "Pause",
    "Rate",
    "Reach",
    "Resume",
    "Service",
    "ServiceKind",
    "ServiceUpserted",
    "ServiceZone",
    "SupplierItem",
    "UpsertLane",
    "UpsertNode",
    "UpsertService",
    "UpsertSupplierItem",
    "calendar",
    "centroid",
    "exceptions",
    "haversine_km",
    "hours",
    "iso_country",
    "lanes",
    "locate",
    "nodes",
    "pause",
    "pool",
    "pools",
    "reaches",
    "region_of",
    "resume",
    "services",
    "supplier_items",
    "upsert_lanes",
    "upsert_nodes",
    "upsert_services",
    "upsert_supplier_items",
    "us_state",
    "zone_at",
    "zones",
]
