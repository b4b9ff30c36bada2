-- name: lock_nodes
-- In order of the code, as everybody locks them.
select node, name, kind, zone, country, region, city, postcode, street, lat, lon, capabilities,
  active, paused, opens_on, closes_on, cutoff_minute, processing_minutes, daily_orders,
  daily_lines, daily_units, channel_orders, priority, labour_order_minor, labour_line_minor,
  labour_unit_minor, unknown_sales, lead_days, tags, version
from node
where node = any (%(nodes)s::text[])
order by node
for update

-- name: read_nodes
select node, name, kind, zone, country, region, city, postcode, street, lat, lon, capabilities,
  active, paused, opens_on, closes_on, cutoff_minute, processing_minutes, daily_orders,
  daily_lines, daily_units, channel_orders, priority, labour_order_minor, labour_line_minor,
  labour_unit_minor, unknown_sales, lead_days, tags, version
from node
where %(nodes)s::text[] is null or node = any (%(nodes)s::text[])
order by node

-- name: write_nodes
insert into node (node, name, kind, zone, country, region, city, postcode, street, lat, lon,
  capabilities, active, paused, opens_on, closes_on, cutoff_minute, processing_minutes,
  daily_orders, daily_lines, daily_units, channel_orders, priority, labour_order_minor,
  labour_line_minor, labour_unit_minor, unknown_sales, lead_days, tags, version, updated_at)
select u.node, u.name, u.kind, u.zone, u.country, u.region, u.city, u.postcode, u.street, u.lat,
  u.lon, u.capabilities, u.active, u.paused, u.opens_on, u.closes_on, u.cutoff_minute,
  u.processing_minutes, u.daily_orders, u.daily_lines, u.daily_units, u.channel_orders, u.priority,
  u.labour_order_minor, u.labour_line_minor, u.labour_unit_minor, u.unknown_sales, u.lead_days,
  u.tags, u.version, %(now)s::timestamptz
from jsonb_to_recordset(%(rows)s::jsonb) as u (node text, name text, kind text, zone text,
  country text, region text, city text, postcode text, street text, lat double precision,
  lon double precision, capabilities text[], active boolean, paused boolean, opens_on date,
  closes_on date, cutoff_minute int, processing_minutes int, daily_orders int, daily_lines int,
  daily_units int, channel_orders jsonb, priority int,
  labour_order_minor bigint, labour_line_minor bigint, labour_unit_minor bigint,
  unknown_sales boolean, lead_days int, tags text[], version bigint)
order by u.node
on conflict (node) do update
set name = excluded.name, kind = excluded.kind, zone = excluded.zone, country = excluded.country,
  region = excluded.region, city = excluded.city, postcode = excluded.postcode,
  street = excluded.street, lat = excluded.lat, lon = excluded.lon,
  capabilities = excluded.capabilities, active = excluded.active, paused = excluded.paused,
  opens_on = excluded.opens_on, closes_on = excluded.closes_on,
  cutoff_minute = excluded.cutoff_minute, processing_minutes = excluded.processing_minutes,
  daily_orders = excluded.daily_orders, daily_lines = excluded.daily_lines,
  daily_units = excluded.daily_units, channel_orders = excluded.channel_orders,
  priority = excluded.priority,
  labour_order_minor = excluded.labour_order_minor, labour_line_minor = excluded.labour_line_minor,
  labour_unit_minor = excluded.labour_unit_minor, unknown_sales = excluded.unknown_sales,
  lead_days = excluded.lead_days, tags = excluded.tags, version = excluded.version,
  updated_at = excluded.updated_at
where node.version < excluded.version and excluded.version > 1

-- name: stamp
-- Another text whenever a node, a service or a lane was stated or paused: versions only rise.
select concat_ws(' ',
  (select concat(count(*), ':', sum(version), ':', max(updated_at)) from node),
  (select concat(count(*), ':', sum(version)) from service),
  (select concat(count(*), ':', sum(version)) from lane)) as stamp

-- name: read_hours
select node, weekday, opens_minute, closes_minute
from node_hours
where node = any (%(nodes)s::text[])
order by node, weekday, opens_minute

-- name: clear_hours
delete from node_hours
where node = any (%(nodes)s::text[])

-- name: write_hours
insert into node_hours (node, weekday, opens_minute, closes_minute)
select u.node, u.weekday, u.opens_minute, u.closes_minute
from unnest(%(nodes)s::text[], %(weekdays)s::int[], %(opens)s::int[], %(closes)s::int[])
  as u (node, weekday, opens_minute, closes_minute)

-- name: read_exceptions
select node, on_date, opens_minute, closes_minute, reason
from node_exception
where node = any (%(nodes)s::text[])
  and (%(first)s::date is null or on_date >= %(first)s::date)
  and (%(last)s::date is null or on_date <= %(last)s::date)
order by node, on_date

-- name: clear_exceptions
delete from node_exception
where node = any (%(nodes)s::text[])

-- name: write_exceptions
insert into node_exception (node, on_date, opens_minute, closes_minute, reason)
select u.node, u.on_date, u.opens_minute, u.closes_minute, u.reason
from unnest(%(nodes)s::text[], %(dates)s::date[], %(opens)s::int[], %(closes)s::int[],
  %(reasons)s::text[]) as u (node, on_date, opens_minute, closes_minute, reason)

-- name: set_paused
update node n
set paused = u.paused, version = u.version, updated_at = %(now)s::timestamptz
from unnest(%(nodes)s::text[], %(paused)s::boolean[], %(versions)s::bigint[])
  as u (node, paused, version)
where n.node = u.node

-- name: read_pools
-- A node is in date by its own calendar day, not by the server's.
select pool, node
from network_pool
where pool = any (%(pools)s::text[])
  and (opens_on is null or opens_on <= (%(now)s::timestamptz at time zone zone)::date)
  and (closes_on is null or closes_on >= (%(now)s::timestamptz at time zone zone)::date)
order by pool, priority, node

-- name: lock_services
select service
from service
where service = any (%(services)s::text[])
order by service
for update

-- name: read_services
-- Zones from the nearest on, rates from the lightest on, as the decisions want them.
select s.service, s.carrier, s.name, s.kind, s.weekdays, s.co2e_g_per_kg_km, s.active,
  coalesce((
    select jsonb_agg(jsonb_build_object('zone', z.zone, 'max_km', z.max_km,
      'days_p50', z.days_p50, 'days_p90', z.days_p90) order by z.max_km, z.zone)
    from service_zone z
    where z.service = s.service
  ), '[]') as zones,
  coalesce((
    select jsonb_agg(jsonb_build_object('zone', r.zone, 'max_weight_g', r.max_weight_g,
      'price_minor', r.price_minor, 'currency', r.currency) order by r.zone, r.max_weight_g)
    from rate r
    where r.service = s.service
  ), '[]') as rates,
  s.version
from service s
where %(services)s::text[] is null or s.service = any (%(services)s::text[])
order by s.service

-- name: write_services
insert into service (service, carrier, name, kind, weekdays, co2e_g_per_kg_km, active, version)
select u.service, u.carrier, u.name, u.kind, u.weekdays, u.co2e_g_per_kg_km, u.active, u.version
from jsonb_to_recordset(%(rows)s::jsonb) as u (service text, carrier text, name text, kind text,
  weekdays int[], co2e_g_per_kg_km double precision, active boolean, version bigint)
order by u.service
on conflict (service) do update
set carrier = excluded.carrier, name = excluded.name, kind = excluded.kind,
  weekdays = excluded.weekdays, co2e_g_per_kg_km = excluded.co2e_g_per_kg_km,
  active = excluded.active, version = excluded.version
where service.version < excluded.version and excluded.version > 1

-- name: clear_zones
delete from service_zone
where service = any (%(services)s::text[])

-- name: write_zones
insert into service_zone (service, zone, max_km, days_p50, days_p90)
select u.service, z.zone, z.max_km, z.days_p50, z.days_p90
from jsonb_to_recordset(%(rows)s::jsonb) as u (service text, zones jsonb)
cross join lateral jsonb_to_recordset(u.zones)
  as z (zone int, max_km double precision, days_p50 int, days_p90 int)

-- name: clear_rates
delete from rate
where service = any (%(services)s::text[])

-- name: write_rates
insert into rate (service, zone, max_weight_g, price_minor, currency)
select u.service, r.zone, r.max_weight_g, r.price_minor, r.currency
from jsonb_to_recordset(%(rows)s::jsonb) as u (service text, rates jsonb)
cross join lateral jsonb_to_recordset(u.rates)
  as r (zone int, max_weight_g int, price_minor bigint, currency text)

-- name: lock_lanes
select l.node, l.region, l.service, l.zone, l.days_p50, l.days_p90, l.version
from lane l
join unnest(%(nodes)s::text[], %(regions)s::text[], %(services)s::text[])
  as u (node, region, service)
  on l.node = u.node and l.region = u.region and l.service = u.service
order by l.node, l.region, l.service
for update of l

-- name: read_lanes
select node, region, service, zone, days_p50, days_p90, version
from lane
where node = any (%(nodes)s::text[])
  and (%(region)s::text is null or region = %(region)s::text)

-- name: write_lanes
insert into lane (node, region, service, zone, days_p50, days_p90, version)
select u.node, u.region, u.service, u.zone, u.days_p50, u.days_p90, u.version
from jsonb_to_recordset(%(rows)s::jsonb) as u (node text, region text, service text, zone int,
  days_p50 int, days_p90 int, version bigint)
order by u.node, u.region, u.service
on conflict (node, region, service) do update
set zone = excluded.zone, days_p50 = excluded.days_p50, days_p90 = excluded.days_p90,
  version = excluded.version
where lane.version < excluded.version and excluded.version > 1

-- name: lock_supplier_items
select s.node, s.item, s.cost_minor, s.currency, s.lead_days, s.version
from supplier_item s
join unnest(%(nodes)s::text[], %(items)s::text[]) as u (node, item)
  on s.node = u.node and s.item = u.item
order by s.node, s.item
for update of s

-- name: read_supplier_items
select node, item, cost_minor, currency, lead_days, version
from supplier_item
where item = any (%(items)s::text[])
order by item, cost_minor, node

-- name: write_supplier_items
insert into supplier_item (node, item, cost_minor, currency, lead_days, version)
select u.node, u.item, u.cost_minor, u.currency, u.lead_days, u.version
from jsonb_to_recordset(%(rows)s::jsonb) as u (node text, item text, cost_minor bigint,
  currency text, lead_days int, version bigint)
order by u.node, u.item
on conflict (node, item) do update
set cost_minor = excluded.cost_minor, currency = excluded.currency,
  lead_days = excluded.lead_days, version = excluded.version
where supplier_item.version < excluded.version and excluded.version > 1
