"""Orders that wait for their customer: staged, checked in, handed over, not collected.

Owns pickup. Hears work that is packed, reopened or cancelled. Emits pickup.order.* and
pickup.code.*. Never packs, chooses a node or moves money itself; never keeps a code in clear.
"""

from everyshelf.pickup.expire import expire
from everyshelf.pickup.facts import Act, Pickup, PickupId, State
from everyshelf.pickup.hand import CheckIn, Handed, HandOver, check_in, hand_over
from everyshelf.pickup.shelf import get, of_fulfillments, waiting
from everyshelf.pickup.stage import IssueCode, Stage, Staged, Unlock, issue_code, stage, unlock

__all__ = [
    "Act",
    "CheckIn",
    "HandOver",
    "Handed",
    "IssueCode",
    "Pickup",
    "PickupId",
    "Stage",
    "Staged",
    "State",
    "Unlock",
    "check_in",
    "expire",
    "get",
    "hand_over",
    "issue_code",
    "of_fulfillments",
    "stage",
    "unlock",
    "waiting",
]
