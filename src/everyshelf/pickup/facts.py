"""What a pickup is and which act is allowed in which state; pure.

A pickup is one packed fulfillment order that waits for its customer at a node. Its code has six
digits and is said aloud; its token has 128 bits and is scanned.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from everyshelf.base.errors import Code
from everyshelf.base.ids import Id
from everyshelf.fulfillment import FulfillmentId
from everyshelf.orders import OrderId


class PickupId(Id):
    """One packed order that waits for its customer."""

    prefix = "pup"


class State(StrEnum):
    """How far the pickup has come."""

    STAGED = "staged"
    CHECKED_IN = "checked_in"
    HANDED_OVER = "handed_over"
    NO_SHOW = "no_show"
    CANCELLED = "cancelled"


class Act(StrEnum):
    """What can be done to a pickup."""

    STAGE = "stage"
    ISSUE = "issue"
    UNLOCK = "unlock"
    CHECK_IN = "check_in"
    HAND_OVER = "hand_over"
    EXPIRE = "expire"
    CANCEL = "cancel"


OPEN: Final = (State.STAGED, State.CHECKED_IN)
NEXT: Final[dict[tuple[State, Act], State]] = {
    (State.STAGED, Act.STAGE): State.STAGED,
    (State.STAGED, Act.ISSUE): State.STAGED,
    (State.STAGED, Act.UNLOCK): State.STAGED,
    (State.STAGED, Act.CHECK_IN): State.CHECKED_IN,
    (State.STAGED, Act.HAND_OVER): State.HANDED_OVER,
    (State.STAGED, Act.EXPIRE): State.NO_SHOW,
    (State.STAGED, Act.CANCEL): State.CANCELLED,
    (State.CHECKED_IN, Act.STAGE): State.CHECKED_IN,
    (State.CHECKED_IN, Act.ISSUE): State.CHECKED_IN,
    (State.CHECKED_IN, Act.UNLOCK): State.CHECKED_IN,
    (State.CHECKED_IN, Act.CHECK_IN): State.CHECKED_IN,
    (State.CHECKED_IN, Act.HAND_OVER): State.HANDED_OVER,
    (State.CHECKED_IN, Act.EXPIRE): State.NO_SHOW,
    (State.CHECKED_IN, Act.CANCEL): State.CANCELLED,
}
COLLECTED: Final = frozenset({"pickup", "curbside", "locker"})
MAX_TRIES: Final = 5
WINDOW: Final = timedelta(days=7)
# Who has arrived is not sent home because the window ended while they waited at the door.
GRACE: Final = timedelta(hours=2)

UNKNOWN = Code("pickup.unknown", 404, "There is no such pickup.")
WORK_UNKNOWN = Code("pickup.work_unknown", 404, "There is no such fulfillment order.")
STATE = Code("pickup.state", 409, "The pickup is not in a state that allows this.")
NOT_COLLECTED = Code(
    "pickup.not_collected", 422, "This fulfillment order is not collected by the customer."
)
NOT_PACKED = Code("pickup.not_packed", 409, "Only packed work can be staged or handed over.")
WRONG_NODE = Code("pickup.wrong_node", 409, "The order waits at another node.")
CODE_MISSING = Code("pickup.code_missing", 422, "Present the code or the token.")
CODE_NONE = Code("pickup.code_none", 409, "No code was issued yet; issue one to the customer.")
CODE_WRONG = Code("pickup.code_wrong", 403, "The code is wrong; the try was counted.")
CODE_LOCKED = Code(
    "pickup.code_locked",
    423,
    "Five wrong codes were tried; check the customer's identity document to unlock.",
    constraint="pickup_tries_limited",
)
CANCELLED = Code("pickup.cancelled", 409, "All of its units were cancelled; nothing is due.")


class Pickup(msgspec.Struct, frozen=True):
    """A pickup as it stands; hashes stay inside the room."""

    part: int
    id: PickupId
    order_id: OrderId
    fulfillment_id: FulfillmentId
    node: str
    method: str
    state: State
    place: str
    bay: str
    tries: int
    staged_at: datetime
    expires_at: datetime
    checked_in_at: datetime | None
    handed_over_at: datetime | None
    handed_to: str
    reason: str
    version: int
    code_hash: bytes = b""
    token_hash: bytes = b""

    @property
    def locked(self) -> bool:
        """Five wrong codes were tried."""
        return self.tries >= MAX_TRIES


def allow(pickup: Pickup, act: Act) -> State:
    """The state after the act; refused when the pickup's state does not allow it."""
    after = NEXT.get((pickup.state, act))
    if after is None:
        raise STATE(f"{pickup.id} is {pickup.state}.")
    return after
