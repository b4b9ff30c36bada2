"""Who buys, as facts: customers, their identities, consents and contacts, and how identities read.

Pure: normalising is all that is decided here. Two e-mail addresses that a provider would deliver to
one mailbox stay two identities (dots of a local part are kept): a merge is a person's decision.
"""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from everyshelf.base.errors import Code
from everyshelf.base.ids import Id
from everyshelf.network import Address, iso_country

UNKNOWN: Final = Code("customer.unknown", 422, "No customer has this id.")
ERASED: Final = Code("customer.erased", 409, "The customer was erased and takes no more facts.")
IDENTITY_MISSING: Final = Code(
    "customer.identity_missing", 422, "A customer is identified by e-mail, phone, loyalty or id."
)
IDENTITY_INVALID: Final = Code(
    "customer.identity_invalid", 422, "The e-mail address or phone number cannot be one."
)
MERGE_SELF: Final = Code("customer.merge_self", 422, "A customer cannot be merged into itself.")
ADDRESS_UNKNOWN: Final = Code(
    "customer.address_unknown", 422, "The customer has no address with this id."
)

EMAIL: Final = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
PURPOSE: Final = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
CALLING_CODES: Final = {
    "AE": "971", "AR": "54", "AT": "43", "AU": "61", "BE": "32", "BG": "359", "BH": "973",
    "BR": "55", "CA": "1", "CH": "41", "CL": "56", "CN": "86", "CO": "57", "CY": "357",
    "CZ": "420", "DE": "49", "DK": "45", "EE": "372", "ES": "34", "FI": "358", "FR": "33",
    "GB": "44", "GG": "44", "GR": "30", "HK": "852", "HR": "385", "HU": "36", "IE": "353",
    "IL": "972", "IM": "44", "IN": "91", "IS": "354", "IT": "39", "JE": "44", "JP": "81",
    "KR": "82", "LB": "961", "LT": "370", "LU": "352", "LV": "371", "MT": "356", "MX": "52",
    "NL": "31", "NO": "47", "NZ": "64", "PH": "63", "PL": "48", "PT": "351", "RO": "40",
    "RS": "381", "SA": "966", "SE": "46", "SG": "65", "SI": "386", "SK": "421", "TH": "66",
    "TR": "90", "TW": "886", "UA": "380", "US": "1", "ZA": "27",
}  # fmt: skip
KEEPS_ZERO: Final = frozenset({"IT"})  # Italian numbers keep their leading zero abroad.


class CustomerId(Id):
    """Identifies a customer."""

    prefix = "cus"


class AddressId(Id):
    """Identifies a saved address."""

    prefix = "adr"


class ContactId(Id):
    """Identifies an entry of a timeline."""

    prefix = "con"


class IdentityKind(StrEnum):
    """What points at a customer, the strongest first: it decides when two of them disagree."""

    LOYALTY = "loyalty"
    EXTERNAL = "external"
    EMAIL = "email"
    PHONE = "phone"


class Identity(msgspec.Struct, frozen=True, order=True):
    """One normalised identity."""

    kind: IdentityKind
    value: str


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody as a channel knows them; `country` tells how a phone number without `+` is read."""

    email: str | None = None
    phone: str | None = None
    loyalty: str | None = None
    external: str | None = None
    name: str = ""
    country: str = "US"


class Identify(msgspec.Struct, frozen=True, kw_only=True):
    """Finds the customer behind any of these identities, or makes one."""

    key: str
    email: str | None = None
    phone: str | None = None
    loyalty: str | None = None
    external: str | None = None
    name: str = ""
    country: str = "US"


class Customer(msgspec.Struct, frozen=True):
    """One customer; a merged one points at its heir and has no identities of its own."""

    id: CustomerId
    name: str
    tier: str
    value_minor: int
    merged_into: CustomerId | None
    erased_at: datetime | None
    made_at: datetime
    version: int
    identities: tuple[Identity, ...] = ()


class Describe(msgspec.Struct, frozen=True, kw_only=True):
    """States what is known of a customer; what is left unset stays."""

    key: str
    customer_id: CustomerId
    name: str | UnsetType = UNSET
    tier: str | UnsetType = UNSET
    value_minor: int | UnsetType = UNSET
    version: int | None = None


class Merge(msgspec.Struct, frozen=True, kw_only=True):
    """The loser becomes the winner: everything that points at it is the winner's from now on."""

    key: str
    winner: CustomerId
    loser: CustomerId


class Merged(msgspec.Struct, frozen=True):
    """Who the customer is now, and whether this merge changed it."""

    customer_id: CustomerId
    changed: bool


class AddAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Saves an address under a label of the customer's choice."""

    key: str
    customer_id: CustomerId
    address: Address
    label: str = ""


class RemoveAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Forgets a saved address."""

    key: str
    customer_id: CustomerId
    address_id: AddressId


class SavedAddress(msgspec.Struct, frozen=True):
    """An address of a customer."""

    id: AddressId
    customer_id: CustomerId
    label: str
    address: Address


class SetConsent(msgspec.Struct, frozen=True, kw_only=True):
    """Grants or withdraws the consent to one purpose, such as `marketing_email`."""

    key: str
    customer_id: CustomerId
    purpose: str
    granted: bool


class Consent(msgspec.Struct, frozen=True):
    """What a customer last said about a purpose."""

    customer_id: CustomerId
    purpose: str
    granted: bool
    at: datetime


class LogContact(msgspec.Struct, frozen=True, kw_only=True):
    """Notes that we spoke, on whatever channel; `at` is now unless it was earlier."""

    key: str
    customer_id: CustomerId
    channel: str
    kind: str
    text: str = ""
    at: datetime | None = None


class Contact(msgspec.Struct, frozen=True):
    """An entry of the timeline."""

    id: ContactId
    customer_id: CustomerId
    at: datetime
    channel: str
    kind: str
    text: str


class Erase(msgspec.Struct, frozen=True, kw_only=True):
    """Makes a customer a number: no name, no identity, no address, no words."""

    key: str
    customer_id: CustomerId


def normal_email(text: str) -> str:
    """Trimmed and lower-cased; refuses what cannot be an address."""
    email = text.strip().lower()
    if len(email) > 254 or not EMAIL.fullmatch(email):
        raise IDENTITY_INVALID("The e-mail address is not of the form name@domain.")
    return email


def normal_phone(text: str, country: str = "US") -> str:
    """E.164: `+`, country code, number; 7-15 digits (ITU-T E.164, section 6).

    >>> normal_phone("(212) 555-0123"), normal_phone("020 7946 0018", "GB")
    ('+12125550123', '+442079460018')
    """
    plain = text.strip()
    digits = "".join(c for c in plain if c.isascii() and c.isdigit())
    if plain.startswith("+"):
        number = digits
    elif digits.startswith("00"):
        number = digits[2:]
    else:
        number = _abroad(digits, iso_country(country) or "US")
    if not 7 <= len(number) <= 15 or any(c.isalpha() for c in plain):
        raise IDENTITY_INVALID("A phone number has 7-15 digits with its country code.")
    return "+" + number


def _abroad(digits: str, country: str) -> str:
    """A national number with its country's calling code; a trunk prefix is dialled only inside."""
    code = CALLING_CODES.get(country, "1")
    if code == "1":
        national = digits[1:] if len(digits) == 11 and digits[0] == "1" else digits
        return code + national if len(national) == 10 else ""
    national = digits if country in KEEPS_ZERO else digits.removeprefix("0")
    return code + national if len(national) >= 4 else ""


def identities(person: Person | Identify) -> tuple[Identity, ...]:
    """The normalised identities of a person, strongest first; refuses one that cannot be."""
    found: list[Identity] = []
    for kind in IdentityKind:
        text = getattr(person, kind.value)
        if text is not None and text.strip():
            found.append(Identity(kind, _normal(kind, text, person.country)))
    return tuple(found)


def _normal(kind: IdentityKind, text: str, country: str) -> str:
    if kind is IdentityKind.EMAIL:
        return normal_email(text)
    if kind is IdentityKind.PHONE:
        return normal_phone(text, country)
    if len(text.strip()) > 200:
        raise IDENTITY_INVALID("An identity has at most 200 characters.")
    return text.strip()
