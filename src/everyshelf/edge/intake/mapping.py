"""Which column is which field: guessed by usual names, or told by a mapping file; pure but `load`.

The names of two real shapes are among the guesses: UCI Online Retail order lines and a list of
store openings. `plan` refuses a file that lacks a column its kind needs.
"""

from __future__ import annotations

import codecs
import re
import tomllib
from collections.abc import Mapping as Names
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Final, Literal
from zoneinfo import ZoneInfo

import msgspec

from everyshelf.edge.intake.facts import COLUMNS_MISSING, FILE_MISSING, MAP_INVALID, Kind
from everyshelf.edge.intake.parse import ISO

ADDRESS: Final = {
    "street": ("streetaddr", "address", "address1", "addressline1", "shippingaddress1",
               "shippingstreet"),
    "city": ("strcity", "town", "shippingcity"),
    "region": ("strstate", "state", "province", "shippingprovince", "stateprovince"),
    "postcode": ("zipcode", "zip", "postalcode", "postcode", "shippingzip"),
    "country": ("countrycode", "shippingcountry"),
}  # fmt: skip
NODE: Final = ("nodecode", "store", "storenum", "storeid", "storenumber", "location",
               "locationid", "site", "warehouse")  # fmt: skip
ITEM: Final = ("sku", "stockcode", "itemcode", "itemid", "productid", "product", "variantsku",
               "lineitemsku", "partnumber", "article")  # fmt: skip
QTY: Final = ("quantity", "units", "lineitemquantity", "onhand", "count", "stock", "available")

# Kind -> field -> the usual names of its column, normalised (letters and digits, small).
FIELDS: Final[dict[Kind, dict[str, tuple[str, ...]]]] = {
    Kind.ORDERS: {
        "invoice": ("invoiceno", "invoicenumber", "order", "orderid", "ordernumber", "orderno",
                    "name", "reference"),
        "item": ITEM,
        "qty": QTY,
        "at": ("invoicedate", "orderdate", "createdat", "placedat", "date", "timestamp"),
        "price": ("unitprice", "lineitemprice", "priceeach"),
        "description": ("lineitemname", "productname", "title"),
        "customer": ("customerid", "customernumber", "loyalty", "loyaltyid"),
        "email": ("emailaddress", "customeremail"),
        "buyer": ("customername", "shippingname", "recipient"),
        "phone": ("phonenumber", "shippingphone", "telephone"),
        **ADDRESS,
        "method": ("deliverymethod", "shippingmethod", "fulfillmentmethod"),
        "pickup_node": ("pickupstore", "pickuplocation"),
        "tax": ("taxamount", "linetax"),
    },
    Kind.ITEMS: {
        "item": ITEM,
        "name": ("description", "title", "productname", "itemname"),
        "price": ("unitprice", "listprice", "variantprice"),
        "cost": ("unitcost", "costperitem"),
        "currency": ("currencycode",),
        "category": ("productcategory", "productcategoryname", "department", "type"),
        "unit": ("uom", "unitofmeasure"),
        "weight_g": ("weight", "productweightg", "weightgrams", "grams", "variantgrams"),
        "length_mm": ("length",),
        "width_mm": ("width",),
        "height_mm": ("height",),
        "handling": ("handlingclass",),
        "tracking": ("trackedby",),
        "barcode": ("gtin", "ean", "upc", "variantbarcode"),
        "active": ("issold", "enabled"),
    },
    Kind.NODES: {
        "node": NODE,
        "name": ("storename", "title", "locationname"),
        "kind": ("nodetype", "locationtype"),
        "lat": ("latitude",),
        "lon": ("lng", "long", "longitude"),
        **ADDRESS,
        "opens_on": ("opendate", "opened", "openedon", "openingdate"),
        "closes_on": ("closedate", "closed", "closedon", "closingdate"),
        "zone": ("timezone", "tz"),
        "capabilities": ("services",),
        "daily_orders": ("dailycapacity", "ordersperday"),
    },
    Kind.STOCK: {
        "node": NODE,
        "item": ITEM,
        "qty": QTY,
        "bucket": ("stockstatus", "condition"),
        "lot": ("batch", "lotnumber"),
        "serial": ("serialnumber",),
        "expires_on": ("expires", "expiry", "bestbefore"),
    },
    Kind.CUSTOMERS: {
        "external": ("customerid", "id", "customernumber", "customer"),
        "name": ("customername", "fullname", "buyer"),
        "email": ("emailaddress", "mail"),
        "phone": ("phonenumber", "telephone", "mobile"),
        "loyalty": ("loyaltyid", "loyaltynumber", "cardnumber"),
        "country": ("countrycode",),
    },
}  # fmt: skip
NEEDED: Final = {
    Kind.ORDERS: ("invoice", "item", "qty", "at", "price"),
    Kind.ITEMS: ("item",),
    Kind.NODES: ("node",),
    Kind.STOCK: ("node", "item", "qty"),
    Kind.CUSTOMERS: (),
}
# Codes of the UCI Online Retail files that are no goods, as Python regular expressions.
NOT_PRODUCTS: Final = (
    "POST|DOT|C2|C3|D|M|S|B|PADS|GIFT|SP1002|BANK CHARGES|AMAZONFEE|CRUK|ADJUST[0-9]*|TEST[0-9]*"
    "|GIFT_0001_[0-9]+"
)
RETAIL_SHAPES: Final = (
    frozenset({"invoice", "stockcode", "quantity", "invoicedate", "price"}),
    frozenset({"invoiceno", "stockcode", "quantity", "invoicedate", "unitprice"}),
)


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a mapping file may say; `columns` is field -> column, `constants` field -> value.

    For order lines: `not_products` is a regular expression of codes that are no goods, `returns`
    the prefix of invoices that take back, `with_returns` matches those to sales, and `duplicates`
    says what to do with a line whose every cell repeats another of its invoice. `stock`: rows are
    a `snapshot` or a `receipt`. With `decimal = ","` points part thousands.
    """

    columns: dict[str, str] = {}
    constants: dict[str, str] = {}
    encoding: str | None = None
    decimal: Literal[".", ","] = "."
    date_format: str | None = None
    zone: str | None = None
    currency: str | None = None
    channel: str = "web"
    upper_items: bool | None = None
    not_products: str | None = None
    returns: str | None = None
    with_returns: bool = False
    duplicates: Literal["quarantine", "keep"] = "quarantine"
    short: Literal["partial", "ship_complete", "cancel_short"] = "partial"
    stock: Literal["snapshot", "receipt"] = "snapshot"
    kind: str = "store"
    capabilities: tuple[str, ...] | None = None


class Plan(msgspec.Struct, frozen=True):
    """A mapping made for one file: nothing in it is left to guess."""

    kind: Kind
    columns: dict[str, str]
    constants: dict[str, str]
    date_format: str
    zone: str
    currency: str
    today: date
    upper_items: bool
    not_products: str
    returns: str
    mapping: Mapping

    def cell(self, values: Names[str, str], field: str) -> str:
        """The field's cell, or its constant; empty when it has neither."""
        column = self.columns.get(field)
        found = values.get(column, "") if column is not None else ""
        return found if found.strip() else self.constants.get(field, "")

    def figure(self, values: Names[str, str], field: str) -> str:
        """A cell that holds a number, with a point before its decimals; empty when blank."""
        found = self.cell(values, field).strip()
        if self.mapping.decimal == ",":
            return found.replace(".", "").replace(",", ".")
        return found


def load(path: Path) -> Mapping:
    """Reads a mapping from TOML or JSON. Refused: intake.map_invalid."""
    try:
        body = path.read_bytes()
        if path.suffix.lower() == ".toml":
            return msgspec.convert(tomllib.loads(body.decode()), Mapping)
        return msgspec.json.decode(body, type=Mapping)
    except OSError as error:
        raise FILE_MISSING(f"{path}: {error.strerror}") from None
    except (ValueError, msgspec.DecodeError) as error:
        raise MAP_INVALID(f"{path.name}: {error}") from None


def check(mapping: Mapping) -> Mapping:
    """The mapping when its settings can be used. Refused: intake.map_invalid."""
    try:
        re.compile(mapping.not_products or "")
        codecs.lookup(mapping.encoding or "utf-8")
        ZoneInfo(mapping.zone or "UTC")
        datetime(2024, 1, 31).strftime(mapping.date_format or ISO)
    except (re.error, LookupError, ValueError, OSError) as error:
        raise MAP_INVALID(f"A setting of the mapping is of no use: {error}") from None
    return mapping


def normal(name: str) -> str:
    """`Customer ID`, `customer_id` and `CustomerId` are one name."""
    return "".join(c for c in name.casefold() if c.isalnum())


def guess(kind: Kind, columns: Sequence[str]) -> dict[str, str]:
    """Field -> column by the usual names; a field's own name wins, a column serves one field."""
    by_name = {normal(c): c for c in reversed(columns)}
    found: dict[str, str] = {}
    for field, names in FIELDS[kind].items():
        for name in (normal(field), *names):
            if name in by_name and by_name[name] not in found.values():
                found[field] = by_name[name]
                break
    return found


def is_retail(columns: Sequence[str]) -> bool:
    """Is it the shape of the UCI Online Retail files?"""
    names = {normal(c) for c in columns}
    return any(shape <= names for shape in RETAIL_SHAPES)


def columns_of(kind: Kind, columns: Sequence[str], mapping: Mapping) -> dict[str, str]:
    """The guess, corrected by what the mapping says. Refused: intake.map_invalid."""
    odd = sorted((set(mapping.columns) | set(mapping.constants)) - set(FIELDS[kind]))
    if odd:
        raise MAP_INVALID(f"{kind} have no {', '.join(odd)}; known: {', '.join(FIELDS[kind])}.")
    absent = sorted(set(mapping.columns.values()) - set(columns))
    if absent:
        raise MAP_INVALID(f"No column {', '.join(absent)}; the file has: {', '.join(columns)}.")
    taken = set(mapping.columns.values())
    guessed = {f: c for f, c in guess(kind, columns).items() if c not in taken}
    found = guessed | mapping.columns
    lacking = [f for f in NEEDED[kind] if f not in found and f not in mapping.constants]
    if kind is Kind.CUSTOMERS and not set(found) - {"name", "country"}:
        lacking = ["external, email, phone or loyalty"]
    if lacking:
        raise COLUMNS_MISSING(
            f"No column was found for {', '.join(lacking)}; the file has: {', '.join(columns)}. "
            "Name them with --map."
        )
    return found


def plan(
    kind: Kind, columns: Sequence[str], mapping: Mapping, date_format: str, today: date
) -> Plan:
    """The mapping with the defaults of the file's shape."""
    retail = kind is Kind.ORDERS and is_retail(columns)
    return Plan(
        kind,
        columns_of(kind, columns, mapping),
        mapping.constants,
        mapping.date_format or date_format,
        mapping.zone or ("Europe/London" if retail else "UTC"),
        mapping.currency or ("GBP" if retail else "USD"),
        today,
        retail if mapping.upper_items is None else mapping.upper_items,
        (NOT_PRODUCTS if retail else "") if mapping.not_products is None else mapping.not_products,
        ("C" if retail else "") if mapping.returns is None else mapping.returns,
        mapping,
    )
