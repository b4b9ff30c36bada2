"""What the network tells: the places and the ways have changed."""

from everyshelf.base.events import Event


class NodeUpserted(Event, frozen=True, kw_only=True):
    """A node is new or has changed."""

    TYPE = "network.node.upserted"
    SUBJECT = "node"
    node: str
    kind: str
    active: bool
    capabilities: tuple[str, ...]


class NodePaused(Event, frozen=True, kw_only=True):
    """A node has left every pool for a while."""

    TYPE = "network.node.paused"
    SUBJECT = "node"
    node: str
    reason: str


class NodeResumed(Event, frozen=True, kw_only=True):
    """A paused node serves again."""

    TYPE = "network.node.resumed"
    SUBJECT = "node"
    node: str


class ServiceUpserted(Event, frozen=True, kw_only=True):
    """A service, its zones or its rates have changed."""

    TYPE = "network.service.upserted"
    SUBJECT = "service"
    service: str
    active: bool


class LaneUpserted(Event, frozen=True, kw_only=True):
    """The transit of a lane has changed."""

    TYPE = "network.lane.upserted"
    SUBJECT = "lane"
    node: str
    region: str
    service: str
    zone: int
    days_p50: int
    days_p90: int

    @property
    def lane(self) -> str:
        """What is versioned here: one way from a node to a region."""
        return f"{self.node}/{self.region}/{self.service}"
