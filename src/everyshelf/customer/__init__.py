"""customer: who.

Owns customer, customer_identity, customer_address, customer_consent, customer_contact. Hears
nothing. Emits customer.customer.identified, customer.customer.described, customer.customer.merged,
customer.customer.erased, customer.consent.changed, customer.address.added and
customer.contact.logged, with ids and never with personal data. Never decides that two people are
one: it is told so.
"""

from everyshelf.customer.consent import set_consent
from everyshelf.customer.contact import log_contact
from everyshelf.customer.describe import describe
from everyshelf.customer.erase import erase
from everyshelf.customer.events import (
    AddressAdded,
    ConsentChanged,
    ContactLogged,
    CustomerDescribed,
    CustomerErased,
    CustomerIdentified,
    CustomerMerged,
)
from everyshelf.customer.facts import (
    ADDRESS_UNKNOWN,
    ERASED,
    IDENTITY_INVALID,
    IDENTITY_MISSING,
    MERGE_SELF,
    UNKNOWN,
    AddAddress,
    AddressId,
    Consent,
    Contact,
    ContactId,
    Customer,
    CustomerId,
    Describe,
    Erase,
    Identify,
    Identity,
    IdentityKind,
    LogContact,
    Merge,
    Merged,
    Person,
    RemoveAddress,
    SavedAddress,
    SetConsent,
    normal_email,
    normal_phone,
)
from everyshelf.customer.identify import identify, identify_now
from everyshelf.customer.keep_address import add_address, check_address, remove_address
from everyshelf.customer.merge import merge
from everyshelf.customer.read import addresses, consents, family, find, get, resolve, timeline

__all__ = [
    "ADDRESS_UNKNOWN",
    "ERASED",
    "IDENTITY_INVALID",
    "IDENTITY_MISSING",
    "MERGE_SELF",
    "UNKNOWN",
    "AddAddress",
    "AddressAdded",
    "AddressId",
    "Consent",
    "ConsentChanged",
    "Contact",
    "ContactId",
    "ContactLogged",
    "Customer",
    "CustomerDescribed",
    "CustomerErased",
    "CustomerId",
    "CustomerIdentified",
    "CustomerMerged",
    "Describe",
    "Erase",
    "Identify",
    "Identity",
    "IdentityKind",
    "LogContact",
    "Merge",
    "Merged",
    "Person",
    "RemoveAddress",
    "SavedAddress",
    "SetConsent",
    "add_address",
    "addresses",
    "check_address",
    "consents",
    "describe",
    "erase",
    "family",
    "find",
    "get",
    "identify",
    "identify_now",
    "log_contact",
    "merge",
    "normal_email",
    "normal_phone",
    "remove_address",
    "resolve",
    "set_consent",
    "timeline",
]
