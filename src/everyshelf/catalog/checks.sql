-- name: kit_in_kit
-- A kit that holds a kit would be exploded only once.
select 'kit_in_kit' as what, c.kit || ' holds the kit ' || c.item as detail
from kit_component c
where exists (select from kit_component inner_kit where inner_kit.kit = c.item)

-- name: kind_of_kit
-- The kind says what the components say.
select 'kind_of_kit' as what, c.kit || ' has components and is ' || i.kind as detail
from kit_component c
join item i on i.item = c.kit
where i.kind <> 'kit'
group by c.kit, i.kind

-- name: negative_price
select 'negative_price' as what, item as detail
from item
where price_minor < 0 or cost_minor < 0
union all
select 'negative_price', channel || '/' || item
from listing
where price_minor < 0
