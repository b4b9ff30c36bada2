"""What is sold, as facts: items, kits, channels, listings, barcodes, and the rules of their shape.

Pure: reads nothing and writes nothing. Quantities of stock live in `stock`.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from everyshelf.base.declare import require
from everyshelf.base.errors import Code

ITEM_UNKNOWN: Final = Code("catalog.item_unknown", 422, "No item has this code.")
CHANNEL_UNKNOWN: Final = Code("catalog.channel_unknown", 422, "No channel has this code.")
KIT_NESTED: Final = Code(
    "catalog.kit_nested", 422, "A kit holds items, never itself and never another kit."
)
KIT_HAS_COMPONENTS: Final = Code(
    "catalog.kit_has_components", 409, "A kit with components cannot be declared a single item."
)
BARCODE_TAKEN: Final = Code(
    "catalog.barcode_taken", 409, "The barcode belongs to another item; free it there first."
)

CODE: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z ._/+#-]{0,63}", re.ASCII)
CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)
HANDLING: Final = frozenset(
    {"hazmat", "cold", "oversize", "fragile", "age_restricted", "no_air", "ship_alone"}
)
MAX_MINOR: Final = 10**12
MAX_SIZE: Final = 10**8
MAX_COMPONENTS: Final = 100


class ItemKind(StrEnum):
    """A kit is sold as one and kept as its components."""

    STANDARD = "standard"
    KIT = "kit"


class Tracking(StrEnum):
    """How finely the stock of an item is known."""

    NONE = "none"
    LOT = "lot"
    SERIAL = "serial"


class ChannelKind(StrEnum):
    """Where a buyer is met."""

    WEB = "web"
    APP = "app"
    PHONE = "phone"
    SOCIAL = "social"
    POS = "pos"
    MARKETPLACE = "marketplace"
    B2B = "b2b"


class Item(msgspec.Struct, frozen=True):
    """A sellable item; sizes are of one base unit as it is shipped."""

    item: str
    name: str
    kind: ItemKind = ItemKind.STANDARD
    tracking: Tracking = Tracking.NONE
    unit: str = "each"
    weight_g: int = 500
    length_mm: int = 200
    width_mm: int = 150
    height_mm: int = 100
    handling: tuple[str, ...] = ()
    category: str = ""
    cost_minor: int = 0
    price_minor: int = 0
    currency: str = "USD"
    make_to_order: bool = False
    active: bool = True
    version: int = 0


class UpsertItem(msgspec.Struct, frozen=True, kw_only=True):
    """States an item; what is left unset stays as it is, or takes the default of a new item."""

    key: str
    item: str
    name: str | UnsetType = UNSET
    kind: ItemKind | UnsetType = UNSET
    tracking: Tracking | UnsetType = UNSET
    unit: str | UnsetType = UNSET
    weight_g: int | UnsetType = UNSET
    length_mm: int | UnsetType = UNSET
    width_mm: int | UnsetType = UNSET
    height_mm: int | UnsetType = UNSET
    handling: tuple[str, ...] | UnsetType = UNSET
    category: str | UnsetType = UNSET
    cost_minor: int | UnsetType = UNSET
    price_minor: int | UnsetType = UNSET
    currency: str | UnsetType = UNSET
    make_to_order: bool | UnsetType = UNSET
    active: bool | UnsetType = UNSET
    version: int | None = None


class Channel(msgspec.Struct, frozen=True):
    """A place to sell with the currency of its prices."""

    channel: str
    name: str
    kind: ChannelKind = ChannelKind.WEB
    currency: str = "USD"
    active: bool = True
    version: int = 0


class UpsertChannel(msgspec.Struct, frozen=True, kw_only=True):
    """States a channel."""

    key: str
    channel: str
    name: str | UnsetType = UNSET
    kind: ChannelKind | UnsetType = UNSET
    currency: str | UnsetType = UNSET
    active: bool | UnsetType = UNSET
    version: int | None = None


class KitPart(msgspec.Struct, frozen=True):
    """So many units of an item inside one kit."""

    item: str
    qty: int


class KitComponent(msgspec.Struct, frozen=True):
    """One kit takes `qty` units of `item`."""

    kit: str
    item: str
    qty: int


class Kit(msgspec.Struct, frozen=True):
    """A kit with all of its components; its version is the item's."""

    kit: str
    components: tuple[KitComponent, ...]
    version: int = 0


class UpsertKit(msgspec.Struct, frozen=True, kw_only=True):
    """States all components of a kit; none dissolves it into a single item."""

    key: str
    kit: str
    components: tuple[KitPart, ...]
    version: int | None = None


class Listing(msgspec.Struct, frozen=True):
    """An item's price on a channel, or that it is not sold there."""

    channel: str
    item: str
    price_minor: int = 0
    currency: str = "USD"
    listed: bool = True
    version: int = 0


class UpsertListing(msgspec.Struct, frozen=True, kw_only=True):
    """States a listing; a new one takes the item's price and the channel's currency."""

    key: str
    channel: str
    item: str
    price_minor: int | UnsetType = UNSET
    currency: str | UnsetType = UNSET
    listed: bool | UnsetType = UNSET
    version: int | None = None


class UpsertBarcode(msgspec.Struct, frozen=True, kw_only=True):
    """Gives a barcode to an item; without an item the barcode is freed."""

    key: str
    barcode: str
    item: str | None

    @property
    def version(self) -> None:
        """A barcode keeps no versions."""
        return None


class Barcode(msgspec.Struct, frozen=True):
    """Which item a barcode names; None once it is freed."""

    barcode: str
    item: str | None
    version: int = 0


def check_item(item: Item) -> Item:
    """The item when its shape is right; refuses with what is wrong."""
    check_code(item.item, "item")
    require(item.name.strip() and len(item.name) <= 500, "An item has a name of 1-500 letters.")
    require(item.unit.strip() and len(item.unit) <= 32, "An item has a unit, such as `each`.")
    sizes = (item.weight_g, item.length_mm, item.width_mm, item.height_mm)
    require(all(0 <= s <= MAX_SIZE for s in sizes), "Weight and sizes are 0 or more.")
    check_money(item.price_minor, item.currency)
    check_money(item.cost_minor, item.currency)
    odd = sorted(set(item.handling) - HANDLING)
    require(not odd, f"Unknown handling: {', '.join(odd)}; known: {', '.join(sorted(HANDLING))}.")
    return item


def check_channel(channel: Channel) -> Channel:
    """The channel when its shape is right."""
    check_code(channel.channel, "channel")
    require(channel.name.strip() and len(channel.name) <= 200, "A channel has a name.")
    check_money(0, channel.currency)
    return channel


def check_code(code: str, noun: str) -> None:
    """Codes are 1-64 plain characters, so that they can stand in files, URLs and labels."""
    require(
        CODE.fullmatch(code),
        f"{code!r} is no {noun} code: 1-64 letters, digits, spaces or . _ / + # -",
    )


def check_money(amount_minor: int, currency: str) -> None:
    """Prices are not negative and name their ISO 4217 currency."""
    require(0 <= amount_minor <= MAX_MINOR, f"A price is 0 or more, not {amount_minor}.")
    require(CURRENCY.fullmatch(currency), f"{currency!r} is no ISO 4217 currency code.")


def gtin(barcode: str) -> str:
    """One form for one number: GTIN-8, -12 and -13 are written as GTIN-14 with leading zeros.

    GS1 General Specifications, section 3.3: the shorter forms are the same number.
    """
    code = barcode.strip()
    return (
        code.zfill(14) if code.isascii() and code.isdigit() and len(code) in (8, 12, 13) else code
    )
