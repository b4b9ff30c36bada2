-- name: open_cases
-- Of one kind and subject at most one case is open: the unique index says who was first.
insert into exception_case (part, id, kind, subject, order_id, node, detail, severity, state,
  opened_at, due_at)
select u.part, u.id, u.kind, u.subject, u.order_id, u.node, u.detail, u.severity, 'open',
  %(now)s::timestamptz, u.due_at
from unnest(
  %(parts)s::int[], %(ids)s::bigint[], %(kinds)s::text[], %(subjects)s::text[],
  %(order_ids)s::bigint[], %(nodes)s::text[], %(details)s::text[], %(severities)s::int[],
  %(dues)s::timestamptz[]
) as u (part, id, kind, subject, order_id, node, detail, severity, due_at)
on conflict (part, kind, subject) where state <> 'resolved' do nothing
returning part, id, kind, subject, order_id, node, detail, severity, state, owner, opened_at,
  due_at, resolved_at, resolution, version

-- name: close_cases
update exception_case c
set state = 'resolved', resolved_at = %(now)s::timestamptz, resolution = %(resolution)s::text,
  version = c.version + 1
from unnest(%(parts)s::int[], %(kinds)s::text[], %(subjects)s::text[]) as u (part, kind, subject)
where c.part = u.part and c.kind = u.kind and c.subject = u.subject and c.state <> 'resolved'
returning c.part, c.id, c.kind, c.subject, c.order_id, c.node, c.detail, c.severity, c.state,
  c.owner, c.opened_at, c.due_at, c.resolved_at, c.resolution, c.version

-- name: lock_cases
select part, id, kind, subject, order_id, node, detail, severity, state, owner, opened_at, due_at,
  resolved_at, resolution, version
from exception_case
where id = any (%(ids)s::bigint[])
order by id
for update

-- name: turn_cases
update exception_case c
set state = u.state, owner = u.owner, resolution = u.resolution, version = c.version + 1,
  resolved_at = case when u.state = 'resolved' then %(now)s::timestamptz end
from unnest(
  %(parts)s::int[], %(ids)s::bigint[], %(states)s::text[], %(owners)s::text[],
  %(resolutions)s::text[]
) as u (part, id, state, owner, resolution)
where c.part = u.part and c.id = u.id

-- name: read_cases
select part, id, kind, subject, order_id, node, detail, severity, state, owner, opened_at, due_at,
  resolved_at, resolution, version
from exception_case
where id = any (%(ids)s::bigint[])
order by id

-- name: cases_of_order
select part, id, kind, subject, order_id, node, detail, severity, state, owner, opened_at, due_at,
  resolved_at, resolution, version
from exception_case
where order_id = %(order_id)s::bigint
order by id

-- name: work_list
select part, id, kind, subject, order_id, node, detail, severity, state, owner, opened_at, due_at,
  resolved_at, resolution, version
from exception_case
where state <> 'resolved' and due_at > '-infinity'
  and (%(node)s::text is null or node = %(node)s::text)
order by severity, due_at, id
limit %(limit)s::int

-- name: write_notes
insert into exception_note (part, id, case_id, at, actor, text)
select u.part, u.id, u.case_id, %(now)s::timestamptz, %(actor)s::text, u.text
from unnest(%(parts)s::int[], %(ids)s::bigint[], %(case_ids)s::bigint[], %(texts)s::text[])
  as u (part, id, case_id, text)

-- name: read_notes
select id, case_id, at, actor, text
from exception_note
where case_id = %(case_id)s::bigint
order by id

-- name: still_unsourced
-- Orders of these that still have units which no node can serve.
select distinct d.order_id
from unnest(%(parts)s::int[], %(order_ids)s::bigint[]) as u (part, order_id)
join sourcing_demand d on d.part = u.part and d.order_id = u.order_id
where d.reason = 'no_node'

-- name: dead_letters
-- Every event that a subscriber has given up on.
select d.subscriber, d.event_id, d.subject, d.type, d.error
from delivery d
where d.state = 'dead'
order by d.event_id
limit %(limit)s::int

-- name: open_dead_letters
select subject
from exception_case
where kind = 'dead_letter' and state <> 'resolved' and due_at > '-infinity'

-- name: kpis
-- One pass over the orders placed in the period; a ratio of nothing is null.
with fact as materialized (
  select *
  from order_fact
  where placed_at >= %(from_at)s::timestamptz and placed_at < %(to_at)s::timestamptz
), method as (
  select c.method, count(distinct c.order_id) as orders,
    sum(c.carrier_minor + c.labour_minor) as cost_minor
  from fulfillment_cost c
  join fact f on f.part = c.part and f.order_id = c.order_id
  group by c.method
), counted as (
  select count(*) as counts, count(*) filter (where variance = 0) as exact
  from stock_count
  where at >= %(from_at)s::timestamptz and at < %(to_at)s::timestamptz
), waiting as (
  select coalesce(sum(d.qty), 0) as units
  from sourcing_demand d
  join fact f on f.part = d.part and f.order_id = d.order_id
  where d.reason = 'no_node'
)
select 'orders' as name, '' as scope, count(*)::float8 as value from fact
union all
select 'units_ordered', '', coalesce(sum(units), 0)::float8 from fact
union all
select 'units_shipped', '', coalesce(sum(shipped), 0)::float8 from fact
union all
select 'perfect_order_rate', '', (
    count(*) filter (where cancelled = 0 and returned = 0 and short = 0 and late = 0
      and failed = 0 and staged_late = 0 and no_shows = 0 and delivered = shipments)
    / nullif(count(*), 0)::float8
  )
from fact
where units > 0 and cancelled + shipped = units
union all
select 'on_time_rate', '', 1 - sum(late + staged_late) / nullif(sum(delivered + pickups), 0)::float8
from fact
union all
select 'fill_rate', '', sum(shipped) / nullif(sum(shipped + cancelled), 0)::float8 from fact
union all
select 'split_rate', '', count(*) filter (where nodes > 1)
  / nullif(count(*) filter (where nodes > 0), 0)::float8
from fact
union all
select 'cost_per_order', '', sum(carrier_minor + labour_minor)
  / nullif(count(*) filter (where nodes > 0), 0)::float8
from fact
union all
select 'cost_per_order', method, cost_minor / nullif(orders, 0)::float8 from method
union all
select 'oversold', '', units::float8 from waiting
union all
select 'stock_accuracy', '', exact / nullif(counts, 0)::float8 from counted
union all
select 'returns_rate', '', sum(returned) / nullif(sum(shipped), 0)::float8 from fact
union all
select 'no_show_rate', '', sum(no_shows) / nullif(sum(pickups), 0)::float8 from fact
union all
select 'hours_to_ship', '', percentile_cont(0.5) within group (
    order by extract(epoch from first_shipped_at - placed_at) / 3600
  )::float8
from fact
where first_shipped_at is not null
union all
select 'hours_to_buyer', '', percentile_cont(0.5) within group (
    order by extract(epoch from greatest(last_delivered_at, last_handed_over_at) - placed_at)
      / 3600
  )::float8
from fact
where greatest(last_delivered_at, last_handed_over_at) is not null

-- name: cases_by_kind
select kind, state, count(*) as cases
from exception_case
where opened_at >= %(from_at)s::timestamptz and opened_at < %(to_at)s::timestamptz
group by kind, state
order by kind, state

-- name: without_limit
-- Lifts a limit of time for this transaction; PostgreSQL 16 does not know every one.
select set_config(name, '0', true) as value
from pg_settings
where name = %(limit)s::text

-- name: join_whole
-- Checks join whole tables: a nested loop, chosen by a wrong estimate, would take hours.
select set_config('enable_nestloop', 'off', true) as value
