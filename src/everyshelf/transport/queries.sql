-- name: lock_work
-- In id order, as fulfillment itself locks them; the hold and the address are read with it.
select f.part, f.id, f.order_id, f.node, f.method, f.service, f.state, o.ship_to, o.currency,
  exists (
    select from order_hold h
    where h.part = o.part and h.order_id = o.id and h.released_at is null
  ) as held
from fulfillment_order f
join sales_order o on o.part = f.part and o.id = f.order_id
where f.id = any (%(ids)s::bigint[])
order by f.id
for update of f

-- name: read_contents
select p.fulfillment_id, p.order_id, p.id as package_id, p.weight_g, l.allocation_id, l.line,
  l.item, l.qty, l.lot, l.serial, o.promised_latest
from unnest(%(parts)s::int[], %(ids)s::bigint[]) as u (part, id)
join package p on p.part = u.part and p.fulfillment_id = u.id
join package_line l on l.part = p.part and l.package_id = p.id
join order_line o on o.part = p.part and o.order_id = p.order_id and o.line = l.line
order by p.fulfillment_id, p.id, l.line, l.allocation_id, l.lot, l.serial

-- name: open_units
-- What the buyer is still owed of each line; read after the order's row was locked.
select l.order_id, l.line, l.qty - l.cancelled - l.shipped as open
from unnest(%(parts)s::int[], %(order_ids)s::bigint[]) as u (part, order_id)
join order_line l on l.part = u.part and l.order_id = u.order_id

-- name: read_labels_of
select part, package_id, fulfillment_id, shipment_id, key, carrier, service, state, tracking,
  cost_minor, currency
from label
where fulfillment_id = any (%(ids)s::bigint[]) and state in ('intent', 'paid')

-- name: insert_shipments
insert into shipment (part, id, order_id, fulfillment_id, node, carrier, service, state, ship_to,
  zone, weight_g, cost_minor, currency, shipped_at, promised_latest)
select u.part, u.id, u.order_id, u.fulfillment_id, u.node, u.carrier, u.service, 'shipped',
  u.ship_to::jsonb, u.zone, u.weight_g, u.cost_minor, u.currency, %(now)s::timestamptz,
  u.promised_latest
from unnest(
  %(parts)s::int[], %(ids)s::bigint[], %(order_ids)s::bigint[], %(fulfillment_ids)s::bigint[],
  %(nodes)s::text[], %(carriers)s::text[], %(services)s::text[], %(ship_tos)s::text[],
  %(zones)s::int[], %(weights)s::bigint[], %(costs)s::bigint[], %(currencies)s::text[],
  %(promised)s::timestamptz[]
) as u (part, id, order_id, fulfillment_id, node, carrier, service, ship_to, zone, weight_g,
  cost_minor, currency, promised_latest)

-- name: put_labels
-- A label that was bought before is taken along; else ours is paid in this transaction, because
-- no network is asked.
insert into label (part, package_id, fulfillment_id, shipment_id, key, carrier, service, state,
  tracking, cost_minor, currency, at)
select u.part, u.package_id, u.fulfillment_id, u.shipment_id, u.key, u.carrier, u.service, 'paid',
  u.tracking, u.cost_minor, u.currency, %(now)s::timestamptz
from unnest(
  %(parts)s::int[], %(package_ids)s::bigint[], %(fulfillment_ids)s::bigint[],
  %(shipment_ids)s::bigint[], %(keys)s::text[], %(carriers)s::text[], %(services)s::text[],
  %(trackings)s::text[], %(costs)s::bigint[], %(currencies)s::text[]
) as u (part, package_id, fulfillment_id, shipment_id, key, carrier, service, tracking, cost_minor,
  currency)
on conflict (part, package_id) do update
set shipment_id = excluded.shipment_id

-- name: put_intents
-- Written before anybody is asked: the key is what a dropped answer is looked up by.
insert into label (part, package_id, fulfillment_id, key, carrier, service, state, at)
select u.part, u.package_id, u.fulfillment_id, u.key, u.carrier, u.service, 'intent',
  %(now)s::timestamptz
from unnest(
  %(parts)s::int[], %(package_ids)s::bigint[], %(fulfillment_ids)s::bigint[], %(keys)s::text[],
  %(carriers)s::text[], %(services)s::text[]
) as u (part, package_id, fulfillment_id, key, carrier, service)
on conflict do nothing

-- name: waiting_labels
select l.part, l.package_id, l.fulfillment_id, l.key, l.carrier, l.service, l.state, l.tracking,
  p.weight_g, o.ship_to
from label l
left join package p on p.part = l.part and p.id = l.package_id
left join sales_order o on o.part = p.part and o.id = p.order_id
where l.state in ('intent', 'void_due') and l.carrier = any (%(carriers)s::text[])
order by l.at, l.package_id
limit %(limit)s::int

-- name: pay_labels
update label l
set state = 'paid', tracking = u.tracking, cost_minor = u.cost_minor, currency = u.currency,
  error = '', attempts = l.attempts + 1
from unnest(
  %(parts)s::int[], %(package_ids)s::bigint[], %(trackings)s::text[], %(costs)s::bigint[],
  %(currencies)s::text[]
) as u (part, package_id, tracking, cost_minor, currency)
where l.part = u.part and l.package_id = u.package_id and l.state = 'intent'
returning l.part, l.package_id, l.fulfillment_id, l.shipment_id, l.key, l.carrier, l.service,
  l.state, l.tracking, l.cost_minor, l.currency

-- name: fail_labels
-- Who failed goes to the end of the line, so that the others are asked, too.
update label l
set attempts = l.attempts + 1, error = u.error, at = %(now)s::timestamptz
from unnest(%(parts)s::int[], %(package_ids)s::bigint[], %(errors)s::text[])
  as u (part, package_id, error)
where l.part = u.part and l.package_id = u.package_id

-- name: void_orphans
-- Labels of packages that were opened again before they left.
update label l
set state = case when l.state = 'paid' and l.carrier <> %(own)s::text then 'void_due' else 'void'
  end
where l.fulfillment_id = any (%(ids)s::bigint[]) and l.state = 'paid' and l.shipment_id is null
  and not exists (select from package p where p.part = l.part and p.id = l.package_id)
returning l.part, l.package_id, l.fulfillment_id, l.shipment_id, l.key, l.carrier, l.service,
  l.state, l.tracking, l.cost_minor, l.currency

-- name: void_labels
update label l
set state = 'void', attempts = l.attempts + 1, error = ''
from unnest(%(parts)s::int[], %(package_ids)s::bigint[]) as u (part, package_id)
where l.part = u.part and l.package_id = u.package_id and l.state in ('intent', 'void_due')
returning l.part, l.package_id, l.fulfillment_id, l.shipment_id, l.key, l.carrier, l.service,
  l.state, l.tracking, l.cost_minor, l.currency

-- name: lock_shipments
select part, id, order_id, fulfillment_id, node, carrier, service, state, zone, weight_g,
  cost_minor, currency, shipped_at, promised_latest, delivered_at, attempts, manifest_id, version
from shipment
where id = any (%(ids)s::bigint[])
order by id
for update

-- name: read_shipments
select part, id, order_id, fulfillment_id, node, carrier, service, state, zone, weight_g,
  cost_minor, currency, shipped_at, promised_latest, delivered_at, attempts, manifest_id, version
from shipment
where id = any (%(ids)s::bigint[])
order by id

-- name: read_shipments_of
select part, id, order_id, fulfillment_id, node, carrier, service, state, zone, weight_g,
  cost_minor, currency, shipped_at, promised_latest, delivered_at, attempts, manifest_id, version
from shipment
where order_id = any (%(order_ids)s::bigint[])
order by id

-- name: shipment_of_tracking
select tracking, shipment_id
from label
where tracking = any (%(trackings)s::text[]) and shipment_id is not null

-- name: keep_messages
insert into tracking_event (part, shipment_id, source_id, code, place, at, heard_at)
select u.part, u.shipment_id, u.source_id, u.code, u.place, u.at, %(now)s::timestamptz
from unnest(
  %(parts)s::int[], %(shipment_ids)s::bigint[], %(source_ids)s::text[], %(codes)s::text[],
  %(places)s::text[], %(ats)s::timestamptz[]
) as u (part, shipment_id, source_id, code, place, at)
on conflict do nothing
returning shipment_id, source_id

-- name: read_messages
select e.shipment_id, e.source_id, e.code, e.place, e.at
from unnest(%(parts)s::int[], %(ids)s::bigint[]) as u (part, id)
join tracking_event e on e.part = u.part and e.shipment_id = u.id
order by e.shipment_id, e.at, e.source_id

-- name: move_shipments
update shipment s
set state = u.state, attempts = u.attempts, delivered_at = u.delivered_at, version = s.version + 1
from unnest(
  %(parts)s::int[], %(ids)s::bigint[], %(states)s::text[], %(attempts)s::int[],
  %(delivered)s::timestamptz[]
) as u (part, id, state, attempts, delivered_at)
where s.part = u.part and s.id = u.id

-- name: contents_of_shipments
select s.id as shipment_id, s.order_id, s.node, l.allocation_id, l.line, l.item, l.qty, l.lot,
  l.serial
from unnest(%(parts)s::int[], %(ids)s::bigint[]) as u (part, id)
join shipment s on s.part = u.part and s.id = u.id
join package p on p.part = s.part and p.fulfillment_id = s.fulfillment_id
join package_line l on l.part = p.part and l.package_id = p.id
order by s.id, l.line, l.allocation_id, l.lot, l.serial

-- name: take_along
-- What waits for the carrier at the node; locked, so that two manifests never share a shipment.
select s.part, s.id, s.weight_g,
  (select count(*) from label l where l.fulfillment_id = s.fulfillment_id and l.state = 'paid')
    as packages
from shipment s
where s.node = %(node)s::text and s.carrier = %(carrier)s::text and s.manifest_id is null
order by s.id
for update of s

-- name: insert_manifest
insert into manifest (part, id, node, carrier, closed_at, packages, weight_g)
values (%(part)s::int, %(id)s::bigint, %(node)s::text, %(carrier)s::text, %(now)s::timestamptz,
  %(packages)s::int, %(weight_g)s::bigint)

-- name: put_on_manifest
update shipment s
set manifest_id = %(manifest_id)s::bigint, version = s.version + 1
from unnest(%(parts)s::int[], %(ids)s::bigint[]) as u (part, id)
where s.part = u.part and s.id = u.id

-- name: label_sheets
-- Everything that stands on a label.
select l.package_id, l.tracking, l.carrier, l.service, s.order_id, s.zone, p.weight_g, s.ship_to,
  n.name as from_name, n.street as from_street, n.city as from_city, n.region as from_region,
  n.postcode as from_postcode, n.country as from_country,
  (select count(*) from package q where q.part = p.part and q.fulfillment_id = p.fulfillment_id
    and q.id <= p.id) as number,
  (select count(*) from package q where q.part = p.part and q.fulfillment_id = p.fulfillment_id)
    as total
from label l
join package p on p.part = l.part and p.id = l.package_id
join shipment s on s.part = l.part and s.id = l.shipment_id
join node n on n.node = s.node
where l.package_id = any (%(ids)s::bigint[]) and l.state = 'paid'
order by l.package_id
