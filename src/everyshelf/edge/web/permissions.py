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
OFFICE_AT_WORK: Final = OFFICE - {Role.AUDITOR}
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
    # The live page of a public demo; elsewhere there is nothing behind these.
    "GET /": PUBLIC,
    "GET /live/state": PUBLIC,
    "GET /live/orders/{order_id}": PUBLIC,
    "GET /static/{name}": PUBLIC,
    "GET /metrics": _may(HEADS | {Role.AUDITOR, Role.INTEGRATION}),
    # Stock.
    "POST /v1/stock/availability": _may(ALL, EVERYWHERE),
    "GET /v1/stock/balances": _may(ALL, NODE),
    "GET /v1/stock/moves": _may(OFFICE | KEEPERS, NODE),
    "GET /v1/stock/holds": _may(OFFICE | KEEPERS, NODE | CHANNEL),
    "GET /v1/stock/transfers": _may(OFFICE | SITES, NODE),
    "GET /v1/stock/inbound": _may(OFFICE | SITES, NODE),
    "GET /v1/stock/rules": _may(OFFICE),
    "GET /v1/stock/walk-in-rates": _may(OFFICE),
    "GET /v1/stock/counts": _may(OFFICE | KEEPERS, NODE),
    "POST /v1/stock/holds": _may(SHOPS, CHANNEL),
    "POST /v1/stock/holds/end": _may(SHOPS, CHANNEL),
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
    # Catalog.
    "GET /v1/items": _may(ALL, EVERYWHERE),
    "GET /v1/items/{item}": _may(ALL, EVERYWHERE),
    "GET /v1/channels": _may(ALL, EVERYWHERE),
    "GET /v1/listings": _may(ALL, EVERYWHERE),
    "GET /v1/barcodes/{barcode}": _may(ALL, EVERYWHERE),
    "PUT /v1/items/{item}": _may(SUPPLIERS_OF_DATA),
    "PUT /v1/kits/{kit}": _may(SUPPLIERS_OF_DATA),
    "PUT /v1/channels/{channel}": _may(HEADS),
    "PUT /v1/listings/{channel}/{item}": _may(SUPPLIERS_OF_DATA, CHANNEL),
    "PUT /v1/barcodes/{barcode}": _may(SUPPLIERS_OF_DATA),
    # Network.
    "GET /v1/nodes": _may(ALL, EVERYWHERE),
    "GET /v1/nodes/{node}": _may(ALL, EVERYWHERE),
    "GET /v1/services": _may(ALL, EVERYWHERE),
    "GET /v1/services/{service}": _may(OFFICE),
    "GET /v1/lanes": _may(OFFICE),
    "GET /v1/supplier-items": _may(OFFICE),
    "PUT /v1/nodes/{node}": _may(SUPPLIERS_OF_DATA),
    "POST /v1/nodes/{node}/pause": _may(PLANNERS | {Role.STORE_MANAGER}, NODE),
    "POST /v1/nodes/{node}/resume": _may(PLANNERS | {Role.STORE_MANAGER}, NODE),
    "PUT /v1/services/{service}": _may(SUPPLIERS_OF_DATA),
    "PUT /v1/lanes/{node}/{region}/{service}": _may(SUPPLIERS_OF_DATA),
    "PUT /v1/supplier-items/{node}/{item}": _may(SUPPLIERS_OF_DATA | {Role.PARTNER}, NODE),
    # Customers: personal data, so no key that is bound to a place.
    "GET /v1/customers": _may(PERSONAL),
    "GET /v1/customers/{customer_id}": _may(PERSONAL),
    "GET /v1/customers/{customer_id}/contacts": _may(PERSONAL),
    "POST /v1/customers/find": _may(PERSONAL),
    "POST /v1/customers": _may(SELLERS),
    "PATCH /v1/customers/{customer_id}": _may(SELLERS),
    "POST /v1/customers/{winner}/merge": _may(SELLERS),
    "POST /v1/customers/{customer_id}/addresses": _may(SELLERS),
    "DELETE /v1/customers/{customer_id}/addresses/{address_id}": _may(SELLERS),
    "PUT /v1/customers/{customer_id}/consents/{purpose}": _may(SELLERS),
    "POST /v1/customers/{customer_id}/contacts": _may(SELLERS),
    "POST /v1/customers/{customer_id}/erase": _may(HEADS),
    # Promises and carts.
    "POST /v1/promises": _may(SHOPS, EVERYWHERE),
    "GET /v1/carts": _may(SELLERS | {Role.AUDITOR}, CHANNEL),
    "GET /v1/carts/{cart_id}": _may(SELLERS | {Role.AUDITOR}, CHANNEL),
    "POST /v1/carts": _may(SELLERS, CHANNEL),
    "POST /v1/carts/{cart_id}/lines": _may(SELLERS, CHANNEL),
    "DELETE /v1/carts/{cart_id}/lines/{line}": _may(SELLERS, CHANNEL),
    "POST /v1/carts/{cart_id}/attach": _may(SELLERS, CHANNEL),
    "POST /v1/carts/{winner}/merge": _may(SELLERS, CHANNEL),
    # Orders and their money.
    "GET /v1/orders": _may(OFFICE, CHANNEL),
    "GET /v1/orders/{order_id}": _may(OFFICE, CHANNEL),
    "GET /v1/orders/{order_id}/timeline": _may(OFFICE, CHANNEL),
    "POST /v1/orders": _may(SELLERS, CHANNEL),
    "POST /v1/orders/{order_id}/cancel": _may(SELLERS, CHANNEL),
    "POST /v1/orders/{order_id}/amend": _may(SELLERS, CHANNEL),
    "POST /v1/orders/{order_id}/holds": _may(SELLERS | {Role.FINANCE}, CHANNEL),
    "POST /v1/orders/{order_id}/holds/{kind}/release": _may(SELLERS | {Role.FINANCE}, CHANNEL),
    "GET /v1/payment-intents": _may(BOOKS | {Role.AGENT, Role.AUDITOR}),
    "GET /v1/orders/{order_id}/payment": _may(PERSONAL, CHANNEL),
    "POST /v1/orders/{order_id}/payment/authorize": _may(SELLERS | {Role.FINANCE}, CHANNEL),
    "POST /v1/orders/{order_id}/payment/refund": _may(BOOKS | {Role.AGENT}, CHANNEL),
    "POST /v1/orders/{order_id}/payment/intents/{intent_id}/retry": _may(BOOKS),
    # Sourcing.
    "GET /v1/demand": _may(OFFICE),
    "GET /v1/decisions": _may(OFFICE),
    "GET /v1/orders/{order_id}/why": _may(OFFICE, CHANNEL),
    "GET /v1/capacity": _may(OFFICE | KEEPERS, NODE),
    # Policies: the office reads them, planners and heads put them in force.
    "GET /v1/policies": _may(OFFICE),
    "GET /v1/policies/{name}": _may(OFFICE),
    "GET /v1/policies/{name}/{number}": _may(OFFICE),
    "GET /v1/policies/{name}/{number}/experiment": _may(OFFICE),
    "POST /v1/policies/{name}/check": _may(PLANNERS),
    "POST /v1/policies/{name}/drafts": _may(PLANNERS),
    "POST /v1/policies/{name}/{number}/promote": _may(PLANNERS),
    "POST /v1/policies/{name}/{number}/retire": _may(PLANNERS),
    "POST /v1/policies/{name}/rollback": _may(PLANNERS),
    # Work at nodes.
    "GET /v1/fulfillments": _may(OFFICE | SITES, NODE),
    "GET /v1/fulfillments/{fulfillment_id}": _may(OFFICE | SITES, NODE),
    "POST /v1/fulfillments/{fulfillment_id}/accept": _may(SITES, NODE),
    "POST /v1/fulfillments/{fulfillment_id}/reject": _may(SITES, NODE),
    "POST /v1/fulfillments/{fulfillment_id}/pick": _may(SITES, NODE),
    "POST /v1/fulfillments/{fulfillment_id}/unpick": _may(SITES, NODE),
    "POST /v1/fulfillments/{fulfillment_id}/short": _may(SITES, NODE),
    "POST /v1/fulfillments/{fulfillment_id}/pack": _may(SITES, NODE),
    "POST /v1/fulfillments/{fulfillment_id}/unpack": _may(SITES, NODE),
    "POST /v1/fulfillments/{fulfillment_id}/prepare": _may(SITES, NODE),
    "GET /v1/waves": _may(OFFICE | SITES, NODE),
    "GET /v1/waves/{wave_id}/picks": _may(OFFICE | SITES, NODE),
    "POST /v1/waves": _may(SITES, NODE),
    "POST /v1/waves/{wave_id}/close": _may(SITES, NODE),
    "GET /v1/supplier-orders": _may(OFFICE | {Role.PARTNER}, NODE),
    "GET /v1/supplier-orders/{supplier_order_id}": _may(OFFICE | {Role.PARTNER}, NODE),
    "POST /v1/supplier-orders/{supplier_order_id}/confirm": _may(SYSTEMS | {Role.PARTNER}, NODE),
    "POST /v1/supplier-orders/{supplier_order_id}/refuse": _may(SYSTEMS | {Role.PARTNER}, NODE),
    "POST /v1/supplier-orders/{supplier_order_id}/ship": _may(SYSTEMS | {Role.PARTNER}, NODE),
    # Transport.
    "GET /v1/shipments": _may(OFFICE | SITES, NODE),
    "GET /v1/shipments/{shipment_id}": _may(OFFICE | SITES, NODE),
    "GET /v1/packages/{package_id}/label.pdf": _may(SITES, NODE),
    "GET /v1/packages/{package_id}/label.zpl": _may(SITES, NODE),
    "GET /v1/manifests": _may(OFFICE | SITES, NODE),
    "POST /v1/fulfillments/{fulfillment_id}/ship": _may(SITES, NODE),
    "POST /v1/fulfillments/{fulfillment_id}/labels": _may(SITES, NODE),
    "POST /v1/shipments/{shipment_id}/tracking": _may(SYSTEMS | {Role.PARTNER}, NODE),
    "POST /v1/manifests": _may(SITES, NODE),
    # Pickup.
    "GET /v1/pickups": _may(OFFICE | FLOOR, NODE),
    "GET /v1/pickups/{pickup_id}": _may(OFFICE | FLOOR, NODE),
    "POST /v1/fulfillments/{fulfillment_id}/stage": _may(FLOOR, NODE),
    "POST /v1/pickups/{pickup_id}/code": _may(FLOOR | {Role.AGENT}, NODE),
    "POST /v1/pickups/{pickup_id}/check-in": _may(FLOOR | {Role.AGENT}, NODE),
    "POST /v1/pickups/{pickup_id}/hand-over": _may(FLOOR, NODE),
    "POST /v1/pickups/{pickup_id}/unlock": _may(HEADS | {Role.STORE_MANAGER, Role.ASSOCIATE}, NODE),
    # Returns. Whoever receives one must be able to look at it; it names no person.
    "GET /v1/returns": _may(OFFICE, CHANNEL),
    "GET /v1/returns/{rma_id}": _may(OFFICE | FLOOR, EVERYWHERE),
    "POST /v1/orders/{order_id}/returns": _may(SELLERS, CHANNEL),
    "POST /v1/orders/{order_id}/counter-returns": _may(FLOOR, NODE),
    "POST /v1/returns/{rma_id}/receive": _may(SITES, NODE),
    "POST /v1/returns/{rma_id}/close": _may(SELLERS | {Role.STORE_MANAGER}, CHANNEL),
    "POST /v1/returns/{rma_id}/cancel": _may(SELLERS, CHANNEL),
    # Planning and insight.
    "GET /v1/makes": _may(OFFICE | SITES, NODE),
    "GET /v1/makes/{make_id}": _may(OFFICE | SITES, NODE),
    "POST /v1/makes/{make_id}/start": _may(SITES, NODE),
    "POST /v1/makes/{make_id}/made": _may(SITES, NODE),
    "GET /v1/exceptions": _may(OFFICE | {Role.STORE_MANAGER}, NODE),
    "GET /v1/exceptions/{case_id}": _may(OFFICE | {Role.STORE_MANAGER}, NODE),
    "POST /v1/exceptions/{case_id}/assign": _may(OFFICE_AT_WORK | {Role.STORE_MANAGER}, NODE),
    "POST /v1/exceptions/{case_id}/resolve": _may(OFFICE_AT_WORK | {Role.STORE_MANAGER}, NODE),
    "POST /v1/exceptions/{case_id}/notes": _may(OFFICE_AT_WORK | {Role.STORE_MANAGER}, NODE),
    "GET /v1/kpis": _may(OFFICE),
    "POST /v1/audit": _may(HEADS | {Role.AUDITOR, Role.FINANCE}),
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
