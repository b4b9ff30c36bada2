-- name: lines_have_orders
select 'order_line without order' as what, l.order_id || '/' || l.line as detail
from order_line l
left join sales_order o on o.part = l.part and o.id = l.order_id
where o.id is null

-- name: orders_have_lines
select 'sales_order without lines' as what, o.id::text as detail
from sales_order o
where not exists (select from order_line l where l.part = o.part and l.order_id = o.id)

-- name: counts_in_qty
-- The CHECKs say it too; the audit also reads databases that were restored or repaired by hand.
select 'order_line counts are not a partition of qty' as what, order_id || '/' || line as detail
from order_line
where cancelled < 0 or shipped < 0 or returned < 0 or cancelled + shipped > qty
  or returned > shipped

-- name: kits_match_components
-- A kit counts as cancelled when one of its components can no longer complete it.
select 'kit is out of proportion to its components' as what, k.order_id || '/' || k.line as detail
from order_line k
join lateral (
  select min(s.cancelled / (s.qty / k.qty)) as cancelled, bool_or(mod(s.qty, k.qty) <> 0) as uneven
  from (
    select sum(c.qty)::bigint as qty, sum(c.cancelled)::bigint as cancelled
    from order_line c
    where c.part = k.part and c.order_id = k.order_id and c.kit_line = k.line
    group by c.item
  ) s
) s on true
where k.supply = 'kit' and (s.uneven or s.cancelled is null or s.cancelled <> k.cancelled)

-- name: kit_components_have_kits
select 'kit component without its kit' as what, c.order_id || '/' || c.line as detail
from order_line c
left join order_line k
  on k.part = c.part and k.order_id = c.order_id and k.line = c.kit_line and k.supply = 'kit'
where c.kit_line is not null and k.line is null

-- name: kits_carry_nothing
select 'kit line carries money or shipped units' as what, order_id || '/' || line as detail
from order_line
where supply = 'kit' and (amount_minor <> 0 or tax_minor <> 0 or shipped <> 0 or returned <> 0)

-- name: holds_have_orders
select 'order_hold without order' as what, h.order_id || ' ' || h.kind as detail
from order_hold h
left join sales_order o on o.part = h.part and o.id = h.order_id
where o.id is null

-- name: changes_have_orders
select 'order_change without order' as what, c.id::text as detail
from order_change c
left join sales_order o on o.part = c.part and o.id = c.order_id
where o.id is null

-- name: collected_lines_name_their_node
select 'collected line without its node, or shipped line with one' as what,
  order_id || '/' || line as detail
from order_line
where (method in ('pickup', 'curbside', 'locker')) <> (pickup_node is not null)

-- name: shipped_lines_have_an_address
select 'shipped line without an address' as what, l.order_id || '/' || l.line as detail
from order_line l
join sales_order o on o.part = l.part and o.id = l.order_id
where l.method in ('ship', 'same_day') and o.ship_to is null and l.qty > l.cancelled

-- name: parts_are_the_orders
select 'order_line lies in another part than its order' as what, l.order_id::text as detail
from order_line l
join sales_order o on o.id = l.order_id
where l.part <> o.part

-- name: carts_are_taken_once
select 'cart_id was taken by two orders' as what, cart_id::text as detail
from sales_order
where cart_id is not null
group by cart_id
having count(*) > 1

-- name: channel_refs_are_unique
select 'channel_ref was taken twice' as what, channel || ' ' || channel_ref as detail
from sales_order
where channel_ref <> ''
group by channel, channel_ref
having count(*) > 1

-- name: held_units_are_owed
-- A soft hold belongs to a line that still owes at least its units; its owner is the public id.
select 'stock_hold for more units than the order line owes' as what,
  h.owner || '/' || h.line as detail
from (
  select owner, line, sum(qty) as qty,
    (
      select sum(
        (position(substr(owner, 4 + i, 1) in '0123456789abcdefghjkmnpqrstvwxyz') - 1)::numeric
        * 32::numeric ^ (13 - i)
      )
      from generate_series(1, 13) as i
    ) as order_id
  from stock_hold
  where starts_with(owner, 'ord_')
  group by owner, line
) h
left join order_line l on l.order_id = h.order_id and l.line = h.line
where l.line is null or h.qty > l.qty - l.cancelled - l.shipped
