"""Cancelling, holding and amending orders, and the facts that later rooms report."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import pytest

from everyshelf import customer, orders, stock
from everyshelf.base import subscribe
from everyshelf.base.results import Result
from everyshelf.base.tx import Database
from everyshelf.orders.on import HANDLERS
from tests.orders import shop as s
from tests.orders.shop import NOW, line
from tests.world import TEXAN

KEYS = itertools.count()


def cancel(db: Database, order_id: orders.OrderId, *lines: tuple[int, int], **fields: Any) -> Any:
    command = orders.Cancel(
        f"c{next(KEYS)}", order_id, [orders.CancelLine(*x) for x in lines] or None, **fields
    )
    return db.run(lambda tx: orders.cancel(tx, [command]), now=NOW)[0]


def amend(db: Database, order_id: orders.OrderId, *lines: orders.AmendLine, **fields: Any) -> Any:
    command = orders.Amend(f"a{next(KEYS)}", order_id, lines=list(lines), **fields)
    return db.run(lambda tx: orders.amend(tx, [command]), now=NOW)[0]


def ship(db: Database, *units: tuple[orders.OrderId, int, int]) -> list[bool]:
    return db.run(lambda tx: orders.mark_shipped(tx, units), now=NOW)


def give_back(db: Database, *units: tuple[orders.OrderId, int, int]) -> list[bool]:
    return db.run(lambda tx: orders.mark_returned(tx, units), now=NOW)


def allocate(db: Database, order_id: orders.OrderId, number: int, node: str, qty: int) -> None:
    """What sourcing will do: the line's held units become committed ones."""
    item = s.get(db, order_id).lines[number - 1].item
    want = stock.Allocate(order_id, number, item, node, qty, "web")
    db.run(lambda tx: stock.allocate(tx, [want])[0].get(), now=NOW)


@pytest.fixture
def full(db: Database) -> Database:
    return s.shop(db, ("DC1", "TEA-1", 20), ("DC1", "MUG-1", 20), ("S001", "TEA-1", 4),
                  ("S001", "MUG-1", 4))  # fmt: skip


def test_cancelling_units_frees_their_hold_and_tells_their_worth(full: Database) -> None:
    order_id = s.placed(full, line("TEA-1", 3, amount_minor=1000), line("MUG-1", 1))
    done = cancel(full, order_id, (1, 2)).get()
    assert (done.units, done.state, done.version) == (2, "open", 2)
    assert done.amount_minor == 1000 - 333
    assert s.held(full, order_id) == {1: 1, 2: 1}
    [told] = s.events(full, "line.cancelled")
    assert told.lines == [orders.CancelledLine(1, "TEA-1", 2, 2)]
    assert (told.amount_minor, told.reason, told.version) == (667, "customer", 2)
    s.clean(full)


def test_pieces_of_a_line_are_worth_the_whole(full: Database) -> None:
    order_id = s.placed(full, line("TEA-1", 7, amount_minor=1000, tax_minor=99))
    found = s.get(full, order_id).lines[0]
    assert ship(full, (order_id, 1, 3)) == [True]
    first = cancel(full, order_id, (1, 1)).get().amount_minor
    rest = cancel(full, order_id, (1, 3)).get().amount_minor
    assert found.worth(0, 3) + first + rest == 1099


def test_cancelling_everything_ends_the_order_with_its_shipping(full: Database) -> None:
    order_id = s.placed(full, line("TEA-1", 2), line("GIFT-1", 1), shipping_minor=500)
    done = cancel(full, order_id).get()
    assert (done.amount_minor, done.state) == (2 * 899 + 2799 + 500, "cancelled")
    assert s.held(full, order_id) == {}
    assert s.one(full, "select state from order_state") == "cancelled"
    assert s.one(full, "select sum(held)::int from stock_balance") == 0
    assert cancel(full, order_id).refusal.code == "orders.ended"
    assert s.get(full, order_id).total_minor == 0
    s.clean(full)


def test_committed_units_are_left_to_later_rooms(full: Database) -> None:
    order_id = s.placed(full, line("TEA-1", 5))
    allocate(full, order_id, 1, "DC1", 3)
    cancel(full, order_id, (1, 4)).get()
    [told] = s.events(full, "line.cancelled")
    assert told.lines == [orders.CancelledLine(1, "TEA-1", 4, 2)]
    assert s.held(full, order_id) == {}
    s.clean(full)


def test_what_is_not_open_cannot_be_cancelled(full: Database) -> None:
    order_id = s.placed(full, line("TEA-1", 2), line("MUG-1", 2))
    assert ship(full, (order_id, 1, 2)) == [True]
    before = s.counts(full)
    assert cancel(full, order_id, (1, 1)).refusal.code == "orders.nothing_open"
    assert cancel(full, order_id, (2, 1), (2, 2)).refusal.code == "orders.nothing_open"
    assert cancel(full, order_id, (9, 1)).refusal.code == "orders.line_unknown"
    assert cancel(full, order_id, (2, 0)).refusal.code == "input.invalid"
    assert cancel(full, order_id, (2, -1)).refusal.code == "input.invalid"
    assert cancel(full, order_id, (2, 1), version=1).refusal.code == "version.stale"
    assert cancel(full, orders.OrderId(5)).refusal.code == "orders.unknown"
    command = orders.Cancel("none", order_id, [])
    [empty] = full.run(lambda tx: orders.cancel(tx, [command]))
    assert empty.refusal is not None
    assert empty.refusal.code == "orders.nothing_to_do"
    assert s.counts(full) == before


def test_a_kit_is_cancelled_with_its_components_and_never_in_parts(full: Database) -> None:
    order_id = s.placed(full, line("GIFT-1", 3))
    tea = next(x for x in s.get(full, order_id).lines if x.item == "TEA-1")
    assert cancel(full, order_id, (tea.line, 1)).refusal.code == "orders.kit_component"
    done = cancel(full, order_id, (1, 2)).get()
    assert done.units == 2 * 3
    kit, *parts = s.get(full, order_id).lines
    assert kit.cancelled == 2
    assert {(x.item, x.open) for x in parts} == {("TEA-1", 2), ("MUG-1", 1)}
    assert cancel(full, order_id, (1, 2)).refusal.code == "orders.nothing_open"
    s.clean(full)


def test_later_rooms_cancel_components_and_the_kit_follows(full: Database) -> None:
    order_id = s.placed(full, line("GIFT-1", 2))
    parts = s.get(full, order_id).lines[1:]
    tea, mug = (next(x for x in parts if x.item == i) for i in ("TEA-1", "MUG-1"))
    asked = [(order_id, tea.line, 2, "short"), (order_id, mug.line, 1, "short"),
             (order_id, mug.line, 2, "short"), (order_id, tea.line, 0, "short")]  # fmt: skip
    answers = full.run(lambda tx: orders.cancel_now(tx, asked))
    assert answers == [True, True, False, False]
    assert s.get(full, order_id).lines[0].cancelled == 1
    [told] = s.events(full, "line.cancelled")
    assert (len(told.lines), told.reason) == (2, "short")
    s.clean(full)


def test_shipping_the_last_open_unit_completes_the_order(full: Database) -> None:
    order_id = s.placed(full, line("TEA-1", 2), line("MUG-1", 1))
    assert ship(full, (order_id, 1, 1), (order_id, 1, 2), (order_id, 1, 1)) == [True, False, True]
    assert s.events(full, "order.completed") == []
    cancel(full, order_id, (2, 1)).get()
    assert [e.order_id for e in s.events(full, "order.completed")] == [order_id]
    assert s.one(full, "select state from order_state") == "completed"
    undone = full.run(lambda tx: orders.unship(tx, [(order_id, 1, 2), (order_id, 1, 1)]))
    assert undone == [True, False]
    assert s.get(full, order_id).state == "open"


def test_units_come_back_only_once_and_only_if_they_left(full: Database) -> None:
    order_id = s.placed(full, line("TEA-1", 3))
    assert give_back(full, (order_id, 1, 1)) == [False]
    assert ship(full, (order_id, 1, 2)) == [True]
    assert give_back(full, (order_id, 1, 1), (order_id, 1, 2)) == [True, False]
    assert full.run(lambda tx: orders.unship(tx, [(order_id, 1, 2)])) == [False]
    assert [x.lines[0].qty for x in s.events(full, "line.returned")] == [1]


def hold(db: Database, order_id: orders.OrderId, kind: str, key: str) -> Result[orders.OrderHolds]:
    command = orders.HoldOrder(key, order_id, orders.HoldKind(kind), "looks odd")
    return db.run(lambda tx: orders.hold(tx, [command]), now=NOW)[0]


def clear(db: Database, order_id: orders.OrderId, kind: str, key: str) -> Result[orders.OrderHolds]:
    command = orders.ReleaseHold(key, order_id, orders.HoldKind(kind))
    return db.run(lambda tx: orders.release_hold(tx, [command]), now=NOW)[0]


def test_an_order_waits_until_every_hold_is_cleared(full: Database) -> None:
    order_id = s.placed(full, line("TEA-1", 1))
    assert hold(full, order_id, "fraud", "1").get().kinds == ["fraud"]
    assert hold(full, order_id, "date", "2").get().kinds == ["date", "fraud"]
    assert s.refusals([hold(full, order_id, "fraud", "3")]) == ["orders.already_held"]
    assert clear(full, order_id, "fraud", "4").get().kinds == ["date"]
    assert s.refusals([clear(full, order_id, "fraud", "5")]) == ["orders.not_held"]
    assert clear(full, order_id, "date", "6").get().kinds == []
    assert hold(full, order_id, "date", "7").get().version == 6
    assert [e.all_clear for e in s.events(full, "hold.released")] == [False, True]
    assert s.one(full, "select count(*) from order_hold where released_at is null") == 1
    kinds = [c.kind for c in full.run(lambda tx: orders.changes(tx, order_id))]
    assert kinds == ["hold", "hold", "release_hold", "release_hold", "hold"]


def test_two_holds_of_a_batch_are_judged_one_after_the_other(full: Database) -> None:
    order_id = s.placed(full, line("TEA-1", 1))
    commands = [orders.HoldOrder(k, order_id, orders.HoldKind.FRAUD) for k in ("a", "b")]
    results = full.run(lambda tx: orders.hold(tx, commands))
    assert s.refusals(results) == [None, "orders.already_held"]


def test_less_is_cancelled_and_more_is_a_new_line_at_the_old_price(full: Database) -> None:
    order_id = s.placed(full, line("TEA-1", 4, amount_minor=1000), line("MUG-1", 1))
    done = amend(full, order_id, orders.AmendLine(1, qty=3), orders.AmendLine(2, qty=3)).get()
    found = s.get(full, order_id)
    assert [(x.item, x.qty, x.open, x.amount_minor) for x in found.lines] == [
        ("TEA-1", 4, 3, 1000), ("MUG-1", 1, 1, 1250), ("MUG-1", 2, 2, 2500),
    ]  # fmt: skip
    assert done.delta_minor == 2500 - 250
    assert s.held(full, order_id) == {1: 3, 2: 1, 3: 2}
    [told] = s.events(full, "order.amended")
    assert [(x.line, x.qty) for x in told.added] == [(3, 2)]
    assert (told.added_minor, told.ship_to_changed, told.moved) == (2500, False, [])
    assert s.events(full, "line.cancelled")[0].reason == "amended"
    assert found.lines[2].promised_latest is not None
    s.clean(full)


def test_more_of_a_kit_brings_its_components(full: Database) -> None:
    order_id = s.placed(full, line("GIFT-1", 1))
    amend(full, order_id, orders.AmendLine(1, qty=3)).get()
    lines = s.get(full, order_id).lines
    assert [(x.item, x.qty, x.kit_line) for x in lines if x.line > 3] == [
        ("GIFT-1", 2, None), *[(x.item, x.qty * 2, 4) for x in lines[1:3]],
    ]  # fmt: skip
    assert sum(x.amount_minor for x in lines) == 3 * 2799
    s.clean(full)


def test_a_line_moves_from_the_carrier_to_the_store_with_its_hold(full: Database) -> None:
    order_id = s.placed(full, line("TEA-1", 3))
    way = orders.AmendLine(1, method=orders.Method.PICKUP, pickup_node="S001")
    amend(full, order_id, way).get()
    found = s.get(full, order_id).lines[0]
    assert (found.method, found.pickup_node, found.service) == ("pickup", "S001", None)
    assert found.promised_latest is not None
    rows = full.run(lambda tx: stock.holds_of(tx, [str(order_id)]))
    assert [(r.pool, r.node, r.qty) for r in rows] == [("pickup:S001", "S001", 3)]
    [told] = s.events(full, "order.amended")
    assert (told.moved[0].held, told.moved[0].qty) == (3, 3)
    amend(full, order_id, orders.AmendLine(1, method=orders.Method.SHIP, service="EXPRESS")).get()
    found = s.get(full, order_id).lines[0]
    assert (found.method, found.pickup_node, found.service) == ("ship", None, "EXPRESS")
    s.clean(full)


def test_a_move_that_cannot_be_held_changes_nothing(full: Database) -> None:
    order_id = s.placed(full, line("TEA-1", 6), line("MUG-1", 1))
    before, held = s.counts(full), s.held(full, order_id)
    way = orders.AmendLine(1, method=orders.Method.PICKUP, pickup_node="S001")
    both = amend(full, order_id, orders.AmendLine(2, qty=2), way)
    assert both.refusal.code == "orders.short"
    assert (s.counts(full), s.held(full, order_id)) == (before, held)
    assert s.get(full, order_id).version == 1


def test_committed_units_that_move_are_named_for_sourcing(full: Database) -> None:
    order_id = s.placed(full, line("TEA-1", 3))
    allocate(full, order_id, 1, "DC1", 2)
    way = orders.AmendLine(1, method=orders.Method.PICKUP, pickup_node="S001")
    amend(full, order_id, way).get()
    [told] = s.events(full, "order.amended")
    assert (told.moved[0].qty, told.moved[0].held) == (3, 1)
    s.clean(full)


def test_a_new_address_is_promised_anew(full: Database) -> None:
    order_id = s.placed(full, line("TEA-1", 1))
    before = s.get(full, order_id)
    amend(full, order_id, ship_to=TEXAN).get()
    after = s.get(full, order_id)
    assert after.ship_to == TEXAN
    assert after.lines[0].promised_latest != before.lines[0].promised_latest
    assert s.events(full, "order.amended")[0].ship_to_changed


def test_amendments_that_cannot_be_are_refused(full: Database) -> None:
    order_id = s.placed(full, line("TEA-1", 3), line("GIFT-1", 1), line("MUG-1", 1))
    allocate(full, order_id, 1, "DC1", 1)
    assert ship(full, (order_id, 1, 1)) == [True]
    before = s.counts(full)
    pickup = {"method": orders.Method.PICKUP, "pickup_node": "S001"}
    cases: list[tuple[str, list[orders.AmendLine], dict[str, Any]]] = [
        ("orders.line_shipped", [orders.AmendLine(1, qty=5)], {}),
        ("orders.line_shipped", [orders.AmendLine(1, **pickup)], {}),  # type: ignore[arg-type]
        ("orders.line_shipped", [], {"ship_to": TEXAN}),
        ("orders.kit_component", [orders.AmendLine(3, qty=5)], {}),
        ("orders.line_unknown", [orders.AmendLine(99, qty=5)], {}),
        ("orders.nothing_to_do", [], {}),
        ("orders.nothing_to_do", [orders.AmendLine(5, qty=1)], {}),
        ("input.invalid", [orders.AmendLine(5, qty=0)], {}),
        ("input.invalid", [orders.AmendLine(5, qty=10**12)], {}),
        ("input.invalid", [orders.AmendLine(5, qty=2), orders.AmendLine(5, qty=3)], {}),
        ("input.invalid", [orders.AmendLine(5, method=orders.Method.PICKUP)], {}),
        ("network.node_unknown", [orders.AmendLine(5, None, orders.Method.PICKUP, "X")], {}),
        ("promise.node_closed", [orders.AmendLine(5, None, orders.Method.PICKUP, "DC1")], {}),
        ("network.service_unknown", [orders.AmendLine(5, service="ROCKET")], {}),
        ("orders.short", [orders.AmendLine(5, qty=999)], {}),
        ("version.stale", [orders.AmendLine(5, qty=2)], {"version": 1}),
    ]  # fmt: skip
    for code, lines, fields in cases:
        assert amend(full, order_id, *lines, **fields).refusal.code == code
    assert amend(full, orders.OrderId(7), ship_to=TEXAN).refusal.code == "orders.unknown"
    assert s.counts(full) == before
    s.clean(full)


def test_every_change_is_in_the_timeline(full: Database) -> None:
    order_id = s.placed(full, line("TEA-1", 3))
    amend(full, order_id, ship_to=TEXAN).get()
    cancel(full, order_id, (1, 1)).get()
    log = full.run(lambda tx: orders.changes(tx, order_id))
    assert [c.kind for c in log] == ["amend", "cancel"]
    assert log[0].body["command"]["ship_to"]["city"] == "Austin"
    assert log[1].body == {
        "amount_minor": 899,
        "lines": [{"line": 1, "qty": 1}],
        "reason": "customer",
    }
    assert {c.actor for c in log} == {"system"}


def test_orders_follow_a_merged_customer_and_forget_an_erased_one(full: Database) -> None:
    order_id = s.placed(full, line("TEA-1", 1))
    mine = s.get(full, order_id).customer_id
    assert mine is not None
    amend(full, order_id, ship_to=TEXAN).get()
    heir = full.run(lambda tx: customer.identify(
        tx, [customer.Identify(key="h", email="heir@example.com")]))[0].get()  # fmt: skip
    merged = customer.Merge(key="m", winner=heir, loser=mine)
    full.run(lambda tx: customer.merge(tx, [merged])[0].get())
    subscribe.step(full, "orders", HANDLERS)
    assert s.get(full, order_id).customer_id == heir
    full.run(lambda tx: customer.erase(tx, [customer.Erase(key="e", customer_id=heir)])[0].get())
    subscribe.step(full, "orders", HANDLERS)
    found = s.get(full, order_id)
    assert found.buyer == orders.Buyer()
    assert found.ship_to is not None
    assert (found.ship_to.name, found.ship_to.street, found.ship_to.region) == ("", "", "TX")
    assert "Elm" not in str(s.one(full, "select string_agg(body::text, '') from order_change"))


def test_open_lines_are_what_is_still_owed(full: Database) -> None:
    order_id = s.placed(full, line("GIFT-1", 1), line("TEA-1", 2))
    cancel(full, order_id, (4, 1)).get()
    owed = full.run(lambda tx: orders.open_lines(tx, [order_id], lock=True))
    assert [(x.line, x.open) for x in owed] == [(2, owed[0].qty), (3, owed[1].qty), (4, 1)]
    assert full.run(lambda tx: orders.open_lines(tx, [])) == []


def test_commands_of_a_batch_see_each_other(full: Database) -> None:
    order_id = s.placed(full, line("TEA-1", 3))
    commands = [orders.Cancel(k, order_id, [orders.CancelLine(1, 2)]) for k in ("a", "b")]
    results = full.run(lambda tx: orders.cancel(tx, commands))
    assert s.refusals(results) == [None, "orders.nothing_open"]
    again = msgspec.structs.replace(commands[0])
    assert full.run(lambda tx: orders.cancel(tx, [again]))[0].value == results[0].value


def test_orders_are_found_newest_first_by_page_person_and_reference(full: Database) -> None:
    ids = [s.placed(full, line("TEA-1", 1), channel=c) for c in ("web", "app", "web", "web")]
    cancel(full, ids[2]).get()

    def found(**fields: Any) -> list[orders.OrderId]:
        return [o.id for o in full.run(lambda tx: orders.page(tx, **fields))]

    assert found() == ids[::-1]
    assert found(size=2) == [ids[3], ids[2]]
    assert found(size=2, before=ids[2]) == [ids[1], ids[0]]
    assert found(channel="app") == [ids[1]]
    assert found(state=orders.OrderState.CANCELLED) == [ids[2]]
    assert found(state=orders.OrderState.OPEN, size=1) == [ids[3]]
    order = s.get(full, ids[1])
    assert order.customer_id is not None
    person = order.customer_id
    mine = full.run(lambda tx: orders.of_customers(tx, [person]))
    assert [o.id for o in mine] == ids[::-1]
    named = full.run(lambda tx: orders.by_ref(tx, [order.channel_ref]))
    assert named == [order]
    assert full.run(lambda tx: orders.by_ref(tx, [order.channel_ref], "web")) == []
