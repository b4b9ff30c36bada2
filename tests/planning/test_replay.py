"""Orders of the past are decided again under other rules, and nothing else happens."""

from __future__ import annotations

import json
from datetime import timedelta

import msgspec
import pytest
from typer.testing import CliRunner

from everyshelf import planning
from everyshelf.base import policy
from everyshelf.base.tx import Database
from everyshelf.edge.cli import app
from everyshelf.planning import Report
from everyshelf.sourcing import Rules
from tests.sourcing import shop
from tests.sourcing.test_resource import reject

FAR = '{"filters": [{"part": "condition", "name": "dc only", "keep": "node.kind == \'dc\'"}]}'
NOBODY = '{"filters": [{"part": "condition", "name": "nobody", "keep": "node.km < 0"}]}'
SINCE, UNTIL = shop.NOW - timedelta(days=1), shop.NOW + timedelta(days=1)


def rules(text: str) -> Rules:
    return msgspec.json.decode(text, type=Rules)


@pytest.fixture
def past(db: Database) -> Database:
    """Six orders that stores served."""
    shop.shop(db, {("S001", "TEA-1"): 50, ("DC1", "TEA-1"): 50, ("DC1", "MUG-1"): 3})
    shop.source(db, *(shop.order(("TEA-1", 1)) for _ in range(5)))
    shop.source(db, shop.order(("TEA-1", 1), ("MUG-1", 1)))
    return db


def run(db: Database, text: str, against: int | None = None) -> Report:
    return db.run(lambda tx: planning.replay(tx, rules(text), "new", SINCE, UNTIL, against))


def test_the_same_rules_change_nothing(past: Database) -> None:
    found = run(past, "{}")
    assert found.changed == 0
    assert found.examples == ()
    assert msgspec.structs.replace(found.before, label="new") == found.after
    assert found.before.decisions == 6


def test_other_rules_are_beside_what_they_would_have_cost(past: Database) -> None:
    effects = shop.ask(past, "select count(*) from event")
    found = run(past, FAR)
    assert found.changed == 5
    assert found.before.nodes == {"DC1": 1, "S001": 5}
    assert found.after.nodes == {"DC1": 6}
    assert found.after.km > found.before.km
    assert found.after.cost_minor > found.before.cost_minor
    example = found.examples[0]
    assert (example.before.nodes, example.after.nodes) == (("S001",), ("DC1",))
    assert example.after.left_out["S001"] == "dc only"
    assert sum(example.after.terms_minor.values()) == pytest.approx(example.after.cost_minor, abs=1)
    assert shop.ask(past, "select count(*) from event") == effects
    back = run(past, "{}", against=1)
    assert back.after.cost_minor == found.before.cost_minor


def test_a_period_has_an_end_and_a_beginning(past: Database) -> None:
    none = past.run(
        lambda tx: planning.replay(tx, rules(FAR), "new", UNTIL, UNTIL + timedelta(days=1))
    )
    assert (none.before.decisions, none.changed) == (0, 0)
    few = past.run(lambda tx: planning.replay(tx, rules(FAR), "new", SINCE, UNTIL, None, 2))
    assert few.before.decisions == 2


def test_failures_are_told_by_node_item_and_filter(past: Database) -> None:
    [order] = shop.source(past, shop.order(("TEA-1", 1)))
    reject(past, order, "S001")
    version = past.run(lambda tx: policy.draft(tx, "sourcing", rules(NOBODY)))
    terms = policy.Terms(force=True)
    past.run(lambda tx: policy.promote(tx, "sourcing", version, terms=terms), now=shop.NOW)
    shop.source(past, shop.order(("TEA-1", 2)))
    found = past.run(lambda tx: planning.failures(tx, SINCE, UNTIL))
    assert [(n.node, n.reason, n.times) for n in found.nodes] == [("S001", "not_found", 1)]
    assert [(i.item, i.units) for i in found.items] == [("TEA-1", 2)]
    assert [(r.filter, r.decisions) for r in found.filters] == [("nobody", 1)]
    assert found.short == 1


def test_the_command_prints_both_sides(
    past: Database, tmp_path: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVERYSHELF_DATABASE_URL", past.url)
    file = f"{tmp_path}/rules.json"
    with open(file, "w") as sink:
        sink.write(FAR)
    period = ["--from", "2026-03-03", "--to", "2026-03-05"]
    told = CliRunner().invoke(app, ["policy", "replay", file, *period, "--json"])
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["changed"] == 5
    shown = CliRunner().invoke(app, ["policy", "replay", file, *period], env={"COLUMNS": "200"})
    assert "5 of 6 decisions would be others" in shown.output
    assert "left out: S001 (dc only)" in shown.output
    wrong = CliRunner().invoke(app, ["policy", "replay", file, "--against", "yesterday"])
    assert wrong.exit_code != 0
    shown = CliRunner().invoke(app, ["policy", "failures", *period])
    assert "6 decisions, 0 left short" in shown.output


def test_a_shadow_decides_beside_the_live_version_without_effect(past: Database) -> None:
    version = past.run(lambda tx: policy.draft(tx, "sourcing", rules(FAR)))
    past.run(lambda tx: policy.promote(tx, "sourcing", version, policy.State.SHADOW))
    orders = shop.source(past, *(shop.order(("TEA-1", 1)) for _ in range(3)))
    assert all(shop.nodes(past, o) == {"S001"} for o in orders)
    found = past.run(lambda tx: planning.shadowed(tx, version, SINCE, UNTIL))
    assert (found.decisions, found.changed, found.unfilled) == (3, 3, 0)
    assert found.cost_minor > found.before_minor > 0
    assert shop.ask(past, "select distinct nodes from sourcing_shadow") == [(["DC1"],)]
    past.run(lambda tx: policy.retire(tx, "sourcing", version))
    shop.source(past, shop.order(("TEA-1", 1)))
    assert past.run(lambda tx: planning.shadowed(tx, version, SINCE, UNTIL)).decisions == 3
    assert shop.findings(past) == []
