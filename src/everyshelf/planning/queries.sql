-- name: node_that_makes
-- A node that can make comes first, then a DC; the retailer's own order decides among equals.
select node
from node
where active and not paused and kind not in ('supplier', 'locker')
  and (opens_on is null or opens_on <= %(on)s::date)
  and (closes_on is null or closes_on >= %(on)s::date)
order by 'make' = any (capabilities) desc, kind = 'dc' desc, priority, node
limit 1

-- name: lines_to_make
-- The open units of these orders that are made for them.
select order_id, line, item, qty - cancelled - shipped as qty
from order_line
where part = any (%(parts)s::int[]) and order_id = any (%(order_ids)s::bigint[])
  and supply = 'make' and qty > cancelled + shipped
order by order_id, line

-- name: request_makes
-- One make order a line, however often the line is heard of.
insert into make_order (part, id, order_id, line, item, node, qty, state, requested_at)
select u.part, u.id, u.order_id, u.line, u.item, u.node, u.qty, 'requested',
  %(now)s::timestamptz
from unnest(
  %(parts)s::int[], %(ids)s::bigint[], %(order_ids)s::bigint[], %(lines)s::int[],
  %(items)s::text[], %(nodes)s::text[], %(qtys)s::bigint[]
) as u (part, id, order_id, line, item, node, qty)
on conflict (part, order_id, line) do nothing
returning id

-- name: lock_makes
select id, order_id, line, item, node, qty, made, cancelled, state, requested_at, started_at,
  version
from make_order
where id = any (%(ids)s::bigint[])
order by part, id
for update

-- name: lock_makes_of_orders
select id, order_id, line, item, node, qty, made, cancelled, state, requested_at, started_at,
  version
from make_order
where part = any (%(parts)s::int[]) and order_id = any (%(order_ids)s::bigint[])
order by part, id
for update

-- name: read_makes
select id, order_id, line, item, node, qty, made, cancelled, state, requested_at, started_at,
  version
from make_order
where id = any (%(ids)s::bigint[])
order by id

-- name: open_makes
select id, order_id, line, item, node, qty, made, cancelled, state, requested_at, started_at,
  version
from make_order
where state in ('requested', 'started') and (%(node)s::text is null or node = %(node)s::text)
order by requested_at, id
limit %(batch)s::bigint

-- name: turn_makes
-- The CHECK refuses more units than the line wants.
update make_order m
set made = m.made + u.made, cancelled = m.cancelled + u.cancelled, state = u.state,
  started_at = case when u.state = 'started' then coalesce(m.started_at, %(now)s::timestamptz)
    else m.started_at end,
  version = m.version + 1
from unnest(%(parts)s::int[], %(ids)s::bigint[], %(made)s::bigint[], %(cancelled)s::bigint[],
  %(states)s::text[]) as u (part, id, made, cancelled, state)
where m.part = any (%(parts)s::int[]) and m.part = u.part and m.id = u.id
