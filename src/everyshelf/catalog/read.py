"""Reads of the catalog, each one statement however many codes are asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.catalog.facts import Channel, Item, KitComponent, Listing, gtin

SQL = load("everyshelf.catalog")
PAGE = 500


def items(tx: Tx, codes: Iterable[str]) -> dict[str, Item]:
    """The items with these codes; an unknown code is simply not in the answer."""
    found = tx.all(SQL.read_items, Item, items=sorted(set(codes)))
    return {item.item: item for item in found}


def item_page(
    tx: Tx, *, after: str = "", size: int = 100, text: str = "", active: bool = False
) -> list[Item]:
    """The items behind a code, in order, at most 500: those whose code or name holds the text."""
    return tx.all(
        SQL.page_items, Item, after=after, size=max(1, min(size, PAGE)), text=text, active=active
    )


def channels(tx: Tx, codes: Iterable[str] | None = None) -> dict[str, Channel]:
    """The channels with these codes, or all."""
    wanted = None if codes is None else sorted(set(codes))
    return {c.channel: c for c in tx.all(SQL.read_channels, Channel, channels=wanted)}


def listings(tx: Tx, codes: Iterable[str]) -> dict[str, list[Listing]]:
    """The listings of these items."""
    found: dict[str, list[Listing]] = {}
    for listing in tx.all(SQL.read_listings, Listing, items=sorted(set(codes))):
        found.setdefault(listing.item, []).append(listing)
    return found


def prices(tx: Tx, pairs: Collection[tuple[str, str]]) -> dict[tuple[str, str], tuple[int, str]]:
    """(minor units, currency) of each (channel, item) that is sold there: listing, else item.

    What is missing in the answer is unknown, inactive, or not listed on that channel.
    """
    wanted = sorted(set(pairs))
    rows = tx.tuples(SQL.read_prices, channels=[c for c, _ in wanted], items=[i for _, i in wanted])
    return {(channel, item): (price, currency) for channel, item, price, currency in rows}


def kits(tx: Tx, codes: Iterable[str]) -> dict[str, list[KitComponent]]:
    """The components of each of these items that is a kit."""
    found: dict[str, list[KitComponent]] = {}
    for component in tx.all(SQL.read_kits, KitComponent, kits=sorted(set(codes))):
        found.setdefault(component.kit, []).append(component)
    return found


def item_of_barcode(tx: Tx, barcodes: Sequence[str]) -> dict[str, str]:
    """The item code of each barcode, as scanned, that is known."""
    known = dict(tx.tuples(SQL.read_barcodes, barcodes=sorted({gtin(b) for b in barcodes})))
    return {b: known[gtin(b)] for b in barcodes if gtin(b) in known}


def barcodes(tx: Tx, codes: Iterable[str]) -> dict[str, list[str]]:
    """The barcodes of these items."""
    found: dict[str, list[str]] = {}
    for item, barcode in tx.tuples(SQL.barcodes_of, items=sorted(set(codes))):
        found.setdefault(item, []).append(barcode)
    return found
