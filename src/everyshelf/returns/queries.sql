-- name: lock_orders
-- Everything about the returns of an order happens under its row, in id order.
select id
from sales_order
where part = any (%(parts)s::int[]) and id = any (%(order_ids)s::bigint[])
order by id
for no key update

-- name: order_of
select id, order_id
from rma
where id = any (%(ids)s::bigint[])

-- name: waiting_units
-- Units that live returns still expect: they cannot be promised back twice.
select r.order_id, l.line, sum(l.qty - l.received)::bigint as qty
from rma r
join rma_line l on l.part = r.part and l.rma_id = r.id
where r.part = any (%(parts)s::int[]) and r.order_id = any (%(order_ids)s::bigint[])
  and l.part = any (%(parts)s::int[]) and r.state in ('open', 'received')
group by r.order_id, l.line

-- name: reached_customer
-- When the last part of each order reached its customer, and whether a part is still on its way.
select u.order_id, greatest(s.last_at, p.last_at) as last_at,
  coalesce(s.on_its_way, false) as on_its_way
from unnest(%(parts)s::int[], %(order_ids)s::bigint[]) as u (part, order_id)
left join lateral (
  select max(delivered_at) as last_at,
    bool_or(state not in ('delivered', 'returned', 'lost')) as on_its_way
  from shipment
  where part = u.part and order_id = u.order_id
) s on true
left join lateral (
  select max(handed_over_at) as last_at
  from pickup
  where part = u.part and order_id = u.order_id
) p on true

-- name: insert_rmas
insert into rma (part, id, order_id, kind, state, channel, expires_at, exchange, override, made_at)
select u.part, u.id, u.order_id, u.kind, 'open', u.channel, u.expires_at, u.exchange::jsonb,
  u.override, %(now)s::timestamptz
from unnest(
  %(parts)s::int[], %(ids)s::bigint[], %(order_ids)s::bigint[], %(kinds)s::text[],
  %(channels)s::text[], %(expires)s::timestamptz[], %(exchanges)s::text[], %(overrides)s::text[]
) as u (part, id, order_id, kind, channel, expires_at, exchange, override)

-- name: insert_rma_lines
insert into rma_line (part, rma_id, line, item, qty, reason)
select u.part, u.rma_id, u.line, u.item, u.qty, u.reason
from unnest(
  %(parts)s::int[], %(rma_ids)s::bigint[], %(lines)s::int[], %(items)s::text[],
  %(qtys)s::bigint[], %(reasons)s::text[]
) as u (part, rma_id, line, item, qty, reason)

-- name: lock_rmas
select id, order_id, kind, state, channel, expires_at, exchange, exchange_order_id, credit_minor,
  override, made_at, closed_at, version
from rma
where part = any (%(parts)s::int[]) and id = any (%(ids)s::bigint[])
order by id
for update

-- name: read_rmas
select id, order_id, kind, state, channel, expires_at, exchange, exchange_order_id, credit_minor,
  override, made_at, closed_at, version
from rma
where part = any (%(parts)s::int[]) and id = any (%(ids)s::bigint[])
order by id

-- name: rmas_of_orders
select id, order_id, kind, state, channel, expires_at, exchange, exchange_order_id, credit_minor,
  override, made_at, closed_at, version
from rma
where part = any (%(parts)s::int[]) and order_id = any (%(order_ids)s::bigint[])
order by id

-- name: read_rma_lines
select rma_id, line, item, qty, reason, received, refunded_minor
from rma_line
where part = any (%(parts)s::int[]) and rma_id = any (%(ids)s::bigint[])
order by rma_id, line

-- name: receipts_of_rmas
select id, rma_id, order_id, line, item, qty, node, lot, serials, grade, disposition, why,
  worth_minor, refund_minor, received_at
from return_receipt
where part = any (%(parts)s::int[]) and rma_id = any (%(ids)s::bigint[])
order by id

-- name: nodes_that_take
-- A popup that has closed, or a node that is switched off, takes nothing back.
select node
from node
where node = any (%(nodes)s::text[]) and active and 'returns' = any (capabilities)
  and (opens_on is null or opens_on <= %(on)s::date)
  and (closes_on is null or closes_on >= %(on)s::date)

-- name: sold_serials
-- The serial numbers that left with an order, where its packages name them.
select p.order_id, l.line, l.serial
from package p
join package_line l on l.part = p.part and l.package_id = p.id
where p.part = any (%(parts)s::int[]) and p.order_id = any (%(order_ids)s::bigint[])
  and l.part = any (%(parts)s::int[]) and l.serial <> ''

-- name: expired_lots
select distinct item, lot
from stock_lot
where part = any (%(parts)s::int[]) and item = any (%(items)s::text[])
  and lot = any (%(lots)s::text[]) and expires_on < %(on)s::date

-- name: insert_receipts
-- Serials travel as one text a row, because unnest flattens arrays of arrays.
insert into return_receipt (part, id, rma_id, order_id, line, item, qty, node, lot, serials, grade,
  disposition, why, worth_minor, refund_minor, received_at)
select u.part, u.id, u.rma_id, u.order_id, u.line, u.item, u.qty, u.node, u.lot,
  coalesce(string_to_array(nullif(u.serials, ''), chr(31)), '{}'), u.grade, u.disposition, u.why,
  u.worth, u.refund, %(now)s::timestamptz
from unnest(
  %(parts)s::int[], %(ids)s::bigint[], %(rma_ids)s::bigint[], %(order_ids)s::bigint[],
  %(lines)s::int[], %(items)s::text[], %(qtys)s::bigint[], %(nodes)s::text[], %(lots)s::text[],
  %(serials)s::text[], %(grades)s::text[], %(dispositions)s::text[], %(whys)s::text[],
  %(worths)s::bigint[], %(refunds)s::bigint[]
) as u (part, id, rma_id, order_id, line, item, qty, node, lot, serials, grade, disposition, why,
  worth, refund)

-- name: count_received
-- The guard: no more units of a line come than were announced.
update rma_line l
set received = l.received + u.qty, refunded_minor = l.refunded_minor + u.refund
from unnest(%(parts)s::int[], %(rma_ids)s::bigint[], %(lines)s::int[], %(qtys)s::bigint[],
  %(refunds)s::bigint[]) as u (part, rma_id, line, qty, refund)
where l.part = any (%(parts)s::int[]) and l.part = u.part and l.rma_id = u.rma_id
  and l.line = u.line

-- name: turn_rmas
update rma r
set state = u.state, credit_minor = u.credit_minor, exchange_order_id = u.exchange_order_id,
  closed_at = case when u.state in ('closed', 'cancelled') then %(now)s::timestamptz end,
  version = r.version + 1
from unnest(%(parts)s::int[], %(ids)s::bigint[], %(states)s::text[], %(credits)s::bigint[],
  %(exchange_orders)s::bigint[]) as u (part, id, state, credit_minor, exchange_order_id)
where r.part = any (%(parts)s::int[]) and r.part = u.part and r.id = u.id

-- name: overdue_rmas
select id
from rma
where state = 'open' and expires_at <= %(now)s::timestamptz
order by expires_at
limit %(batch)s::bigint

-- name: credits_of
-- What an exchange order owes nothing for: the units that came back from the order before it.
select r.exchange_order_id, r.order_id, r.credit_minor
from rma r
where r.exchange_order_id = any (%(order_ids)s::bigint[])

-- name: credit_given_back
-- How much of an exchange order's credit has gone back: for units it never sent or that were lost,
-- and for units that came back as returns of it.
select u.exchange_id, coalesce(sum(p.amount_minor), 0)::bigint
from unnest(%(parts)s::int[], %(orders)s::bigint[], %(exchanges)s::bigint[])
  as u (part, order_id, exchange_id)
left join payment_intent p on p.part = u.part and p.order_id = u.order_id and p.kind = 'refund'
  and (starts_with(p.cause, 'exchange:' || u.exchange_id || ':') or exists (
    select from rma r
    where r.order_id = u.exchange_id and p.cause like 'return:' || r.id || ':%%:before'))
group by u.exchange_id
