-- name: lock_orders
-- In id order, so that two batches never wait for each other in a circle.
select part, id, order_id, node, method, service, state, due_at, made_at, accepted_at, picked_at,
  packed_at, closed_at, wave_id, reason, version
from fulfillment_order
where id = any (%(ids)s::bigint[])
order by id
for update

-- name: lock_orders_of
select part, id, order_id, node, method, service, state, due_at, made_at, accepted_at, picked_at,
  packed_at, closed_at, wave_id, reason, version
from fulfillment_order
where part = any (%(parts)s::int[]) and order_id = any (%(order_ids)s::bigint[])
  and state not in ('completed', 'rejected', 'cancelled')
order by id
for update

-- name: read_orders
select part, id, order_id, node, method, service, state, due_at, made_at, accepted_at, picked_at,
  packed_at, closed_at, wave_id, reason, version
from fulfillment_order
where id = any (%(ids)s::bigint[])
order by id

-- name: read_orders_of
select part, id, order_id, node, method, service, state, due_at, made_at, accepted_at, picked_at,
  packed_at, closed_at, wave_id, reason, version
from fulfillment_order
where part = any (%(parts)s::int[]) and order_id = any (%(order_ids)s::bigint[])
order by id

-- name: work_list
-- What a node has to do, in the order in which it came; a page at a time.
select part, id, order_id, node, method, service, state, due_at, made_at, accepted_at, picked_at,
  packed_at, closed_at, wave_id, reason, version
from fulfillment_order
where node = %(node)s::text and id > %(after)s::bigint
  and state not in ('completed', 'rejected', 'cancelled')
  and (%(states)s::text[] is null or state = any (%(states)s::text[]))
order by id
limit %(limit)s::int

-- name: read_lines
select l.fulfillment_id, l.allocation_id, l.line, l.item, l.qty, l.picked, l.packed, l.short,
  l.cancelled
from unnest(%(parts)s::int[], %(ids)s::bigint[]) as u (part, id)
join fulfillment_line l on l.part = u.part and l.fulfillment_id = u.id
order by l.fulfillment_id, l.line, l.allocation_id

-- name: insert_orders
insert into fulfillment_order (part, id, order_id, node, method, service, state, due_at, made_at,
  accepted_at, version)
select u.part, u.id, u.order_id, u.node, u.method, u.service, u.state, u.due_at,
  %(now)s::timestamptz, case when u.state = 'accepted' then %(now)s::timestamptz end, 1
from unnest(
  %(parts)s::int[], %(ids)s::bigint[], %(orders)s::bigint[], %(nodes)s::text[],
  %(methods)s::text[], %(services)s::text[], %(states)s::text[], %(dues)s::timestamptz[]
) as u (part, id, order_id, node, method, service, state, due_at)

-- name: insert_lines
insert into fulfillment_line (part, fulfillment_id, allocation_id, line, item, qty)
select u.part, u.id, u.allocation, u.line, u.item, u.qty
from unnest(
  %(parts)s::int[], %(ids)s::bigint[], %(allocations)s::bigint[], %(lines)s::int[],
  %(items)s::text[], %(qtys)s::bigint[]
) as u (part, id, allocation, line, item, qty)

-- name: write_lines
update fulfillment_line l
set picked = u.picked, packed = u.packed, short = u.short, cancelled = u.cancelled
from unnest(
  %(parts)s::int[], %(ids)s::bigint[], %(allocations)s::bigint[], %(picked)s::bigint[],
  %(packed)s::bigint[], %(short)s::bigint[], %(cancelled)s::bigint[]
) as u (part, id, allocation, picked, packed, short, cancelled)
where l.part = u.part and l.fulfillment_id = u.id and l.allocation_id = u.allocation

-- name: write_orders
-- The instants follow the state: what is taken back loses its instant.
update fulfillment_order f
set state = u.state,
  reason = u.reason,
  wave_id = u.wave_id,
  version = u.version,
  accepted_at = case
    when u.state in ('offered', 'rejected', 'cancelled') then f.accepted_at
    else coalesce(f.accepted_at, %(now)s::timestamptz) end,
  picked_at = case
    when u.state in ('offered', 'accepted', 'picking') then null
    when u.state in ('picked', 'packed') then coalesce(f.picked_at, %(now)s::timestamptz)
    else f.picked_at end,
  packed_at = case
    when u.state in ('offered', 'accepted', 'picking', 'picked') then null
    when u.state = 'packed' then coalesce(f.packed_at, %(now)s::timestamptz)
    else f.packed_at end,
  closed_at = case
    when u.state in ('completed', 'rejected', 'cancelled') then %(now)s::timestamptz end
from unnest(
  %(parts)s::int[], %(ids)s::bigint[], %(states)s::text[], %(reasons)s::text[],
  %(waves)s::bigint[], %(versions)s::bigint[]
) as u (part, id, state, reason, wave_id, version)
where f.part = u.part and f.id = u.id

-- name: insert_packages
insert into package (part, id, fulfillment_id, order_id, node, carton, weight_g, packed_at)
select u.part, u.id, u.fulfillment_id, u.order_id, u.node, u.carton, u.weight_g,
  %(now)s::timestamptz
from unnest(
  %(parts)s::int[], %(ids)s::bigint[], %(fulfillments)s::bigint[], %(orders)s::bigint[],
  %(nodes)s::text[], %(cartons)s::text[], %(weights)s::bigint[]
) as u (part, id, fulfillment_id, order_id, node, carton, weight_g)

-- name: insert_package_lines
insert into package_line (part, package_id, allocation_id, line, item, qty, lot, serial)
select u.part, u.id, u.allocation, u.line, u.item, u.qty, u.lot, u.serial
from unnest(
  %(parts)s::int[], %(ids)s::bigint[], %(allocations)s::bigint[], %(lines)s::int[],
  %(items)s::text[], %(qtys)s::bigint[], %(lots)s::text[], %(serials)s::text[]
) as u (part, id, allocation, line, item, qty, lot, serial)

-- name: delete_package_lines
delete from package_line l
using unnest(%(parts)s::int[], %(ids)s::bigint[]) as u (part, id)
where l.part = u.part and l.package_id = u.id

-- name: delete_packages
delete from package p
using unnest(%(parts)s::int[], %(ids)s::bigint[]) as u (part, id)
where p.part = u.part and p.id = u.id

-- name: read_boxes
-- The last packages are opened first.
select l.part, l.package_id, l.allocation_id, l.item, l.qty, l.lot, l.serial
from unnest(%(parts)s::int[], %(ids)s::bigint[], %(allocations)s::bigint[])
  as u (part, id, allocation)
join package p on p.part = u.part and p.fulfillment_id = u.id
join package_line l on l.part = p.part and l.package_id = p.id and l.allocation_id = u.allocation
order by l.package_id desc, l.lot, l.serial

-- name: lighten_packages
update package p
set weight_g = greatest(p.weight_g - u.weight_g, 0)
from (
  select t.part, t.id, sum(t.qty * i.weight_g)::bigint as weight_g
  from unnest(
    %(parts)s::int[], %(ids)s::bigint[], %(allocations)s::bigint[], %(lots)s::text[],
    %(serials)s::text[], %(qtys)s::bigint[]
  ) as t (part, id, allocation, lot, serial, qty)
  join package_line l on l.part = t.part and l.package_id = t.id
    and l.allocation_id = t.allocation and l.lot = t.lot and l.serial = t.serial
  join item i on i.item = l.item
  group by t.part, t.id
) u
where p.part = u.part and p.id = u.id

-- name: delete_emptied_lines
delete from package_line l
using unnest(
  %(parts)s::int[], %(ids)s::bigint[], %(allocations)s::bigint[], %(lots)s::text[],
  %(serials)s::text[], %(qtys)s::bigint[]
) as u (part, id, allocation, lot, serial, qty)
where l.part = u.part and l.package_id = u.id and l.allocation_id = u.allocation
  and l.lot = u.lot and l.serial = u.serial and l.qty = u.qty

-- name: reduce_package_lines
-- Lines that were taken out whole are gone already; the rest keeps at least one unit.
update package_line l
set qty = l.qty - u.qty
from unnest(
  %(parts)s::int[], %(ids)s::bigint[], %(allocations)s::bigint[], %(lots)s::text[],
  %(serials)s::text[], %(qtys)s::bigint[]
) as u (part, id, allocation, lot, serial, qty)
where l.part = u.part and l.package_id = u.id and l.allocation_id = u.allocation
  and l.lot = u.lot and l.serial = u.serial

-- name: delete_empty_packages
delete from package p
using unnest(%(parts)s::int[], %(ids)s::bigint[]) as u (part, id)
where p.part = u.part and p.id = u.id
  and not exists (select from package_line l where l.part = p.part and l.package_id = p.id)

-- name: read_packages
select p.part, p.id, p.fulfillment_id, p.order_id, p.node, p.carton, p.weight_g, p.packed_at
from package p
where p.fulfillment_id = any (%(ids)s::bigint[])
order by p.fulfillment_id, p.id

-- name: read_package_lines
select l.package_id, l.allocation_id, l.line, l.item, l.qty, l.lot, l.serial
from unnest(%(parts)s::int[], %(ids)s::bigint[]) as u (part, id)
join package_line l on l.part = u.part and l.package_id = u.id
order by l.package_id, l.line, l.allocation_id, l.lot, l.serial

-- name: insert_waves
insert into wave (part, id, node, kind, state, made_at)
select u.part, u.id, u.node, u.kind, 'open', %(now)s::timestamptz
from unnest(%(parts)s::int[], %(ids)s::bigint[], %(nodes)s::text[], %(kinds)s::text[])
  as u (part, id, node, kind)

-- name: candidates_for_waves
-- What each node may still put into a wave, oldest promise first.
select u.n, f.id
from unnest(%(ns)s::int[], %(nodes)s::text[], %(limits)s::int[]) as u (n, node, size)
cross join lateral (
  select id
  from fulfillment_order f
  where f.node = u.node and f.state = 'accepted' and f.wave_id is null
  order by f.due_at nulls last, f.id
  limit u.size
) f

-- name: lock_waves
select part, id, node, kind, state, made_at, closed_at
from wave
where id = any (%(ids)s::bigint[])
order by id
for update

-- name: members_of_waves
select id
from fulfillment_order
where wave_id = any (%(waves)s::bigint[])
order by id

-- name: close_waves
update wave w
set state = 'closed', closed_at = %(now)s::timestamptz
from unnest(%(parts)s::int[], %(ids)s::bigint[]) as u (part, id)
where w.part = u.part and w.id = u.id

-- name: finish_waves
-- A wave is picked when none of its members waits for a picker.
update wave w
set state = 'picked'
where w.id = any (%(ids)s::bigint[]) and w.state = 'open'
  and not exists (
    select from fulfillment_order f
    where f.wave_id = w.id and f.state in ('accepted', 'picking')
  )

-- name: pick_list
-- What to fetch for a wave: by item, so that a shelf is visited once.
select l.item, sum(l.qty - l.short - l.cancelled - l.picked)::bigint as qty,
  array_agg(distinct f.id order by f.id) as fulfillments
from fulfillment_order f
join fulfillment_line l on l.part = f.part and l.fulfillment_id = f.id
where f.wave_id = %(wave)s::bigint and f.state in ('accepted', 'picking')
group by l.item
having sum(l.qty - l.short - l.cancelled - l.picked) > 0
order by l.item

-- name: supplier_terms
select s.node, s.item, s.cost_minor, s.currency
from supplier_item s
where s.node = any (%(nodes)s::text[]) and s.item = any (%(items)s::text[])

-- name: insert_supplier_orders
insert into supplier_order (part, id, fulfillment_id, order_id, node, state, cost_minor, currency,
  sent_at)
select u.part, u.id, u.fulfillment_id, u.order_id, u.node, 'sent', u.cost_minor, u.currency,
  %(now)s::timestamptz
from unnest(
  %(parts)s::int[], %(ids)s::bigint[], %(fulfillments)s::bigint[], %(orders)s::bigint[],
  %(nodes)s::text[], %(costs)s::bigint[], %(currencies)s::text[]
) as u (part, id, fulfillment_id, order_id, node, cost_minor, currency)

-- name: read_supplier_orders
select part, id, fulfillment_id, order_id, node, state, cost_minor, currency, supplier_ref,
  sent_at, answered_at
from supplier_order
where id = any (%(ids)s::bigint[])
order by id

-- name: supplier_orders_of
select part, id, fulfillment_id, order_id, node, state, cost_minor, currency, supplier_ref,
  sent_at, answered_at
from supplier_order
where fulfillment_id = any (%(ids)s::bigint[])
order by id

-- name: write_supplier_orders
update supplier_order s
set state = u.state, supplier_ref = u.supplier_ref, answered_at = %(now)s::timestamptz
from unnest(%(parts)s::int[], %(ids)s::bigint[], %(states)s::text[], %(refs)s::text[])
  as u (part, id, state, supplier_ref)
where s.part = u.part and s.id = u.id

-- name: end_supplier_orders
-- What was not shipped ends with its fulfillment order.
update supplier_order s
set state = u.state, answered_at = %(now)s::timestamptz
from unnest(%(parts)s::int[], %(ids)s::bigint[], %(states)s::text[]) as u (part, id, state)
where s.part = u.part and s.fulfillment_id = u.id and s.state in ('sent', 'confirmed')
returning s.id, s.fulfillment_id

-- name: read_inside
select p.fulfillment_id, l.package_id, l.allocation_id, l.item, l.qty, l.lot, l.serial
from unnest(%(parts)s::int[], %(ids)s::bigint[]) as u (part, id)
join package p on p.part = u.part and p.fulfillment_id = u.id
join package_line l on l.part = p.part and l.package_id = p.id
order by l.package_id, l.line, l.allocation_id, l.lot, l.serial

-- name: work_at_closed
-- What nobody has begun at nodes that are closed, as they are now.
select f.id
from fulfillment_order f
join node n on n.node = f.node and not n.active
where f.node = any (%(nodes)s::text[]) and f.state = any (%(states)s::text[])
  and f.state not in ('completed', 'rejected', 'cancelled')
order by f.id

-- name: at_risk
select part, id, order_id, node, method, state, due_at, version
from fulfillment_order
where due_at <= %(before)s::timestamptz and warned_at is null
  and state not in ('completed', 'rejected', 'cancelled')
order by due_at, id
limit %(limit)s::int

-- name: warned
update fulfillment_order f
set warned_at = %(now)s::timestamptz
from unnest(%(parts)s::int[], %(ids)s::bigint[]) as u (part, id)
where f.part = u.part and f.id = u.id
