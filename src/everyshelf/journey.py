"""The rooms, in the order in which an order walks through them.

This is the one list: migrations, the import contract, the audit, the worker and the docs read it.
A room imports only rooms that stand before it here; it tells the later ones by events.
"""

ROOMS = (
    "catalog",
    "network",
    "customer",
    "stock",
    "promise",
    "cart",
    "orders",
    "payment",
    "sourcing",
    "fulfillment",
    "transport",
    "pickup",
    "returns",
    "planning",
    "insight",
)


def before(room: str) -> tuple[str, ...]:
    """The rooms that `room` may import and hear: those earlier in the journey."""
    return ROOMS[: ROOMS.index(room)]
