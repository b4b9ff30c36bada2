-- name: lease_worker
-- A worker number belongs to one process at a time; the lease outlives its renewals by far.
with mine as (
  select worker from id_worker where holder = %(holder)s
), free as (
  select worker from id_worker
  where leased_until < now() and not exists (select from mine)
  order by worker
  limit 1
  for update skip locked
)
update id_worker w
set holder = %(holder)s, leased_until = now() + make_interval(hours => %(hours)s)
from (select worker from mine union all select worker from free) c
where w.worker = c.worker
returning w.worker

-- name: take_claims
-- Who inserts the row does the command; who loses waits here until the winner has committed.
insert into claim (part, scope, key, body, at)
select u.part, %(scope)s, u.key, u.body, %(now)s
from unnest(%(parts)s::int[], %(keys)s::text[], %(bodies)s::bytea[]) as u (part, key, body)
on conflict do nothing
returning key

-- name: settle_claims
-- The answer is kept beside the key, so that a replay reads the same words.
update claim c
set result = u.result
from unnest(%(parts)s::int[], %(keys)s::text[], %(results)s::bytea[]) as u (part, key, result)
where c.part = u.part and c.scope = %(scope)s and c.key = u.key

-- name: drop_claims
-- A refused command wrote nothing and may be sent again.
delete from claim
where part = any (%(parts)s::int[]) and scope = %(scope)s and key = any (%(keys)s::text[])

-- name: read_claims
select key, body, result
from claim
where part = any (%(parts)s::int[]) and scope = %(scope)s and key = any (%(keys)s::text[])

-- name: append_events
insert into event (id, lane, subject, version, type, at, actor, cause, body)
select u.id, u.lane, u.subject, u.version, u.type, %(now)s, %(actor)s, %(cause)s, u.body
from unnest(
  %(ids)s::bigint[], %(lanes)s::int[], %(subjects)s::text[], %(versions)s::bigint[],
  %(types)s::text[], %(bodies)s::text[]
) as u (id, lane, subject, version, type, body)

-- name: open_cursors
insert into cursor_position (subscriber, lane, xid, id)
select %(subscriber)s, lane, '0'::xid8, 0
from generate_series(0, 63) as lane
on conflict do nothing

-- name: lock_cursors
-- A lane is read by one worker at a time; another worker takes the lanes that are free.
select lane, xid::text as xid, id
from cursor_position
where subscriber = %(subscriber)s
order by lane
for update skip locked

-- name: look
-- An idle look for many subscribers at once: no lock, no transaction id, one index probe a lane
-- (a subquery with its limit, because an `exists` may become a join that reads the whole log).
-- `behind`: how many transactions the lane that was read least lags.
select u.subscriber,
  c.lanes is null or exists (
    select
    from cursor_position p
    where p.subscriber = u.subscriber
      and (
        select e.id
        from event e
        where e.lane = p.lane
          and (e.xid, e.id) > (p.xid, p.id)
          and e.xid < pg_snapshot_xmin(pg_current_snapshot())
          and e.type = any (string_to_array(u.types, ' '))
        limit 1
      ) is not null
  ) as news,
  exists (
    select
    from delivery d
    where d.subscriber = u.subscriber
      and d.state = 'waiting' and d.next_try_at <= %(now)s::timestamptz
      and not exists (
        select
        from delivery f
        where f.subscriber = d.subscriber and f.subject = d.subject and f.state = 'waiting'
          and f.event_id < d.event_id
      )
  ) as due,
  coalesce(pg_snapshot_xmin(pg_current_snapshot())::text::bigint - c.oldest, 0) as behind
from unnest(%(subscribers)s::text[], %(types)s::text[]) as u (subscriber, types)
cross join lateral (
  select min(xid)::text::bigint as oldest, max(lane) as lanes
  from cursor_position
  where subscriber = u.subscriber
) c

-- name: pass_over
-- Lanes with nothing for their subscriber go on to the horizon, so that a look stays short; never
-- back, should another worker have gone further meanwhile.
with quiet as (
  select c.subscriber, c.lane
  from unnest(%(subscribers)s::text[], %(types)s::text[]) as u (subscriber, types)
  join cursor_position c on c.subscriber = u.subscriber
  where c.xid < pg_snapshot_xmin(pg_current_snapshot())
    and (
      select e.id
      from event e
      where e.lane = c.lane
        and (e.xid, e.id) > (c.xid, c.id)
        and e.xid < pg_snapshot_xmin(pg_current_snapshot())
        and e.type = any (string_to_array(u.types, ' '))
      limit 1
    ) is null
  order by c.subscriber, c.lane
  for update of c skip locked
)
update cursor_position c
set xid = pg_snapshot_xmin(pg_current_snapshot()), id = 0
from quiet q
where c.subscriber = q.subscriber and c.lane = q.lane

-- name: horizon
select pg_snapshot_xmin(pg_current_snapshot())::text as xid

-- name: read_events
-- Only below the snapshot's xmin: everything there is finished, so nothing can appear behind us.
select e.xid::text as xid, e.id, e.lane, e.subject, e.version, e.type, e.at, e.actor, e.cause,
  e.body
from unnest(%(lanes)s::int[], %(xids)s::text[], %(ids)s::bigint[]) as c (lane, xid, id)
cross join lateral (
  select *
  from event
  where lane = c.lane
    and (xid, id) > (c.xid::xid8, c.id)
    and xid < %(below)s::xid8
    and type = any (%(types)s::text[])
  order by xid, id
  limit %(batch)s
) e
order by e.xid, e.id
limit %(batch)s

-- name: move_cursors
update cursor_position p
set xid = u.xid::xid8, id = u.id
from unnest(%(lanes)s::int[], %(xids)s::text[], %(ids)s::bigint[]) as u (lane, xid, id)
where p.subscriber = %(subscriber)s and p.lane = u.lane

-- name: fail_delivery
insert into delivery (
  subscriber, event_id, subject, type, body, at, attempts, next_try_at, error, state
)
select %(subscriber)s, %(event_id)s, %(subject)s, %(type)s, %(body)s, %(now)s, 1, %(next_try_at)s,
  %(error)s, 'waiting'
on conflict (subscriber, event_id) do update
set attempts = delivery.attempts + 1,
  next_try_at = %(now)s
    + (excluded.next_try_at - %(now)s) * power(2, delivery.attempts),
  error = excluded.error,
  state = case when delivery.attempts + 1 >= %(limit)s then 'dead' else 'waiting' end

-- name: due_deliveries
-- The first that waits of each aggregate: what was parked behind it keeps its place.
select d.subscriber, d.event_id, d.subject, d.type, d.body, d.at, d.attempts, d.error, d.state
from delivery d
where d.subscriber = %(subscriber)s and d.state = 'waiting' and d.next_try_at <= %(now)s
  and not exists (
    select
    from delivery f
    where f.subscriber = d.subscriber and f.subject = d.subject and f.state = 'waiting'
      and f.event_id < d.event_id
  )
order by d.event_id
limit %(batch)s
for update of d skip locked

-- name: delivered
delete from delivery
where subscriber = %(subscriber)s and event_id = %(event_id)s

-- name: revive_deliveries
update delivery
set state = 'waiting', attempts = 0, next_try_at = %(now)s
where state = 'dead' and (%(subscriber)s::text is null or subscriber = %(subscriber)s::text)

-- name: rewind
-- Replay from a point: the lanes go back to just before the first event at or after the instant.
update cursor_position p
set xid = coalesce(b.xid, '0'::xid8), id = coalesce(b.id, 0)
from (
  select l.lane, e.xid, e.id
  from generate_series(0, 63) as l (lane)
  left join lateral (
    select xid, id from event
    where event.lane = l.lane and event.at < %(since)s
    order by xid desc, id desc
    limit 1
  ) e on true
) b
where p.subscriber = %(subscriber)s and p.lane = b.lane

-- name: horizon_age
-- Seconds that the oldest open write transaction holds back delivery.
select coalesce(extract(epoch from now() - min(xact_start)), 0)::float8 as seconds
from pg_stat_activity
where backend_xid is not null and pid <> pg_backend_pid()

-- name: lag
select count(*) as behind
from event e
join cursor_position p on p.lane = e.lane and p.subscriber = %(subscriber)s
where (e.xid, e.id) > (p.xid, p.id) and e.type = any (%(types)s::text[])

-- name: waiting_subjects
-- Events of these aggregates queue behind the one that failed, so that their order is kept.
select distinct subject
from delivery
where subscriber = %(subscriber)s

-- name: dead_deliveries
select subscriber, event_id, subject, type, body, at, attempts, error, state
from delivery
where state = 'dead' and (%(subscriber)s::text is null or subscriber = %(subscriber)s::text)
order by event_id
limit %(batch)s

-- name: park_delivery
insert into delivery (
  subscriber, event_id, subject, type, body, at, attempts, next_try_at, error, state
)
values (%(subscriber)s, %(event_id)s, %(subject)s, %(type)s, %(body)s, %(at)s, 0, %(at)s,
  'waits behind an earlier event of the same aggregate', 'waiting')
on conflict do nothing

-- name: event_partitions
select c.relname::text as name
from pg_inherits i
join pg_class c on c.oid = i.inhrelid
where i.inhparent = 'event'::regclass
order by c.relname

-- name: log_is_empty
select not exists (select from event) as empty

-- name: unread_below
-- Whether some subscriber still has to read an event below this id.
select exists (
  select
  from event e
  join cursor_position c on c.lane = e.lane and (e.xid, e.id) > (c.xid, c.id)
  where e.id < %(end)s::bigint
) or exists (select from delivery where event_id < %(end)s::bigint) as found
