-- name: rules_of
select item, node, channel, starts_on, ends_on, safety_qty, walk_in_qty, ring_fence_qty, walk_in
from stock_rule
where item is null or item = any (%(items)s::text[])
order by id

-- name: drop_rules
delete from stock_rule r
using unnest(%(items)s::text[], %(nodes)s::text[], %(channels)s::text[]) as u (item, node, channel)
where r.item is not distinct from u.item and r.node is not distinct from u.node
  and r.channel is not distinct from u.channel

-- name: add_rules
insert into stock_rule (id, item, node, channel, starts_on, ends_on, safety_qty, walk_in_qty,
  ring_fence_qty, walk_in)
select u.id, u.item, u.node, u.channel, u.starts_on, u.ends_on, u.safety_qty, u.walk_in_qty,
  u.ring_fence_qty, u.walk_in
from unnest(
  %(ids)s::bigint[], %(item)s::text[], %(node)s::text[], %(channel)s::text[],
  %(starts_on)s::date[], %(ends_on)s::date[], %(safety_qty)s::bigint[],
  %(walk_in_qty)s::bigint[], %(ring_fence_qty)s::bigint[], %(walk_in)s::jsonb[]
) as u (id, item, node, channel, starts_on, ends_on, safety_qty, walk_in_qty, ring_fence_qty,
  walk_in)

-- name: zones_of_nodes
-- The local clocks by which deliveries come; all nodes when a rule names none.
select node, zone
from node
where %(nodes)s::text[] is null or node = any (%(nodes)s::text[])
