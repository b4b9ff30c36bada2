"""Reads of the network, each a constant number of statements however many codes are asked for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import msgspec

from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.network.facts import (
    NODE_UNKNOWN,
    SERVICE_UNKNOWN,
    Address,
    Hours,
    Lane,
    Node,
    NodeException,
    Reach,
    Service,
    SupplierItem,
)
from everyshelf.network.geo import reaches, region_of

SQL = load("everyshelf.network")


class _HoursRow(msgspec.Struct, frozen=True):
    node: str
    weekday: int
    opens_minute: int
    closes_minute: int


class _ExceptionRow(msgspec.Struct, frozen=True):
    node: str
    on_date: date
    opens_minute: int | None
    closes_minute: int | None
    reason: str


def nodes(tx: Tx, codes: Iterable[str] | None = None) -> dict[str, Node]:
    """The nodes with these codes, or all; an unknown code is simply not in the answer."""
    wanted = None if codes is None else sorted(set(codes))
    return {n.node: n for n in tx.all(SQL.read_nodes, Node, nodes=wanted)}


def stamp(tx: Tx) -> str:
    """A text that is another one whenever a node, a service or a lane has changed."""
    text: str = tx.tuples(SQL.stamp)[0][0]
    return text


def hours(tx: Tx, codes: Iterable[str]) -> dict[str, list[Hours]]:
    """The weekly hours of these nodes, in order."""
    found: dict[str, list[Hours]] = {}
    for row in tx.all(SQL.read_hours, _HoursRow, nodes=sorted(set(codes))):
        opening = Hours(row.weekday, row.opens_minute, row.closes_minute)
        found.setdefault(row.node, []).append(opening)
    return found


def exceptions(
    tx: Tx, codes: Iterable[str], first: date | None = None, last: date | None = None
) -> dict[str, list[NodeException]]:
    """The dated exceptions of these nodes, in order; of all dates, or from first to last."""
    found: dict[str, list[NodeException]] = {}
    rows = tx.all(
        SQL.read_exceptions, _ExceptionRow, nodes=sorted(set(codes)), first=first, last=last
    )
    for r in rows:
        apart = NodeException(r.on_date, r.opens_minute, r.closes_minute, r.reason)
        found.setdefault(r.node, []).append(apart)
    return found


def pools(tx: Tx, names: Iterable[str]) -> dict[str, list[str]]:
    """The nodes that may serve each pool now, best priority first; an empty list when none may."""
    wanted = sorted(set(names))
    found: dict[str, list[str]] = {name: [] for name in wanted}
    for name, node in tx.tuples(SQL.read_pools, pools=wanted, now=tx.now):
        found[name].append(node)
    return found


def pool(tx: Tx, name: str) -> list[str]:
    """The nodes that may serve a pool now: `ship`, `same_day`, `pickup:S001`, `locker:L001`."""
    return pools(tx, [name])[name]


def services(tx: Tx, codes: Iterable[str] | None = None) -> dict[str, Service]:
    """The services with these codes, or all, each with its zones and rates."""
    wanted = None if codes is None else sorted(set(codes))
    return {s.service: s for s in tx.all(SQL.read_services, Service, services=wanted)}


def lanes(
    tx: Tx, codes: Iterable[str], region: str | None = None
) -> dict[tuple[str, str, str], Lane]:
    """The lanes from these nodes by (node, region, service), to one region or to all."""
    rows = tx.all(SQL.read_lanes, Lane, nodes=sorted(set(codes)), region=region)
    return {(lane.node, lane.region, lane.service): lane for lane in rows}


def supplier_items(tx: Tx, items: Iterable[str]) -> dict[str, list[SupplierItem]]:
    """Who supplies these items, cheapest first."""
    found: dict[str, list[SupplierItem]] = {}
    for row in tx.all(SQL.read_supplier_items, SupplierItem, items=sorted(set(items))):
        found.setdefault(row.item, []).append(row)
    return found


def zones(tx: Tx, service: str, codes: Iterable[str], address: Address) -> dict[str, Reach]:
    """How a service reaches an address from each of these nodes; out of reach is absent."""
    wanted = sorted(set(codes))
    places, ways = nodes(tx, wanted), services(tx, [service])
    unknown = sorted(set(wanted) - set(places))
    if unknown:
        raise NODE_UNKNOWN(f"There is no node {', '.join(unknown)}.")
    if service not in ways:
        raise SERVICE_UNKNOWN(f"There is no service {service}.")
    known = lanes(tx, wanted, region_of(address))
    return reaches(ways[service], places.values(), address, known)
