-- name: lock_balances
-- Locks in key order, so that two postings never wait for each other in a circle.
select b.item, b.node, b.sellable, b.held, b.allocated, b.picked, b.packed, b.in_transit,
  b.quality_hold, b.damaged, b.display
from stock_balance b
join unnest(%(parts)s::int[], %(items)s::text[], %(nodes)s::text[]) as u (part, item, node)
  on b.part = u.part and b.item = u.item and b.node = u.node
order by b.part, b.item, b.node
for update of b

-- name: open_balances
insert into stock_balance (part, item, node)
select u.part, u.item, u.node
from unnest(%(parts)s::int[], %(items)s::text[], %(nodes)s::text[]) as u (part, item, node)
order by u.part, u.item, u.node
on conflict do nothing

-- name: move_balances
-- Each row changes once per posting; its CHECKs refuse a bucket below zero.
update stock_balance b
set sellable = b.sellable + u.sellable,
  held = b.held + u.held,
  allocated = b.allocated + u.allocated,
  picked = b.picked + u.picked,
  packed = b.packed + u.packed,
  in_transit = b.in_transit + u.in_transit,
  quality_hold = b.quality_hold + u.quality_hold,
  damaged = b.damaged + u.damaged,
  display = b.display + u.display
from unnest(
  %(parts)s::int[], %(items)s::text[], %(nodes)s::text[], %(sellable)s::bigint[],
  %(held)s::bigint[], %(allocated)s::bigint[], %(picked)s::bigint[], %(packed)s::bigint[],
  %(in_transit)s::bigint[], %(quality_hold)s::bigint[], %(damaged)s::bigint[],
  %(display)s::bigint[]
) as u (part, item, node, sellable, held, allocated, picked, packed, in_transit, quality_hold,
  damaged, display)
where b.part = u.part and b.item = u.item and b.node = u.node

-- name: append_moves
insert into stock_move (part, id, item, from_node, from_bucket, to_node, to_bucket, qty, lot,
  serial, reason, cause, actor, at)
select u.part, u.id, u.item, u.from_node, u.from_bucket, u.to_node, u.to_bucket, u.qty, u.lot,
  u.serial, u.reason, %(cause)s::text, %(actor)s::text, %(now)s::timestamptz
from unnest(
  %(parts)s::int[], %(move_ids)s::bigint[], %(items)s::text[], %(from_nodes)s::text[],
  %(from_buckets)s::text[], %(to_nodes)s::text[], %(to_buckets)s::text[], %(qtys)s::bigint[],
  %(lots)s::text[], %(serials)s::text[], %(reasons)s::text[]
) as u (part, id, item, from_node, from_bucket, to_node, to_bucket, qty, lot, serial, reason)

-- name: tracked_items
select item, tracking
from item
where item = any (%(items)s::text[]) and tracking <> 'none'

-- name: lock_lots
select item, node, lot, bucket, expires_on, qty
from stock_lot
where part = any (%(parts)s::int[]) and item = any (%(items)s::text[])
  and node = any (%(nodes)s::text[])
order by part, item, node, lot, bucket
for update

-- name: debit_lots
update stock_lot l
set qty = l.qty + u.qty
from unnest(
  %(parts)s::int[], %(items)s::text[], %(nodes)s::text[], %(lots)s::text[], %(buckets)s::text[],
  %(expiries)s::date[], %(qtys)s::bigint[]
) as u (part, item, node, lot, bucket, expires_on, qty)
where l.part = u.part and l.item = u.item and l.node = u.node and l.lot = u.lot
  and l.bucket = u.bucket

-- name: credit_lots
insert into stock_lot (part, item, node, lot, bucket, expires_on, qty)
select u.part, u.item, u.node, u.lot, u.bucket, u.expires_on, u.qty
from unnest(
  %(parts)s::int[], %(items)s::text[], %(nodes)s::text[], %(lots)s::text[], %(buckets)s::text[],
  %(expiries)s::date[], %(qtys)s::bigint[]
) as u (part, item, node, lot, bucket, expires_on, qty)
on conflict (part, item, node, lot, bucket) do update
set qty = stock_lot.qty + excluded.qty

-- name: lock_serials
select item, serial, node, bucket
from stock_serial
where part = any (%(parts)s::int[]) and item = any (%(items)s::text[])
  and (node = any (%(nodes)s::text[]) or serial = any (%(serials)s::text[]))
order by part, item, serial
for update

-- name: place_serials
insert into stock_serial (part, item, serial, node, bucket, at)
select u.part, u.item, u.serial, u.node, u.bucket, %(now)s::timestamptz
from unnest(
  %(parts)s::int[], %(items)s::text[], %(serials)s::text[], %(nodes)s::text[],
  %(buckets)s::text[]
) as u (part, item, serial, node, bucket)
on conflict (part, item, serial) do update
set node = excluded.node, bucket = excluded.bucket, at = excluded.at

