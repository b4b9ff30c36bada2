

-- name: nodes_of_fulfillments
select id, node from fulfillment_order where id = any (%(ids)s::bigint[])

-- name: nodes_of_pickups
select id, node from pickup where id = any (%(ids)s::bigint[])

-- name: nodes_of_packages
select id, node from package where id = any (%(ids)s::bigint[])

-- name: nodes_of_shipments
select id, node from shipment where id = any (%(ids)s::bigint[])

-- name: nodes_of_waves
select id, node from wave where id = any (%(ids)s::bigint[])

-- name: nodes_of_supplier_orders
select id, node from supplier_order where id = any (%(ids)s::bigint[])

-- name: nodes_of_transfers
-- Who receives a transfer may act on it.
select id, to_node from stock_transfer where id = any (%(ids)s::bigint[])

-- name: nodes_of_makes
select id, node from make_order where id = any (%(ids)s::bigint[])

-- name: channels_of_orders
select id, channel from sales_order where id = any (%(ids)s::bigint[])

-- name: channels_of_carts
select id, channel from cart where id = any (%(ids)s::bigint[])

-- name: channels_of_rmas
select r.id, o.channel
from rma r
join sales_order o on o.part = r.part and o.id = r.order_id
where r.id = any (%(ids)s::bigint[])

-- name: applied_migrations
select name from schema_migration

-- name: vital_signs
select (
    select coalesce(extract(epoch from now() - min(xact_start)), 0)::float8
    from pg_stat_activity
    where backend_xid is not null and pid <> pg_backend_pid()
  ) as horizon_age_seconds,
  (select count(*) from delivery where state = 'waiting') as deliveries_waiting,
  (select count(*) from delivery where state = 'dead') as dead_letters

-- name: events_on
-- Per lane the next ones, then the first of all lanes: exact, and every step uses the key.
select e.xid::text as xid, e.id, e.lane, e.subject, e.version, e.type, e.at, e.actor, e.cause,
  e.body
from unnest(%(lanes)s::int[]) as l (lane)
cross join lateral (
  select *
  from event
  where lane = l.lane
    and (xid, id) > (%(xid)s::text::xid8, %(last)s::bigint)
    and xid < %(below)s::text::xid8
    and type = any (%(types)s::text[])
    and (%(subject)s::text is null or subject = %(subject)s::text)
  order by xid, id
  limit %(limit)s::int
) e
order by e.xid, e.id
limit %(limit)s::int

-- name: events_back
select e.xid::text as xid, e.id, e.lane, e.subject, e.version, e.type, e.at, e.actor, e.cause,
  e.body
from unnest(%(lanes)s::int[]) as l (lane)
cross join lateral (
  select *
  from event
  where lane = l.lane
    and (xid, id) < (%(xid)s::text::xid8, %(last)s::bigint)
    and xid < %(below)s::text::xid8
    and type = any (%(types)s::text[])
    and (%(subject)s::text is null or subject = %(subject)s::text)
  order by xid desc, id desc
  limit %(limit)s::int
) e
order by e.xid desc, e.id desc
limit %(limit)s::int

-- name: nodes_of_cases
select id, node from exception_case where id = any (%(ids)s::bigint[]) and node is not null
