"""Verb: state the channels on which the retailer sells."""

from __future__ import annotations

from collections.abc import Sequence

from everyshelf.base import claims, outbox
from everyshelf.base.declare import Saved, as_rows, changed, expect, fold
from everyshelf.base.results import Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.catalog.events import ChannelUpserted
from everyshelf.catalog.facts import Channel, UpsertChannel, check_channel

SQL = load("everyshelf.catalog")


def upsert_channels(tx: Tx, commands: Sequence[UpsertChannel]) -> list[Result[Saved]]:
    """Makes or changes channels."""
    return claims.once(tx, "catalog.upsert_channels", commands, _upsert, Saved)


def _upsert(tx: Tx, commands: list[UpsertChannel]) -> list[Result[Saved]]:
    codes = sorted({c.channel for c in commands})
    rows = {c.channel: c for c in tx.all(SQL.lock_channels, Channel, channels=codes)}

    def state(command: UpsertChannel, before: Channel | None) -> Channel:
        return check_channel(changed(before or Channel(command.channel, command.channel), command))

    folded = fold(commands, rows, lambda c: c.channel, state)
    if folded.rows:
        touched = tx.run(SQL.write_channels, rows=as_rows(folded.rows.values()))
        expect(touched, len(folded.rows))
    outbox.emit(tx, [_event(channel) for _, channel in folded.changes])
    return folded.results


def _event(channel: Channel) -> ChannelUpserted:
    return ChannelUpserted(
        channel=channel.channel,
        kind=channel.kind,
        currency=channel.currency,
        active=channel.active,
        version=channel.version,
    )
