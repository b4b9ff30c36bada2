"""Verb: state nodes with their hours and exceptions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from everyshelf.base import claims, outbox
from everyshelf.base.declare import Saved, as_rows, changed, either, expect, fold
from everyshelf.base.results import Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.network.events import NodeUpserted
from everyshelf.network.facts import Node, NodeSheet, UpsertNode
from everyshelf.network.read import exceptions, hours
from everyshelf.network.shape import check_sheet

SQL = load("everyshelf.network")
T = TypeVar("T")


def upsert_nodes(tx: Tx, commands: Sequence[UpsertNode]) -> list[Result[Saved]]:
    """Makes or changes nodes."""
    return claims.once(tx, "network.upsert_nodes", commands, _upsert, Saved)


def _upsert(tx: Tx, commands: list[UpsertNode]) -> list[Result[Saved]]:
    folded = fold(commands, _lock(tx, {c.node for c in commands}), lambda c: c.node, _state)
    _write(tx, list(folded.rows.values()))
    outbox.emit(tx, [_event(sheet) for _, sheet in folded.changes])
    return folded.results


def _lock(tx: Tx, codes: set[str]) -> dict[str, NodeSheet]:
    found = tx.all(SQL.lock_nodes, Node, nodes=sorted(codes))
    open_, apart = hours(tx, codes), exceptions(tx, codes)
    return {
        n.node: NodeSheet(n, tuple(open_.get(n.node, ())), tuple(apart.get(n.node, ())), n.version)
        for n in found
    }


def _state(command: UpsertNode, before: NodeSheet | None) -> NodeSheet:
    sheet = before or NodeSheet(Node(command.node, command.node))
    return check_sheet(
        msgspec.structs.replace(
            sheet,
            node=changed(sheet.node, command),
            hours=either(command.hours, sheet.hours),
            exceptions=either(command.exceptions, sheet.exceptions),
        )
    )


def _write(tx: Tx, sheets: list[NodeSheet]) -> None:
    if not sheets:
        return
    nodes = [msgspec.structs.replace(s.node, version=s.version) for s in sheets]
    expect(tx.run(SQL.write_nodes, rows=as_rows(nodes), now=tx.now), len(nodes))
    codes = [n.node for n in nodes]
    times = [(s.node.node, h) for s in sheets for h in s.hours]
    tx.run(SQL.clear_hours, nodes=codes)
    tx.run(
        SQL.write_hours,
        nodes=[n for n, _ in times],
        weekdays=[h.weekday for _, h in times],
        opens=[h.opens_minute for _, h in times],
        closes=[h.closes_minute for _, h in times],
    )
    days = [(s.node.node, e) for s in sheets for e in s.exceptions]
    tx.run(SQL.clear_exceptions, nodes=codes)
    tx.run(
        SQL.write_exceptions,
        nodes=[n for n, _ in days],
        dates=[e.on_date for _, e in days],
        opens=[e.opens_minute for _, e in days],
        closes=[e.closes_minute for _, e in days],
        reasons=[e.reason for _, e in days],
    )


def _event(sheet: NodeSheet) -> NodeUpserted:
    return NodeUpserted(
        node=sheet.node.node,
        kind=sheet.node.kind,
        active=sheet.node.active,
        capabilities=sheet.node.capabilities,
        version=sheet.version,
    )
