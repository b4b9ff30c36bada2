"""A rule by the clock over HTTP: refused with the place of what is wrong, listed as it was sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from everyshelf import stock
from everyshelf.base.tx import Database
from tests.edge.conftest import Api
from tests.look import rows
from tests.world import small_world

RULE: Final[dict[str, Any]] = {
    "rate_per_day": 1.5, "online_rate_per_day": 2, "margin_minor": 400, "online_value_minor": 150,
    "replenish_weekdays": [0, 3], "replenish_minute": 360,
}  # fmt: skip
WALK_IN: Final = "$.rules[0].walk_in"


def body(**changes: Any) -> dict[str, Any]:
    walk_in = {k: v for k, v in (RULE | changes).items() if v is not None}
    return {"rules": [{"item": "TEA-1", "node": "S001", "walk_in": walk_in}]}


@pytest.mark.parametrize(
    ("changes", "path", "words"),
    [
        ({"rate_per_day": -1}, f"{WALK_IN}.rate_per_day", ">= 0"),
        ({"rate_per_day": "NaN"}, f"{WALK_IN}.rate_per_day", "float"),
        ({"rate_per_day": 5000}, f"{WALK_IN}.rate_per_day", "<= 1000"),
        ({"margin_minor": 4.5}, f"{WALK_IN}.margin_minor", "int"),
        ({"margin_minor": 0}, f"{WALK_IN}.margin_minor", ">= 1"),
        ({"margin_minor": None}, WALK_IN, "margin_minor"),
        ({"replenish_weekdays": [7]}, f"{WALK_IN}.replenish_weekdays[0]", "<= 6"),
        ({"replenish_weekdays": ["monday"]}, f"{WALK_IN}.replenish_weekdays[0]", "int"),
        ({"replenish_weekdays": []}, WALK_IN, "replenish_at"),
        ({"replenish_minute": 1440}, f"{WALK_IN}.replenish_minute", "<= 1439"),
        ({"replenish_at": "2026-03-09T06:00:00"}, f"{WALK_IN}.replenish_at", "offset"),
        ({"colour": "red"}, f"{WALK_IN}.colour", "colour"),
    ],
)
def test_a_bad_rule_names_its_place_and_writes_nothing(
    db: Database, owner: Api, changes: dict[str, Any], path: str, words: str
) -> None:
    small_world(db, {})
    assert owner.send("PUT", "/v1/stock/rules", body()).status_code == 200
    before = rows(db, "select * from stock_rule"), rows(db, "select count(*) from event")
    reply = owner.send("PUT", "/v1/stock/rules", body(**changes))
    assert reply.status_code == 400, reply.text
    told = reply.json()
    assert told["path"] == path, told
    assert words in told["detail"]
    assert (rows(db, "select * from stock_rule"), rows(db, "select count(*) from event")) == before


def test_not_a_number_is_no_json(db: Database, owner: Api) -> None:
    small_world(db, {})
    raw = '{"rules": [{"walk_in": {"rate_per_day": NaN}}]}'
    sent = owner.auth | {"idempotency-key": "nan", "content-type": "application/json"}
    reply = owner.client.request("PUT", "/v1/stock/rules", content=raw, headers=sent)
    assert reply.status_code == 400
    assert rows(db, "select * from stock_rule") == []


def test_a_rule_is_listed_as_it_was_sent(db: Database, owner: Api) -> None:
    small_world(db, {})
    assert owner.send("PUT", "/v1/stock/rules", body()).json() == {"rules": 1}
    (listed,) = owner.get("/v1/stock/rules").json()["items"]
    assert listed["walk_in"] == RULE
    assert listed["walk_in_qty"] is None


def test_what_the_tills_sold_is_told_a_day(db: Database, owner: Api) -> None:
    small_world(db, {("S001", "TEA-1"): 20})
    at = datetime.now(UTC) - timedelta(days=3)
    sale = stock.Sell("till-1", "S001", "TEA-1", 7)
    assert db.run(lambda tx: stock.sell(tx, [sale]), now=at)[0].ok
    route = "/v1/stock/walk-in-rates?item=TEA-1"
    answers = [owner.get(f"{route}{more}") for more in ("", "&days=7", "&days=2", "&node=S002")]
    assert [a.status_code for a in answers] == [200] * 4
    assert [[r["qty"] for r in a.json()] for a in answers] == [[7], [7], [], []]
    assert answers[0].json()[0]["rate_per_day"] == pytest.approx(0.25)
    assert owner.get(f"{route}&days=0").status_code == 400
    assert owner.get("/v1/stock/walk-in-rates").status_code == 400
