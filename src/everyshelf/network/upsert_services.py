"""Verb: state carriers' services with their zones and rates."""

from __future__ import annotations

from collections.abc import Sequence

from everyshelf.base import claims, outbox
from everyshelf.base.declare import Saved, as_rows, changed, expect, fold
from everyshelf.base.results import Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.network.events import ServiceUpserted
from everyshelf.network.facts import Service, UpsertService
from everyshelf.network.read import services
from everyshelf.network.shape import check_service

SQL = load("everyshelf.network")


def upsert_services(tx: Tx, commands: Sequence[UpsertService]) -> list[Result[Saved]]:
    """Makes or changes services."""
    return claims.once(tx, "network.upsert_services", commands, _upsert, Saved)


def _upsert(tx: Tx, commands: list[UpsertService]) -> list[Result[Saved]]:
    codes = sorted({c.service for c in commands})
    tx.run(SQL.lock_services, services=codes)
    folded = fold(commands, services(tx, codes), lambda c: c.service, _state)
    _write(tx, list(folded.rows.values()))
    outbox.emit(
        tx,
        [
            ServiceUpserted(service=s.service, active=s.active, version=s.version)
            for _, s in folded.changes
        ],
    )
    return folded.results


def _state(command: UpsertService, before: Service | None) -> Service:
    new = Service(command.service, command.service, command.service)
    return check_service(changed(before or new, command))


def _write(tx: Tx, found: list[Service]) -> None:
    if not found:
        return
    rows, codes = as_rows(found), [s.service for s in found]
    expect(tx.run(SQL.write_services, rows=rows), len(found))
    tx.run(SQL.clear_rates, services=codes)
    tx.run(SQL.clear_zones, services=codes)
    tx.run(SQL.write_zones, rows=rows)
    tx.run(SQL.write_rates, rows=rows)
