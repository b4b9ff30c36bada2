"""Verb: state what an item costs on a channel, or that it is not sold there."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET

from everyshelf.base import claims, outbox
from everyshelf.base.declare import Saved, as_rows, changed, expect, fold, require
from everyshelf.base.results import Result
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.catalog.events import ListingUpserted
from everyshelf.catalog.facts import (
    CHANNEL_UNKNOWN,
    ITEM_UNKNOWN,
    Channel,
    Item,
    Listing,
    UpsertListing,
    check_money,
)
from everyshelf.catalog.read import channels, items

SQL = load("everyshelf.catalog")


def upsert_listings(tx: Tx, commands: Sequence[UpsertListing]) -> list[Result[Saved]]:
    """Makes or changes listings."""
    return claims.once(tx, "catalog.upsert_listings", commands, _upsert, Saved)


def _upsert(tx: Tx, commands: list[UpsertListing]) -> list[Result[Saved]]:
    keys = sorted({(c.channel, c.item) for c in commands})
    found = tx.all(
        SQL.lock_listings, Listing, channels=[c for c, _ in keys], items=[i for _, i in keys]
    )
    known = items(tx, {i for _, i in keys})
    places = channels(tx, {c for c, _ in keys})

    def state(command: UpsertListing, before: Listing | None) -> Listing:
        if command.item not in known:
            raise ITEM_UNKNOWN(f"There is no item {command.item}.")
        if command.channel not in places:
            raise CHANNEL_UNKNOWN(f"There is no channel {command.channel}.")
        listing = changed(before or _new(known[command.item], places[command.channel]), command)
        check_money(listing.price_minor, listing.currency)
        same = listing.currency == known[command.item].currency
        require(
            before or same or command.price_minor is not UNSET,
            f"State a price in {listing.currency}.",
        )
        return listing

    folded = fold(
        commands, {(r.channel, r.item): r for r in found}, lambda c: (c.channel, c.item), state
    )
    if folded.rows:
        expect(tx.run(SQL.write_listings, rows=as_rows(folded.rows.values())), len(folded.rows))
    outbox.emit(tx, [_event(listing) for _, listing in folded.changes])
    return folded.results


def _new(item: Item, channel: Channel) -> Listing:
    return Listing(channel.channel, item.item, item.price_minor, channel.currency)


def _event(listing: Listing) -> ListingUpserted:
    return ListingUpserted(
        channel=listing.channel,
        item=listing.item,
        price_minor=listing.price_minor,
        currency=listing.currency,
        listed=listing.listed,
        version=listing.version,
    )
