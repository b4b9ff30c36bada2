-- name: lock_work
-- Fulfillment orders are locked before pickups, as everywhere: staged work stays as it is read.
select f.id, f.part, f.order_id, f.node, f.method, f.state
from fulfillment_order f
where f.id = any (%(ids)s::bigint[])
order by f.id
for update of f

-- name: open_pickups
-- One open pickup a fulfillment order; who is second finds the first one's.
insert into pickup (part, id, order_id, fulfillment_id, node, method, state, staged_at, expires_at)
select u.part, u.id, u.order_id, u.fulfillment_id, u.node, u.method, 'staged',
  %(now)s::timestamptz, u.expires_at
from unnest(
  %(parts)s::int[], %(ids)s::bigint[], %(orders)s::bigint[], %(fulfillments)s::bigint[],
  %(nodes)s::text[], %(methods)s::text[], %(expiries)s::timestamptz[]
) as u (part, id, order_id, fulfillment_id, node, method, expires_at)
on conflict do nothing
returning id

-- name: read_pickups
select part, id, order_id, fulfillment_id, node, method, state, place, bay, tries, staged_at,
  expires_at, checked_in_at, handed_over_at, handed_to, reason, version
from pickup
where id = any (%(ids)s::bigint[])
order by id

-- name: pickups_of
select part, id, order_id, fulfillment_id, node, method, state, place, bay, tries, staged_at,
  expires_at, checked_in_at, handed_over_at, handed_to, reason, version
from pickup
where fulfillment_id = any (%(ids)s::bigint[])
order by id

-- name: waiting
select part, id, order_id, fulfillment_id, node, method, state, place, bay, tries, staged_at,
  expires_at, checked_in_at, handed_over_at, handed_to, reason, version
from pickup
where node = %(node)s::text and state in ('staged', 'checked_in') and id > %(after)s::bigint
order by id
limit %(limit)s::int

-- name: lock_pickups
select part, id, order_id, fulfillment_id, node, method, state, place, bay, tries, staged_at,
  expires_at, checked_in_at, handed_over_at, handed_to, reason, version, code_hash, token_hash
from pickup
where id = any (%(ids)s::bigint[])
order by id
for update

-- name: lock_open_of
select part, id, order_id, fulfillment_id, node, method, state, place, bay, tries, staged_at,
  expires_at, checked_in_at, handed_over_at, handed_to, reason, version, code_hash, token_hash
from pickup
where fulfillment_id = any (%(ids)s::bigint[]) and state in ('staged', 'checked_in')
order by id
for update

-- name: due_pickups
select id, fulfillment_id
from pickup
where state in ('staged', 'checked_in') and expires_at <= %(now)s::timestamptz
order by expires_at, id
limit %(limit)s::int

-- name: write_pickups
-- A code lives no longer than it can be used.
update pickup p
set state = u.state,
  place = u.place,
  bay = u.bay,
  tries = u.tries,
  expires_at = u.expires_at,
  handed_to = u.handed_to,
  reason = u.reason,
  version = u.version,
  code_hash = case when u.state in ('staged', 'checked_in') then u.code_hash else '' end,
  token_hash = case when u.state in ('staged', 'checked_in') then u.token_hash else '' end,
  checked_in_at = case when u.state = 'checked_in'
    then coalesce(p.checked_in_at, %(now)s::timestamptz) else p.checked_in_at end,
  handed_over_at = case when u.state = 'handed_over' then %(now)s::timestamptz end
from unnest(
  %(parts)s::int[], %(ids)s::bigint[], %(states)s::text[], %(places)s::text[], %(bays)s::text[],
  %(tries)s::int[], %(expiries)s::timestamptz[], %(tos)s::text[], %(reasons)s::text[],
  %(versions)s::bigint[], %(codes)s::bytea[], %(tokens)s::bytea[]
) as u (part, id, state, place, bay, tries, expires_at, handed_to, reason, version, code_hash,
  token_hash)
where p.part = u.part and p.id = u.id
