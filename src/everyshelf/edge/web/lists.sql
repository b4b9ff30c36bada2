-- name: list_balances
select part || '|' || item || '|' || node as cell, item, node, sellable, held, allocated, picked,
  packed, in_transit, quality_hold, damaged, display,
  sellable + held + allocated + picked + packed + quality_hold + damaged + display as on_hand
from stock_balance
where (part, item, node) > (
    coalesce(nullif(split_part(%(after)s::text, '|', 1), ''), '-1')::int,
    split_part(%(after)s::text, '|', 2), split_part(%(after)s::text, '|', 3)
  )
  and (%(item)s::text is null or item = %(item)s::text)
  and (%(node)s::text is null or node = %(node)s::text)
  and (%(nodes)s::text[] is null or node = any (%(nodes)s::text[]))
order by part, item, node
limit %(limit)s::int

-- name: list_moves
-- Of one item: the ledger is never read across its parts, and has no second index to pay for.
select id, item, from_node, from_bucket, to_node, to_bucket, qty, lot, serial, reason, cause,
  actor, at
from stock_move
where part = %(part)s::int
  and id < %(after)s::bigint
  and item = %(item)s::text
  and (%(node)s::text is null or %(node)s::text in (from_node, to_node))
  and (%(nodes)s::text[] is null or from_node = any (%(nodes)s::text[])
    or to_node = any (%(nodes)s::text[]))
order by id desc
limit %(limit)s::int

-- name: list_holds
select part || '|' || id || '|' || node as place, id, item, node, pool, channel, owner, line, qty,
  expires_at
from stock_hold
where (part, id, node) > (
    coalesce(nullif(split_part(%(after)s::text, '|', 1), ''), '-1')::int,
    coalesce(nullif(split_part(%(after)s::text, '|', 2), ''), '0')::bigint,
    split_part(%(after)s::text, '|', 3)
  )
  and (%(item)s::text is null or item = %(item)s::text)
  and (%(node)s::text is null or node = %(node)s::text)
  and (%(owner)s::text is null or owner = %(owner)s::text)
  and (%(nodes)s::text[] is null or node = any (%(nodes)s::text[]))
  and (%(channels)s::text[] is null or channel = any (%(channels)s::text[]))
order by part, id, node
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
select id, item, node, channel, starts_on, ends_on, safety_qty, walk_in_qty, ring_fence_qty, walk_in
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

-- name: list_webhooks
select id, url, types, state, made_at, failures
from webhook
where id < %(after)s::bigint
order by id desc
limit %(limit)s::int

-- name: list_attempts
select event_id || '.' || attempt as place, event_id, attempt, at, status, error
from webhook_attempt
where webhook_id = %(webhook_id)s::bigint
  and (event_id, attempt) < (
    coalesce(nullif(split_part(%(after)s::text, '.', 1), ''), '9223372036854775807')::bigint,
    coalesce(nullif(split_part(%(after)s::text, '.', 2), ''), '2147483647')::int
  )
order by event_id desc, attempt desc
limit %(limit)s::int

-- name: list_dead_letters
select subscriber || '|' || event_id as place, subscriber, event_id, subject, type, at, attempts,
  error
from delivery
where state = 'dead'
  and (subscriber, event_id) > (
    split_part(%(after)s::text, '|', 1),
    coalesce(nullif(split_part(%(after)s::text, '|', 2), ''), '-1')::bigint
  )
  and (%(subscriber)s::text is null or subscriber = %(subscriber)s::text)
order by subscriber, event_id
limit %(limit)s::int

-- name: list_keys
select id, name, role, nodes, channels, made_at, expires_at, last_used_at, revoked_at
from api_key
where id < %(after)s::bigint
order by id desc
limit %(limit)s::int

-- name: list_items
select item, name, kind, tracking, unit, weight_g, length_mm, width_mm, height_mm, handling,
  category, cost_minor, price_minor, currency, make_to_order, active, version
from item
where item > %(after)s::text
  and (%(category)s::text is null or category = %(category)s::text)
  and (%(active)s::boolean is null or active = %(active)s::boolean)
  and (%(text)s::text is null or strpos(lower(item || ' ' || name), lower(%(text)s::text)) > 0)
order by item
limit %(limit)s::int

-- name: list_channels
select channel, name, kind, currency, active, version
from channel
where channel > %(after)s::text
order by channel
limit %(limit)s::int

-- name: list_listings
select channel || '|' || item as place, channel, item, price_minor, currency, listed
from listing
where (channel, item) > (
    split_part(%(after)s::text, '|', 1), split_part(%(after)s::text, '|', 2)
  )
  and (%(channel)s::text is null or channel = %(channel)s::text)
  and (%(item)s::text is null or item = %(item)s::text)
order by channel, item
limit %(limit)s::int

-- name: list_nodes
select node, name, kind, zone, country, region, city, postcode, street, lat, lon, capabilities,
  active, paused, opens_on, closes_on, cutoff_minute, processing_minutes, daily_orders,
  daily_lines, daily_units, channel_orders, priority, labour_order_minor, labour_line_minor,
  labour_unit_minor, unknown_sales, lead_days, tags, version
from node
where node > %(after)s::text
  and (%(kind)s::text is null or kind = %(kind)s::text)
  and (%(capability)s::text is null or %(capability)s::text = any (capabilities))
  and (%(active)s::boolean is null or active = %(active)s::boolean)
order by node
limit %(limit)s::int

-- name: list_services
select service, carrier, name, kind, active
from service
where service > %(after)s::text
order by service
limit %(limit)s::int

-- name: list_lanes
select node || '|' || region || '|' || service as place, node, region, service, zone, days_p50,
  days_p90
from lane
where (node, region, service) > (
    split_part(%(after)s::text, '|', 1), split_part(%(after)s::text, '|', 2),
    split_part(%(after)s::text, '|', 3)
  )
  and (%(node)s::text is null or node = %(node)s::text)
  and (%(service)s::text is null or service = %(service)s::text)
order by node, region, service
limit %(limit)s::int

-- name: list_supplier_items
select node || '|' || item as place, node, item, cost_minor, currency, lead_days
from supplier_item
where (node, item) > (
    split_part(%(after)s::text, '|', 1), split_part(%(after)s::text, '|', 2)
  )
  and (%(node)s::text is null or node = %(node)s::text)
  and (%(item)s::text is null or item = %(item)s::text)
order by node, item
limit %(limit)s::int

-- name: list_customers
select id, name, tier, value_minor, merged_into, erased_at, made_at, version
from customer
where id < %(after)s::bigint
order by id desc
limit %(limit)s::int

-- name: list_carts
select c.id, c.channel, c.customer_id, c.state, c.made_at, c.expires_at, l.lines, l.units,
  c.version
from cart c
cross join lateral (
  select count(*) as lines, coalesce(sum(qty), 0)::bigint as units
  from cart_line
  where part = c.part and cart_id = c.id
) l
where c.id < %(after)s::bigint
  and (%(state)s::text is null or c.state = %(state)s::text)
  and (%(channel)s::text is null or c.channel = %(channel)s::text)
  and (%(customer_id)s::bigint is null or c.customer_id = %(customer_id)s::bigint)
  and (%(channels)s::text[] is null or c.channel = any (%(channels)s::text[]))
order by c.id desc
limit %(limit)s::int

-- name: list_orders
select o.id, o.channel, o.channel_ref, o.customer_id, s.state, s.holds, s.units, s.open,
  s.cancelled, s.shipped, s.returned, o.currency, o.placed_at, o.version
from sales_order o
join order_state s on s.part = o.part and s.order_id = o.id
where o.id < %(after)s::bigint
  and (%(state)s::text is null or s.state = %(state)s::text)
  and (%(channel)s::text is null or o.channel = %(channel)s::text)
  and (%(channel_ref)s::text is null or o.channel_ref = %(channel_ref)s::text)
  and (%(customer_id)s::bigint is null or o.customer_id = %(customer_id)s::bigint)
  and (%(placed_after)s::timestamptz is null or o.placed_at >= %(placed_after)s::timestamptz)
  and (%(placed_before)s::timestamptz is null or o.placed_at < %(placed_before)s::timestamptz)
  and (%(channels)s::text[] is null or o.channel = any (%(channels)s::text[]))
order by o.id desc
limit %(limit)s::int

-- name: list_intents
select id, order_id, kind, cause, amount_minor, state, coalesce(provider_ref, '') as provider_ref,
  detail, attempts, due_at, done_at
from payment_intent
where id < %(after)s::bigint
  and (%(state)s::text is null or state = %(state)s::text)
  and (%(kind)s::text is null or kind = %(kind)s::text)
order by id desc
limit %(limit)s::int

-- name: list_demand
select part || '|' || order_id || '|' || line as place, order_id, line, item, qty, reason,
  due_at, since
from sourcing_demand
where (part, order_id, line) > (
    coalesce(nullif(split_part(%(after)s::text, '|', 1), ''), '-1')::int,
    coalesce(nullif(split_part(%(after)s::text, '|', 2), ''), '0')::bigint,
    coalesce(nullif(split_part(%(after)s::text, '|', 3), ''), '0')::int
  )
  and (%(item)s::text is null or item = %(item)s::text)
  and (%(reason)s::text is null or reason = %(reason)s::text)
order by part, order_id, line
limit %(limit)s::int

-- name: list_decisions
select id, order_id, at, trigger, policy, policy_version, cost_minor, nodes, unfilled
from sourcing_decision
where id < %(after)s::bigint
  and (%(order_id)s::bigint is null or order_id = %(order_id)s::bigint)
  and (%(node)s::text is null or %(node)s::text = any (nodes))
order by id desc
limit %(limit)s::int

-- name: list_work
select f.id, f.order_id, f.node, f.method, f.service, f.state, f.due_at, f.made_at, f.wave_id,
  f.reason, l.lines, l.units, f.version
from fulfillment_order f
cross join lateral (
  select count(*) as lines, coalesce(sum(qty - short - cancelled), 0)::bigint as units
  from fulfillment_line
  where part = f.part and fulfillment_id = f.id
) l
where f.id < %(after)s::bigint
  and (%(node)s::text is null or f.node = %(node)s::text)
  and (%(state)s::text is null or f.state = %(state)s::text)
  and (%(order_id)s::bigint is null or f.order_id = %(order_id)s::bigint)
  and (%(nodes)s::text[] is null or f.node = any (%(nodes)s::text[]))
order by f.id desc
limit %(limit)s::int

-- name: list_waves
select id, node, kind, state, made_at, closed_at
from wave
where id < %(after)s::bigint
  and (%(node)s::text is null or node = %(node)s::text)
  and (%(state)s::text is null or state = %(state)s::text)
  and (%(nodes)s::text[] is null or node = any (%(nodes)s::text[]))
order by id desc
limit %(limit)s::int

-- name: list_supplier_orders
select id, fulfillment_id, order_id, node, state, cost_minor, currency, supplier_ref, sent_at,
  answered_at
from supplier_order
where id < %(after)s::bigint
  and (%(node)s::text is null or node = %(node)s::text)
  and (%(state)s::text is null or state = %(state)s::text)
  and (%(nodes)s::text[] is null or node = any (%(nodes)s::text[]))
order by id desc
limit %(limit)s::int

-- name: list_shipments
select id, order_id, node, carrier, service, state, weight_g, cost_minor, currency, shipped_at,
  promised_latest, delivered_at, attempts, version
from shipment
where id < %(after)s::bigint
  and (%(node)s::text is null or node = %(node)s::text)
  and (%(state)s::text is null or state = %(state)s::text)
  and (%(order_id)s::bigint is null or order_id = %(order_id)s::bigint)
  and (%(carrier)s::text is null or carrier = %(carrier)s::text)
  and (%(nodes)s::text[] is null or node = any (%(nodes)s::text[]))
order by id desc
limit %(limit)s::int

-- name: list_manifests
select id, node, carrier, closed_at, packages, weight_g
from manifest
where id < %(after)s::bigint
  and (%(node)s::text is null or node = %(node)s::text)
  and (%(carrier)s::text is null or carrier = %(carrier)s::text)
  and (%(nodes)s::text[] is null or node = any (%(nodes)s::text[]))
order by id desc
limit %(limit)s::int

-- name: list_pickups
-- The hashes of codes stay where they are.
select id, order_id, fulfillment_id, node, method, state, place, bay, tries, staged_at, expires_at,
  checked_in_at, handed_over_at, handed_to, reason, version
from pickup
where id < %(after)s::bigint
  and (%(node)s::text is null or node = %(node)s::text)
  and (%(state)s::text is null or state = %(state)s::text)
  and (%(order_id)s::bigint is null or order_id = %(order_id)s::bigint)
  and (%(nodes)s::text[] is null or node = any (%(nodes)s::text[]))
order by id desc
limit %(limit)s::int

-- name: list_rmas
select r.id, r.order_id, r.kind, r.state, r.channel, r.expires_at, r.made_at, r.closed_at,
  r.version
from rma r
join sales_order o on o.part = r.part and o.id = r.order_id
where r.id < %(after)s::bigint
  and (%(state)s::text is null or r.state = %(state)s::text)
  and (%(order_id)s::bigint is null or r.order_id = %(order_id)s::bigint)
  and (%(channels)s::text[] is null or o.channel = any (%(channels)s::text[]))
order by r.id desc
limit %(limit)s::int

-- name: list_makes
select id, order_id, line, item, node, qty, made, cancelled, state, requested_at, started_at,
  version
from make_order
where id < %(after)s::bigint
  and (%(node)s::text is null or node = %(node)s::text)
  and (%(state)s::text is null or state = %(state)s::text)
  and (%(item)s::text is null or item = %(item)s::text)
  and (%(nodes)s::text[] is null or node = any (%(nodes)s::text[]))
order by id desc
limit %(limit)s::int

-- name: list_cases
select id, kind, subject, order_id, node, detail, severity, state, owner, opened_at, due_at,
  resolved_at, resolution, version
from exception_case
where id < %(after)s::bigint
  and (%(state)s::text is null or state = %(state)s::text)
  and (%(kind)s::text is null or kind = %(kind)s::text)
  and (%(node)s::text is null or node = %(node)s::text)
  and (%(nodes)s::text[] is null or node = any (%(nodes)s::text[]))
order by id desc
limit %(limit)s::int
