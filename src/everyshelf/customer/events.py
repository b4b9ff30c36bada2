"""What is told about customers: ids only, never a name, an address or a word."""

from everyshelf.base.events import Event
from everyshelf.customer.facts import AddressId, ContactId, CustomerId


class CustomerIdentified(Event, frozen=True, kw_only=True):
    """A customer is new (`made`) or is now known by more kinds of identity."""

    TYPE = "customer.customer.identified"
    SUBJECT = "customer_id"
    customer_id: CustomerId
    made: bool
    kinds: tuple[str, ...]


class CustomerDescribed(Event, frozen=True, kw_only=True):
    """The name, tier or value of a customer has changed."""

    TYPE = "customer.customer.described"
    SUBJECT = "customer_id"
    customer_id: CustomerId
    tier: str


class CustomerMerged(Event, frozen=True, kw_only=True):
    """A customer is now another one; what points at it means its heir."""

    TYPE = "customer.customer.merged"
    SUBJECT = "customer_id"
    customer_id: CustomerId
    into: CustomerId


class CustomerErased(Event, frozen=True, kw_only=True):
    """A customer is only a number now; whoever keeps words about them must forget them."""

    TYPE = "customer.customer.erased"
    SUBJECT = "customer_id"
    customer_id: CustomerId


class ConsentChanged(Event, frozen=True, kw_only=True):
    """A consent was granted or withdrawn."""

    TYPE = "customer.consent.changed"
    SUBJECT = "customer_id"
    customer_id: CustomerId
    purpose: str
    granted: bool


class AddressAdded(Event, frozen=True, kw_only=True):
    """A customer has another address."""

    TYPE = "customer.address.added"
    SUBJECT = "customer_id"
    customer_id: CustomerId
    address_id: AddressId


class ContactLogged(Event, frozen=True, kw_only=True):
    """We spoke with a customer."""

    TYPE = "customer.contact.logged"
    SUBJECT = "customer_id"
    customer_id: CustomerId
    contact_id: ContactId
    channel: str
    kind: str
