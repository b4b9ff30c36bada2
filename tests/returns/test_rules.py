"""The policy `returns`: documents that cannot be meant, and orders that each have their version."""

from __future__ import annotations

from typing import Any

import pytest

from everyshelf import returns
from everyshelf.base import policy
from everyshelf.base.errors import Refused
from everyshelf.base.policy import Scope, Terms
from everyshelf.base.tx import Database, Tx
from everyshelf.orders import OrderId, PlaceLine
from everyshelf.returns import AskedLine, OpenRma, ReturnsPolicy
from tests.returns.sold import NOON, sold, world

WRONG: list[tuple[dict[str, Any], list[str]]] = [
    ({"window_days": -1, "rma_days": 4_000}, ["/window_days", "/rma_days"]),
    ({"window_days": "30"}, ["/window_days"]),
    ({"window": 3}, ["/window"]),
    ({"rules": [{"name": "a", "outcome": "restok"}]}, ["/rules/0/outcome"]),
    ({"rules": [{"name": "a", "outcome": "scrap", "colour": 1}]}, ["/rules/0/colour"]),
    ({"rules": [{"name": "a", "outcome": "scrap", "grades": []}]}, ["/rules/0/grades"]),
    ({"rules": [{"name": "a", "outcome": "outlet", "recalled": True}]}, ["/rules/0/outcome"]),
    ({"rules": [{"name": "a", "outcome": "scrap", "value_from_minor": 5, "value_to_minor": 4}]},
     ["/rules/0/value_to_minor"]),
    ({"rules": [{"name": "a", "outcome": "scrap"}, {"name": "a", "outcome": "recycle"}]},
     ["/rules/0/name", "/rules/1/name", "/rules/1"]),
]  # fmt: skip


@pytest.mark.parametrize(("document", "places"), WRONG)
def test_a_document_that_cannot_be_meant_is_refused(
    db: Database, document: dict[str, Any], places: list[str]
) -> None:
    with pytest.raises(Refused) as refused:
        db.run(lambda tx: policy.draft_document(tx, "returns", document))
    assert refused.value.code == "policy.invalid"
    assert [e.path for e in refused.value.errors] == places
    assert db.run(lambda tx: policy.versions(tx, "returns")) == []


def test_the_default_is_good() -> None:
    assert list(returns.check_rules(ReturnsPolicy())) == []


def in_force(db: Database, params: ReturnsPolicy, scope: Scope) -> None:
    """Drafts a version and puts it in force for these orders."""

    def work(tx: Tx) -> None:
        version = policy.draft(tx, "returns", params)
        policy.promote(tx, "returns", version, terms=Terms(scope=scope))

    db.run(work, now=NOON)


def test_each_order_is_returned_by_the_version_of_its_scope(db: Database) -> None:
    world(db)
    in_force(db, ReturnsPolicy(rma_days=10), Scope())
    in_force(db, ReturnsPolicy(rma_days=60), Scope(regions=("NY",)))
    assert _days(db, sold(db, PlaceLine("TEA-1", 1))) == 60
    db.run(lambda tx: policy.retire(tx, "returns", 2), now=NOON)
    assert _days(db, sold(db, PlaceLine("TEA-1", 1), ref="2")) == 10


def _days(db: Database, order_id: OrderId) -> int:
    command = OpenRma(f"open:{order_id}", order_id, [AskedLine(1, 1)])
    (opened,) = db.run(lambda tx: returns.open_rma(tx, [command]), now=NOON)
    return (opened.get().expires_at - NOON).days
