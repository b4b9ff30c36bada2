-- name: open_payments
-- An order has one payment; hearing of it twice changes nothing.
insert into payment (part, order_id, currency, provider, total_minor)
select u.part, u.order_id, u.currency, u.provider, u.total_minor
from unnest(
  %(parts)s::int[], %(order_ids)s::bigint[], %(currencies)s::text[], %(providers)s::text[],
  %(totals)s::bigint[]
) as u (part, order_id, currency, provider, total_minor)
on conflict do nothing
returning order_id

-- name: lock_payments
-- In the order of the ids, so that two batches never wait for each other in a circle.
select order_id, currency, provider, provider_ref, total_minor, authorized_minor, captured_minor,
  refunded_minor, voided_minor, version
from payment
where part = any (%(parts)s::int[]) and order_id = any (%(order_ids)s::bigint[])
order by order_id
for update

-- name: read_payments
select order_id, currency, provider, provider_ref, total_minor, authorized_minor, captured_minor,
  refunded_minor, voided_minor, version
from payment
where part = any (%(parts)s::int[]) and order_id = any (%(order_ids)s::bigint[])
order by order_id

-- name: read_intents
select id, order_id, kind, cause, amount_minor, state, provider_ref, detail, attempts, due_at,
  done_at
from payment_intent
where part = any (%(parts)s::int[]) and order_id = any (%(order_ids)s::bigint[])
order by order_id, id

-- name: known_intents
-- A cause that has already acted: its answer is its intent.
select i.id, i.order_id, i.kind, i.cause, i.amount_minor, i.state, i.provider_ref, i.detail,
  i.attempts, i.due_at, i.done_at
from unnest(%(parts)s::int[], %(order_ids)s::bigint[], %(causes)s::text[])
  as u (part, order_id, cause)
join payment_intent i on i.part = u.part and i.order_id = u.order_id
  and i.kind = %(kind)s::text and i.cause = u.cause
where i.part = any (%(parts)s::int[])

-- name: intents_by_id
select id, order_id, kind, cause, amount_minor, state, provider_ref, detail, attempts, due_at,
  done_at
from payment_intent
where part = any (%(parts)s::int[]) and id = any (%(ids)s::bigint[])
order by id
for update

-- name: insert_intents
insert into payment_intent (part, id, order_id, kind, cause, amount_minor, state, provider_ref,
  detail, due_at, done_at)
select u.part, u.id, u.order_id, u.kind, u.cause, u.amount_minor, u.state, u.provider_ref,
  u.detail, %(now)s::timestamptz,
  case when u.state = 'done' then %(now)s::timestamptz end
from unnest(
  %(parts)s::int[], %(ids)s::bigint[], %(order_ids)s::bigint[], %(kinds)s::text[],
  %(causes)s::text[], %(amounts)s::bigint[], %(states)s::text[], %(refs)s::text[],
  %(details)s::text[]
) as u (part, id, order_id, kind, cause, amount_minor, state, provider_ref, detail)

-- name: book
-- The guard of P1: the named CHECKs refuse a sum that does not fit, whoever else was at the row.
update payment p
set authorized_minor = p.authorized_minor + u.authorized,
  captured_minor = p.captured_minor + u.captured,
  refunded_minor = p.refunded_minor + u.refunded,
  voided_minor = p.voided_minor + u.voided,
  provider_ref = coalesce(nullif(u.ref, ''), p.provider_ref),
  version = p.version + u.steps
from unnest(
  %(parts)s::int[], %(order_ids)s::bigint[], %(authorized)s::bigint[], %(captured)s::bigint[],
  %(refunded)s::bigint[], %(voided)s::bigint[], %(refs)s::text[], %(steps)s::bigint[]
) as u (part, order_id, authorized, captured, refunded, voided, ref, steps)
where p.part = any (%(parts)s::int[]) and p.part = u.part and p.order_id = u.order_id

-- name: set_totals
update payment p
set total_minor = u.total_minor, version = p.version + 1
from unnest(%(parts)s::int[], %(order_ids)s::bigint[], %(totals)s::bigint[])
  as u (part, order_id, total_minor)
where p.part = any (%(parts)s::int[]) and p.part = u.part and p.order_id = u.order_id
  and p.total_minor <> u.total_minor

-- name: turn_intents
-- A worker that comes late finds the state changed and records nothing.
update payment_intent i
set state = u.to_state,
  provider_ref = coalesce(nullif(u.ref, ''), i.provider_ref),
  detail = u.detail,
  due_at = %(now)s::timestamptz,
  done_at = case when u.to_state = 'done' then %(now)s::timestamptz end
from unnest(
  %(parts)s::int[], %(ids)s::bigint[], %(from_states)s::text[], %(to_states)s::text[],
  %(refs)s::text[], %(details)s::text[]
) as u (part, id, from_state, to_state, ref, detail)
where i.part = any (%(parts)s::int[]) and i.part = u.part and i.id = u.id
  and i.state = u.from_state
returning i.id

-- name: take_due
-- One effect of an order at a time, oldest first, so that a refund follows its capture. An intent
-- that was sent and never heard of comes back when its time is up.
with next as (
  select i.part, i.id, i.state
  from payment_intent i
  join payment p on p.part = i.part and p.order_id = i.order_id
  where i.state in ('due', 'sent')
    and i.due_at <= %(now)s::timestamptz
    and p.provider = %(provider)s::text
    and not exists (
      select from payment_intent e
      where e.part = i.part and e.order_id = i.order_id and e.id < i.id
        and e.state in ('due', 'sent')
    )
  order by i.due_at, i.id
  limit %(batch)s::bigint
  for update of i skip locked
)
update payment_intent i
set state = 'sent', attempts = i.attempts + 1, due_at = %(lease_until)s::timestamptz
from next n
join payment p on p.part = n.part
where i.part = n.part and i.id = n.id and p.order_id = i.order_id
returning i.id, i.order_id, i.kind, i.cause, i.amount_minor, n.state as before, i.attempts,
  p.currency, p.provider_ref as ref

-- name: put_off
-- Not heard: the intent stays sent, and is looked up by its key when the pause is over.
update payment_intent i
set due_at = u.due_at, detail = u.detail
from unnest(%(parts)s::int[], %(ids)s::bigint[], %(due)s::timestamptz[], %(details)s::text[])
  as u (part, id, due_at, detail)
where i.part = any (%(parts)s::int[]) and i.part = u.part and i.id = u.id and i.state = 'sent'

-- name: money_of_orders
-- What the lines of an order are worth as they stand now, rounded as orders rounds: price and tax
-- each cumulatively, shipped units first, cancelled units last. `earned` left, `kept` may leave.
select o.id as order_id, o.shipping_minor,
  sum(l.amount_minor + l.tax_minor)::bigint as lines_minor,
  sum(l.amount_minor * l.shipped / l.qty + l.tax_minor * l.shipped / l.qty)::bigint
    as earned_minor,
  sum(l.amount_minor * (l.qty - l.cancelled) / l.qty
    + l.tax_minor * (l.qty - l.cancelled) / l.qty)::bigint as kept_minor,
  coalesce(bool_or(l.shipped > 0), false) as any_shipped,
  coalesce(bool_or(l.cancelled < l.qty and l.supply <> 'kit'), false) as any_kept,
  coalesce(bool_and(l.cancelled + l.shipped >= l.qty or l.supply = 'kit'), false) as settled
from sales_order o
join order_line l on l.part = o.part and l.order_id = o.id
where o.part = any (%(parts)s::int[]) and o.id = any (%(order_ids)s::bigint[])
  and l.part = any (%(parts)s::int[])
group by o.id, o.shipping_minor

-- name: cancel_refunds
-- What was already given back for cancelled units, so that it is not given back again.
select order_id, sum(amount_minor)::bigint
from payment_intent
where part = any (%(parts)s::int[]) and order_id = any (%(order_ids)s::bigint[])
  and kind = 'refund' and state in ('due', 'sent', 'done') and starts_with(cause, 'cancel:')
group by order_id

-- name: lock_held_orders
-- Orders that wait for their money; locked before their payments, in the order of all order locks.
select o.id
from sales_order o
where o.part = any (%(parts)s::int[]) and o.id = any (%(order_ids)s::bigint[])
  and exists (
    select from order_hold h
    where h.part = o.part and h.order_id = o.id and h.kind = 'payment' and h.released_at is null
  )
order by o.part, o.id
for no key update of o
