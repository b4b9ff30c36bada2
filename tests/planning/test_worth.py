"""What units are worth is reckoned from what happened, and moves decisions as it should."""

from __future__ import annotations

from datetime import timedelta

import pytest
from typer.testing import CliRunner

from everyshelf import planning, sourcing, stock
from everyshelf.base.tx import Database
from everyshelf.edge.cli import app
from everyshelf.planning import Terms
from everyshelf.sourcing import Worth
from tests.sourcing import shop
from tests.sourcing.test_resource import reject
from tests.world import TEXAN, done


def worths(db: Database, now: object = shop.NOW) -> dict[tuple[str, str], Worth]:
    seen = db.run(lambda tx: planning.read(tx, Terms()), now=shop.later(hours=1))
    return {(w.item, w.node): w for w in planning.reckon(seen, Terms())}


def test_a_unit_near_the_buyers_is_worth_more_than_one_far_away(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 14, ("S003", "TEA-1"): 40})
    shop.source(db, *(shop.order(("TEA-1", 1)) for _ in range(12)))
    shop.source(db, *(shop.order(("TEA-1", 1), to=TEXAN) for _ in range(2)))
    found = worths(db)
    assert found["TEA-1", "S001"].scarcity_milli > found["TEA-1", "S003"].scarcity_milli == 0
    again = worths(db)
    assert found == again


def test_tills_that_sell_put_a_price_on_the_last_units(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 30, ("S002", "TEA-1"): 30})
    sales = [stock.Sell(key=f"s{n}", item="TEA-1", node="S001", qty=1) for n in range(28)]
    db.run(lambda tx: done(stock.sell(tx, sales)), now=shop.NOW)
    found = worths(db)
    assert found["TEA-1", "S001"].walk_in_milli > 0
    assert found["TEA-1", "S002"].walk_in_milli == 0


def test_a_node_that_does_not_find_its_units_is_doubted(db: Database) -> None:
    shop.shop(db, {("S001", "TEA-1"): 30, ("S002", "TEA-1"): 30, ("S003", "TEA-1"): 30})
    for _ in range(6):
        [order] = shop.source(db, shop.order(("TEA-1", 1)))
        reject(db, order, "S001")
    found = worths(db)
    assert found["TEA-1", "S001"].lost_bp > 2 * found["TEA-1", "S003"].lost_bp == 200


def test_what_is_kept_moves_the_next_decision_and_says_so(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.shop(db, {("S001", "TEA-1"): 9, ("S002", "TEA-1"): 9})
    [before] = shop.source(db, shop.order(("TEA-1", 1)))
    [first] = shop.nodes(db, before)
    rows = [Worth("TEA-1", first, scarcity_milli=1_830_000), Worth("TEA-1", "DC9")]
    run = db.run(lambda tx: sourcing.set_worth(tx, rows, 8, 1, 7), now=shop.NOW)
    assert (run.run, run.cells) == (1, 1)
    [after] = shop.source(db, shop.order(("TEA-1", 1)))
    assert shop.nodes(db, after) != {first}
    [decision] = shop.why(db, after).decisions
    terms = {c.node: c.terms_minor for c in decision.candidates}
    assert terms[first]["scarcity"] == 1830.0
    assert shop.again(db, decision.decision_id).same_answer
    monkeypatch.setenv("EVERYSHELF_DATABASE_URL", db.url)
    shown = CliRunner().invoke(app, ["why", str(after)], env={"COLUMNS": "200"})
    assert f"Keeping these units at {first} is worth" in shown.output
    db.run(lambda tx: sourcing.set_worth(tx, [], 8, 1, 7), now=shop.later(hours=1))
    assert shop.ask(db, "select 1 from sourcing_worth") == []
    assert shop.findings(db) == []


def test_the_command_shows_and_keeps(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.shop(db, {("S001", "TEA-1"): 9, ("S002", "TEA-1"): 9})
    monkeypatch.setenv("EVERYSHELF_DATABASE_URL", db.url)
    shown = CliRunner().invoke(app, ["policy", "worth", "--dry-run"], env={"COLUMNS": "200"})
    assert "A unit there is worth" in shown.output, shown.output
    assert db.run(sourcing.last_run) is None
    kept = CliRunner().invoke(app, ["policy", "worth"])
    assert "Reckoning 1" in kept.output
    made = planning.renew(db)
    assert made.run == 2
    assert made.at - db.run(lambda tx: tx.now) < timedelta(seconds=60)
