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
