"""The table of permissions: every method and route with its verdict. What is not here is refused.

Read it as a text: who may, and which bound keys the route serves. A test and the start of the
server compare it with the routes that exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from everyshelf.edge.keys import Role
from everyshelf.edge.web.access import Reach, Verdict

ALL: Final = frozenset(Role)
HEADS: Final = frozenset({Role.OWNER, Role.ADMIN})
SYSTEMS: Final = HEADS | {Role.INTEGRATION}
PLANNERS: Final = HEADS | {Role.PLANNER}
SUPPLIERS_OF_DATA: Final = PLANNERS | {Role.INTEGRATION}
SELLERS: Final = HEADS | {Role.AGENT, Role.INTEGRATION}
SHOPS: Final = SELLERS | {Role.STORE_MANAGER, Role.ASSOCIATE}
FLOOR: Final = HEADS | {Role.STORE_MANAGER, Role.ASSOCIATE, Role.WAREHOUSE, Role.INTEGRATION}
SITES: Final = FLOOR | {Role.PARTNER}
KEEPERS: Final = HEADS | {Role.PLANNER, Role.STORE_MANAGER, Role.WAREHOUSE, Role.INTEGRATION}
BOOKS: Final = HEADS | {Role.FINANCE}
OFFICE: Final = HEADS | {
    Role.PLANNER, Role.AGENT, Role.FINANCE, Role.AUDITOR, Role.INTEGRATION,
}  # fmt: skip
PERSONAL: Final = HEADS | {Role.AGENT, Role.FINANCE, Role.AUDITOR, Role.INTEGRATION}

NODE: Final = Reach.NODE
CHANNEL: Final = Reach.CHANNEL
EVERYWHERE: Final = Reach.EVERYWHERE


def _may(roles: frozenset[Role], reach: Reach = Reach.UNBOUND) -> Verdict:
    return Verdict(roles, reach)


PUBLIC: Final = Verdict(frozenset(), public=True)

POLICY: Final[Mapping[str, Verdict]] = {
    # The server itself.
    "GET /healthz": PUBLIC,
    "GET /readyz": PUBLIC,
    "GET /openapi.json": PUBLIC,
    "GET /docs": PUBLIC,
    "GET /problems/{code}": PUBLIC,
    "GET /metrics": _may(HEADS | {Role.AUDITOR, Role.INTEGRATION}),
    # Stock.
    "POST /v1/stock/availability": _may(ALL, EVERYWHERE),
    "GET /v1/stock/balances": _may(ALL, NODE),
    "GET /v1/stock/moves": _may(OFFICE | KEEPERS, NODE),
    "GET /v1/stock/holds": _may(OFFICE | KEEPERS, NODE | CHANNEL),
    "GET /v1/stock/transfers": _may(OFFICE | SITES, NODE),
    "GET /v1/stock/inbound": _may(OFFICE | SITES, NODE),
    "GET /v1/stock/rules": _may(OFFICE),
    "GET /v1/stock/counts": _may(OFFICE | KEEPERS, NODE),
    "POST /v1/stock/holds": _may(SHOPS, CHANNEL),
    "POST /v1/stock/receipts": _may(SITES, NODE),
    "POST /v1/stock/adjustments": _may(KEEPERS, NODE),
    "POST /v1/stock/counts": _may(SITES, NODE),
    "POST /v1/stock/regrades": _may(FLOOR, NODE),
    "POST /v1/stock/sales": _may(FLOOR, NODE),
    "POST /v1/stock/feeds": _may(KEEPERS | {Role.PARTNER}, NODE),
    "PUT /v1/stock/rules": _may(PLANNERS),
    "POST /v1/stock/inbound": _may(SUPPLIERS_OF_DATA | {Role.PARTNER}, NODE),
    "POST /v1/stock/transfers": _may(KEEPERS, NODE),
    "POST /v1/stock/transfers/{transfer_id}/receive": _may(SITES, NODE),
    "POST /v1/stock/transfers/{transfer_id}/close": _may(KEEPERS, NODE),
    # Events, webhooks, keys.
    "GET /v1/events": _may(HEADS | {Role.AUDITOR, Role.INTEGRATION}),
    "GET /v1/webhooks": _may(SYSTEMS | {Role.AUDITOR}),
    "GET /v1/webhooks/{webhook_id}": _may(SYSTEMS | {Role.AUDITOR}),
    "GET /v1/webhooks/{webhook_id}/attempts": _may(SYSTEMS | {Role.AUDITOR}),
    "GET /v1/dead-letters": _may(SYSTEMS | {Role.AUDITOR}),
    "POST /v1/webhooks": _may(SYSTEMS),
    "PATCH /v1/webhooks/{webhook_id}": _may(SYSTEMS),
    "DELETE /v1/webhooks/{webhook_id}": _may(SYSTEMS),
    "POST /v1/webhooks/{webhook_id}/test": _may(SYSTEMS),
    "POST /v1/webhooks/{webhook_id}/replay": _may(SYSTEMS),
    "POST /v1/webhooks/{webhook_id}/revive": _may(SYSTEMS),
    "GET /v1/keys": _may(HEADS | {Role.AUDITOR}),
    "POST /v1/keys": _may(HEADS),
    "POST /v1/keys/{key_id}/revoke": _may(HEADS),
}
