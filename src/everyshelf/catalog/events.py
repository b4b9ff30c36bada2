"""What the catalog tells: something that is sold has changed."""

from everyshelf.base.events import Event
from everyshelf.catalog.facts import KitPart


class ItemUpserted(Event, frozen=True, kw_only=True):
    """An item is new or has changed."""

    TYPE = "catalog.item.upserted"
    SUBJECT = "item"
    item: str
    active: bool
    price_minor: int
    currency: str


class KitUpserted(Event, frozen=True, kw_only=True):
    """The components of a kit have changed; none means it is a kit no more."""

    TYPE = "catalog.kit.upserted"
    SUBJECT = "kit"
    kit: str
    components: tuple[KitPart, ...]


class ListingUpserted(Event, frozen=True, kw_only=True):
    """An item's price or presence on a channel has changed."""

    TYPE = "catalog.listing.upserted"
    SUBJECT = "listing"
    channel: str
    item: str
    price_minor: int
    currency: str
    listed: bool

    @property
    def listing(self) -> str:
        """What is versioned here: one item on one channel."""
        return f"{self.channel}/{self.item}"


class ChannelUpserted(Event, frozen=True, kw_only=True):
    """A channel is new or has changed."""

    TYPE = "catalog.channel.upserted"
    SUBJECT = "channel"
    channel: str
    kind: str
    currency: str
    active: bool
