"""catalog: what is sold.

Owns channel, item, item_barcode, kit_component, listing. Hears nothing: it is the first room.
Emits catalog.item.upserted, catalog.kit.upserted, catalog.listing.upserted and
catalog.channel.upserted. Never knows how many there are: that is `stock`.
"""

from everyshelf.catalog.events import ChannelUpserted, ItemUpserted, KitUpserted, ListingUpserted
from everyshelf.catalog.facts import (
    BARCODE_TAKEN,
    CHANNEL_UNKNOWN,
    CURRENCY,
    HANDLING,
    ITEM_UNKNOWN,
    KIT_HAS_COMPONENTS,
    KIT_NESTED,
    Channel,
    ChannelKind,
    Item,
    ItemKind,
    KitComponent,
    KitPart,
    Listing,
    Tracking,
    UpsertBarcode,
    UpsertChannel,
    UpsertItem,
    UpsertKit,
    UpsertListing,
    check_money,
    gtin,
)
from everyshelf.catalog.read import (
    barcodes,
    channels,
    item_of_barcode,
    item_page,
    items,
    kits,
    listings,
    prices,
)
from everyshelf.catalog.upsert_barcodes import upsert_barcodes
from everyshelf.catalog.upsert_channels import upsert_channels
from everyshelf.catalog.upsert_items import upsert_items
from everyshelf.catalog.upsert_kits import upsert_kits
from everyshelf.catalog.upsert_listings import upsert_listings

__all__ = [
    "BARCODE_TAKEN",
    "CHANNEL_UNKNOWN",
    "CURRENCY",
    "HANDLING",
    "ITEM_UNKNOWN",
    "KIT_HAS_COMPONENTS",
    "KIT_NESTED",
    "Channel",
    "ChannelKind",
    "ChannelUpserted",
    "Item",
    "ItemKind",
    "ItemUpserted",
    "KitComponent",
    "KitPart",
    "KitUpserted",
    "Listing",
    "ListingUpserted",
    "Tracking",
    "UpsertBarcode",
    "UpsertChannel",
    "UpsertItem",
    "UpsertKit",
    "UpsertListing",
    "barcodes",
    "channels",
    "check_money",
    "gtin",
    "item_of_barcode",
    "item_page",
    "items",
    "kits",
    "listings",
    "prices",
    "upsert_barcodes",
    "upsert_channels",
    "upsert_items",
    "upsert_kits",
    "upsert_listings",
]
