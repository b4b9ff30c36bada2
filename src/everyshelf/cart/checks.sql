-- name: lines_have_carts
select 'cart_line without cart' as what, l.cart_id || '/' || l.line as detail
from cart_line l
left join cart c on c.part = l.part and c.id = l.cart_id
where c.id is null

-- name: closed_carts_hold_nothing
-- A cart that is over holds no unit; a live hold's owner is the cart's public id.
select 'stock_hold of a cart that is not open' as what, h.owner || '/' || h.line as detail
from (
  select owner, line,
    (
      select sum(
        (position(substr(owner, 4 + i, 1) in '0123456789abcdefghjkmnpqrstvwxyz') - 1)::numeric
        * 32::numeric ^ (13 - i)
      )
      from generate_series(1, 13) as i
    ) as cart_id
  from stock_hold
  where starts_with(owner, 'crt_')
) h
left join cart c on c.id = h.cart_id and c.state = 'open'
left join cart_line l on l.part = c.part and l.cart_id = c.id and l.line = h.line / 1000
where c.id is null or l.line is null

-- name: checked_out_carts_have_lines
select 'cart was checked out empty' as what, c.id::text as detail
from cart c
where c.state = 'checked_out'
  and not exists (select from cart_line l where l.part = c.part and l.cart_id = c.id)
