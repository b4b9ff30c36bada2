-- name: hours_do_not_overlap
select 'hours_do_not_overlap' as what, a.node || ' on weekday ' || a.weekday as detail
from node_hours a
join node_hours b on b.node = a.node and b.weekday = a.weekday
  and a.opens_minute < b.opens_minute and b.opens_minute < a.closes_minute

-- name: nodes_are_on_earth
select 'nodes_are_on_earth' as what, node || ' at ' || lat || ', ' || lon as detail
from node
where not (lat between -90 and 90 and lon between -180 and 180)

-- name: rates_have_a_zone
-- A rate that no distance reaches is a price that nobody pays.
select 'rates_have_a_zone' as what, r.service || ' zone ' || r.zone as detail
from rate r
where not exists (
  select from service_zone z where z.service = r.service and z.zone = r.zone
)

-- name: terms_have_an_item
select 'terms_have_an_item' as what, s.node || ' ' || s.item as detail
from supplier_item s
where not exists (select from item i where i.item = s.item)
