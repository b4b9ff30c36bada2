"""Which version decides an order, and which version is not let in."""

import msgspec
import pytest

from everyshelf.base import policy
from everyshelf.base.errors import Refused
from everyshelf.base.policy import Scope, State, Terms
from everyshelf.base.tx import Database
from everyshelf.sourcing import Rules
from tests.sourcing import shop

FAR = '{"filters": [{"part": "condition", "name": "far only", "keep": "node.kind == \'dc\'"}]}'
NOBODY = '{"filters": [{"part": "condition", "name": "nobody", "keep": "node.km < 0"}]}'


def draft(db: Database, text: str) -> int:
    rules = msgspec.json.decode(text, type=Rules)
    return db.run(lambda tx: policy.draft(tx, "sourcing", rules), now=shop.NOW)


def live(db: Database, version: int, terms: Terms = Terms()) -> None:  # noqa: B008
    db.run(
        lambda tx: policy.promote(tx, "sourcing", version, State.LIVE, terms=terms), now=shop.NOW
    )


def test_an_experiment_decides_its_share_of_the_orders_and_says_so(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 99, ("DC1", "TEA-1"): 99})
    version = draft(db, FAR)
    live(db, version, Terms(scope=Scope(share_pct=50)))
    orders = shop.source(db, *(shop.order(("TEA-1", 1)) for _ in range(40)))
    decided = {o: shop.why(db, o).decisions[0].policy_version for o in orders}
    assert {shop.nodes(db, o) == {"DC1"} for o, v in decided.items() if v == version} == {True}
    assert {shop.nodes(db, o) == {"S001"} for o, v in decided.items() if v == 1} == {True}
    assert 8 < sum(v == version for v in decided.values()) < 32
    assert shop.findings(db) == []


def test_a_scope_names_channels_regions_and_tiers(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 99, ("DC1", "TEA-1"): 99})
    live(db, draft(db, FAR), Terms(scope=Scope(regions=("NY",))))
    [near] = shop.source(db, shop.order(("TEA-1", 1)))
    assert shop.nodes(db, near) == {"DC1"}


def test_a_version_under_which_nobody_is_served_is_caught_in_draft(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 99})
    shop.source(db, *(shop.order(("TEA-1", 1)) for _ in range(8)))
    bad, good = draft(db, NOBODY), draft(db, '{"limits": {"max_nodes": 2}}')
    with pytest.raises(Refused) as refused:
        live(db, bad)
    assert refused.value.code == "policy.trial_failed"
    [problem] = refused.value.errors
    assert problem.path == "/filters/0"
    assert "8 of the last 8 orders would find no node; 'nobody'" in problem.detail
    live(db, good)
    live(db, bad, Terms(force=True))


def test_a_document_with_flaws_is_refused_with_every_place(db: Database) -> None:
    with pytest.raises(Refused) as refused:
        draft(db, '{"bands": [["speed"]], "turns": [{"when": "order.colour == 1", "priority": 1}]}')
    assert refused.value.code == "policy.invalid"
    assert [p.path for p in refused.value.errors] == ["/bands/0/0", "/turns/0/when"]
    assert len(shop.ask(db, "select 1 from policy where name = 'sourcing'")) == 1
