-- name: open_work
-- What waits at the nodes, oldest first.
select f.id, o.channel_ref as ref, f.node, f.state
from fulfillment_order f
join sales_order o on o.part = f.part and o.id = f.order_id
where f.state in ('offered', 'accepted', 'picking', 'picked')
order by f.id

-- name: open_work_lines
select fulfillment_id, allocation_id, qty - picked - short - cancelled as qty
from fulfillment_line
where fulfillment_id = any (%(ids)s::bigint[]) and qty - picked - short - cancelled > 0
order by fulfillment_id, line, allocation_id

-- name: packed_work
select f.id, o.channel_ref as ref, f.node, f.state
from fulfillment_order f
join sales_order o on o.part = f.part and o.id = f.order_id
where f.state = 'packed' and f.method in ('ship', 'same_day')
order by f.id

-- name: moving
select s.id, o.channel_ref || ':' || s.node as ref, s.service, s.zone, s.shipped_at, s.attempts
from shipment s
join sales_order o on o.part = s.part and o.id = s.order_id
where s.state not in ('delivered', 'returned', 'lost')
order by s.id

-- name: staged_pickups
select p.id, o.channel_ref as ref, p.staged_at
from pickup p
join sales_order o on o.part = p.part and o.id = p.order_id
where p.state in ('staged', 'checked_in')
order by p.id

-- name: bought_before
-- What customers of these numbers have or still expect of these items, the latest first.
select i.value as customer, l.item, o.id as order_id, l.line,
  l.qty - l.cancelled - l.shipped as open, l.shipped - l.returned as had
from customer_identity i
join sales_order o on o.customer_id = i.customer_id
join order_line l on l.part = o.part and l.order_id = o.id
where i.part = any (%(parts)s::int[]) and i.kind = 'loyalty'
  and i.value = any (%(customers)s::text[]) and l.item = any (%(items)s::text[])
  and l.qty > l.cancelled + l.returned
order by i.value, o.placed_at desc, o.id desc, l.line

-- name: below_level
-- Cells that have fallen below the given share of their level, with what is missing.
select u.node, u.item, u.level - coalesce(b.sellable, 0) as qty
from unnest(
  %(parts)s::int[], %(items)s::text[], %(nodes)s::text[], %(levels)s::bigint[]
) as u (part, item, node, level)
left join stock_balance b on b.part = u.part and b.item = u.item and b.node = u.node
where coalesce(b.sellable, 0) < u.level * %(share)s::float8

-- name: totals
select
  (select count(*) from sales_order) as orders,
  (select count(*) from order_line where supply <> 'kit') as lines,
  coalesce(sum(qty), 0)::bigint as units_ordered,
  coalesce(sum(cancelled), 0)::bigint as units_cancelled,
  coalesce(sum(shipped) filter (where method in ('ship', 'same_day')), 0)::bigint as units_shipped,
  coalesce(sum(shipped) filter (where method not in ('ship', 'same_day')), 0)::bigint
    as units_picked_up,
  coalesce(sum(returned), 0)::bigint as units_returned,
  coalesce(sum(qty - cancelled - shipped), 0)::bigint as units_open,
  coalesce(sum(greatest(cancelled + shipped - qty, 0)), 0)::bigint
    + (select count(*) from stock_balance
       where least(sellable, held, allocated, picked, packed, in_transit) < 0) as oversold
from order_line
where supply <> 'kit'

-- name: splits
-- Orders that left in more than one piece of work, of those that left at all.
select coalesce(avg((pieces > 1)::int), 0)::float8 as rate
from (
  select order_id, count(*) as pieces
  from fulfillment_order
  where state = 'completed'
  group by order_id
) f

-- name: on_time
-- Delivered, or ready to be collected, no later than promised.
select coalesce(avg((at <= promised)::int), 0)::float8 as rate
from (
  select delivered_at as at, promised_latest as promised
  from shipment
  where delivered_at is not null and promised_latest is not null
  union all
  select p.staged_at, max(l.promised_latest)
  from pickup p
  join order_line l on l.part = p.part and l.order_id = p.order_id
  where l.promised_latest is not null
  group by p.part, p.id, p.staged_at
) d

-- name: costs
-- Parcels and labour per order, by the way it reached its buyer.
select f.method, count(distinct f.order_id) as orders,
  (coalesce(sum(s.cost_minor), 0) + sum(n.labour_order_minor + c.lines * n.labour_line_minor
    + c.units * n.labour_unit_minor))::bigint as cost_minor
from fulfillment_order f
join node n on n.node = f.node
join (
  select part, fulfillment_id, count(*) as lines, sum(packed) as units
  from fulfillment_line
  group by part, fulfillment_id
) c on c.part = f.part and c.fulfillment_id = f.id
left join shipment s on s.part = f.part and s.fulfillment_id = f.id
where f.state = 'completed'
group by f.method
order by f.method

-- name: cancelled_why
select coalesce(body ->> 'reason', kind) as reason, count(*) as times
from order_change
where kind like 'cancel%%'
group by 1
order by 2 desc
