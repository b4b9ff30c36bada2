"""The routes of catalog: items, kits, channels, listings and barcodes."""

from __future__ import annotations

import msgspec

from everyshelf import catalog
from everyshelf.base.declare import Saved
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.edge.web import declare
from everyshelf.edge.web.declare import Face, NoQuery, Read, Verb

SQL = load("everyshelf.edge.web", "lists.sql")


class ItemQuery(msgspec.Struct, frozen=True):
    """Filters of items; `text` is looked for in code and name."""

    text: str | None = None
    category: str | None = None
    active: bool | None = None


class OneItem(msgspec.Struct, frozen=True):
    """Which item."""

    item: str


class ItemDetail(msgspec.Struct, frozen=True):
    """An item with everything that is said about it; the version is the item's."""

    item: catalog.Item
    components: list[catalog.KitComponent]
    listings: list[catalog.Listing]
    barcodes: list[str]
    version: int


class ListingQuery(msgspec.Struct, frozen=True):
    """Filters of listings."""

    channel: str | None = None
    item: str | None = None


class ListingRow(msgspec.Struct, frozen=True):
    """A price on a channel; `place` orders the list."""

    place: str
    channel: str
    item: str
    price_minor: int
    currency: str
    listed: bool


class OneBarcode(msgspec.Struct, frozen=True):
    """Which barcode."""

    barcode: str


class Scanned(msgspec.Struct, frozen=True):
    """What a barcode names."""

    barcode: str
    item: str


def _item(tx: Tx, query: OneItem) -> ItemDetail:
    item = declare.only(list(catalog.items(tx, [query.item]).values()), "item")
    code = item.item
    return ItemDetail(
        item,
        catalog.kits(tx, [code]).get(code, []),
        catalog.listings(tx, [code]).get(code, []),
        catalog.barcodes(tx, [code]).get(code, []),
        item.version,
    )


def _scan(tx: Tx, query: OneBarcode) -> Scanned:
    found = list(catalog.item_of_barcode(tx, [query.barcode]).values())
    return Scanned(query.barcode, declare.only(found, "barcode"))


FACE = Face(
    "catalog",
    "What is sold: items, kits, channels, listings, barcodes.",
    (
        declare.Listing(
            "/v1/items", SQL.list_items, catalog.Item, ItemQuery, "List items",
            by="item", newest=False,
        ),
        Read("/v1/items/{item}", _item, OneItem, ItemDetail, "Get an item with kit and prices"),
        declare.Listing(
            "/v1/channels", SQL.list_channels, catalog.Channel, NoQuery, "List channels",
            by="channel", newest=False,
        ),
        declare.Listing(
            "/v1/listings", SQL.list_listings, ListingRow, ListingQuery, "List prices by channel",
            by="place", newest=False,
        ),
        Read("/v1/barcodes/{barcode}", _scan, OneBarcode, Scanned, "Which item a barcode names"),
        Verb(
            "PUT", "/v1/items/{item}", catalog.upsert_items, catalog.UpsertItem, Saved,
            "State an item; what is left out stays",
        ),
        Verb(
            "PUT", "/v1/kits/{kit}", catalog.upsert_kits, catalog.UpsertKit, Saved,
            "State all components of a kit",
        ),
        Verb(
            "PUT", "/v1/channels/{channel}", catalog.upsert_channels, catalog.UpsertChannel, Saved,
            "State a channel",
        ),
        Verb(
            "PUT", "/v1/listings/{channel}/{item}", catalog.upsert_listings,
            catalog.UpsertListing, Saved, "State an item's price on a channel",
        ),
        Verb(
            "PUT", "/v1/barcodes/{barcode}", catalog.upsert_barcodes, catalog.UpsertBarcode, Saved,
            "Give a barcode to an item, or free it",
        ),
    ),
)  # fmt: skip
