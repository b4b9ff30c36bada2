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
set sellable = b.sellable + u.sellable, held = b.held + u.held,
  allocated = b.allocated + u.allocated, picked = b.picked + u.picked,
  packed = b.packed + u.packed, in_transit = b.in_transit + u.in_transit,
  quality_hold = b.quality_hold + u.quality_hold, damaged = b.damaged + u.damaged,
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

-- name: carried_of
select c.allocation_id, c.item, c.bucket, c.lot, c.serial, c.qty
from unnest(%(parts)s::int[], %(allocations)s::bigint[]) as u (part, allocation)
join stock_carried c on c.part = u.part and c.allocation_id = u.allocation
order by c.allocation_id, c.bucket, c.lot, c.serial

-- name: drop_carried
delete from stock_carried c
using unnest(
  %(parts)s::int[], %(allocations)s::bigint[], %(items)s::text[], %(buckets)s::text[],
  %(lots)s::text[], %(serials)s::text[]
) as u (part, allocation, item, bucket, lot, serial)
where c.part = u.part and c.allocation_id = u.allocation and c.bucket = u.bucket
  and c.lot = u.lot and c.serial = u.serial

-- name: put_carried
insert into stock_carried (part, allocation_id, item, bucket, lot, serial, qty)
select u.part, u.allocation, u.item, u.bucket, u.lot, u.serial, u.qty
from unnest(
  %(parts)s::int[], %(allocations)s::bigint[], %(items)s::text[], %(buckets)s::text[],
  %(lots)s::text[], %(serials)s::text[], %(qtys)s::bigint[]
) as u (part, allocation, item, bucket, lot, serial, qty)
on conflict (part, allocation_id, bucket, lot, serial) do update
set qty = excluded.qty

-- name: place_serials
-- A new number cannot be locked: one that was made meanwhile is left alone and told by the count.
with known as (
  update stock_serial s
  set node = u.node, bucket = u.bucket, at = %(now)s::timestamptz
  from unnest(
    %(parts)s::int[], %(items)s::text[], %(serials)s::text[], %(nodes)s::text[],
    %(buckets)s::text[], %(fresh)s::boolean[]
  ) as u (part, item, serial, node, bucket, fresh)
  where not u.fresh and s.part = u.part and s.item = u.item and s.serial = u.serial
  returning s.serial
),
made as (
  insert into stock_serial (part, item, serial, node, bucket, at)
  select u.part, u.item, u.serial, u.node, u.bucket, %(now)s::timestamptz
  from unnest(
    %(parts)s::int[], %(items)s::text[], %(serials)s::text[], %(nodes)s::text[],
    %(buckets)s::text[], %(fresh)s::boolean[]
  ) as u (part, item, serial, node, bucket, fresh)
  where u.fresh
  order by u.part, u.item, u.serial
  on conflict (part, item, serial) do nothing
  returning serial
)
select serial from known
union all
select serial from made

-- name: walk_in_sales
-- Ids grow with time: the key finds the moves of the period without reading those before it.
select m.item, m.from_node as node, sum(m.qty)::bigint as qty
from unnest(%(parts)s::int[], %(items)s::text[]) as u (part, item)
join stock_move m on m.part = u.part and m.id >= %(first)s::bigint and m.item = u.item
where m.reason = 'sale' and m.to_node = '@customer' and m.at >= %(since)s::timestamptz
  and (%(nodes)s::text[] is null or m.from_node = any (%(nodes)s::text[]))
group by m.item, m.from_node
order by m.item, m.from_node

-- name: free_units
-- One row an item: its nodes with sellable units that can handle it, as sourcing asks too.
select b.item, array_agg(b.node) as nodes, array_agg(b.sellable) as units
from unnest(%(parts)s::int[], %(items)s::text[]) as u (part, item)
join item i on i.item = u.item
join stock_balance b on b.part = u.part and b.item = u.item and b.sellable > 0
where i.handling = '{}' or not exists (
  select from unnest(i.handling) as word
  join node n on n.node = b.node and word <> all (n.capabilities)
  where word = any (%(handling)s::text[])
)
group by b.item

-- name: pool_members
select u.pool, n.node, n.priority
from unnest(%(pools)s::text[]) as u (pool)
join node n on n.active and not n.paused
  and split_part(u.pool, ':', 1) = any (n.capabilities)
  and (split_part(u.pool, ':', 2) = '' or split_part(u.pool, ':', 2) = n.node)
  and coalesce(n.opens_on <= %(today)s::date, true)
  and coalesce(%(today)s::date <= n.closes_on, true)
order by u.pool, n.priority, n.node

-- name: balances
select item, node, sellable, held, allocated, picked, packed, in_transit, quality_hold, damaged,
  display
from stock_balance
where part = any (%(parts)s::int[]) and item = any (%(items)s::text[])
  and (%(nodes)s::text[] is null or node = any (%(nodes)s::text[]))
order by part, item, node

-- name: next_due
select distinct on (item) item, due_on, qty + cap - greatest(promised, received) as qty
from stock_inbound
where item = any (%(items)s::text[]) and greatest(promised, received) < qty + cap
order by item, due_on

-- name: add_holds
insert into stock_hold (part, id, item, node, pool, channel, owner, line, qty, expires_at, at)
select u.part, u.id, u.item, u.node, u.pool, u.channel, u.owner, u.line, u.qty, u.expires_at,
  %(now)s::timestamptz
from unnest(
  %(parts)s::int[], %(ids)s::bigint[], %(items)s::text[], %(nodes)s::text[], %(pools)s::text[],
  %(channels)s::text[], %(owners)s::text[], %(lines)s::int[], %(qtys)s::bigint[],
  %(expiries)s::timestamptz[]
) as u (part, id, item, node, pool, channel, owner, line, qty, expires_at)

-- name: seat_holds
-- A hold that moves joins its own units that already sit there.
insert into stock_hold (part, id, item, node, pool, channel, owner, line, qty, expires_at, at)
select u.part, u.id, u.item, u.node, u.pool, u.channel, u.owner, u.line, sum(u.qty), u.expires_at,
  %(now)s::timestamptz
from unnest(
  %(parts)s::int[], %(ids)s::bigint[], %(nodes)s::text[], %(qtys)s::bigint[], %(items)s::text[],
  %(pools)s::text[], %(channels)s::text[], %(owners)s::text[], %(lines)s::int[],
  %(expiries)s::timestamptz[]
) as u (part, id, node, qty, item, pool, channel, owner, line, expires_at)
group by u.part, u.id, u.item, u.node, u.pool, u.channel, u.owner, u.line, u.expires_at
on conflict (part, id, node) do update
set qty = stock_hold.qty + excluded.qty

-- name: holds_of
select id, item, node, pool, channel, owner, line, qty, expires_at
from stock_hold
where owner = any (%(owners)s::text[])
order by part, id, node
for update

-- name: lock_item_holds
select id, item, node, pool, channel, owner, line, qty, expires_at
from stock_hold
where part = %(part)s::int and item = %(item)s::text
order by part, id, node
for update

-- name: extend_holds
update stock_hold
set expires_at = %(expires_at)s::timestamptz
where owner = any (%(owners)s::text[]) and expires_at is not null

-- name: adopt_holds
update stock_hold h
set owner = u.to_owner, line = u.to_line, expires_at = null
from unnest(
  %(from_owners)s::text[], %(from_lines)s::int[], %(to_owners)s::text[], %(to_lines)s::int[]
) as u (from_owner, from_line, to_owner, to_line)
where h.owner = u.from_owner and h.line = u.from_line

-- name: expired_holds
-- Whoever locks the row first decides: the expiry, or the order that takes the hold over.
select id, item, node, pool, channel, owner, line, qty, expires_at
from stock_hold
where expires_at <= %(now)s::timestamptz
order by expires_at
limit %(limit)s::int
for update skip locked

-- name: drop_holds
delete from stock_hold h
using unnest(%(parts)s::int[], %(ids)s::bigint[], %(nodes)s::text[]) as u (part, id, node)
where h.part = u.part and h.id = u.id and h.node = u.node

-- name: lessen_holds
update stock_hold h
set qty = h.qty - u.qty
from unnest(
  %(parts)s::int[], %(ids)s::bigint[], %(nodes)s::text[], %(qtys)s::bigint[]
) as u (part, id, node, qty)
where h.part = u.part and h.id = u.id and h.node = u.node

-- name: add_allocations
insert into stock_allocation (part, id, order_id, line, item, node, qty, at)
select u.part, u.id, u.order_id, u.line, u.item, u.node, u.qty, %(now)s::timestamptz
from unnest(
  %(parts)s::int[], %(ids)s::bigint[], %(order_ids)s::bigint[], %(lines)s::int[],
  %(items)s::text[], %(nodes)s::text[], %(qtys)s::bigint[]
) as u (part, id, order_id, line, item, node, qty)

-- name: allocations_of
select id, order_id, line, item, node, qty, picked, packed, shipped, released
from stock_allocation
where order_id = any (%(order_ids)s::bigint[])
order by id

-- name: lock_allocations
select a.id, a.order_id, a.line, a.item, a.node, a.qty, a.picked, a.packed, a.shipped, a.released
from stock_allocation a
join unnest(%(parts)s::int[], %(ids)s::bigint[]) as u (part, id)
  on a.part = u.part and a.id = u.id
order by a.part, a.id
for update of a

-- name: advance_allocations
update stock_allocation a
set picked = a.picked + u.picked, packed = a.packed + u.packed,
  shipped = a.shipped + u.shipped, released = a.released + u.released
from unnest(
  %(parts)s::int[], %(ids)s::bigint[], %(picked)s::bigint[], %(packed)s::bigint[],
  %(shipped)s::bigint[], %(released)s::bigint[]
) as u (part, id, picked, packed, shipped, released)
where a.part = u.part and a.id = u.id

-- name: known_items
select item
from item
where item = any (%(items)s::text[]) and active

-- name: known_nodes
select node, unknown_sales
from node
where node = any (%(nodes)s::text[])

-- name: cells_of_inbound
select i.id, i.item, i.node
from unnest(%(parts)s::int[], %(ids)s::bigint[]) as u (part, id)
join stock_inbound i on i.part = u.part and i.id = u.id

-- name: serve_inbound
update stock_inbound i
set received = i.received + u.qty
from unnest(%(parts)s::int[], %(ids)s::bigint[], %(qtys)s::bigint[]) as u (part, id, qty)
where i.part = u.part and i.id = u.id

-- name: add_inbound
insert into stock_inbound (part, id, item, node, kind, ref, due_on, qty, cap)
select u.part, u.id, u.item, u.node, u.kind, u.ref, u.due_on, u.qty, u.cap
from unnest(
  %(parts)s::int[], %(ids)s::bigint[], %(items)s::text[], %(nodes)s::text[], %(kinds)s::text[],
  %(refs)s::text[], %(dues)s::date[], %(qtys)s::bigint[], %(caps)s::bigint[]
) as u (part, id, item, node, kind, ref, due_on, qty, cap)

-- name: lock_inbound
select id, item, node, due_on, qty, received, promised, cap
from stock_inbound
where part = any (%(parts)s::int[]) and item = any (%(items)s::text[]) and received < qty + cap
order by part, item, due_on, id
for update

-- name: promise_inbound
update stock_inbound i
set promised = i.promised + u.qty
from unnest(%(parts)s::int[], %(ids)s::bigint[], %(qtys)s::bigint[]) as u (part, id, qty)
where i.part = u.part and i.id = u.id

-- name: add_counts
insert into stock_count (part, id, item, node, counted, expected, variance, reason, actor, at)
select u.part, u.id, u.item, u.node, u.counted, u.expected, u.variance, u.reason,
  %(actor)s::text, %(now)s::timestamptz
from unnest(
  %(parts)s::int[], %(ids)s::bigint[], %(items)s::text[], %(nodes)s::text[],
  %(counted)s::bigint[], %(expected)s::bigint[], %(variances)s::bigint[], %(reasons)s::text[]
) as u (part, id, item, node, counted, expected, variance, reason)

-- name: advance_feed
-- The row is the guard: an older snapshot changes nothing.
insert into stock_feed (source, node, sequence, at)
values (%(source)s::text, %(node)s::text, %(sequence)s::bigint, %(now)s::timestamptz)
on conflict (source, node) do update
set sequence = excluded.sequence, at = excluded.at
where stock_feed.sequence < excluded.sequence

-- name: add_transfer
insert into stock_transfer (part, id, from_node, to_node, state, reason, made_at)
values (%(part)s::int, %(id)s::bigint, %(from_node)s::text, %(to_node)s::text, 'in_transit',
  %(reason)s::text, %(now)s::timestamptz)

-- name: add_transfer_lines
insert into stock_transfer_line (part, transfer_id, item, sent)
select %(part)s::int, %(id)s::bigint, u.item, u.qty
from unnest(%(items)s::text[], %(qtys)s::bigint[]) as u (item, qty)

-- name: lock_transfer
select id, from_node, to_node, state
from stock_transfer
where part = %(part)s::int and id = %(id)s::bigint
for update

-- name: open_transfer_lines
select item, sent - received - damaged - lost as open
from stock_transfer_line
where part = %(part)s::int and transfer_id = %(id)s::bigint

-- name: advance_transfer_lines
update stock_transfer_line l
set received = l.received + u.received, damaged = l.damaged + u.damaged, lost = l.lost + u.lost
from (
  select item, sum(received) as received, sum(damaged) as damaged, sum(lost) as lost
  from unnest(
    %(items)s::text[], %(received)s::bigint[], %(damaged)s::bigint[], %(lost)s::bigint[]
  ) as v (item, received, damaged, lost)
  group by item
) u
where l.part = %(part)s::int and l.transfer_id = %(id)s::bigint and l.item = u.item

-- name: advance_transfer
update stock_transfer
set state = %(state)s::text, closed_at = %(closed_at)s::timestamptz, version = version + 1
where part = %(part)s::int and id = %(id)s::bigint
