-- name: claims_have_results
-- M1: a committed claim carries its answer.
select 'a claim without an answer' as what, scope || ' ' || key as detail
from claim
where result is null

-- name: claims_have_one_part
-- M1: a key in two parts would be done twice.
select 'a key was claimed in two parts' as what, scope || ' ' || key as detail
from claim
group by scope, key
having count(*) > 1

-- name: cursors_are_whole
-- M2: a subscriber reads all 64 lanes, or it hears only some aggregates.
select 'a subscriber does not read every lane' as what, subscriber as detail
from cursor_position
group by subscriber
having count(*) <> 64 or min(lane) <> 0 or max(lane) <> 63

-- name: cursors_are_not_ahead
-- M2: a cursor beyond what is finished would miss what commits behind it.
select 'a cursor stands beyond what can have happened' as what,
  subscriber || ' lane ' || lane as detail
from cursor_position
where xid > pg_snapshot_xmax(pg_current_snapshot())

-- name: events_are_in_a_lane
select 'an event in no lane' as what, id::text as detail
from event
where lane not between 0 and 63

-- name: events_keep_their_lane
-- M3: all events of an aggregate share a lane, or their order is lost.
select 'an aggregate has events in two lanes' as what, subject as detail
from event
group by subject
having count(distinct lane) > 1

-- name: events_are_once
-- M2: an event has one place in the log.
select 'an event is twice in the log' as what, id::text as detail
from event
group by id
having count(*) > 1

-- name: events_say_who
select 'an event without actor or type' as what, id::text as detail
from event
where actor = '' or type !~ '^everyshelf\.[a-z_]+\.[a-z_]+\.[a-z_]+\.v[0-9]+$'

-- name: deliveries_were_said
-- M2: what waits for a subscriber stands in the log, as long as the log goes back that far.
select 'a delivery of an event that was never said' as what, d.subscriber || ' ' || d.event_id
  as detail
from delivery d
where d.event_id > (select min(id) from event)
  and not exists (select from event e where e.id = d.event_id)

-- name: workers_are_leased_once
select 'two workers share a holder' as what, holder as detail
from id_worker
where holder is not null
group by holder
having count(*) > 1

-- name: one_policy_in_force
-- For no order do two versions of a policy tie at any instant: equally specific scopes do not meet.
select 'two versions of a policy tie' as what,
  concat(a.name, ': versions ', a.version, ' and ', b.version) as detail
from policy a
join policy b on b.name = a.name and b.version > a.version
where a.starts_at < coalesce(b.ends_at, 'infinity')
  and b.starts_at < coalesce(a.ends_at, 'infinity')
  and a.starts_at < coalesce(a.ends_at, 'infinity')
  and b.starts_at < coalesce(b.ends_at, 'infinity')
  and (a.share_pct < 100) = (b.share_pct < 100)
  and (a.share_pct < 100
    or (a.dated = b.dated and (a.channels = '{}') = (b.channels = '{}')
      and (a.tiers = '{}') = (b.tiers = '{}') and (a.regions = '{}') = (b.regions = '{}')))
  and (a.channels = '{}' or b.channels = '{}' or a.channels && b.channels)
  and (a.tiers = '{}' or b.tiers = '{}' or a.tiers && b.tiers)
  and (a.regions = '{}' or b.regions = '{}' or a.regions && b.regions)

-- name: policy_steps_are_whole
-- Each step of a policy stands in its trail, one after the other, about a version that exists.
select 'a step of a policy is missing' as what, concat(c.name, ': ', max(c.n), ' steps') as detail
from policy_change c
group by c.name
having count(*) <> max(c.n) or min(c.n) <> 1
union all
select 'a step of a version that does not exist', concat(c.name, ': version ', c.version)
from policy_change c
where not exists (select from policy p where p.name = c.name and p.version = c.version)
