-- name: shelf
select item, node, sellable, held, allocated, picked, packed
from stock_balance
where sellable + held + allocated + picked + packed > 0
order by item, node

-- name: orders
select s.order_id as "ord", o.channel, o.channel_ref, s.state, s.units, s.open, s.cancelled,
  s.shipped, s.returned
from order_state s
join sales_order o on o.part = s.part and o.id = s.order_id

-- name: lines
select line, item, qty, amount_minor, method, supply, promised_latest, cancelled, shipped, returned
from order_line
order by line

-- name: holds
select line, item, node, qty, pool
from stock_hold
order by line, node

-- name: payment
select order_id as "ord", total_minor, authorized_minor, captured_minor, refunded_minor,
  voided_minor
from payment

-- name: intents
select kind, amount_minor, state
from payment_intent
order by due_at, id

-- name: decisions
select id as "dec", trigger, policy, policy_version
from sourcing_decision
order by id

-- name: allocations
select id as "alc", line, item, node, qty, picked, packed, shipped, released
from stock_allocation
order by at, line, id

-- name: work
select id as "ful", node, method, state, version
from fulfillment_order
order by made_at, id

-- name: packages
select p.id as "pkg", p.node, p.carton, p.weight_g, l.item, l.qty
from package p
join package_line l on l.part = p.part and l.package_id = p.id
order by p.packed_at, p.id, l.line

-- name: shipments
select s.id as "shp", s.fulfillment_id as "ful", s.carrier, s.service, s.zone, s.cost_minor,
  s.state, s.delivered_at
from shipment s
order by s.shipped_at, s.id

-- name: returned
select r.id as "rma", r.state, c.id as "rcp", c.item, c.qty, c.node, c.grade, c.disposition,
  c.refund_minor
from rma r
join return_receipt c on c.part = r.part and c.rma_id = r.id

-- name: moves
select from_node || '.' || from_bucket as "from", to_node || '.' || to_bucket as "to", qty, reason,
  at
from stock_move
where item = %(item)s::text
order by id

-- name: accounts
select where_ as "place", sum(qty)::bigint as units
from (
  select case when starts_with(to_node, '@') then to_node else 'nodes' end as where_, qty
  from stock_move
  union all
  select case when starts_with(from_node, '@') then from_node else 'nodes' end, -qty
  from stock_move
) as both_sides
group by where_
having sum(qty) <> 0
order by where_

-- name: told
select type, count(*)::bigint
from event
group by type
order by type
