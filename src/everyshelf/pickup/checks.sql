-- name: staged_work_is_packed
-- Work that is opened again takes its pickup with it as soon as this is heard of.
select 'a pickup is staged whose work is not packed' as what,
  'pickup ' || p.id || ': the work is ' || coalesce(f.state, 'missing') as detail
from pickup p
left join fulfillment_order f on f.part = p.part and f.id = p.fulfillment_id
where p.state in ('staged', 'checked_in') and f.state is distinct from 'packed'

-- name: handed_over_work_is_completed
select 'a pickup was handed over whose work is not completed' as what,
  'pickup ' || p.id || ': the work is ' || f.state as detail
from pickup p
join fulfillment_order f on f.part = p.part and f.id = p.fulfillment_id
where p.state = 'handed_over' and f.state <> 'completed'

-- name: not_collected_work_is_cancelled
select 'nobody came, but the work is not cancelled' as what,
  'pickup ' || p.id || ': the work is ' || f.state as detail
from pickup p
join fulfillment_order f on f.part = p.part and f.id = p.fulfillment_id
where p.state = 'no_show' and f.state <> 'cancelled'

-- name: one_hand_over
select 'work was handed over twice' as what, 'fulfillment order ' || p.fulfillment_id as detail
from pickup p
where p.state = 'handed_over'
group by p.part, p.fulfillment_id
having count(*) > 1

-- name: pickup_is_of_its_work
select 'a pickup names another order or node than its work' as what, 'pickup ' || p.id as detail
from pickup p
join fulfillment_order f on f.part = p.part and f.id = p.fulfillment_id
where p.order_id <> f.order_id or p.node <> f.node or p.method <> f.method

-- name: no_code_outlives_its_use
select 'a code is kept although it cannot be used any more' as what, 'pickup ' || p.id as detail
from pickup p
where p.state not in ('staged', 'checked_in') and (p.code_hash <> '' or p.token_hash <> '')

-- name: instants_follow_the_state
select 'the instants of a pickup do not fit its state' as what,
  'pickup ' || p.id || ' is ' || p.state as detail
from pickup p
where (p.state = 'handed_over') <> (p.handed_over_at is not null)
  or (p.state = 'checked_in' and p.checked_in_at is null)
