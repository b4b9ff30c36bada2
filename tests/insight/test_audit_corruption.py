"""The audit is audited: each kind of corruption, planted by SQL, is found by the named check."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from everyshelf.base.server import Server
from everyshelf.base.tx import Database
from everyshelf.insight import audit_database
from tests.conftest import fresh_database
from tests.insight.walked import walk

# With its CHECKs gone a table takes everything, as after a repair by hand or a bad restore.
DROP_CHECKS = """
do $$
declare c record;
begin
  for c in
    select conrelid::regclass as t, conname as n
    from pg_constraint
    where contype = 'c' and connamespace = 'public'::regnamespace and coninhcount = 0
  loop
    execute format('alter table %s drop constraint %I', c.t, c.n);
  end loop;
end $$
"""
OPEN_ALLOCATION = """
  select id from stock_allocation where item = 'LAMP-1' and picked + packed + shipped = 0
"""
SHIPPED_LINE = "select order_id from order_line where item = 'SOCK-1' and shipped = 2 limit 1"
PLANTED = [
    ("claims_have_results", "update claim set result = null where scope = 'transport.ship'"),
    ("claims_have_one_part", """insert into claim select (part + 1) %% 16384, scope, key, body,
      result, at from claim where scope = 'transport.ship' limit 1"""),
    ("cursors_are_whole", "delete from cursor_position where subscriber = 'sourcing' and lane = 7"),
    ("cursors_are_not_ahead", "update cursor_position set xid = '9000000000000' where lane = 3"),
    ("events_are_in_a_lane", "update event set lane = 64 where type like '%%order.placed.v1'"),
    ("events_keep_their_lane", """update event set lane = (lane + 1) %% 64
      where type like '%%line.shipped.v1'"""),
    ("events_are_once", """insert into event select '3', id, lane, subject, version, type, at,
      actor, cause, body from event where type like '%%order.completed.v1' limit 1"""),
    ("events_say_who", "update event set actor = '' where type like '%%order.placed.v1'"),
    ("deliveries_were_said", """insert into delivery select 'orders', max(id) + 1, 's', 't', '{}',
      now(), 1, now(), '', 'dead' from event"""),
    ("workers_are_leased_once", "update id_worker set holder = 'twin' where worker in (900, 901)"),
    ("balance_is_the_sum_of_its_moves", """update stock_balance set sellable = sellable + 1
      where item = 'TEA-1' and node = 'DC1'"""),
    ("no_bucket_below_zero", """update stock_balance set damaged = -1
      where item = 'TEA-1' and node = 'DC1'"""),
    ("held_is_the_sum_of_live_holds", "delete from stock_hold where owner like 'crt%%'"),
    ("committed_is_the_sum_of_allocations", f"""update stock_allocation set released = 1
      where id in ({OPEN_ALLOCATION})"""),
    ("allocation_counts_fit", "update stock_allocation set shipped = 9 where item = 'SOCK-1'"),
    ("lots_sum_to_the_shelf", "update stock_lot set qty = qty + 1 where bucket = 'shelf'"),
    ("serials_count_to_the_shelf", """delete from stock_serial where serial =
      (select min(serial) from stock_serial where node = 'DC1')"""),
    ("carried_is_what_was_picked", """insert into stock_carried select part, id, item, 'picked',
      'L9', '', 1 from stock_allocation where item = 'MILK-1' limit 1"""),
    ("carried_serial_is_there", """insert into stock_carried select a.part, a.id, a.item, 'packed',
      '', s.serial, 1 from stock_allocation a join stock_serial s on s.item = a.item limit 1"""),
    ("every_move_says_who_and_why", "update stock_move set actor = '' where reason = 'ship'"),
    ("moves_change_something", """update stock_move set from_node = to_node, from_bucket = to_bucket
      where reason = 'pick'"""),
    ("in_transit_is_the_sum_of_open_transfers", """update stock_balance set in_transit = 1
      where item = 'TEA-1' and node = 'DC2'"""),
    ("inbound_promised_within_supply", """insert into stock_inbound
      (part, id, item, node, kind, ref, due_on, qty, promised)
      values (1, 1, 'TEA-1', 'DC1', 'po', '', '2026-04-01', 1, 5)"""),
    ("parts_are_right", """insert into stock_balance (part, item, node)
      select (part + 1) %% 16384, item, node from stock_balance limit 1"""),
    ("lines_have_orders", f"delete from sales_order where id = ({SHIPPED_LINE})"),
    ("orders_have_lines", f"delete from order_line where order_id = ({SHIPPED_LINE})"),
    ("counts_in_qty", "update order_line set cancelled = qty where item = 'PHONE-1'"),
    ("kits_match_components", """update order_line set cancelled = 1
      where supply = 'kit' and item = 'GIFT-1'"""),
    ("channel_refs_are_unique", "update sales_order set channel_ref = 'same'"),
    ("captured_within_authorized", "update payment set authorized_minor = captured_minor - 1 "
     "where captured_minor > 0"),
    ("refunded_within_captured", "update payment set refunded_minor = captured_minor + 1"),
    ("sums_are_intents", """update payment_intent set amount_minor = amount_minor + 1
      where kind = 'capture'"""),
    ("payment_has_order", f"delete from sales_order where id = ({SHIPPED_LINE})"),
    ("currency_of_order", "update payment set currency = 'EUR'"),
    ("units_have_one_place", f"delete from stock_allocation where id in ({OPEN_ALLOCATION})"),
    ("load_is_counted", "insert into node_load (node, day, orders) values ('DC1', '2026-3-4', 9)"),
    ("lines_agree_with_allocations", """update fulfillment_line set picked = 0, packed = 0
      where item = 'LAMP-1' and packed > 0"""),
    ("packages_sum_to_packed", "update package_line set qty = qty + 1"),
    ("package_has_lines", "delete from package_line where item = 'SOCK-1'"),
    ("state_follows_counts", """update fulfillment_order set state = 'picked'
      where state = 'packed'"""),
    ("tracking_is_unique", "update label set tracking = 'ES1'"),
    ("label_is_paid_once", "update label set key = 'label:1'"),
    ("shipped_packages_have_labels", "update label set state = 'void' where state = 'paid'"),
    ("shipment_cost_is_its_labels", "update shipment set cost_minor = cost_minor + 1"),
    ("shipment_weighs_its_packages", "update shipment set weight_g = weight_g + 1"),
    ("shipments_follow_completed_work", """update fulfillment_order set state = 'packed'
      where state = 'completed' and method = 'ship'"""),
    ("completed_shipping_has_a_shipment", "delete from shipment where state = 'delivered'"),
    ("manifests_add_up", "update manifest set packages = packages + 1"),
    ("manifest_is_the_carriers", "update manifest set carrier = 'Another'"),
    ("state_was_said", "delete from tracking_event where code = 'delivered'"),
    ("attempts_were_said", "update shipment set attempts = 2 where state = 'lost'"),
    ("messages_have_shipments", "delete from shipment where state = 'lost'"),
    ("handed_over_work_is_completed", """update fulfillment_order set state = 'packed'
      where method = 'pickup'"""),
    ("one_disposition_a_unit", """insert into return_receipt (part, id, rma_id, order_id, line,
      item, qty, node, grade, disposition, why, worth_minor, refund_minor, received_at)
      select part, id + 1, rma_id, order_id, line, item, qty, node, grade, disposition, why,
      worth_minor, refund_minor, received_at from return_receipt limit 1"""),
    ("refund_within_worth", "update return_receipt set refund_minor = worth_minor + 1"),
    ("shipped_is_what_left", "update order_line set shipped = 1 where item = 'SOCK-1' "
     "and shipped = 2"),
    ("allocations_are_for_lines", "update stock_allocation set line = 99 where item = 'SOCK-1'"),
    ("shipped_stock_was_moved", "delete from stock_move where reason = 'ship'"),
    ("returned_is_what_came_back", "update order_line set returned = 1 where item = 'PHONE-1'"),
    ("returned_stock_was_moved", "update return_receipt set node = 'S002'"),
    ("order_has_payment", f"delete from payment where order_id = ({SHIPPED_LINE})"),
    ("refunds_have_a_reason", "update return_receipt set refund_minor = 1000000"),
    ("work_is_of_its_order", "update fulfillment_line set item = 'MUG-1' where item = 'SOCK-1'"),
    ("picked_units_have_work", "delete from fulfillment_line where item = 'SOCK-1'"),
    ("allocated_orders_were_decided", "delete from sourcing_decision"),
    ("nodes_are_known", "update stock_balance set node = 'NOWHERE' where node = 'S003'"),
    ("items_are_known", "update order_line set item = 'NOTHING' where item = 'SOCK-1'"),
    ("order_holds_never_expire", "update stock_hold set expires_at = null where owner ~ '^crt'"),
    ("carriers_are_paid_as_shipped", "update package set node = 'S003'"),
    ("handed_over_has_left", "update stock_allocation set shipped = 0 where item = 'BOOK-1'"),
    ("cases_have_their_order", "update exception_case set order_id = 1"),
    ("notes_have_their_case", "update exception_note set case_id = 1"),
]  # fmt: skip


@pytest.fixture(scope="module")
def walked(server: Server, template: str) -> Iterator[str]:
    """The name of a database in which orders have walked, with its CHECKs dropped."""
    with fresh_database(server, template) as url:
        with Database(url, size=2) as db:
            walk(db)
            assert audit_database(db) == []
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute(DROP_CHECKS)
            name = conn.info.dbname
        yield name


def test_thirty_kinds_of_corruption_are_planted() -> None:
    assert len({check for check, _ in PLANTED}) >= 60


@pytest.mark.parametrize(("check", "damage"), PLANTED, ids=[check for check, _ in PLANTED])
def test_a_corruption_is_found(server: Server, walked: str, check: str, damage: str) -> None:
    with fresh_database(server, walked) as url:
        with psycopg.connect(url, autocommit=True) as conn:
            changed = conn.execute(damage.replace("%%", "%").encode()).rowcount
        assert changed > 0, "nothing was damaged"
        with Database(url, size=1) as db:
            found = audit_database(db)
    assert check in {finding.check for finding in found}
    assert "the check failed" not in {finding.what for finding in found}


def test_a_check_that_cannot_run_is_a_finding(server: Server, walked: str) -> None:
    with fresh_database(server, walked) as url:
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute("alter table manifest drop column weight_g")
        with Database(url, size=1) as db:
            found = audit_database(db)
    assert ("manifests_add_up", "the check failed") in {(f.check, f.what) for f in found}
