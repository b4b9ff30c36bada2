"""Customers are told what concerns them, once, and the code they are told opens the pickup."""

from __future__ import annotations

import re
from typing import Any

from everyshelf.base.tx import Database
from everyshelf.edge import notify
from everyshelf.edge.notify import Message
from everyshelf.edge.worker import drain
from tests.edge.test_api import ORDER, with_line
from tests.world import small_world


class Postbox:
    """Keeps what is sent; fails as often as it is told."""

    def __init__(self, fails: int = 0) -> None:
        self.got: list[Message] = []
        self.fails = fails

    def send(self, message_id: str, message: Message) -> None:
        if self.fails:
            self.fails -= 1
            raise ConnectionError("the post is on strike")
        self.got.append(message)


def pump(db: Database, box: Postbox) -> None:
    while drain(db) + notify.run(db, box):
        pass


def test_the_code_that_is_told_opens_the_pickup(db: Database, owner: Any) -> None:
    small_world(db)
    notify.begin(db)
    box = Postbox()
    owner.post("/v1/orders", with_line(method="pickup", pickup_node="S001"))
    drain(db)
    work = owner.get("/v1/fulfillments").json()["items"][0]["id"]
    assert owner.post(f"/v1/fulfillments/{work}/prepare").status_code == 200
    pump(db, box)
    assert [m.email for m in box.got] == ["ada@example.com"]
    code = re.search(r"code is (\d+)", box.got[0].text)
    assert code is not None
    one = owner.get("/v1/pickups").json()["items"][0]["id"]
    body = {"code": code[1], "to": "Ada", "node": "S001"}
    assert owner.post(f"/v1/pickups/{one}/hand-over", body).status_code == 200


def test_nobody_is_told_twice_or_about_the_past(db: Database, owner: Any) -> None:
    small_world(db)
    first = owner.post("/v1/orders", ORDER).json()["order_id"]
    owner.post(f"/v1/orders/{first}/cancel", {})
    notify.begin(db)
    box = Postbox()
    pump(db, box)
    assert box.got == []
    second = owner.post("/v1/orders", {**ORDER, "channel_ref": "W-2"}).json()["order_id"]
    owner.post(f"/v1/orders/{second}/cancel", {})
    notify.begin(db)
    pump(db, box)
    pump(db, box)
    assert ["cancelled" in m.text for m in box.got] == [True]


def test_what_could_not_be_sent_waits(db: Database, owner: Any) -> None:
    small_world(db)
    notify.begin(db)
    box = Postbox(fails=1)
    made = owner.post("/v1/orders", ORDER).json()["order_id"]
    owner.post(f"/v1/orders/{made}/cancel", {})
    pump(db, box)
    assert box.got == []
    with db.transaction() as tx:
        rows = tx.conn.execute("select state, attempts, error from delivery").fetchall()
    assert [row[:2] for row in rows] == [("waiting", 1)]
    assert "strike" in rows[0][2]
