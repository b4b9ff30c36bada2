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

-- name: experiment_figures
-- By arm and metric: how many orders, their mean and variance. An order belongs to the version that
-- decided it first; at most so many of the last decisions are looked at, and only orders that the
-- experiment could have taken. What is not known yet of an order is not counted.
with looked as materialized (
  select d.part, d.order_id, d.id, d.at, d.policy_version, d.nodes
  from sourcing_decision d
  where d.id > %(since_id)s::bigint and d.at >= %(since)s::timestamptz
    and d.policy = %(policy)s::text
    and (d.policy_version = %(version)s::int or d.policy_version = any (%(against)s::int[]))
    and d.trigger in ('placed', 'released')
  order by d.id desc
  limit %(most)s::int
), decided as materialized (
  select l.part, l.order_id, min(l.at) as at, count(distinct n.node) as nodes,
    (array_agg(l.policy_version order by l.id))[1] = %(version)s::int as inside
  from looked l
  left join lateral unnest(l.nodes) as n (node) on true
  group by l.part, l.order_id
), measured as (
  select d.inside, d.nodes, extract(epoch from d.at - o.placed_at) as seconds, w.units, w.waits,
    w.late, w.rejected, f.cost_minor, s.missed, s.arrived
  from decided d
  join sales_order o on o.part = d.part and o.id = d.order_id
  cross join lateral (
    select coalesce(sum(l.qty), 0) as units, coalesce(sum(q.qty), 0) as waits,
      coalesce(bool_or(l.method in ('ship', 'same_day')
        and l.promised_latest < %(now)s::timestamptz and l.qty > l.cancelled + l.shipped), false)
        as late,
      coalesce(bool_and(l.method in ('ship', 'same_day') and l.qty = l.cancelled + l.shipped)
        and sum(l.shipped) > 0, false) as sent,
      exists (
        select from sourcing_exclusion x where x.part = o.part and x.order_id = o.id
      ) as rejected
    from order_line l
    left join sourcing_demand q on q.part = l.part and q.order_id = l.order_id
      and q.line = l.line and q.reason = 'no_node'
    where l.part = o.part and l.order_id = o.id and l.supply <> 'kit'
  ) w
  cross join lateral (
    select case when bool_and(g.state in ('completed', 'rejected', 'cancelled')) then
        sum(coalesce(p.cost_minor, 0) + n.labour_order_minor + n.labour_line_minor * k.lines
          + n.labour_unit_minor * k.units) filter (where g.state = 'completed')
      end as cost_minor
    from fulfillment_order g
    join node n on n.node = g.node
    left join shipment p on p.part = g.part and p.fulfillment_id = g.id
    cross join lateral (
      select count(*) filter (where qty > short + cancelled) as lines,
        coalesce(sum(qty - short - cancelled), 0) as units
      from fulfillment_line
      where part = g.part and fulfillment_id = g.id
    ) k
    where g.order_id = o.id
  ) f
  cross join lateral (
    select coalesce(bool_or(coalesce(delivered_at, %(now)s::timestamptz) > promised_latest), false)
        as missed,
      coalesce(bool_and(state = 'delivered'), false) and w.sent as arrived
    from shipment
    where order_id = o.id
  ) s
  where (%(channels)s::text[] = '{}' or o.channel = any (%(channels)s::text[]))
    and (%(regions)s::text[] = '{}' or o.ship_to ->> 'region' = any (%(regions)s::text[]))
    and (%(tiers)s::text[] = '{}' or exists (
      select from customer c
      left join customer h on h.id = c.merged_into
      where c.id = o.customer_id and coalesce(h.tier, c.tier) = any (%(tiers)s::text[])
    ))
)
select m.inside, v.metric, count(*) as orders, avg(v.value)::float8 as mean,
  coalesce(var_samp(v.value), 0)::float8 as variance
from measured m
cross join lateral (values
  ('cost_per_order', case when m.waits = 0 then m.cost_minor end::float8),
  ('split_rate', case when m.nodes > 0 then (m.nodes > 1)::int end::float8),
  ('unfilled_share', case when m.units > 0 then m.waits / m.units end::float8),
  ('on_time_share', case when m.late or m.missed then 0 when m.arrived then 1 end::float8),
  ('rejection_rate', m.rejected::int::float8),
  ('decision_seconds', m.seconds::float8)
) as v (metric, value)
where v.value is not null
group by m.inside, v.metric
order by m.inside, v.metric

-- name: said_no
-- Refusals of a period by node and reason, the most frequent first; what was said after a colon is
-- a person's note.
select node, split_part(reason, ':', 1) as reason, count(*)::int as times
from sourcing_exclusion
where at >= %(since)s::timestamptz and at < %(until)s::timestamptz
group by node, split_part(reason, ':', 1)
order by count(*) desc, node, reason
limit %(most)s::int

-- name: shadow_sums
select count(*)::bigint as decisions, count(*) filter (where differs)::bigint as changed,
  coalesce(sum(before_minor), 0)::bigint as before_minor,
  coalesce(sum(cost_minor), 0)::bigint as cost_minor,
  coalesce(sum(cardinality(nodes)), 0)::bigint as parcels,
  coalesce(sum(unfilled), 0)::bigint as unfilled
from sourcing_shadow
where version = %(version)s::int
  and at >= %(since)s::timestamptz and at < %(until)s::timestamptz

-- name: worth_wanted
-- What orders to each region asked for lately; what is collected has no region.
select l.item, coalesce(o.ship_to ->> 'region', '') as region,
  coalesce(o.ship_to ->> 'country', '') as country, sum(l.qty - l.cancelled)::bigint as qty
from sales_order o
join order_line l on l.part = o.part and l.order_id = o.id
where o.placed_at >= %(since)s::timestamptz and l.method = 'ship' and l.supply <> 'kit'
group by l.item, o.ship_to ->> 'region', o.ship_to ->> 'country'
having sum(l.qty - l.cancelled) > 0
order by l.item, region, country

-- name: worth_cells
-- Every cell with units, and what tills sold of it lately.
select b.item, b.node, b.sellable, coalesce(m.sold, 0)::bigint as sold
from stock_balance b
left join (
  select part, item, from_node as node, sum(qty) as sold
  from stock_move
  where reason = 'sale' and at >= %(since)s::timestamptz
  group by part, item, from_node
) m on m.part = b.part and m.item = b.item and m.node = b.node
where b.sellable > 0
order by b.item, b.node

-- name: worth_lost
-- By node: how often it did not find what it should have had, of all that was asked of it.
select a.node as key, coalesce(max(x.times), 0)::int as times, count(*)::int as of
from stock_allocation a
left join (
  select node, count(*) as times
  from sourcing_exclusion
  where at >= %(since)s::timestamptz and reason like any (array['not_found%%', 'damaged%%'])
  group by node
) x on x.node = a.node
where a.at >= %(since)s::timestamptz
group by a.node

-- name: worth_returned
-- By item: units that came back, of those that went out.
select l.item as key, sum(l.returned)::int as times, sum(l.shipped)::int as of
from sales_order o
join order_line l on l.part = o.part and l.order_id = o.id
where o.placed_at >= %(since)s::timestamptz and l.shipped > 0
group by l.item
