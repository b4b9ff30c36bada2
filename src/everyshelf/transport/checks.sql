-- name: package_ships_once
-- F3: a package belongs to one shipment.
select 'a package has more than one shipment' as what, l.package_id::text as detail
from label l
where l.state = 'paid' and l.shipment_id is not null
group by l.package_id
having count(distinct l.shipment_id) > 1

-- name: tracking_is_unique
-- F3: a tracking number belongs to one package.
select 'a tracking number is on more than one package' as what, l.tracking as detail
from label l
where l.tracking <> '' and l.state <> 'void'
group by l.carrier, l.tracking
having count(*) > 1

-- name: label_is_paid_once
-- F4: one paid label a package, under its stable key.
select 'a label key is used more than once' as what, l.key as detail
from label l
where l.state in ('paid', 'void_due')
group by l.key
having count(*) > 1

-- name: shipped_packages_have_labels
select 'a package of a shipment has no paid label' as what, p.id::text as detail
from shipment s
join package p on p.part = s.part and p.fulfillment_id = s.fulfillment_id
left join label l on l.part = p.part and l.package_id = p.id and l.state = 'paid'
where l.package_id is null or l.shipment_id is distinct from s.id

-- name: shipment_cost_is_its_labels
select 'a shipment costs something else than its labels' as what, s.id::text as detail
from shipment s
left join label l on l.part = s.part and l.shipment_id = s.id and l.state = 'paid'
group by s.part, s.id, s.cost_minor
having s.cost_minor <> coalesce(sum(l.cost_minor), 0)

-- name: shipment_weighs_its_packages
select 'a shipment weighs something else than its packages' as what, s.id::text as detail
from shipment s
left join package p on p.part = s.part and p.fulfillment_id = s.fulfillment_id
group by s.part, s.id, s.weight_g
having s.weight_g <> coalesce(sum(p.weight_g), 0)

-- name: shipments_follow_completed_work
select 'a shipment of work that is not completed' as what, s.id::text as detail
from shipment s
left join fulfillment_order f on f.part = s.part and f.id = s.fulfillment_id
where f.state is distinct from 'completed' or f.order_id <> s.order_id or f.node <> s.node

-- name: completed_shipping_has_a_shipment
select 'completed work that was to be shipped has no shipment' as what, f.id::text as detail
from fulfillment_order f
left join shipment s on s.part = f.part and s.fulfillment_id = f.id
where f.state = 'completed' and f.method in ('ship', 'same_day') and s.id is null

-- name: manifests_add_up
-- F3: the totals of a manifest are those of its shipments.
select 'a manifest does not add up' as what, m.id::text as detail
from manifest m
left join shipment s on s.manifest_id = m.id
left join lateral (
  select count(*) as packages
  from label l
  where l.part = s.part and l.shipment_id = s.id and l.state = 'paid'
) c on true
group by m.part, m.id, m.packages, m.weight_g
having m.packages <> coalesce(sum(c.packages), 0) or m.weight_g <> coalesce(sum(s.weight_g), 0)

-- name: manifest_is_the_carriers
select 'a shipment is on another carrier''s or node''s manifest' as what, s.id::text as detail
from shipment s
left join manifest m on m.id = s.manifest_id
where s.manifest_id is not null
  and (m.id is null or m.carrier <> s.carrier or m.node <> s.node)

-- name: state_was_said
-- A state other than shipped rests on a message; returning also on the third failed attempt.
select 'a shipment is in a state that nobody reported' as what, s.id::text as detail
from shipment s
where s.state <> 'shipped'
  and not exists (
    select from tracking_event e
    where e.part = s.part and e.shipment_id = s.id
      and (e.code = s.state or (s.state = 'returning' and e.code = 'attempt_failed'))
  )

-- name: attempts_were_said
select 'a shipment counts other attempts than were reported' as what, s.id::text as detail
from shipment s
left join tracking_event e
  on e.part = s.part and e.shipment_id = s.id and e.code = 'attempt_failed'
group by s.part, s.id, s.attempts
having s.attempts <> count(e.source_id)

-- name: messages_have_shipments
select 'a tracking message belongs to no shipment' as what, e.shipment_id::text as detail
from tracking_event e
left join shipment s on s.part = e.part and s.id = e.shipment_id
where s.id is null
