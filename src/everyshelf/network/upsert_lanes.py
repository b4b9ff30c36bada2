"""Verb: state lanes, for what is known better than by distance."""

from __future__ import annotations

from collections.abc import Sequence

from everyshelf.base import claims, outbox
from everyshelf.base.declare import Saved, as_rows, changed, expect, fold, require
from everyshelf.base.results import Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.network.events import LaneUpserted
from everyshelf.network.facts import NODE_UNKNOWN, SERVICE_UNKNOWN, Lane, UpsertLane
from everyshelf.network.read import nodes, services

SQL = load("everyshelf.network")


def upsert_lanes(tx: Tx, commands: Sequence[UpsertLane]) -> list[Result[Saved]]:
    """Makes or changes lanes."""
    return claims.once(tx, "network.upsert_lanes", commands, _upsert, Saved)


def _upsert(tx: Tx, commands: list[UpsertLane]) -> list[Result[Saved]]:
    keys = sorted({_key(c) for c in commands})
    found = tx.all(
        SQL.lock_lanes,
        Lane,
        nodes=[n for n, _, _ in keys],
        regions=[r for _, r, _ in keys],
        services=[s for _, _, s in keys],
    )
    places = nodes(tx, {c.node for c in commands})
    ways = services(tx, {c.service for c in commands})

    def state(command: UpsertLane, before: Lane | None) -> Lane:
        if command.node not in places:
            raise NODE_UNKNOWN(f"There is no node {command.node}.")
        if command.service not in ways:
            raise SERVICE_UNKNOWN(f"There is no service {command.service}.")
        require(command.region.strip(), "A lane leads to a region, such as US-TX or DE.")
        zones = {z.zone for z in ways[command.service].zones}
        require(command.zone in zones, f"{command.service} has no zone {command.zone}.")
        require(0 <= command.days_p50 <= command.days_p90 <= 365, "Needs 0 <= p50 <= p90 days.")
        return changed(before or Lane(*_key(command), 0, 0, 0), command)

    folded = fold(commands, {_key(r): r for r in found}, _key, state)
    if folded.rows:
        expect(tx.run(SQL.write_lanes, rows=as_rows(folded.rows.values())), len(folded.rows))
    outbox.emit(tx, [_event(lane) for _, lane in folded.changes])
    return folded.results


def _key(row: UpsertLane | Lane) -> tuple[str, str, str]:
    return row.node, row.region, row.service


def _event(lane: Lane) -> LaneUpserted:
    return LaneUpserted(
        node=lane.node,
        region=lane.region,
        service=lane.service,
        zone=lane.zone,
        days_p50=lane.days_p50,
        days_p90=lane.days_p90,
        version=lane.version,
    )
