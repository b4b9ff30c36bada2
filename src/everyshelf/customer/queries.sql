-- name: find_identities
select i.kind, i.value, i.customer_id
from customer_identity i
join unnest(%(parts)s::int[], %(kinds)s::text[], %(texts)s::text[]) as u (part, kind, value)
  on i.part = u.part and i.kind = u.kind and i.value = u.value

-- name: add_identities
-- Two who meet the same stranger at once: one makes the row, the other starts over and finds it.
insert into customer_identity (part, kind, value, customer_id)
select u.part, u.kind, u.value, u.customer_id
from unnest(%(parts)s::int[], %(kinds)s::text[], %(texts)s::text[], %(customers)s::bigint[])
  as u (part, kind, value, customer_id)
order by u.part, u.kind, u.value
on conflict do nothing

-- name: add_customers
insert into customer (part, id, name, made_at)
select u.part, u.id, u.name, %(now)s::timestamptz
from unnest(%(parts)s::int[], %(ids)s::bigint[], %(names)s::text[]) as u (part, id, name)

-- name: touch_customers
-- Only the living gain identities; who was merged or erased meanwhile is looked up again.
with locked as (
  select c.part, c.id
  from customer c
  join unnest(%(parts)s::int[], %(ids)s::bigint[]) as u (part, id)
    on c.part = u.part and c.id = u.id
  where c.merged_into is null and c.erased_at is null
  order by c.part, c.id
  for update of c
)
update customer c
set version = c.version + 1
from locked
where c.part = locked.part and c.id = locked.id
returning c.id, c.version

-- name: lock_customers
select c.id, c.name, c.tier, c.value_minor, c.merged_into, c.erased_at, c.made_at, c.version
from customer c
join unnest(%(parts)s::int[], %(ids)s::bigint[]) as u (part, id) on c.part = u.part and c.id = u.id
order by c.part, c.id
for update of c

-- name: read_customers
select c.id, c.name, c.tier, c.value_minor, c.merged_into, c.erased_at, c.made_at, c.version,
  coalesce((
    select jsonb_agg(jsonb_build_object('kind', i.kind, 'value', i.value) order by i.kind, i.value)
    from customer_identity i
    where i.customer_id = c.id
  ), '[]') as identities
from customer c
join unnest(%(parts)s::int[], %(ids)s::bigint[]) as u (part, id) on c.part = u.part and c.id = u.id

-- name: members
-- Who has become these customers: merged rows always point at the last heir.
select merged_into, id
from customer
where merged_into = any (%(ids)s::bigint[])

-- name: describe_customers
update customer c
set name = u.name, tier = u.tier, value_minor = u.value_minor, version = u.version
from unnest(%(parts)s::int[], %(ids)s::bigint[], %(names)s::text[], %(tiers)s::text[],
  %(amounts)s::bigint[], %(versions)s::bigint[])
  as u (part, id, name, tier, value_minor, version)
where c.part = u.part and c.id = u.id

-- name: merge_customers
update customer c
set merged_into = u.heir, version = c.version + 1
from unnest(%(parts)s::int[], %(losers)s::bigint[], %(heirs)s::bigint[]) as u (part, loser, heir)
where c.part = u.part and c.id = u.loser

-- name: shorten_chains
-- Whoever was merged into a loser points at the heir too, so that a chain is never walked.
update customer c
set merged_into = u.heir
from unnest(%(losers)s::bigint[], %(heirs)s::bigint[]) as u (loser, heir)
where c.merged_into = u.loser

-- name: move_identities
update customer_identity i
set customer_id = u.heir
from unnest(%(losers)s::bigint[], %(heirs)s::bigint[]) as u (loser, heir)
where i.customer_id = u.loser

-- name: add_addresses
insert into customer_address (part, id, customer_id, label, address)
select u.part, u.id, u.customer_id, u.label, u.address::jsonb
from unnest(%(parts)s::int[], %(ids)s::bigint[], %(customers)s::bigint[], %(labels)s::text[],
  %(addresses)s::text[]) as u (part, id, customer_id, label, address)

-- name: remove_addresses
delete from customer_address a
using unnest(%(ids)s::bigint[], %(customers)s::bigint[]) as u (id, customer_id)
where a.customer_id = u.customer_id and a.id = u.id

-- name: read_addresses
select id, customer_id, label, address
from customer_address
where part = any (%(parts)s::int[]) and customer_id = any (%(ids)s::bigint[])
order by id

-- name: set_consents
-- Saying the same again changes nothing, not even when it was said.
insert into customer_consent (part, customer_id, purpose, granted, at)
select u.part, u.customer_id, u.purpose, u.granted, %(now)s::timestamptz
from unnest(%(parts)s::int[], %(customers)s::bigint[], %(purposes)s::text[],
  %(granted)s::boolean[]) as u (part, customer_id, purpose, granted)
order by u.part, u.customer_id, u.purpose
on conflict (part, customer_id, purpose) do update
set granted = excluded.granted, at = excluded.at
where customer_consent.granted <> excluded.granted
returning customer_id, purpose

-- name: read_consents
select customer_id, purpose, granted, at
from customer_consent
where part = any (%(parts)s::int[]) and customer_id = any (%(ids)s::bigint[])
order by at, customer_id

-- name: add_contacts
insert into customer_contact (part, id, customer_id, at, channel, kind, text)
select u.part, u.id, u.customer_id, u.at, u.channel, u.kind, u.text
from unnest(%(parts)s::int[], %(ids)s::bigint[], %(customers)s::bigint[],
  %(times)s::timestamptz[], %(channels)s::text[], %(kinds)s::text[], %(texts)s::text[])
  as u (part, id, customer_id, at, channel, kind, text)

-- name: read_contacts
select id, customer_id, at, channel, kind, text
from customer_contact
where part = any (%(parts)s::int[]) and customer_id = any (%(ids)s::bigint[])
  and (%(before)s::bigint is null or id < %(before)s::bigint)
order by id desc
limit %(size)s::int

-- name: erase_customers
update customer
set name = '', erased_at = %(now)s::timestamptz, version = version + 1
where part = any (%(parts)s::int[]) and id = any (%(ids)s::bigint[])

-- name: erase_identities
delete from customer_identity
where customer_id = any (%(ids)s::bigint[])

-- name: erase_addresses
delete from customer_address
where part = any (%(parts)s::int[]) and customer_id = any (%(ids)s::bigint[])

-- name: erase_contacts
update customer_contact
set text = ''
where part = any (%(parts)s::int[]) and customer_id = any (%(ids)s::bigint[]) and text <> ''

-- name: erase_consents
-- That consent was given stays on record; that it may be used does not.
update customer_consent
set granted = false, at = %(now)s::timestamptz
where part = any (%(parts)s::int[]) and customer_id = any (%(ids)s::bigint[]) and granted
