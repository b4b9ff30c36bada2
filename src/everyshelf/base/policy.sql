-- name: policy_book
-- The dates alone say what is in force: a version that is scheduled needs nobody to switch it on.
select name, version, state, params::text as params, starts_at, ends_at, channels, tiers, regions,
  share_pct, dated, since_id, made_at, made_by
from policy
where name = %(name)s::text
  and (
    (starts_at <= %(now)s::timestamptz and (ends_at is null or ends_at > %(now)s::timestamptz))
    or (state = 'shadow' and starts_at is null)
  )
order by version desc

-- name: policy_before
-- The base that was in force before the present one: the last to end of those that did.
select name, version, state, params::text as params, starts_at, ends_at, channels, tiers, regions,
  share_pct, dated, since_id, made_at, made_by
from policy
where name = %(name)s::text
  and ends_at <= %(now)s::timestamptz
  and starts_at < ends_at
  and not dated and share_pct = 100 and channels = '{}' and tiers = '{}' and regions = '{}'
order by ends_at desc, version desc
limit 1

-- name: policy_versions
select name, version, state, params::text as params, starts_at, ends_at, channels, tiers, regions,
  share_pct, dated, since_id, made_at, made_by
from policy
where name = %(name)s::text
order by version

-- name: policy_version
select name, version, state, params::text as params, starts_at, ends_at, channels, tiers, regions,
  share_pct, dated, since_id, made_at, made_by
from policy
where name = %(name)s::text and version = %(version)s::int

-- name: policy_names
select distinct name
from policy
order by name

-- name: policy_lock
-- Who changes a policy holds all of its versions, in their order; readers do not wait.
select version from policy where name = %(name)s::text order by version for no key update

-- name: policy_draft
-- Of two who write the first version at once one gets no row, and looks again.
insert into policy (name, version, state, params, made_at, made_by)
select %(name)s::text, coalesce(max(version), 0) + 1, 'draft', %(params)s::jsonb,
  %(now)s::timestamptz, %(actor)s::text
from policy
where name = %(name)s::text
on conflict do nothing
returning version

-- name: policy_mark
-- A live version that is retired ends now; one that never started has no dates to keep.
update policy
set state = %(state)s::text,
  ends_at = case when starts_at is null then null else greatest(starts_at, %(now)s::timestamptz) end
where name = %(name)s::text and version = %(version)s::int

-- name: policy_shade
-- A shadow decides beside the live ones for these orders.
update policy
set state = 'shadow', channels = %(channels)s::text[], tiers = %(tiers)s::text[],
  regions = %(regions)s::text[], share_pct = %(share_pct)s::int
where name = %(name)s::text and version = %(version)s::int

-- name: policy_beside
-- The other versions that are in force at some instant of this time.
select name, version, state, params::text as params, starts_at, ends_at, channels, tiers, regions,
  share_pct, dated, since_id, made_at, made_by
from policy
where name = %(name)s::text
  and version <> %(version)s::int
  and starts_at < coalesce(%(ends_at)s::timestamptz, 'infinity')
  and coalesce(ends_at, 'infinity') > greatest(starts_at, %(starts_at)s::timestamptz)
order by version

-- name: policy_end
-- A version ends where the next one starts; one that was scheduled later never starts.
update policy
set ends_at = greatest(starts_at, %(starts_at)s::timestamptz)
where name = %(name)s::text and version = any (%(versions)s::int[])

-- name: policy_reopen
-- What would have ended where this version starts goes on, since it will not start.
update policy p
set ends_at = null
from policy gone
where gone.name = %(name)s::text and gone.version = %(version)s::int
  and not gone.dated and gone.starts_at > %(now)s::timestamptz
  and p.name = gone.name and p.version <> gone.version and p.ends_at = gone.starts_at
  and p.starts_at < p.ends_at and not p.dated and (p.share_pct < 100) = (gone.share_pct < 100)
  and p.channels = gone.channels and p.tiers = gone.tiers and p.regions = gone.regions
returning p.version

-- name: policy_start
update policy
set starts_at = %(starts_at)s::timestamptz, ends_at = %(ends_at)s::timestamptz,
  channels = %(channels)s::text[], tiers = %(tiers)s::text[], regions = %(regions)s::text[],
  share_pct = %(share_pct)s::int, dated = %(ends_at)s::timestamptz is not null,
  since_id = %(since_id)s::bigint
where name = %(name)s::text and version = %(version)s::int

-- name: policy_end_due
-- The state is what people read; it follows the dates.
update policy
set state = 'retired'
where name = %(name)s::text and state <> 'retired' and ends_at <= %(now)s::timestamptz

-- name: policy_begin_due
update policy
set state = 'live'
where name = %(name)s::text
  and state <> 'live'
  and starts_at <= %(now)s::timestamptz
  and (ends_at is null or ends_at > %(now)s::timestamptz)

-- name: policy_note
-- The terms are written as the version has them now; who moves a policy holds its versions.
insert into policy_change (name, n, version, at, actor, act, reason, channels, tiers, regions,
  share_pct, starts_at, ends_at)
select p.name,
  (select coalesce(max(c.n), 0) + 1 from policy_change c where c.name = p.name),
  p.version, %(now)s::timestamptz, %(actor)s::text, %(act)s::text, %(reason)s::text, p.channels,
  p.tiers, p.regions, p.share_pct, p.starts_at, p.ends_at
from policy p
where p.name = %(name)s::text and p.version = %(version)s::int

-- name: policy_changes
select version, at, actor, act, reason, channels, tiers, regions, share_pct, starts_at, ends_at
from policy_change
where name = %(name)s::text and (%(version)s::int is null or version = %(version)s::int)
order by n

-- name: policy_unguard
delete from policy_guard
where name = %(name)s::text and version = %(version)s::int

-- name: policy_guard
insert into policy_guard (name, version, metric, worse_pct, bound, min_orders)
select %(name)s::text, %(version)s::int, u.metric, u.worse_pct, u.bound, u.min_orders
from unnest(
  %(metrics)s::text[], %(worse_pcts)s::float8[], %(bounds)s::float8[], %(min_orders)s::int[]
) as u (metric, worse_pct, bound, min_orders)

-- name: policy_guards
select metric, worse_pct, bound, min_orders
from policy_guard
where name = %(name)s::text and version = %(version)s::int
order by metric

-- name: policy_guards_due
-- Who takes a look takes it for all workers; a version that is out of force is not looked at.
update policy_guard g
set looked_at = %(now)s::timestamptz
from (
  select q.name, q.version, q.metric
  from policy_guard q
  join policy p on p.name = q.name and p.version = q.version
  where p.starts_at <= %(now)s::timestamptz
    and (p.ends_at is null or p.ends_at > %(now)s::timestamptz)
    and q.looked_at <= %(before)s::timestamptz
  order by q.name, q.version, q.metric
  for no key update of q skip locked
) due
where g.name = due.name and g.version = due.version and g.metric = due.metric
returning g.name, g.version
