-- name: news
-- Is there any event that was not finished when the last quiet round began? 64 index probes.
select pg_snapshot_xmin(pg_current_snapshot())::text as horizon,
  exists (
    select from generate_series(0, 63) as l (lane)
    cross join lateral (
      select e.id from event e
      where e.lane = l.lane and e.xid >= %(since)s::xid8
      limit 1
    ) e
  )
  or exists (
    select from delivery
    where state = 'waiting' and next_try_at <= %(now)s
  ) as news

-- name: make_key
insert into api_key (id, name, hash, role, nodes, channels, made_at, expires_at)
values (%(id)s::bigint, %(name)s::text, %(hash)s::bytea, %(role)s::text, %(nodes)s::text[],
  %(channels)s::text[], %(now)s::timestamptz, %(expires_at)s::timestamptz)

-- name: revoke_keys
update api_key
set revoked_at = coalesce(revoked_at, %(now)s::timestamptz)
where id = any (%(ids)s::bigint[])
returning id, name, role, nodes, channels, made_at, expires_at, last_used_at, revoked_at

-- name: key_of_hash
select id, name, role, nodes, channels, made_at, expires_at, last_used_at, revoked_at
from api_key
where hash = %(hash)s::bytea
  and revoked_at is null
  and (expires_at is null or expires_at > %(now)s::timestamptz)

-- name: key_used
update api_key set last_used_at = %(now)s::timestamptz where id = %(id)s::bigint

-- name: lock_keys
-- Two servers that start at once must not both make the first owner.
lock table api_key in share row exclusive mode

-- name: any_key
select id from api_key limit 1
