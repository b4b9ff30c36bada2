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

-- name: list_balances
select item || '|' || node as cell, item, node, sellable, held, allocated, picked, packed,
  in_transit, quality_hold, damaged, display,
  sellable + held + allocated + picked + packed + quality_hold + damaged + display as on_hand
from stock_balance
where item || '|' || node > %(after)s::text
  and (%(item)s::text is null or item = %(item)s::text)
  and (%(node)s::text is null or node = %(node)s::text)
  and (%(nodes)s::text[] is null or node = any (%(nodes)s::text[]))
order by item || '|' || node
limit %(limit)s::int

-- name: list_moves
select id, item, from_node, from_bucket, to_node, to_bucket, qty, lot, serial, reason, cause,
  actor, at
from stock_move
where id < %(after)s::bigint
  and (%(item)s::text is null or item = %(item)s::text)
  and (%(node)s::text is null or %(node)s::text in (from_node, to_node))
  and (%(nodes)s::text[] is null or from_node = any (%(nodes)s::text[])
    or to_node = any (%(nodes)s::text[]))
order by id desc
limit %(limit)s::int

-- name: list_holds
select lpad(id::text, 20, '0') || node as place, id, item, node, pool, channel, owner, line, qty,
  expires_at
from stock_hold
where lpad(id::text, 20, '0') || node > %(after)s::text
  and (%(item)s::text is null or item = %(item)s::text)
  and (%(node)s::text is null or node = %(node)s::text)
  and (%(owner)s::text is null or owner = %(owner)s::text)
  and (%(nodes)s::text[] is null or node = any (%(nodes)s::text[]))
  and (%(channels)s::text[] is null or channel = any (%(channels)s::text[]))
order by lpad(id::text, 20, '0') || node
limit %(limit)s::int

-- name: list_transfers
select t.id, t.from_node, t.to_node, t.state, t.reason, t.made_at, t.closed_at,
  l.sent::bigint as sent, l.received::bigint as received, t.version
from stock_transfer t
cross join lateral (
  select coalesce(sum(sent), 0) as sent, coalesce(sum(received + damaged + lost), 0) as received
  from stock_transfer_line
  where part = t.part and transfer_id = t.id
) l
where t.id < %(after)s::bigint
  and (%(node)s::text is null or %(node)s::text in (t.from_node, t.to_node))
  and (%(state)s::text is null or t.state = %(state)s::text)
  and (%(nodes)s::text[] is null or t.from_node = any (%(nodes)s::text[])
    or t.to_node = any (%(nodes)s::text[]))
order by t.id desc
limit %(limit)s::int

-- name: list_inbound
select id, item, node, kind, ref, due_on, qty, received, promised, cap
from stock_inbound
where id < %(after)s::bigint
  and (%(item)s::text is null or item = %(item)s::text)
  and (%(node)s::text is null or node = %(node)s::text)
  and (%(nodes)s::text[] is null or node = any (%(nodes)s::text[]))
order by id desc
limit %(limit)s::int

-- name: list_rules
select id, item, node, channel, starts_on, ends_on, safety_qty, walk_in_qty, ring_fence_qty
from stock_rule
where id < %(after)s::bigint
order by id desc
limit %(limit)s::int

-- name: list_counts
select id, item, node, counted, expected, variance, reason, actor, at
from stock_count
where id < %(after)s::bigint
  and (%(item)s::text is null or item = %(item)s::text)
  and (%(node)s::text is null or node = %(node)s::text)
  and (%(nodes)s::text[] is null or node = any (%(nodes)s::text[]))
order by id desc
limit %(limit)s::int

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

-- name: list_webhooks
select id, url, types, state, made_at, failures
from webhook
where id < %(after)s::bigint
order by id desc
limit %(limit)s::int

-- name: list_attempts
select to_char(at at time zone 'UTC', 'YYYYMMDDHH24MISSUS') || '.' || event_id || '.' || attempt
  as place, event_id, attempt, at, status, error
from webhook_attempt
where webhook_id = %(webhook_id)s::bigint
  and (%(after)s::text = ''
    or to_char(at at time zone 'UTC', 'YYYYMMDDHH24MISSUS') || '.' || event_id || '.' || attempt
      < %(after)s::text)
order by place desc
limit %(limit)s::int

-- name: list_dead_letters
select subscriber || '|' || event_id as place, subscriber, event_id, subject, type, at, attempts,
  error
from delivery
where state = 'dead'
  and subscriber || '|' || event_id > %(after)s::text
  and (%(subscriber)s::text is null or subscriber = %(subscriber)s::text)
order by subscriber || '|' || event_id
limit %(limit)s::int

-- name: list_keys
select id, name, role, nodes, channels, made_at, expires_at, last_used_at, revoked_at
from api_key
where id < %(after)s::bigint
order by id desc
limit %(limit)s::int

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
