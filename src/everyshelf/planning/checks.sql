-- name: make_has_line
-- What is made is made for a line that is made to order.
select 'planning.make_has_line' as what,
  format('make order %s: order %s line %s', m.id, m.order_id, m.line) as detail
from make_order m
left join order_line l on l.part = m.part and l.order_id = m.order_id and l.line = m.line
where l.order_id is null or l.supply <> 'make' or l.item <> m.item

-- name: make_counts
select 'planning.make_counts' as what,
  format('make order %s is %s: %s made and %s cancelled of %s', id, state, made, cancelled, qty)
    as detail
from make_order
where made + cancelled > qty
  or (state in ('made', 'cancelled')) <> (made + cancelled = qty)
  or (state = 'cancelled' and made > 0)

-- name: make_within_line
select 'planning.make_within_line' as what,
  format('make order %s: %s units for a line of %s', m.id, m.qty, l.qty) as detail
from make_order m
join order_line l on l.part = m.part and l.order_id = m.order_id and l.line = m.line
where m.qty > l.qty
