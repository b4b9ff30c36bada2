"""What can be said for a cart: every method, its price and window, or why not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from everyshelf import network, promise
from everyshelf.base.tx import Database
from everyshelf.promise import Leg, Method, Option, PromiseAsk
from everyshelf.promise.options import spread
from everyshelf.promise.snapshot import price_of
from tests.orders import shop as s
from tests.orders.shop import NOW
from tests.world import NEW_YORKER, TEXAN

NEAR = (40.75, -73.99)


def ask(db: Database, *asks: PromiseAsk, now: datetime = NOW) -> list[list[Option]]:
    return [p.options for p in db.run(lambda tx: promise.options(tx, asks), now=now)]


def test_every_method_is_offered_with_price_and_window(db: Database) -> None:
    s.shop(db, ("DC1", "TEA-1", 5), ("S001", "TEA-1", 5), ("L001", "TEA-1", 5))
    [found] = ask(db, PromiseAsk([("TEA-1", 2)], "web", NEW_YORKER))
    offered = [o for o in found if o.why_not is None]
    assert found[: len(offered)] == offered
    assert {(o.method, o.service, o.node) for o in offered} == {
        ("ship", "GROUND", None), ("ship", "EXPRESS", None), ("same_day", "SAME_DAY", None),
        ("pickup", None, "S001"), ("curbside", None, "S001"), ("locker", None, "L001"),
    }  # fmt: skip
    for o in offered:
        assert o.earliest is not None
        assert o.latest is not None
        assert NOW < o.earliest <= o.latest
        assert (o.currency, o.price_minor is not None) == (
            "USD" if o.service else None, True)  # fmt: skip
    ground = next(o for o in offered if o.service == "GROUND")
    assert ground.price_minor == 650 + 1000 * 3 // 100
    assert [o.latest for o in offered] == sorted(o.latest for o in offered if o.latest)


def test_what_is_not_offered_says_why(db: Database) -> None:
    s.shop(db, ("DC1", "TEA-1", 5))
    far = network.Address(country="US", lat=-80.0, lon=60.0)
    cases = [
        (PromiseAsk([("TEA-1", 9)], "web", NEW_YORKER, methods=[Method.SHIP]), "ship", "no_stock"),
        (PromiseAsk([("MUG-1", 1)], "web", NEW_YORKER, methods=[Method.SHIP]), "ship", "sold_out"),
        (PromiseAsk([("TEA-1", 1)], "web", methods=[Method.SHIP]), "ship", "no_destination"),
        (PromiseAsk([("NO-1", 1)], "web", TEXAN, methods=[Method.SHIP]), "ship", "item_unknown"),
        (PromiseAsk([("TEA-1", 0)], "web", TEXAN, methods=[Method.SHIP]), "ship", "qty_invalid"),
        (PromiseAsk([], "web", TEXAN, methods=[Method.SHIP]), "ship", "qty_invalid"),
        (PromiseAsk([("TEA-1", 1)], "web", far, methods=[Method.SAME_DAY]), "same_day", "sold_out"),
        (PromiseAsk([("TEA-1", 1)], "web", TEXAN, NEAR, [Method.PICKUP]), "pickup", "sold_out"),
    ]
    answers = ask(db, *(a for a, _, _ in cases))
    for found, (_, method, why) in zip(answers, cases, strict=True):
        assert found
        assert {(o.method, o.why_not is not None) for o in found} == {(method, True)}
        assert found[0].why_not == why, (method, why)
        assert all((o.price_minor, o.earliest, o.latest) == (None,) * 3 for o in found)


def test_a_courier_too_far_or_too_late_is_not_offered(db: Database) -> None:
    s.shop(db, ("D001", "TEA-1", 5))
    same_day = [Method.SAME_DAY]
    [[texas]] = ask(db, PromiseAsk([("TEA-1", 1)], "web", TEXAN, methods=same_day))
    assert texas.why_not == "out_of_reach"
    [[today]] = ask(db, PromiseAsk([("TEA-1", 1)], "web", NEW_YORKER, methods=same_day))
    assert (today.why_not, today.price_minor) == (None, 990 + 1000 * 3 // 100)
    night = datetime(2026, 6, 2, 2, 30, tzinfo=UTC)  # Half past ten in the evening.
    [[late]] = ask(db, PromiseAsk([("TEA-1", 1)], "web", NEW_YORKER, methods=same_day), now=night)
    assert late.why_not == "too_late_today"


def test_paused_nodes_and_other_nodes_stock_are_not_offered_for_collection(db: Database) -> None:
    s.shop(db, ("S001", "TEA-1", 5), ("S002", "TEA-1", 5))
    db.run(lambda tx: network.pause(tx, [network.Pause(key="p", node="S001")])[0].get())
    [found] = ask(db, PromiseAsk([("TEA-1", 1)], "web", None, NEAR, [Method.PICKUP]))
    assert [(o.node, o.why_not) for o in found] == [("S002", None), ("S003", "sold_out")]


def test_a_kit_needs_its_components_in_one_place_to_be_collected(db: Database) -> None:
    s.shop(db, ("S001", "TEA-1", 2), ("S001", "MUG-1", 1), ("S002", "TEA-1", 9))
    gift = PromiseAsk([("GIFT-1", 1)], "web", None, NEAR, [Method.PICKUP])
    [found] = ask(db, gift)
    assert [o.node for o in found if o.why_not is None] == ["S001"]
    both = PromiseAsk([("GIFT-1", 1), ("TEA-1", 1)], "web", None, NEAR, [Method.PICKUP])
    [found] = ask(db, both)
    assert all(o.why_not for o in found)


def test_what_no_node_has_alone_is_offered_from_several(db: Database) -> None:
    s.shop(db, ("DC1", "TEA-1", 2), ("DC2", "MUG-1", 1))
    [split] = ask(db, PromiseAsk([("TEA-1", 2), ("MUG-1", 1)], "web", TEXAN, None, [Method.SHIP]))
    [tea], [mug] = (
        [o for o in ask(db, PromiseAsk([line], "web", TEXAN, None, [Method.SHIP]))[0]
         if o.service == "GROUND"]
        for line in (("TEA-1", 2), ("MUG-1", 1))
    )  # fmt: skip
    ground = next(o for o in split if o.service == "GROUND")
    assert (ground.price_minor or 0) == (tea.price_minor or 0) + (mug.price_minor or 0)
    assert ground.latest is not None
    assert ground.latest == max(o.latest for o in (tea, mug) if o.latest)


def test_spreading_serves_everything_from_few_nodes() -> None:
    stocks = {"A": {"x": 3, "y": 1}, "B": {"y": 5, "z": 5}}
    assert spread({"A": 3, "B": 2}, stocks) == [("x", {"A": 3}), ("y", {"B": 2})]
    assert spread({"A": 4}, stocks) == [("x", {"A": 3}), ("y", {"A": 1})]


def test_the_number_of_statements_does_not_grow_with_the_asks(db: Database) -> None:
    s.shop(db, ("DC1", "TEA-1", 5), ("S001", "MUG-1", 5))

    def statements(n: int) -> int:
        asks = [PromiseAsk([("TEA-1", 1 + k % 3), ("MUG-1", 1)], "web", TEXAN) for k in range(n)]

        def work(tx: object) -> int:
            promise.options(tx, asks)  # type: ignore[arg-type]
            return tx.statements  # type: ignore[attr-defined, no-any-return]

        return db.run(work, now=NOW)

    assert statements(1) == statements(30)


def service(*rates: tuple[int, int, int]) -> network.Service:
    return network.Service("S", "C", "S", rates=tuple(network.Rate(*r) for r in rates))


@pytest.mark.parametrize(
    ("zone", "weight_g", "price"),
    [(1, 0, 100), (1, 500, 100), (1, 501, 200), (1, 1000, 200), (1, 1001, 300), (1, 2500, 500),
     (2, 1, None)],
)  # fmt: skip
def test_a_parcel_heavier_than_the_card_goes_in_several(
    zone: int, weight_g: int, price: int | None
) -> None:
    assert price_of(service((1, 500, 100), (1, 1000, 200)), zone, weight_g) == price


Window = tuple[datetime, datetime]


def windows(db: Database, *legs: Leg, now: datetime = NOW) -> list[Window | None]:
    return db.run(lambda tx: promise.windows_now(tx, legs), now=now)


def test_units_whose_place_is_known_are_dated(db: Database) -> None:
    s.shop(db)
    friday_night = datetime(2026, 6, 6, 3, 0, tzinfo=UTC)
    due = (NOW + timedelta(days=20)).date()
    found = windows(
        db,
        Leg("DC1", Method.SHIP, ship_to=NEW_YORKER),
        Leg("DC1", Method.SHIP, service="EXPRESS", ship_to=NEW_YORKER),
        Leg("DC1", Method.SHIP, ship_to=NEW_YORKER, due_on=due),
        Leg(None, Method.PICKUP, "S001"),
        Leg("D001", Method.SAME_DAY, ship_to=NEW_YORKER),
        Leg(None, Method.SHIP, ship_to=NEW_YORKER),
        Leg("DC1", Method.SHIP),
        Leg("NOWHERE", Method.SHIP, ship_to=NEW_YORKER),
        Leg("DC1", Method.SAME_DAY, ship_to=TEXAN),
        Leg("DC1", Method.SHIP, service="NONE", ship_to=NEW_YORKER),
    )
    assert [w is not None for w in found] == [True] * 5 + [False] * 5
    ground, express, late = found[0], found[1], found[2]
    assert ground is not None
    assert express is not None
    assert late is not None
    assert express[1] < ground[1] < late[1]
    assert late[0].date() > due
    [courier] = windows(db, Leg("D001", Method.SAME_DAY, ship_to=NEW_YORKER), now=friday_night)
    assert courier is not None
    assert courier[1].date() == datetime(2026, 6, 7).date()  # Saturday, 21:00 in New York.


def test_a_promise_is_the_same_in_the_hour_that_the_clock_skips(db: Database) -> None:
    s.shop(db)
    spring = datetime(2026, 3, 8, 6, 59, tzinfo=UTC)  # A minute before New York jumps.
    found = windows(db, Leg(None, Method.PICKUP, "S001"), now=spring)[0]
    assert found is not None
    assert [t.isoformat() for t in found] == [
        "2026-03-08T14:30:00+00:00", "2026-03-08T22:00:00+00:00",
    ]  # fmt: skip
