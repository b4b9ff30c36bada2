"""The routes of customer: people, their identities, addresses, consents and contacts."""

from __future__ import annotations

from datetime import datetime

import msgspec

from everyshelf import customer
from everyshelf.base.declare import Saved
from everyshelf.base.sql import load
from everyshelf.base.tx import Tx
from everyshelf.customer import Consent, ContactId, Customer, CustomerId, SavedAddress
from everyshelf.customer.facts import AddressId
from everyshelf.edge.web import declare
from everyshelf.edge.web.declare import Call, Face, Listing, NoQuery, Read, Verb

SQL = load("everyshelf.edge.web", "lists.sql")


class OneCustomer(msgspec.Struct, frozen=True):
    """Which customer."""

    customer_id: CustomerId


class CustomerRow(msgspec.Struct, frozen=True):
    """A customer, without what identifies them elsewhere."""

    id: CustomerId
    name: str
    tier: str
    value_minor: int
    merged_into: CustomerId | None
    erased_at: datetime | None
    made_at: datetime
    version: int


class CustomerDetail(msgspec.Struct, frozen=True):
    """A customer with everything that is kept about them; the version is the customer's."""

    customer: Customer
    addresses: list[SavedAddress]
    consents: dict[str, Consent]
    version: int


class Find(msgspec.Struct, frozen=True):
    """An e-mail, a phone number, a loyalty number: in a body, so that no log of URLs keeps it."""

    text: str
    country: str = "US"


def _get(tx: Tx, query: OneCustomer) -> CustomerDetail:
    who = query.customer_id
    found = declare.only(list(customer.get(tx, [who]).values()), "customer")
    return CustomerDetail(
        found,
        customer.addresses(tx, [found.id]).get(found.id, []),
        customer.consents(tx, [found.id]).get(found.id, {}),
        found.version,
    )


def _timeline(tx: Tx, query: OneCustomer) -> list[customer.Contact]:
    return customer.timeline(tx, query.customer_id)


def _find(tx: Tx, asked: Find) -> list[Customer]:
    return customer.find(tx, asked.text, asked.country)


FACE = Face(
    "customer",
    "Who: one record per person, whatever they call themselves where.",
    (
        Listing("/v1/customers", SQL.list_customers, CustomerRow, NoQuery, "List customers"),
        Read("/v1/customers/{customer_id}", _get, OneCustomer, CustomerDetail, "Get a customer"),
        Read(
            "/v1/customers/{customer_id}/contacts", _timeline, OneCustomer,
            list[customer.Contact], "The latest contacts with a customer",
        ),
        Call(
            "/v1/customers/find", _find, Find, list[Customer],
            "Find customers by e-mail, phone or number",
        ),
        Verb(
            "POST", "/v1/customers", customer.identify, customer.Identify, CustomerId,
            "Find a customer by any identity, or make one", told_as="customer_id",
        ),
        Verb(
            "PATCH", "/v1/customers/{customer_id}", customer.describe, customer.Describe, Saved,
            "Change name, tier or value",
        ),
        Verb(
            "POST", "/v1/customers/{winner}/merge", customer.merge, customer.Merge,
            customer.Merged, "Merge another record into this one",
        ),
        Verb(
            "POST", "/v1/customers/{customer_id}/addresses", customer.add_address,
            customer.AddAddress, AddressId, "Keep an address", 201, told_as="address_id",
        ),
        Verb(
            "DELETE", "/v1/customers/{customer_id}/addresses/{address_id}",
            customer.remove_address, customer.RemoveAddress, AddressId, "Forget an address",
            told_as="address_id", bulk=False,
        ),
        Verb(
            "PUT", "/v1/customers/{customer_id}/consents/{purpose}", customer.set_consent,
            customer.SetConsent, bool, "Note a consent given or taken back", told_as="changed",
        ),
        Verb(
            "POST", "/v1/customers/{customer_id}/contacts", customer.log_contact,
            customer.LogContact, ContactId, "Note a contact", 201, told_as="contact_id",
        ),
        Verb(
            "POST", "/v1/customers/{customer_id}/erase", customer.erase, customer.Erase, bool,
            "Pseudonymise a customer for good", told_as="erased", bulk=False,
        ),
    ),
)  # fmt: skip
