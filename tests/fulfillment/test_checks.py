"""The checks of work and pickup find what is planted, each its own kind, and nothing before."""

from __future__ import annotations

import pytest

from everyshelf import fulfillment as f
from everyshelf import pickup
from everyshelf.base.tx import Database
from tests.fulfillment.shop import drive, findings, key, one, open_shop, place, work

WORK = "fulfillment_order set"
PLANTED = {
    "lines_agree_with_allocations": "update fulfillment_line set short = 1, picked = 1, packed = 1",
    "line_has_its_allocation": "delete from stock_allocation",
    "ended_work_holds_nothing": f"update {WORK} state = 'completed'",
    "one_open_line_per_allocation": "insert into fulfillment_line (part, fulfillment_id,"
    " allocation_id, line, item, qty) select part, fulfillment_id + 1, allocation_id, line, item,"
    " qty from fulfillment_line",
    "packages_sum_to_packed": "update package_line set qty = qty + 1",
    "package_has_lines": "delete from package_line",
    "package_line_has_package": "delete from package",
    "state_follows_counts": f"update {WORK} state = 'picking'",
    "no_work_without_lines": "delete from fulfillment_line",
    "no_live_work_on_ended_orders": "update order_line set cancelled = qty",
    "staged_work_is_packed": f"update {WORK} state = 'picked'",
    "handed_over_work_is_completed": "update pickup set state = 'handed_over',"
    " handed_over_at = staged_at",
    "not_collected_work_is_cancelled": "update pickup set state = 'no_show'",
    "one_hand_over": "insert into pickup (part, id, order_id, fulfillment_id, node, method, state,"
    " staged_at, expires_at) select part, n, order_id, fulfillment_id, node, method,"
    " 'handed_over', staged_at, expires_at from pickup, generate_series(1, 2) as n",
    "pickup_is_of_its_work": "update pickup set node = 'S002'",
    "no_code_outlives_its_use": "update pickup set state = 'cancelled'",
    "instants_follow_the_state": "update pickup set state = 'checked_in'",
}


@pytest.mark.parametrize("name", sorted(PLANTED))
def test_a_planted_corruption_is_found(db: Database, name: str) -> None:
    open_shop(db, S001={"TEA-1": 9})
    order_id = place(db, ("TEA-1", 2), method="pickup", node="S001")
    ful = work(db, order_id).id
    db.run(lambda tx: one(f.prepare(tx, [f.Prepare(key(), ful)])))
    drive(db)
    db.run(lambda tx: one(pickup.stage(tx, [pickup.Stage(key(), ful)])))
    assert findings(db) == []
    with db.transaction() as tx:
        tx.conn.execute(PLANTED[name].encode())
    assert name in {found for found, _, _ in findings(db, "fulfillment", "pickup")}
