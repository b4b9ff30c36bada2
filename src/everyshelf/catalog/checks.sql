-- name: kits_hold_items_only
-- A kit that holds a kit would be exploded only once.
select 'kits_hold_items_only' as what, c.kit || ' holds the kit ' || c.item as detail
from kit_component c
where exists (select from kit_component inner_kit where inner_kit.kit = c.item)

-- name: kind_says_what_components_say
-- The kind says what the components say.
select 'kind_says_what_components_say' as what,
  c.kit || ' has components and is ' || i.kind as detail
from kit_component c
join item i on i.item = c.kit
where i.kind <> 'kit'
group by c.kit, i.kind

-- name: prices_not_negative
select 'prices_not_negative' as what, item as detail
from item
where price_minor < 0 or cost_minor < 0
union all
select 'prices_not_negative', channel || '/' || item
from listing
where price_minor < 0
