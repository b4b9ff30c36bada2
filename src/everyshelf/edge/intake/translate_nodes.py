"""A row of a store list to what it states of a node; a blank cell states nothing. Pure.

A US store without a time zone is given the one in which most of its state lives.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from everyshelf import network
from everyshelf.edge.intake import parse
from everyshelf.edge.intake.facts import Bad, Quarantined, Reason, Row, missing
from everyshelf.edge.intake.mapping import Plan

# tz database; states that lie in two zones are given that of most of their people.
_BY_ZONE: Final = {
    "America/New_York": "CT DC DE FL GA IN KY MA MD ME MI NC NH NJ NY OH PA RI SC VA VT WV",
    "America/Chicago": "AL AR IA IL KS LA MN MO MS ND NE OK SD TN TX WI",
    "America/Denver": "CO ID MT NM UT WY",
    "America/Phoenix": "AZ",
    "America/Los_Angeles": "CA NV OR WA",
    "America/Anchorage": "AK",
    "Pacific/Honolulu": "HI",
    "America/Puerto_Rico": "PR",
}
STATE_ZONES: Final = {state: zone for zone, states in _BY_ZONE.items() for state in states.split()}
STORE_CAN: Final = ("ship", "pickup", "returns")


class NodeDraft(msgspec.Struct, frozen=True):
    """A node as its row states it."""

    command: network.UpsertNode


def translate(row: Row, plan: Plan) -> NodeDraft | Quarantined:
    """One row as a node, or the first cell that cannot be understood."""
    if row.bad:
        return Quarantined(row.number, "", row.bad)
    try:
        return NodeDraft(_node(row, plan))
    except Bad as bad:
        return Quarantined(row.number, bad.field, bad.reason)


def _node(row: Row, plan: Plan) -> network.UpsertNode:
    code = parse.code(plan.cell(row.values, "node"), "node")
    if not code:
        raise Bad("node", missing("node"))
    stated = _place(row, plan) | _dates(row, plan)
    city = ", ".join(s for s in (stated.get("city"), stated.get("region")) if s)
    stated["name"] = parse.text(plan.cell(row.values, "name"), "name", 200) or city or code
    stated["kind"] = kind = _kind(plan.cell(row.values, "kind").strip() or plan.mapping.kind)
    if said := plan.cell(row.values, "capabilities").strip():
        stated["capabilities"] = tuple(sorted(set(said.lower().replace(",", " ").split())))
    elif plan.mapping.capabilities is not None:
        stated["capabilities"] = plan.mapping.capabilities
    elif kind is network.NodeKind.STORE:
        stated["capabilities"] = STORE_CAN
    return network.UpsertNode(key="", node=code, **stated)


def _kind(said: str) -> network.NodeKind:
    try:
        return network.NodeKind(said.lower().replace(" ", "_"))
    except ValueError:
        raise Bad("kind", Reason.VALUE_UNKNOWN) from None


def _place(row: Row, plan: Plan) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in ("street", "city", "region"):
        if said := parse.text(plan.cell(row.values, field), field, 200):
            found[field] = said
    if said := parse.code(plan.cell(row.values, "postcode"), "postcode"):
        found["postcode"] = said
    country = parse.text(plan.cell(row.values, "country"), "country", 200) or "US"
    found["country"] = country = network.iso_country(country) or country
    for field in ("lat", "lon"):
        if said := plan.figure(row.values, field):
            found[field] = parse.number(said, field)
    state = network.us_state(found.get("region", "")) if country == "US" else None
    zone = parse.text(plan.cell(row.values, "zone"), "zone", 64)
    found["zone"] = zone or plan.mapping.zone or STATE_ZONES.get(state or "", "UTC")
    if state and country == "US" and "postcode" in found:
        found["postcode"] = found["postcode"].zfill(5)  # A spreadsheet drops leading zeros.
    return found


def _dates(row: Row, plan: Plan) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in ("opens_on", "closes_on"):
        if said := plan.cell(row.values, field).strip():
            found[field] = parse.day(said, field, plan.date_format, plan.today)
    if said := plan.cell(row.values, "daily_orders").strip():
        found["daily_orders"] = parse.whole(said, "daily_orders")
    return found
