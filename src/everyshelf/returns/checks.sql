-- name: one_disposition_a_unit
-- F5: every unit that a return counts as received is on exactly one receipt.
select 'returns.one_disposition_a_unit' as what,
  format('return %s line %s: received %s, on receipts %s', l.rma_id, l.line, l.received,
    coalesce(r.qty, 0)) as detail
from rma_line l
left join (
  select part, rma_id, line, sum(qty) as qty
  from return_receipt
  group by part, rma_id, line
) r on r.part = l.part and r.rma_id = l.rma_id and r.line = l.line
where l.received <> coalesce(r.qty, 0)

-- name: receipt_is_expected
-- F5: nothing is received that no return has announced.
select 'returns.receipt_is_expected' as what,
  format('receipt %s of return %s line %s', r.id, r.rma_id, r.line) as detail
from return_receipt r
left join rma_line l on l.part = r.part and l.rma_id = r.rma_id and l.line = r.line
where l.rma_id is null

-- name: received_is_counted_by_order
-- What returns have received, the order counts as returned.
select 'returns.received_is_counted_by_order' as what,
  format('order %s line %s: received %s, returned %s', r.order_id, r.line, r.qty, o.returned)
    as detail
from (
  select part, order_id, line, sum(qty) as qty
  from return_receipt
  group by part, order_id, line
) r
join order_line o on o.part = r.part and o.order_id = r.order_id and o.line = r.line
where r.qty > o.returned

-- name: live_within_sold
-- A unit is not promised back twice.
select 'returns.live_within_sold' as what,
  format('order %s line %s: %s expected, %s with the customer', o.order_id, o.line, w.qty,
    o.shipped - o.returned) as detail
from (
  select r.part, r.order_id, l.line, sum(l.qty - l.received) as qty
  from rma r
  join rma_line l on l.part = r.part and l.rma_id = r.id
  where r.state in ('open', 'received')
  group by r.part, r.order_id, l.line
) w
join order_line o on o.part = w.part and o.order_id = w.order_id and o.line = w.line
where w.qty > o.shipped - o.returned

-- name: refund_within_worth
-- P5: what goes back for received units is at most what they are worth.
select 'returns.refund_within_worth' as what,
  format('receipt %s: refund %s, worth %s', id, refund_minor, worth_minor) as detail
from return_receipt
where refund_minor > worth_minor

-- name: refund_is_paid
-- P5: the refunds of a return's receipts are what payment was asked to give back for them.
select 'returns.refund_is_paid' as what,
  format('return %s: receipts say %s, payment says %s', r.rma_id, r.refund, coalesce(p.paid, 0))
    as detail
from (
  select rma_id, sum(refund_minor) as refund
  from return_receipt
  group by rma_id
) r
left join (
  select split_part(cause, ':', 2)::bigint as rma_id, sum(amount_minor) as paid
  from payment_intent
  where kind = 'refund' and starts_with(cause, 'return:')
    and split_part(cause, ':', 3) not in ('shipping', 'exchange')
  group by 1
) p on p.rma_id = r.rma_id
where r.refund <> coalesce(p.paid, 0)

-- name: exchange_has_order
select 'returns.exchange_has_order' as what,
  format('return %s: no order %s', r.id, r.exchange_order_id) as detail
from rma r
left join sales_order o on o.id = r.exchange_order_id
where r.exchange_order_id is not null and o.id is null

-- name: closed_has_time
select 'returns.closed_has_time' as what, format('return %s is %s', id, state) as detail
from rma
where (state in ('closed', 'cancelled')) <> (closed_at is not null)
