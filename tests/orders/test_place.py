"""Placing orders: what is stored, held, told; what is refused writes nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from everyshelf import orders, stock
from everyshelf.base.results import Outcome
from everyshelf.base.tx import Database
from everyshelf.network import Pause, pause
from tests.orders import shop as s
from tests.orders.shop import NOW, line, order


def test_an_order_is_stored_held_dated_and_told(db: Database) -> None:
    s.shop(db, ("DC1", "TEA-1", 10), ("S001", "MUG-1", 5))
    command = order(
        line("TEA-1", 3), line("MUG-1", 1, method="pickup", pickup_node="S001", tax_minor=100),
        shipping_minor=650, total_minor=3 * 899 + 1250 + 100 + 650,
    )  # fmt: skip
    [answer] = s.place(db, command)
    found = s.get(db, answer.get().order_id)
    assert answer.get() == orders.Placed(found.id, 2, orders.OrderState.OPEN)
    assert [(x.item, x.qty, x.amount_minor, x.supply) for x in found.lines] == [
        ("TEA-1", 3, 2697, "stock"), ("MUG-1", 1, 1250, "stock"),
    ]  # fmt: skip
    for x in found.lines:
        assert x.promised_earliest is not None
        assert x.promised_latest is not None
        assert NOW < x.promised_earliest < x.promised_latest
    assert s.held(db, found.id) == {1: 3, 2: 1}
    assert found.buyer.email == "ada@example.com"
    assert found.customer_id is not None
    [told] = s.events(db)
    assert isinstance(told, orders.OrderPlaced)
    assert (told.total_minor, told.held, [x.qty for x in told.lines]) == (4697, False, [3, 1])
    assert found.total_minor == 4697
    s.clean(db)


def test_a_pickup_line_is_dated_within_the_hours_of_its_node(db: Database) -> None:
    s.shop(db, ("S001", "TEA-1", 1))
    found = s.get(db, s.placed(db, line("TEA-1", 1, method="pickup", pickup_node="S001")))
    assert found.lines[0].promised_earliest == NOW + timedelta(minutes=30)
    assert found.lines[0].promised_latest == datetime(2026, 6, 2, 1, 0, tzinfo=UTC)


def test_a_batch_takes_a_constant_number_of_statements(db: Database) -> None:
    s.shop(db, ("DC1", "TEA-1", 5000), ("DC1", "GIFT-1", 1), ("DC1", "MUG-1", 5000))

    def statements(n: int) -> int:
        commands = [order(line("TEA-1", 1), line("GIFT-1", 1)) for _ in range(n)]

        def work(tx: Any) -> int:
            assert all(r.ok for r in orders.place(tx, commands))
            return int(tx.statements)

        return db.run(work, now=NOW)

    statements(1)  # Ada becomes a customer.
    few, many = statements(3), statements(200)
    assert few == many
    s.clean(db)


def test_a_kit_is_taken_apart_and_its_money_split(db: Database) -> None:
    s.shop(db, ("DC1", "TEA-1", 10), ("DC1", "MUG-1", 10))
    order_id = s.placed(db, line("GIFT-1", 3, tax_minor=7))
    kit, *parts = s.get(db, order_id).lines
    assert (kit.supply, kit.qty, kit.amount_minor, kit.tax_minor) == ("kit", 3, 0, 0)
    assert {(x.item, x.qty, x.kit_line) for x in parts} == {("TEA-1", 6, 1), ("MUG-1", 3, 1)}
    assert sum(x.amount_minor for x in parts) == 3 * 2799
    assert sum(x.tax_minor for x in parts) == 7
    by_item = {x.item: x.amount_minor for x in parts}
    assert by_item["TEA-1"] == round(3 * 2799 * 1798 / (1798 + 1250))
    assert sorted(s.held(db, order_id).values()) == [3, 6]
    s.clean(db)


def test_components_without_a_price_share_a_kit_equally(db: Database) -> None:
    s.shop(db, ("DC1", "TEA-1", 10), ("DC1", "MUG-1", 10))
    s.one(db, "update item set price_minor = 0 where item in ('TEA-1', 'MUG-1') returning 1")
    parts = s.get(db, s.placed(db, line("GIFT-1", 1, amount_minor=1001))).lines[1:]
    assert sorted(x.amount_minor for x in parts) == [500, 501]


def test_lines_of_the_same_item_are_summed_before_the_check(db: Database) -> None:
    s.shop(db, ("DC1", "TEA-1", 5))
    before = s.counts(db)
    results = s.place(db, order(line("TEA-1", 3), line("TEA-1", 3)))
    assert s.refusals(results) == ["orders.short"]
    assert s.counts(db) == before
    assert s.place(db, order(line("TEA-1", 3), line("TEA-1", 2)))[0].ok


def test_a_kit_and_its_component_share_one_stock(db: Database) -> None:
    s.shop(db, ("DC1", "TEA-1", 3), ("DC1", "MUG-1", 3))
    assert s.refusals(s.place(db, order(line("GIFT-1", 1), line("TEA-1", 2)))) == ["orders.short"]
    assert s.place(db, order(line("GIFT-1", 1), line("TEA-1", 1)))[0].ok


BAD: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("catalog.channel_unknown", {}, {"channel": "moon"}),
    ("catalog.item_unknown", {"item": "NO-1"}, {}),
    ("network.node_unknown", {"method": "pickup", "pickup_node": "X"}, {}),
    ("network.service_unknown", {"service": "ROCKET"}, {}),
    ("promise.node_closed", {"method": "pickup", "pickup_node": "DC1"}, {}),
    ("promise.node_closed", {"method": "pickup", "pickup_node": "S002"}, {}),
    ("promise.node_closed", {"method": "pickup", "pickup_node": "S003"}, {}),
    ("input.invalid", {"method": "pickup"}, {}),
    ("input.invalid", {"method": "teleport"}, {}),
    ("input.invalid", {"method": "ship", "pickup_node": "S001"}, {}),
    ("input.invalid", {"qty": 0}, {}),
    ("input.invalid", {"qty": -1}, {}),
    ("input.invalid", {"qty": 10**12}, {}),
    ("input.invalid", {"amount_minor": -1}, {}),
    ("input.invalid", {"amount_minor": 10**20}, {}),
    ("input.invalid", {"tax_minor": -5}, {}),
    ("input.invalid", {}, {"lines": []}),
    ("input.invalid", {}, {"lines": [line("TEA-1", 1)] * 1001}),
    ("input.invalid", {}, {"shipping_minor": -1}),
    ("input.invalid", {}, {"priority": 10**9}),
    ("input.invalid", {}, {"short_policy": "guess"}),
    ("input.invalid", {}, {"hold_kinds": ["mood"]}),
    ("input.invalid", {}, {"buyer": orders.Buyer("A\0da")}),
    ("input.invalid", {}, {"channel_ref": "x" * 201}),
    ("input.invalid", {}, {"placed_at": datetime(2026, 5, 1)}),
    ("orders.placed_at", {}, {"placed_at": datetime(1999, 1, 1, tzinfo=UTC)}),
    ("orders.placed_at", {}, {"placed_at": NOW + timedelta(days=1)}),
    ("orders.placed_at", {}, {"placed_at": datetime(9999, 1, 1, tzinfo=UTC)}),
    ("orders.currency", {}, {"currency": "EUR"}),
    ("orders.address_missing", {}, {"ship_to": None}),
    ("orders.total_mismatch", {}, {"total_minor": 1}),
    ("orders.short", {"qty": 6}, {}),
    ("orders.item_not_sold", {"item": "LAMP-1"}, {}),
    ("orders.channel_closed", {}, {"channel": "social"}),
    ("key.missing", {}, {"key": ""}),
]


@pytest.fixture
def fussy(db: Database) -> Database:
    """A shop in which some things are not to be had: a paused and a closed node, no lamps."""
    s.shop(db, ("DC1", "TEA-1", 5), ("S001", "TEA-1", 5), ("DC1", "LAMP-1", 5))
    db.run(lambda tx: pause(tx, [Pause(key="p", node="S002")])[0].get())
    s.one(db, "update node set closes_on = '2026-05-01' where node = 'S003' returning 1")
    s.one(db, "update item set active = false where item = 'LAMP-1' returning 1")
    s.one(db, "update channel set active = false where channel = 'social' returning 1")
    s.one(db, "delete from stock_balance where node = 'S001' returning 1")
    return db


def test_what_is_wrong_is_refused_by_name_and_writes_nothing(fussy: Database) -> None:
    good = order(line("TEA-1", 1))
    commands = []
    for _, line_fields, fields in BAD:
        asked = line(**{"item": "TEA-1", "qty": 1, **line_fields})
        commands.append(order(**{"lines": [asked], **fields}))
    before = s.counts(fussy)
    assert s.refusals(s.place(fussy, *commands)) == [code for code, _, _ in BAD]
    assert s.counts(fussy) == before
    answers = s.place(fussy, *commands[:10], good, *commands[10:])
    assert [a.ok for a in answers].count(True) == 1
    assert answers[10].ok
    assert s.counts(fussy)["sales_order"] == before["sales_order"] + 1


def test_every_refusal_has_words(fussy: Database) -> None:
    for code, line_fields, fields in BAD:
        asked = line(**{"item": "TEA-1", "qty": 1, **line_fields})
        [answer] = s.place(fussy, order(**{"lines": [asked], **fields}))
        assert answer.refusal is not None
        assert answer.refusal.code == code
        assert len(answer.refusal.detail) > 10
        assert 400 <= answer.refusal.status < 500


def test_the_same_key_is_one_order_and_another_body_is_refused(db: Database) -> None:
    s.shop(db, ("DC1", "TEA-1", 9))
    command = order(line("TEA-1", 1))
    first, again = s.place(db, command)[0], s.place(db, command)[0]
    assert (again.outcome, again.value) == (Outcome.EXISTS, first.value)
    other = msgspec.structs.replace(command, lines=[line("TEA-1", 2)])
    assert s.refusals(s.place(db, other)) == ["key.reused"]
    assert s.counts(db)["sales_order"] == 1


def test_a_channel_reference_is_taken_once(db: Database) -> None:
    s.shop(db, ("DC1", "TEA-1", 9))
    command = order(line("TEA-1", 1), channel_ref="A-1")
    twin = msgspec.structs.replace(command, key="other")
    first, second = s.place(db, command, twin)
    assert second.value == first.value
    rival = order(line("TEA-1", 2), channel_ref="A-1")
    assert s.refusals(s.place(db, rival)) == ["orders.ref_taken"]
    assert s.place(db, msgspec.structs.replace(rival, channel="app"))[0].ok
    assert s.counts(db)["sales_order"] == 2
    assert s.place(db, order(line("TEA-1", 1), channel_ref=""))[0].ok
    assert s.place(db, order(line("TEA-1", 1), channel_ref=""))[0].ok


def test_a_refused_order_may_be_sent_again(db: Database) -> None:
    s.shop(db)
    command = order(line("TEA-1", 1))
    assert s.refusals(s.place(db, command)) == ["orders.short"]
    s.receive(db, ("DC1", "TEA-1", 1))
    assert s.place(db, command)[0].ok


def test_short_units_are_cancelled_when_the_order_says_so(db: Database) -> None:
    s.shop(db, ("DC1", "TEA-1", 2), ("DC1", "MUG-1", 9))
    order_id = s.placed(
        db, line("TEA-1", 5), line("MUG-1", 1), short_policy="cancel_short", shipping_minor=100
    )
    found = s.get(db, order_id)
    assert [(x.qty, x.cancelled) for x in found.lines] == [(5, 3), (1, 0)]
    assert s.held(db, order_id) == {1: 2, 2: 1}
    assert s.events(db)[0].total_minor == 2 * 899 + 1250 + 100
    nothing = order(line("LAMP-1", 1), short_policy="cancel_short")
    assert s.refusals(s.place(db, nothing)) == ["orders.short"]
    s.clean(db)


def test_a_kit_is_cut_whole(db: Database) -> None:
    s.shop(db, ("DC1", "TEA-1", 5), ("DC1", "MUG-1", 9))
    order_id = s.placed(db, line("GIFT-1", 4), short_policy="cancel_short")
    kit, *parts = s.get(db, order_id).lines
    assert kit.cancelled == 2
    assert {(x.item, x.open) for x in parts} == {("TEA-1", 4), ("MUG-1", 2)}
    assert sorted(s.held(db, order_id).values()) == [2, 4]
    s.clean(db)


def expect(db: Database, item: str, qty: int, due: datetime, cap: int = 0) -> None:
    command = stock.Expect(
        key=f"e{item}{qty}{due}", item=item, node="DC1", qty=qty, due_on=due.date(), cap=cap
    )
    db.run(lambda tx: stock.expect(tx, [command])[0].get(), now=NOW)


def test_a_backorder_is_promised_on_dated_supply_first_come_first_served(db: Database) -> None:
    s.shop(db, ("DC1", "TEA-1", 2))
    due = NOW + timedelta(days=10)
    expect(db, "TEA-1", 4, due)
    [one] = s.place(db, order(line("TEA-1", 5), allow_backorder=True))
    two, three = s.place(
        db,
        order(line("TEA-1", 1), allow_backorder=True),
        order(line("TEA-1", 1), allow_backorder=True),
    )
    assert [one.ok, two.ok] == [True, True]
    assert s.refusals([three]) == ["orders.short"]
    lines = s.get(db, one.get().order_id).lines
    assert [(x.qty, x.supply) for x in lines] == [(2, "stock"), (3, "inbound")]
    assert lines[0].amount_minor + lines[1].amount_minor == 5 * 899
    assert lines[1].inbound_id is not None
    assert lines[1].promised_earliest is not None
    assert lines[1].promised_earliest > due - timedelta(days=1)
    late = s.events(db, "line.backordered")
    assert [(x.lines[0].qty, x.lines[0].due_on) for x in late] == [
        (3, due.date()), (1, due.date()),
    ]  # fmt: skip
    assert s.one(db, "select promised from stock_inbound") == 4
    s.clean(db)


def test_a_cancelled_backorder_gives_its_promise_back(db: Database) -> None:
    s.shop(db, ("DC1", "TEA-1", 2))
    expect(db, "TEA-1", 4, NOW + timedelta(days=10))
    order_id = s.placed(db, line("TEA-1", 6), allow_backorder=True)
    less = orders.Cancel("less", order_id, [orders.CancelLine(2, 3)])
    db.run(lambda tx: orders.cancel(tx, [less])[0].get())
    assert s.one(db, "select promised from stock_inbound") == 1
    assert s.events(db, "line.cancelled")[0].lines[0].released == 0
    s.receive(db, ("DC1", "TEA-1", 1))
    at = stock.Allocate(order_id, 2, "TEA-1", "DC1", 1, "web", False)
    db.run(lambda tx: stock.allocate(tx, [at])[0].get())
    rest = orders.Cancel("rest", order_id)
    db.run(lambda tx: orders.cancel(tx, [rest])[0].get())
    assert s.one(db, "select promised from stock_inbound") == 1  # It has come and was at a node.
    assert s.held(db, order_id) == {}


def test_a_refused_backorder_leaves_no_trace_of_what_it_got_on_the_way(db: Database) -> None:
    s.shop(db, ("DC1", "TEA-1", 1), ("DC1", "MUG-1", 1))
    expect(db, "TEA-1", 9, NOW + timedelta(days=3))
    before = s.counts(db), s.one(db, "select count(*) from stock_move")
    asked = order(line("TEA-1", 2), line("MUG-1", 2), allow_backorder=True)
    fine = order(line("TEA-1", 2), allow_backorder=True)
    assert s.refusals(s.place(db, asked)) == ["orders.short"]
    assert (s.counts(db), s.one(db, "select count(*) from stock_move")) == before
    assert s.one(db, "select promised from stock_inbound") == 0
    assert s.one(db, "select sum(held)::int from stock_balance") == 0
    assert s.refusals(s.place(db, asked, fine)) == ["orders.short", None]
    assert s.one(db, "select promised from stock_inbound") == 1
    assert s.one(db, "select sum(held)::int from stock_balance") == 1
    s.clean(db)


def test_what_is_made_to_order_is_taken_without_stock(db: Database) -> None:
    s.shop(db)
    found = s.get(db, s.placed(db, line("SOFA-1", 1)))
    assert [(x.supply, x.qty) for x in found.lines] == [("make", 1)]
    assert s.events(db, "line.backordered")[0].lines[0].inbound_id is None
    assert s.events(db)[0].lines[0].supply == "make"


def test_an_order_can_begin_on_hold(db: Database) -> None:
    s.shop(db, ("DC1", "TEA-1", 2))
    order_id = s.placed(db, line("TEA-1", 1), hold_kinds=["fraud", "address", "fraud"])
    found = s.get(db, order_id)
    assert (found.state, found.holds) == ("held", ["address", "fraud"])
    assert s.events(db)[0].held
    assert s.one(db, "select state from order_state") == "held"


def test_two_channels_that_count_on_one_unit_share_it_and_neither_order_is_lost(
    db: Database,
) -> None:
    s.shop(db, ("DC1", "TEA-1", 3), ("DC1", "MUG-1", 9))
    short: dict[str, Any] = {"short_policy": orders.ShortPolicy.CANCEL_SHORT}
    commands = [
        order(line("TEA-1", 2), line("MUG-1", 1), channel=channel, **short)
        for channel in ("web", "app", "phone")
    ]
    answers = s.place(db, *commands)
    assert [a.ok for a in answers] == [True, True, True]
    found = [s.get(db, a.get().order_id) for a in answers]
    assert sorted(x.lines[0].cancelled for x in found) == [0, 1, 2]
    assert all(x.lines[1].cancelled == 0 for x in found)
    s.clean(db)
