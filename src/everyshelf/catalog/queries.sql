-- name: lock_items
-- In order of the code, as everybody locks them.
select item, name, kind, tracking, unit, weight_g, length_mm, width_mm, height_mm, handling,
  category, cost_minor, price_minor, currency, make_to_order, active, version
from item
where item = any (%(items)s::text[])
order by item
for update

-- name: read_items
select item, name, kind, tracking, unit, weight_g, length_mm, width_mm, height_mm, handling,
  category, cost_minor, price_minor, currency, make_to_order, active, version
from item
where item = any (%(items)s::text[])

-- name: page_items
-- By the key, so that the thousandth page costs what the first did.
select item, name, kind, tracking, unit, weight_g, length_mm, width_mm, height_mm, handling,
  category, cost_minor, price_minor, currency, make_to_order, active, version
from item
where item > %(after)s::text
  and (%(text)s::text = '' or strpos(lower(item || ' ' || name), lower(%(text)s::text)) > 0)
  and (not %(active)s::boolean or active)
order by item
limit %(size)s::int

-- name: write_items
-- The version that was read guards the row; a record made meanwhile by another is not overwritten.
insert into item (item, name, kind, tracking, unit, weight_g, length_mm, width_mm, height_mm,
  handling, category, cost_minor, price_minor, currency, make_to_order, active, version, updated_at)
select u.item, u.name, u.kind, u.tracking, u.unit, u.weight_g, u.length_mm, u.width_mm, u.height_mm,
  u.handling, u.category, u.cost_minor, u.price_minor, u.currency, u.make_to_order, u.active,
  u.version, %(now)s::timestamptz
from jsonb_to_recordset(%(rows)s::jsonb) as u (item text, name text, kind text, tracking text,
  unit text, weight_g int, length_mm int, width_mm int, height_mm int, handling text[],
  category text, cost_minor bigint, price_minor bigint, currency text, make_to_order boolean,
  active boolean, version bigint)
order by u.item
on conflict (item) do update
set name = excluded.name, kind = excluded.kind, tracking = excluded.tracking,
  unit = excluded.unit, weight_g = excluded.weight_g, length_mm = excluded.length_mm,
  width_mm = excluded.width_mm, height_mm = excluded.height_mm, handling = excluded.handling,
  category = excluded.category, cost_minor = excluded.cost_minor,
  price_minor = excluded.price_minor, currency = excluded.currency,
  make_to_order = excluded.make_to_order, active = excluded.active, version = excluded.version,
  updated_at = excluded.updated_at
where item.version < excluded.version and excluded.version > 1

-- name: lock_channels
select channel, name, kind, currency, active, version
from channel
where channel = any (%(channels)s::text[])
order by channel
for update

-- name: read_channels
select channel, name, kind, currency, active, version
from channel
where %(channels)s::text[] is null or channel = any (%(channels)s::text[])
order by channel

-- name: write_channels
insert into channel (channel, name, kind, currency, active, version)
select u.channel, u.name, u.kind, u.currency, u.active, u.version
from jsonb_to_recordset(%(rows)s::jsonb)
  as u (channel text, name text, kind text, currency text, active boolean, version bigint)
order by u.channel
on conflict (channel) do update
set name = excluded.name, kind = excluded.kind, currency = excluded.currency,
  active = excluded.active, version = excluded.version
where channel.version < excluded.version and excluded.version > 1

-- name: kits_touching
-- The kits among these items, and the kits that hold any of them.
select kit, item, qty
from kit_component
where kit = any (%(items)s::text[]) or item = any (%(items)s::text[])
order by kit, item

-- name: read_kits
select kit, item, qty
from kit_component
where kit = any (%(kits)s::text[])
order by kit, item

-- name: clear_kits
delete from kit_component
where kit = any (%(kits)s::text[])

-- name: write_kits
insert into kit_component (kit, item, qty)
select u.kit, u.item, u.qty
from jsonb_to_recordset(%(rows)s::jsonb) as u (kit text, item text, qty int)
order by u.kit, u.item

-- name: mark_kits
-- The kit's item was locked before, so its version is the one that was read.
update item i
set kind = u.kind, version = u.version, updated_at = %(now)s::timestamptz
from unnest(%(kits)s::text[], %(kinds)s::text[], %(versions)s::bigint[]) as u (kit, kind, version)
where i.item = u.kit

-- name: lock_listings
select l.channel, l.item, l.price_minor, l.currency, l.listed, l.version
from listing l
join unnest(%(channels)s::text[], %(items)s::text[]) as u (channel, item)
  on l.channel = u.channel and l.item = u.item
order by l.channel, l.item
for update of l

-- name: read_listings
select channel, item, price_minor, currency, listed, version
from listing
where item = any (%(items)s::text[])
order by item, channel

-- name: write_listings
insert into listing (channel, item, price_minor, currency, listed, version)
select u.channel, u.item, u.price_minor, u.currency, u.listed, u.version
from jsonb_to_recordset(%(rows)s::jsonb) as u (channel text, item text, price_minor bigint,
  currency text, listed boolean, version bigint)
order by u.channel, u.item
on conflict (channel, item) do update
set price_minor = excluded.price_minor, currency = excluded.currency, listed = excluded.listed,
  version = excluded.version
where listing.version < excluded.version and excluded.version > 1

-- name: read_prices
-- A listing speaks for its channel; without one the item's own price holds everywhere.
select u.channel, u.item, coalesce(l.price_minor, i.price_minor) as price_minor,
  coalesce(l.currency, i.currency) as currency
from unnest(%(channels)s::text[], %(items)s::text[]) as u (channel, item)
join item i on i.item = u.item and i.active
left join listing l on l.channel = u.channel and l.item = u.item
where l.listed is not false

-- name: lock_barcodes
select barcode, item, 1 as version
from item_barcode
where barcode = any (%(barcodes)s::text[])
order by barcode
for update

-- name: read_barcodes
select barcode, item
from item_barcode
where barcode = any (%(barcodes)s::text[])

-- name: barcodes_of
select item, barcode
from item_barcode
where item = any (%(items)s::text[])
order by item, barcode

-- name: free_barcodes
delete from item_barcode
where barcode = any (%(barcodes)s::text[])

-- name: write_barcodes
insert into item_barcode (barcode, item)
select u.barcode, u.item
from unnest(%(barcodes)s::text[], %(items)s::text[]) as u (barcode, item)
order by u.barcode
on conflict (barcode) do nothing
