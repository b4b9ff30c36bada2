-- name: lock_orders
-- One look at an order at a time: who cancels or sources it waits for the other, in one order.
select o.id, o.channel, o.ship_to, o.priority, o.short_policy, o.placed_at, o.version,
  exists (
    select from order_hold h
    where h.part = o.part and h.order_id = o.id and h.released_at is null
  ) as held,
  coalesce((select c.tier from customer c where c.id = o.customer_id), '') as tier,
  coalesce((
    select l.pickup_node
    from sales_order b
    join order_line l on l.part = b.part and l.order_id = b.id and l.pickup_node is not null
    where b.customer_id = o.customer_id and b.id < o.id
    order by b.id desc
    limit 1
  ), '') as preferred_node
from sales_order o
where o.part = any (%(parts)s::int[]) and o.id = any (%(order_ids)s::bigint[])
order by o.part, o.id
for no key update of o

-- name: owed_lines
-- What is still owed to the buyer, line by line; a kit line has no units of its own.
select order_id, line, item, qty - cancelled - shipped as owed, amount_minor / qty as value_minor,
  method, pickup_node, service, supply, promised_latest
from order_line
where part = any (%(parts)s::int[]) and order_id = any (%(order_ids)s::bigint[])
  and supply <> 'kit'
order by order_id, line

-- name: committed
-- Units of these orders at nodes: `live` are still there, `taken` were not given back.
select id, order_id, line, item, node, qty - shipped - released as live, qty - released as taken,
  qty - picked - packed - shipped - released as unpicked
from stock_allocation
where order_id = any (%(order_ids)s::bigint[])
order by order_id, line, id

-- name: free_units
select item, node, sellable
from stock_balance
where part = any (%(parts)s::int[]) and item = any (%(items)s::text[]) and sellable > 0

-- name: worth_of
-- What units are worth where they are, as planning last reckoned it; most cells have no row.
select item, node, scarcity_milli, walk_in_milli, markdown_milli, lost_bp, return_bp
from sourcing_worth
where part = any (%(parts)s::int[]) and item = any (%(items)s::text[])

-- name: exclusions_of
select order_id, line, node, reason
from sourcing_exclusion
where part = any (%(parts)s::int[]) and order_id = any (%(order_ids)s::bigint[])
order by order_id, line, node

-- name: exclude
insert into sourcing_exclusion (part, order_id, line, node, reason, at)
select u.part, u.order_id, u.line, u.node, u.reason, %(now)s::timestamptz
from unnest(
  %(parts)s::int[], %(order_ids)s::bigint[], %(lines)s::int[], %(nodes)s::text[],
  %(reasons)s::text[]
) as u (part, order_id, line, node, reason)
on conflict do nothing

-- name: demand_of
select order_id, line, item, qty, reason, due_at, since
from sourcing_demand
where part = any (%(parts)s::int[]) and order_id = any (%(order_ids)s::bigint[])
order by order_id, line

-- name: want
-- Who waits keeps the place in the queue, whatever becomes of the quantity or the reason.
insert into sourcing_demand (part, order_id, line, item, qty, reason, due_at, since)
select u.part, u.order_id, u.line, u.item, u.qty, u.reason, u.due_at, %(now)s::timestamptz
from unnest(
  %(parts)s::int[], %(order_ids)s::bigint[], %(lines)s::int[], %(items)s::text[],
  %(qtys)s::bigint[], %(reasons)s::text[], %(dues)s::timestamptz[]
) as u (part, order_id, line, item, qty, reason, due_at)
on conflict (part, order_id, line) do update
set qty = excluded.qty, reason = excluded.reason, due_at = excluded.due_at

-- name: satisfy
delete from sourcing_demand d
using unnest(%(parts)s::int[], %(order_ids)s::bigint[], %(lines)s::int[])
  as u (part, order_id, line)
where d.part = u.part and d.order_id = u.order_id and d.line = u.line

-- name: waiting_for
-- The orders that wait for these items, first come first.
select order_id
from sourcing_demand
where item = any (%(items)s::text[]) and reason <> 'order_hold'
group by order_id
order by min(since), order_id
limit %(most)s::int

-- name: supply_of
-- What is on its way of these items and not promised to anybody yet.
select distinct on (item) item, due_on, qty + cap - greatest(promised, received) as qty
from stock_inbound
where item = any (%(items)s::text[]) and greatest(promised, received) < qty + cap
order by item, due_on

-- name: due_demand
select order_id
from (
  select order_id, due_at from sourcing_demand where due_at <= %(now)s::timestamptz
  union all
  select order_id, due_at from sourcing_unsettled where due_at <= %(now)s::timestamptz
) d
group by order_id
order by min(due_at), order_id
limit %(most)s::int

-- name: add_decisions
insert into sourcing_decision (part, id, order_id, at, trigger, policy, policy_version, digest,
  problem, why, cost_minor, nodes, unfilled)
select u.part, u.id, u.order_id, %(now)s::timestamptz, %(trigger)s::text, %(policy)s::text,
  u.version, u.digest, u.problem, u.why, u.cost_minor,
  string_to_array(u.nodes, chr(31)), u.unfilled
from unnest(
  %(parts)s::int[], %(ids)s::bigint[], %(order_ids)s::bigint[], %(versions)s::int[],
  %(digests)s::bytea[], %(problems)s::bytea[], %(whys)s::bytea[], %(costs)s::bigint[],
  %(nodes)s::text[], %(unfilled)s::bigint[]
) as u (part, id, order_id, version, digest, problem, why, cost_minor, nodes, unfilled)

-- name: add_shadows
insert into sourcing_shadow (part, decision_id, version, at, differs, cost_minor, before_minor,
  nodes, unfilled)
select u.part, u.id, u.version, %(now)s::timestamptz, u.differs, u.cost_minor, u.before_minor,
  string_to_array(u.nodes, chr(31)), u.unfilled
from unnest(
  %(parts)s::int[], %(ids)s::bigint[], %(versions)s::int[], %(differs)s::boolean[],
  %(costs)s::bigint[], %(befores)s::bigint[], %(nodes)s::text[], %(unfilled)s::bigint[]
) as u (part, id, version, differs, cost_minor, before_minor, nodes, unfilled)

-- name: decisions_of
select id, at, trigger, policy, policy_version, digest, problem, why
from sourcing_decision
where part = %(part)s::int and order_id = %(order_id)s::bigint
order by id

-- name: past_decisions
select id, order_id, at, policy_version, problem
from sourcing_decision
where id > %(after)s::bigint
  and at >= %(since)s::timestamptz and at < %(until)s::timestamptz
order by id
limit %(most)s::int

-- name: last_decisions
-- The latest decisions, whatever their orders: what a new rule is tried on.
select problem, why
from sourcing_decision
where id > %(after)s::bigint
order by id desc
limit %(most)s::int

-- name: decision
select id, at, trigger, policy, policy_version, digest, problem, why
from sourcing_decision
where id = %(id)s::bigint

-- name: loads
select node, day, orders
from node_load
where node = any (%(nodes)s::text[]) and day between %(first)s::date and %(last)s::date

-- name: load_of
select order_id, node, method, day
from sourcing_load
where part = any (%(parts)s::int[]) and order_id = any (%(order_ids)s::bigint[])

-- name: book
-- The guard is on the row: a node that would pass its limit gives no row back, whoever was first.
insert into node_load (node, day, orders, cap)
select u.node, u.day, u.orders, u.cap
from unnest(%(nodes)s::text[], %(days)s::date[], %(orders)s::bigint[], %(caps)s::bigint[])
  as u (node, day, orders, cap)
where u.orders <= u.cap
order by u.node, u.day
on conflict (node, day) do update
set orders = node_load.orders + excluded.orders, cap = excluded.cap
where node_load.orders + excluded.orders <= excluded.cap
returning node, day

-- name: take_load
insert into sourcing_load (part, order_id, node, method, day)
select u.part, u.order_id, u.node, u.method, u.day
from unnest(
  %(parts)s::int[], %(order_ids)s::bigint[], %(nodes)s::text[], %(methods)s::text[],
  %(days)s::date[]
) as u (part, order_id, node, method, day)

-- name: drop_load
delete from sourcing_load l
using unnest(%(parts)s::int[], %(order_ids)s::bigint[], %(nodes)s::text[], %(methods)s::text[])
  as u (part, order_id, node, method)
where l.part = u.part and l.order_id = u.order_id and l.node = u.node and l.method = u.method
returning l.node, l.day

-- name: unbook
update node_load l
set orders = l.orders - u.orders
from unnest(%(nodes)s::text[], %(days)s::date[], %(orders)s::bigint[]) as u (node, day, orders)
where l.node = u.node and l.day = u.day

-- name: unsettle
insert into sourcing_unsettled (part, order_id, due_at)
select u.part, u.order_id, %(due_at)s::timestamptz
from unnest(%(parts)s::int[], %(order_ids)s::bigint[]) as u (part, order_id)
on conflict (part, order_id) do update
set due_at = excluded.due_at

-- name: settle
delete from sourcing_unsettled s
using unnest(%(parts)s::int[], %(order_ids)s::bigint[]) as u (part, order_id)
where s.part = u.part and s.order_id = u.order_id

-- name: still_open
-- Who closes or pauses a node waits until what was decided before is written; no longer.
select node
from node
where node = any (%(nodes)s::text[]) and active and not paused
order by node
for share

-- name: add_worth_run
insert into sourcing_worth_run (run, at, cells, scenarios, seed, horizon_days, made_by)
select coalesce(max(run), 0) + 1, %(now)s::timestamptz, %(cells)s::bigint, %(scenarios)s::int,
  %(seed)s::bigint, %(horizon_days)s::int, %(actor)s::text
from sourcing_worth_run
returning run, at, cells, scenarios, seed, horizon_days, made_by

-- name: put_worth
insert into sourcing_worth (part, item, node, scarcity_milli, walk_in_milli, markdown_milli,
  lost_bp, return_bp, run)
select u.part, u.item, u.node, u.scarcity, u.walk_in, u.markdown, u.lost, u.return_,
  %(run)s::int
from unnest(
  %(parts)s::int[], %(items)s::text[], %(nodes)s::text[], %(scarcities)s::bigint[],
  %(walk_ins)s::bigint[], %(markdowns)s::bigint[], %(losts)s::int[], %(returns)s::int[]
) as u (part, item, node, scarcity, walk_in, markdown, lost, return_)
order by u.part, u.item, u.node
on conflict (part, item, node) do update
set scarcity_milli = excluded.scarcity_milli, walk_in_milli = excluded.walk_in_milli,
  markdown_milli = excluded.markdown_milli, lost_bp = excluded.lost_bp,
  return_bp = excluded.return_bp, run = excluded.run

-- name: drop_worth
delete from sourcing_worth
where run <> %(run)s::int

-- name: last_worth_run
select run, at, cells, scenarios, seed, horizon_days, made_by
from sourcing_worth_run
order by run desc
limit 1
