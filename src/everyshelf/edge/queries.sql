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
    select from delivery d
    where d.subscriber = any (%(subscribers)s::text[])
      and d.state = 'waiting' and d.next_try_at <= %(now)s::timestamptz
      and not exists (
        select from delivery f
        where f.subscriber = d.subscriber and f.subject = d.subject and f.state = 'waiting'
          and f.event_id < d.event_id
      )
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

-- name: queue_deliveries
insert into delivery (subscriber, event_id, subject, type, body, at, attempts, next_try_at, error,
  state)
select %(subscriber)s::text, u.event_id, u.subject, u.type, u.body, %(now)s::timestamptz, 0,
  %(now)s::timestamptz, '', 'waiting'
from unnest(%(event_ids)s::bigint[], %(subjects)s::text[], %(types)s::text[], %(bodies)s::text[])
  as u (event_id, subject, type, body)
on conflict (subscriber, event_id) do update
set state = 'waiting', attempts = 0, next_try_at = excluded.next_try_at

-- name: lease_deliveries
-- One per subject at a time keeps its order; who dies with a lease loses it when it is over.
with due as (
  select d.subscriber, d.event_id
  from delivery d
  where d.subscriber = any (%(subscribers)s::text[])
    and d.state = 'waiting'
    and d.next_try_at <= %(now)s::timestamptz
    and not exists (
      select from delivery b
      where b.subscriber = d.subscriber and b.subject = d.subject and b.state = 'waiting'
        and b.event_id < d.event_id
    )
  order by d.event_id
  limit %(batch)s::int
  for update skip locked
)
update delivery d
set next_try_at = %(until)s::timestamptz
from due
where d.subscriber = due.subscriber and d.event_id = due.event_id
returning d.subscriber, d.event_id, d.subject, d.type, d.body, d.attempts

-- name: drop_deliveries
delete from delivery d
using unnest(%(subscribers)s::text[], %(event_ids)s::bigint[]) as u (subscriber, event_id)
where d.subscriber = u.subscriber and d.event_id = u.event_id

-- name: fail_deliveries
update delivery d
set attempts = d.attempts + 1, next_try_at = u.next_try_at, error = u.error, state = u.state
from unnest(%(subscribers)s::text[], %(event_ids)s::bigint[], %(next_tries)s::timestamptz[],
  %(errors)s::text[], %(states)s::text[]) as u (subscriber, event_id, next_try_at, error, state)
where d.subscriber = u.subscriber and d.event_id = u.event_id

-- name: forget_deliveries
delete from delivery where subscriber = %(subscriber)s::text

-- name: forget_cursors
delete from cursor_position where subscriber = %(subscriber)s::text

-- name: make_webhook
insert into webhook (id, url, secret, types, state, made_at)
values (%(id)s::bigint, %(url)s::text, %(secret)s::text, %(types)s::text[], 'active',
  %(now)s::timestamptz)

-- name: change_webhook
update webhook
set url = coalesce(%(url)s::text, url), types = coalesce(%(types)s::text[], types),
  state = coalesce(%(state)s::text, state),
  failures = case when %(state)s::text = 'active' then 0 else failures end
where id = %(id)s::bigint
returning id, url, types, state, made_at, failures

-- name: drop_webhook
delete from webhook where id = %(id)s::bigint

-- name: webhook
select id, url, types, state, made_at, failures from webhook where id = %(id)s::bigint for update

-- name: active_webhooks
select id, url, secret, types
from webhook
where state = 'active'
order by id

-- name: backlog
select subscriber, count(*)
from delivery
where subscriber = any (%(subscribers)s::text[])
group by subscriber

-- name: record_attempts
insert into webhook_attempt (webhook_id, event_id, attempt, at, status, error)
select u.webhook, u.event_id, u.attempt, %(now)s::timestamptz, u.status, u.error
from unnest(%(webhooks)s::bigint[], %(event_ids)s::bigint[], %(attempts)s::int[],
  %(statuses)s::int[], %(errors)s::text[]) as u (webhook, event_id, attempt, status, error)
on conflict (webhook_id, event_id, attempt) do update
set at = excluded.at, status = excluded.status, error = excluded.error

-- name: note_outcomes
-- Failures in a row, and the end of a subscription whose receiver says that it is gone.
update webhook w
set failures = case when u.good then 0 else w.failures + u.tried end,
  state = case when u.gone then 'disabled' else w.state end
from (
  select webhook, bool_or(good) as good, bool_or(gone) as gone, count(*) as tried
  from unnest(%(webhooks)s::bigint[], %(good)s::bool[], %(gone)s::bool[])
    as o (webhook, good, gone)
  group by webhook
) u
where w.id = u.webhook

-- name: role_of_key
select role from api_key where id = %(id)s::bigint

-- name: subscriber_known
select lane from cursor_position where subscriber = %(subscriber)s::text limit 1

-- name: subscriber_names
select subscriber from cursor_position where lane = 0 order by subscriber
