"""The commands of operators on a small retailer: what they say, as JSON and to a person."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from everyshelf import network, pickup, transport
from everyshelf.base import subscribe
from everyshelf.base.errors import Refused
from everyshelf.base.server import Server
from everyshelf.base.tx import Database
from everyshelf.edge import keys
from everyshelf.edge.cli import app
from everyshelf.orders import Cancel, CancelLine, OrderId, cancel
from tests import walk
from tests.walk import NOW, hear, packed, placed
from tests.world import small_world


@pytest.fixture
def retailer(db: Database, db_url: str, monkeypatch: pytest.MonkeyPatch) -> Database:
    small_world(db)
    monkeypatch.setenv("EVERYSHELF_DATABASE_URL", db_url)
    monkeypatch.setenv("COLUMNS", "220")
    monkeypatch.setenv("NO_COLOR", "1")
    return db


def said(*words: str) -> str:
    told = CliRunner().invoke(app, [*words], catch_exceptions=False)
    assert told.exit_code == 0, told.output
    return told.stdout


def unheard(db: Database, monkeypatch: pytest.MonkeyPatch, *lines: tuple[str, int]) -> OrderId:
    """An order that nobody has heard of yet."""
    with monkeypatch.context() as patch:
        patch.setattr(walk, "hear", lambda *_: None)
        return placed(db, *lines)


def found(*words: str) -> Any:
    return json.loads(said(*words, "--json"))


def refusal(*words: str) -> str:
    with pytest.raises(Refused) as caught:
        CliRunner().invoke(app, [*words], catch_exceptions=False)
    return str(caught.value.code)


def test_why_names_the_winner_the_runner_up_and_every_candidate(
    retailer: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = unheard(retailer, monkeypatch, ("MUG-1", 2))
    assert "Nothing has been decided" in said("why", str(order))
    hear(retailer)

    (decision,) = found("why", str(order))["decisions"]
    told = said("why", str(order))

    (part,) = decision["parts"]
    assert f"2 x MUG-1 from {part[1]} for" in told
    assert f"version {decision['policy_version']}." in told
    for candidate in decision["candidates"]:
        assert candidate["node"] in told
    excluded = {c["excluded_by"] for c in decision["candidates"] if c["excluded_by"]}
    assert all(reason in told for reason in excluded)
    assert ("Next best: " + " with ".join(decision["runner_up"]) in told) == bool(
        decision["runner_up"]
    )


def test_an_order_is_found_by_its_reference_or_refused(retailer: Database) -> None:
    order = placed(retailer, ("MUG-1", 1))
    page = found("order", str(order))
    ref, channel = page["order"]["channel_ref"], page["order"]["channel"]
    assert found("order", ref)["order"]["id"] == str(order)
    assert found("order", ref, "--channel", channel)["order"]["id"] == str(order)
    assert refusal("order", ref, "--channel", "nowhere") == "orders.unknown"
    assert refusal("why", "no such order") == "orders.unknown"
    assert refusal("order", "ord_x") == "input.invalid"


def test_an_order_says_where_each_unit_stands(
    retailer: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = unheard(retailer, monkeypatch, ("MUG-1", 3))
    stop = Cancel("stop", order, [CancelLine(1, 1)])
    retailer.run(lambda tx: cancel(tx, [stop]), now=NOW)[0].get()
    stands = [(u["qty"], u["stands"]) for u in found("order", str(order))["units"]]
    assert stands == [(2, "not sourced yet"), (1, "cancelled")]

    hear(retailer)
    (work,) = packed(retailer, order)
    units = found("order", str(order))["units"]
    assert [(u["qty"], u["stands"], bool(u["node"])) for u in units] == [
        (2, "packed", True), (1, "cancelled", False),
    ]  # fmt: skip

    ship = transport.Ship("ship", work)
    retailer.run(lambda tx: transport.ship(tx, [ship]), now=NOW)[0].get()
    page = found("order", str(order))
    assert [(u["qty"], u["stands"]) for u in page["units"]] == [(2, "shipped"), (1, "cancelled")]
    assert len(page["shipments"]) == 1
    times = [step["at"] for step in page["timeline"]]
    assert times == sorted(times)
    assert len(times) >= 4
    told = said("order", str(order))
    assert page["shipments"][0]["id"] in told
    assert "placed on" in told


def test_codes_of_pickups_stay_inside(retailer: Database) -> None:
    assert "code_hash" in pickup.Pickup.__struct_fields__
    order = placed(retailer, ("MUG-1", 1), method="pickup", at="S001")
    packed(retailer, order)
    hear(retailer)
    page = found("order", str(order))
    assert "hash" not in json.dumps(page["pickups"])


def test_stock_adds_up_and_says_what_may_be_promised(retailer: Database) -> None:
    (shelf,) = found("stock", "MUG-1")
    assert {a["channel"] for a in shelf["availability"]} >= {"web"}
    assert all(a["total"] == sum(n["atp"] for n in a["nodes"]) for a in shelf["availability"])
    assert "MUG-1: units by node" in said("stock", "MUG-1")
    assert {s["item"] for s in found("stock", "GIFT-1")} == {"TEA-1", "MUG-1"}
    assert refusal("stock", "NO-1") == "catalog.item_unknown"


def test_a_node_is_paused_and_resumed(retailer: Database) -> None:
    def paused() -> bool:
        return retailer.run(lambda tx: network.nodes(tx, ["S001"]))["S001"].paused

    assert "is paused" in said("node", "pause", "S001", "--reason", "burst pipe")
    assert paused()
    assert "paused already" in said("node", "pause", "S001")
    assert [n["node"] for n in found("node", "list", "--paused")] == ["S001"]
    assert found("node", "resume", "S001")["changed"]
    assert not paused()
    assert refusal("node", "pause", "S999") == "network.node_unknown"
    (event,) = found("events", "list", "--type", "everyshelf.network.node.paused.v1")
    assert event["data"]["reason"] == "burst pipe"


def test_a_key_is_made_listed_and_revoked(retailer: Database) -> None:
    made = found("key", "create", "till 3", "--role", "associate", "--node", "S001")
    known = retailer.run(lambda tx: keys.recognise(tx, made["secret"]))
    assert known is not None
    assert known.nodes == ["S001"]
    assert refusal("key", "create", "till 4", "--role", "associate") == "access.binding_required"

    assert [k["name"] for k in found("key", "list")] == ["till 3"]
    assert made["secret"] not in said("key", "list", "--all")
    assert "has ended" in said("key", "revoke", made["key_id"])
    assert retailer.run(lambda tx: keys.recognise(tx, made["secret"])) is None
    assert found("key", "list") == []
    assert [k["name"] for k in found("key", "list", "--all")] == ["till 3"]
    assert refusal("key", "revoke", "ord_1") == "input.invalid"


def test_dead_letters_are_seen_and_revived(retailer: Database) -> None:
    placed(retailer, ("MUG-1", 1))
    hear(retailer)
    insert = (
        "insert into delivery (subscriber, event_id, subject, type, body, at, attempts,"
        " next_try_at, error, state) select 'sourcing', id, subject, type, body, at, 8, at,"
        " 'ValueError(planted)', 'dead' from event"
        " where type = 'everyshelf.orders.order.placed.v1' limit 1"
    )
    retailer.run(lambda tx: tx.conn.execute(insert))
    (letter,) = found("events", "dead")
    assert letter["error"] == "ValueError(planted)"
    assert "planted" in said("events", "dead", "--subscriber", "sourcing")
    assert refusal("events", "revive", "--subscriber", "nobody") == "events.subscriber_unknown"
    assert found("events", "revive") == {"revived": 1}
    assert retailer.run(subscribe.dead) == []


def test_a_subscriber_hears_again_only_when_that_is_confirmed(retailer: Database) -> None:
    placed(retailer, ("MUG-1", 1))
    hear(retailer)
    place = "select count(*) from cursor_position where subscriber = 'insight' and xid > '0'"

    def behind() -> int:
        with retailer.transaction() as tx:
            row = tx.conn.execute(place).fetchone()
        assert row is not None
        return int(row[0])

    before = behind()
    words = ["events", "replay", "insight", "--since", "2020-01-01"]
    assert CliRunner().invoke(app, words, input="n\n").exit_code == 1
    assert behind() == before > 0
    assert "hears again" in said(*words, "--yes")
    assert behind() == 0
    assert refusal("events", "replay", "nobody", "--since", "2020-01-01", "--yes") == (
        "events.subscriber_unknown"
    )


def test_figures_and_exceptions(retailer: Database) -> None:
    placed(retailer, ("MUG-1", 2))
    day = f"{NOW:%Y-%m-%d}"
    figures = {k["name"]: k["value"] for k in found("kpis", "--from", day) if not k["scope"]}
    assert (figures["orders"], figures["units_ordered"]) == (1, 2)
    assert "fill rate" in said("kpis", "--from", day)
    assert refusal("kpis", "--from", "2026-03-02", "--to", "2026-03-01") == "input.invalid"
    assert found("exceptions", "--node", "S001") == []
    assert "Exceptions" in said("exceptions")


def test_a_database_without_tables_is_refused(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVERYSHELF_DATABASE_URL", server.url())
    assert refusal("exceptions") == "database.not_migrated"
