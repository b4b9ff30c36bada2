-- name: insert_carts
insert into cart (part, id, channel, customer_id, state, ship_to, made_at, expires_at)
select u.part, u.id, u.channel, u.customer_id, 'open', u.ship_to::jsonb, %(now)s::timestamptz,
  %(expires_at)s::timestamptz
from unnest(
  %(parts)s::int[], %(ids)s::bigint[], %(channels)s::text[], %(customer_ids)s::bigint[],
  %(ship_tos)s::text[]
) as u (part, id, channel, customer_id, ship_to)

-- name: lock_carts
-- Conversion, change and expiry all take the cart's row first: exactly one of them wins.
select c.id
from cart c
join unnest(%(parts)s::int[], %(ids)s::bigint[]) as u (part, id) on c.part = u.part and c.id = u.id
order by c.part, c.id
for no key update of c

-- name: lock_over
-- Carts whose time is over; those that somebody works on are left to the next sweep.
select id
from cart
where state = 'open' and expires_at <= %(now)s::timestamptz
order by part, id
limit %(limit)s::bigint
for no key update skip locked

-- name: read_carts
select c.id, c.channel, c.customer_id, c.state, c.ship_to, c.made_at, c.expires_at, c.version
from cart c
join unnest(%(parts)s::int[], %(ids)s::bigint[]) as u (part, id) on c.part = u.part and c.id = u.id

-- name: read_lines
select l.cart_id, l.line, l.item, l.qty, l.unit_minor, l.method, l.pickup_node, l.service
from cart_line l
join unnest(%(parts)s::int[], %(ids)s::bigint[]) as u (part, id)
  on l.part = u.part and l.cart_id = u.id
order by l.cart_id, l.line

-- name: carts_of
select id
from cart
where customer_id = any (%(customer_ids)s::bigint[]) and state = 'open'
  and expires_at > %(now)s::timestamptz
order by id

-- name: save_carts
update cart c
set state = u.state, customer_id = u.customer_id, ship_to = u.ship_to::jsonb,
  expires_at = u.expires_at, version = u.version
from unnest(
  %(parts)s::int[], %(ids)s::bigint[], %(states)s::text[], %(customer_ids)s::bigint[],
  %(ship_tos)s::text[], %(expiries)s::timestamptz[], %(versions)s::bigint[]
) as u (part, id, state, customer_id, ship_to, expires_at, version)
where c.part = u.part and c.id = u.id

-- name: drop_lines
delete from cart_line l
using unnest(%(parts)s::int[], %(ids)s::bigint[], %(lines)s::int[]) as u (part, id, line)
where l.part = u.part and l.cart_id = u.id and l.line = u.line

-- name: save_lines
insert into cart_line (part, cart_id, line, item, qty, unit_minor, method, pickup_node, service)
select u.part, u.id, u.line, u.item, u.qty, u.unit_minor, u.method, u.pickup_node, u.service
from unnest(
  %(parts)s::int[], %(ids)s::bigint[], %(lines)s::int[], %(items)s::text[], %(qtys)s::bigint[],
  %(units)s::bigint[], %(methods)s::text[], %(pickup_nodes)s::text[], %(services)s::text[]
) as u (part, id, line, item, qty, unit_minor, method, pickup_node, service)
on conflict (part, cart_id, line) do update
set qty = excluded.qty, unit_minor = excluded.unit_minor

-- name: set_customers
-- A merged customer's carts follow the heir.
update cart c
set customer_id = u.winner
from unnest(%(losers)s::bigint[], %(winners)s::bigint[]) as u (loser, winner)
where c.customer_id = u.loser and c.state = 'open'
