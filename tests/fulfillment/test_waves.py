"""Waves: what is picked together, when it is picked, what goes back to the list."""

from __future__ import annotations

from everyshelf import fulfillment as f
from everyshelf.base.tx import Database
from tests.fulfillment.shop import findings, key, one, open_shop, place, told, work


def wave_state(db: Database, wave: f.WaveId) -> str:
    with db.transaction() as tx:
        found = tx.conn.execute("select state from wave where id = %s", [int(wave)]).fetchone()
    assert found is not None
    return str(found[0])


def test_a_wave_takes_the_oldest_and_is_picked_with_its_last_order(db: Database) -> None:
    open_shop(db, DC1={"TEA-1": 50, "MUG-1": 50})
    first, second, third = (work(db, place(db, ("TEA-1", n), ("MUG-1", 1))) for n in (1, 2, 3))
    made = db.run(lambda tx: one(f.make_wave(tx, [f.MakeWave(key(), "DC1", limit=2)])))
    assert made.fulfillments == (first.id, second.id)
    rows = db.run(lambda tx: f.pick_list(tx, made.wave_id))
    assert [(r.item, r.qty) for r in rows] == [("MUG-1", 2), ("TEA-1", 3)]
    db.run(lambda tx: one(f.pick(tx, [f.Pick(key(), first.id)])))
    assert wave_state(db, made.wave_id) == "open"
    rows = db.run(lambda tx: f.pick_list(tx, made.wave_id))
    assert [(r.item, r.qty, r.fulfillments) for r in rows] == [
        ("MUG-1", 1, [second.id]),
        ("TEA-1", 2, [second.id]),
    ]
    db.run(lambda tx: one(f.pick(tx, [f.Pick(key(), second.id)])))
    assert wave_state(db, made.wave_id) == "picked"
    assert work(db, third.order_id).wave_id is None
    assert findings(db) == []


def test_closing_gives_back_what_was_not_picked(db: Database) -> None:
    open_shop(db, DC1={"TEA-1": 50})
    picked, left = (work(db, place(db, ("TEA-1", 1))) for _ in range(2))
    made = db.run(lambda tx: one(f.make_wave(tx, [f.MakeWave(key(), "DC1")])))
    db.run(lambda tx: one(f.pick(tx, [f.Pick(key(), picked.id)])))
    closed = db.run(lambda tx: one(f.close_wave(tx, [f.CloseWave(key(), made.wave_id)])))
    assert closed.fulfillments == (left.id,)
    assert work(db, left.order_id).wave_id is None
    assert work(db, picked.order_id).wave_id == made.wave_id
    answers = db.run(
        lambda tx: f.close_wave(
            tx, [f.CloseWave(key(), made.wave_id), f.CloseWave(key(), f.WaveId(4))]
        )
    )
    codes = [a.refusal.code for a in answers if a.refusal]
    assert codes == ["fulfillment.wave_closed", "fulfillment.wave_unknown"]
    assert told(db, "fulfillment.wave") == ["fulfillment.wave.made", "fulfillment.wave.closed"]
    again = db.run(lambda tx: one(f.make_wave(tx, [f.MakeWave(key(), "DC1")])))
    assert again.fulfillments == (left.id,)


def test_a_wave_takes_only_free_accepted_work_of_its_node(db: Database) -> None:
    open_shop(db, DC1={"TEA-1": 50}, S001={"MUG-1": 5})
    order, offered = work(db, place(db, ("TEA-1", 1))), work(db, place(db, ("MUG-1", 1)))

    def code(node: str, *ids: f.FulfillmentId) -> str | None:
        command = f.MakeWave(key(), node, fulfillments=ids or None)
        (answer,) = db.run(lambda tx: f.make_wave(tx, [command]))
        return answer.refusal.code if answer.refusal else None

    assert code("DC2") == "fulfillment.nothing_open"
    assert code("DC2", order.id) == "fulfillment.unknown"
    assert code("S001", offered.id) == "fulfillment.state"
    assert code("DC1", order.id, order.id) is None
    assert code("DC1", order.id) == "fulfillment.state"
    assert work(db, order.order_id).version == 2
