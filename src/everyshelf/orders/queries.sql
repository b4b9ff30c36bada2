-- name: insert_orders
insert into sales_order (part, id, channel, channel_ref, customer_id, currency, buyer, ship_to,
  priority, short_policy, shipping_minor, cart_id, exchange_of, placed_at)
select u.part, u.id, u.channel, u.channel_ref, u.customer_id, u.currency, u.buyer::jsonb,
  u.ship_to::jsonb, u.priority, u.short_policy, u.shipping_minor, u.cart_id, u.exchange_of,
  u.placed_at
from unnest(
  %(parts)s::int[], %(ids)s::bigint[], %(channels)s::text[], %(channel_refs)s::text[],
  %(customer_ids)s::bigint[], %(currencies)s::text[], %(buyers)s::text[], %(ship_tos)s::text[],
  %(priorities)s::int[], %(short_policies)s::text[], %(shipping_minors)s::bigint[],
  %(cart_ids)s::bigint[], %(exchanges_of)s::bigint[], %(placed_ats)s::timestamptz[]
) as u (part, id, channel, channel_ref, customer_id, currency, buyer, ship_to, priority,
  short_policy, shipping_minor, cart_id, exchange_of, placed_at)

-- name: insert_lines
insert into order_line (part, order_id, line, kit_line, item, qty, amount_minor, tax_minor, method,
  pickup_node, service, supply, inbound_id, promised_earliest, promised_latest, cancelled)
select u.part, u.order_id, u.line, u.kit_line, u.item, u.qty, u.amount_minor, u.tax_minor,
  u.method, u.pickup_node, u.service, u.supply, u.inbound_id, u.promised_earliest,
  u.promised_latest, u.cancelled
from unnest(
  %(parts)s::int[], %(order_ids)s::bigint[], %(lines)s::int[], %(kit_lines)s::int[],
  %(items)s::text[], %(qtys)s::bigint[], %(amounts)s::bigint[], %(taxes)s::bigint[],
  %(methods)s::text[], %(pickup_nodes)s::text[], %(services)s::text[], %(supplies)s::text[],
  %(inbound_ids)s::bigint[], %(earliest)s::timestamptz[], %(latest)s::timestamptz[],
  %(cancelled)s::bigint[]
) as u (part, order_id, line, kit_line, item, qty, amount_minor, tax_minor, method, pickup_node,
  service, supply, inbound_id, promised_earliest, promised_latest, cancelled)

-- name: insert_holds
insert into order_hold (part, id, order_id, kind, reason, owner, placed_at)
select u.part, u.id, u.order_id, u.kind, u.reason, %(actor)s::text, %(now)s::timestamptz
from unnest(
  %(parts)s::int[], %(ids)s::bigint[], %(order_ids)s::bigint[], %(kinds)s::text[],
  %(reasons)s::text[]
) as u (part, id, order_id, kind, reason)

-- name: release_holds
update order_hold h
set released_at = %(now)s::timestamptz, released_by = %(actor)s::text
from unnest(%(parts)s::int[], %(order_ids)s::bigint[], %(kinds)s::text[])
  as u (part, order_id, kind)
where h.part = u.part and h.order_id = u.order_id and h.kind = u.kind and h.released_at is null

-- name: lock_orders
-- Every verb that changes an order takes its row first, in key order; sourcing takes it shared.
select o.id
from sales_order o
join unnest(%(parts)s::int[], %(ids)s::bigint[]) as u (part, id)
  on o.part = u.part and o.id = u.id
order by o.part, o.id
for no key update of o

-- name: share_orders
-- Keeps the orders from changing until this transaction ends, without keeping readers out.
select o.id
from sales_order o
join unnest(%(parts)s::int[], %(ids)s::bigint[]) as u (part, id)
  on o.part = u.part and o.id = u.id
order by o.part, o.id
for share of o

-- name: read_orders
select o.id, o.channel, o.channel_ref, o.customer_id, o.currency, o.buyer, o.ship_to, o.priority,
  o.short_policy, o.shipping_minor, o.cart_id, o.exchange_of, o.placed_at, o.version,
  array(
    select h.kind
    from order_hold h
    where h.part = o.part and h.order_id = o.id and h.released_at is null
    order by h.kind
  ) as holds
from sales_order o
join unnest(%(parts)s::int[], %(ids)s::bigint[]) as u (part, id)
  on o.part = u.part and o.id = u.id

-- name: read_lines
select l.order_id, l.line, l.kit_line, l.item, l.qty, l.amount_minor, l.tax_minor, l.method,
  l.pickup_node, l.service, l.supply, l.inbound_id, l.promised_earliest, l.promised_latest,
  l.cancelled, l.shipped, l.returned
from order_line l
join unnest(%(parts)s::int[], %(ids)s::bigint[]) as u (part, id)
  on l.part = u.part and l.order_id = u.id
order by l.order_id, l.line

-- name: move_counts
-- The irreversible counts; the row's CHECKs are the last guard.
update order_line l
set cancelled = l.cancelled + u.cancelled,
  shipped = l.shipped + u.shipped,
  returned = l.returned + u.returned
from unnest(
  %(parts)s::int[], %(order_ids)s::bigint[], %(lines)s::int[], %(cancelled)s::bigint[],
  %(shipped)s::bigint[], %(returned)s::bigint[]
) as u (part, order_id, line, cancelled, shipped, returned)
where l.part = u.part and l.order_id = u.order_id and l.line = u.line

-- name: set_versions
update sales_order o
set version = u.version
from unnest(%(parts)s::int[], %(ids)s::bigint[], %(versions)s::bigint[]) as u (part, id, version)
where o.part = u.part and o.id = u.id

-- name: insert_changes
insert into order_change (part, id, order_id, at, actor, kind, body)
select u.part, u.id, u.order_id, %(now)s::timestamptz, %(actor)s::text, u.kind, u.body::jsonb
from unnest(
  %(parts)s::int[], %(ids)s::bigint[], %(order_ids)s::bigint[], %(kinds)s::text[],
  %(bodies)s::text[]
) as u (part, id, order_id, kind, body)

-- name: read_changes
select id, order_id, at, actor, kind, body
from order_change
where part = %(part)s::int and order_id = %(order_id)s::bigint
order by id

-- name: set_address
update sales_order
set ship_to = %(ship_to)s::jsonb
where part = %(part)s::int and id = %(id)s::bigint

-- name: set_method
update order_line
set method = %(method)s::text, pickup_node = %(pickup_node)s::text, service = %(service)s::text
where part = %(part)s::int and order_id = %(order_id)s::bigint and line = %(line)s::int

-- name: set_promises
update order_line l
set promised_earliest = u.earliest, promised_latest = u.latest
from unnest(
  %(parts)s::int[], %(order_ids)s::bigint[], %(lines)s::int[], %(earliest)s::timestamptz[],
  %(latest)s::timestamptz[]
) as u (part, order_id, line, earliest, latest)
where l.part = u.part and l.order_id = u.order_id and l.line = u.line

-- name: set_customers
-- A merged customer's orders follow the heir.
update sales_order o
set customer_id = u.winner
from unnest(%(losers)s::bigint[], %(winners)s::bigint[]) as u (loser, winner)
where o.customer_id = u.loser

-- name: forget_buyers
-- Region and postcode stay: taxes and past deliveries are accounted by them.
update sales_order
set buyer = '{"name": ""}'::jsonb,
  ship_to = case
    when ship_to is not null then jsonb_strip_nulls(jsonb_build_object(
      'country', ship_to -> 'country', 'region', ship_to -> 'region',
      'postcode', ship_to -> 'postcode'
    ))
  end
where customer_id = any (%(customer_ids)s::bigint[])

-- name: forget_changes
-- An amendment's entry holds the address it brought.
update order_change c
set body = c.body #- '{command,ship_to}'
from sales_order o
where o.customer_id = any (%(customer_ids)s::bigint[]) and c.part = o.part and c.order_id = o.id
  and c.kind = 'amend'

-- name: page_orders
-- Newest first; the state is asked of the view for the candidates of the page only.
select o.id
from sales_order o
where o.id < %(before)s::bigint
  and (%(channel)s::text is null or o.channel = %(channel)s::text)
  and (
    %(state)s::text is null or exists (
      select from order_state s
      where s.part = o.part and s.order_id = o.id and s.state = %(state)s::text
    )
  )
order by o.id desc
limit %(size)s::bigint

-- name: orders_by_ref
select o.id
from sales_order o
where o.channel_ref = any (%(refs)s::text[])
  and (%(channel)s::text is null or o.channel = %(channel)s::text)
order by o.id desc
limit %(size)s::bigint

-- name: orders_of_customers
select o.id
from sales_order o
where o.customer_id = any (%(customer_ids)s::bigint[]) and o.id < %(before)s::bigint
order by o.id desc
limit %(size)s::bigint

-- name: facts_for_policies
-- What the scope of a policy looks at; who was merged into somebody has that person's tier.
select o.id as order_id, o.channel, coalesce(h.tier, c.tier, '') as tier,
  coalesce(o.ship_to ->> 'region', '') as region
from sales_order o
left join customer c on c.id = o.customer_id
left join customer h on h.id = c.merged_into
where o.part = any (%(parts)s::int[]) and o.id = any (%(order_ids)s::bigint[])
order by o.id
