-- name: find_run
-- The last import of the same file, read in the same way.
select id, state, position, rows_taken, rows_quarantined
from import_run
where kind = %(kind)s::text and digest = %(digest)s::bytea and mapping = %(mapping)s::jsonb
  and state in ('running', 'done')
order by id desc
limit 1

-- name: begin_run
insert into import_run (id, kind, file, digest, mapping, state, position, rows_taken,
  rows_quarantined, started_at)
values (%(id)s::bigint, %(kind)s::text, %(file)s::text, %(digest)s::bytea, %(mapping)s::jsonb,
  'running', 0, 0, 0, %(now)s::timestamptz)

-- name: lock_run
-- First in its transaction: a rival waits here, and then sees that it was overtaken.
select position
from import_run
where id = %(id)s::bigint and state = 'running'
for update

-- name: advance_run
update import_run
set position = position + %(taken)s::bigint + %(quarantined)s::bigint,
  rows_taken = rows_taken + %(taken)s::bigint,
  rows_quarantined = rows_quarantined + %(quarantined)s::bigint
where id = %(id)s::bigint

-- name: end_run
update import_run
set state = 'done', ended_at = %(now)s::timestamptz
where id = %(id)s::bigint and state = 'running'

-- name: add_quarantine
insert into import_quarantine (run_id, row_number, reason, field, raw)
select %(run)s::bigint, u.row_number, u.reason, u.field, u.raw
from unnest(%(row_numbers)s::bigint[], %(reasons)s::text[], %(fields)s::text[],
  %(raws)s::jsonb[]) as u (row_number, reason, field, raw)

-- name: sold_lines
-- The units that each return may take back: what a kit was made of is returned with the kit only.
select u.n, l.order_id, l.line, l.qty - l.cancelled - l.shipped as open,
  l.shipped - l.returned - coalesce(w.qty, 0)::bigint as shipped
from unnest(%(ns)s::int[], %(parts)s::int[], %(kinds)s::text[], %(people)s::text[],
  %(items)s::text[], %(prices)s::bigint[], %(ats)s::timestamptz[])
  as u (n, part, kind, person, item, price, at)
join customer_identity i on i.part = u.part and i.kind = u.kind and i.value = u.person
join sales_order o on o.customer_id = i.customer_id and o.placed_at <= u.at
join order_line l on l.part = o.part and l.order_id = o.id and l.item = u.item
  and l.amount_minor = l.qty * u.price and l.kit_line is null and l.supply <> 'kit'
left join lateral (
  select sum(r.qty - r.received) as qty
  from rma a
  join rma_line r on r.part = a.part and r.rma_id = a.id
  where a.part = l.part and a.order_id = l.order_id and r.line = l.line
    and a.state in ('open', 'received')
) w on true
order by u.n, o.placed_at desc, l.order_id desc, l.line
