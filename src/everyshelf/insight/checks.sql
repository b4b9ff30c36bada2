-- name: shipped_is_what_left
-- O1, F2: the units that a line counts as shipped are those that its allocations let go.
select 'a line counts other units as shipped than left the stock' as what,
  concat('order ', l.order_id, ' line ', l.line, ': ', l.shipped, ' counted, ',
    coalesce(a.shipped, 0), ' left') as detail
from order_line l
left join (
  select order_id, line, sum(shipped) as shipped
  from stock_allocation
  group by order_id, line
) a on a.order_id = l.order_id and a.line = l.line
where l.supply <> 'kit' and l.shipped <> coalesce(a.shipped, 0)

-- name: allocations_are_for_lines
-- An allocation is for a line of that item.
select 'an allocation without its order line' as what, a.id::text as detail
from stock_allocation a
left join order_line l on l.order_id = a.order_id and l.line = a.line
where l.line is null or l.item <> a.item

-- name: shipped_stock_was_moved
-- S1, F2: what allocations let go is what the ledger sent to customers for them.
select 'the ledger sent other units than the allocations let go' as what,
  concat(coalesce(m.item, a.item), ' at ', coalesce(m.node, a.node), ': ', coalesce(m.qty, 0),
    ' moved, ', coalesce(a.qty, 0), ' shipped') as detail
from (
  select item, from_node as node, sum(qty) as qty
  from stock_move
  where reason = 'ship' and to_node = '@customer'
  group by item, from_node
) m
full join (
  select item, node, sum(shipped) as qty
  from stock_allocation
  where shipped > 0
  group by item, node
) a on a.item = m.item and a.node = m.node
where coalesce(m.qty, 0) <> coalesce(a.qty, 0)

-- name: returned_is_what_came_back
-- O1, F5: what a line counts as returned is on a receipt, or was in a parcel that never arrived.
select 'a line counts other units as returned than came back' as what,
  concat('order ', l.order_id, ' line ', l.line, ': ', l.returned, ' counted, ',
    coalesce(r.qty, 0), ' on receipts, ', coalesce(u.qty, 0), ' undelivered') as detail
from order_line l
left join (
  select order_id, line, sum(qty) as qty
  from return_receipt
  group by order_id, line
) r on r.order_id = l.order_id and r.line = l.line
left join (
  select s.order_id, p.line, sum(p.qty) as qty
  from shipment s
  join package k on k.part = s.part and k.fulfillment_id = s.fulfillment_id
  join package_line p on p.part = k.part and p.package_id = k.id
  where s.state in ('returned', 'lost')
  group by s.order_id, p.line
) u on u.order_id = l.order_id and u.line = l.line
where l.supply <> 'kit'
  and not l.returned between greatest(coalesce(r.qty, 0), coalesce(u.qty, 0))
    and coalesce(r.qty, 0) + coalesce(u.qty, 0)

-- name: returned_stock_was_moved
-- F5, S1: each unit on a receipt came into the node that received it, from a customer.
select 'a receipt without its move' as what,
  concat(coalesce(r.item, m.item), ' at ', coalesce(r.node, m.node), ': ', coalesce(r.qty, 0),
    ' on receipts and back, ', coalesce(m.qty, 0), ' moved') as detail
from (
  select item, node, sum(qty) as qty
  from return_receipt
  group by item, node
) r
full join (
  select item, to_node as node, sum(qty) as qty
  from stock_move
  where from_node = '@customer' and reason not in ('undelivered', 'sale', 'sold', 'sell')
  group by item, to_node
) m on m.item = r.item and m.node = r.node
where coalesce(r.qty, 0) > coalesce(m.qty, 0)

-- name: order_has_payment
-- P1: every order that anybody heard of has its money.
select 'an order without a payment' as what, o.id::text as detail
from sales_order o
where exists (select from stock_allocation a where a.order_id = o.id)
  and not exists (select from payment p where p.part = o.part and p.order_id = o.id)

-- name: refunds_have_a_reason
-- P5: what is refunded was cancelled, returned, undelivered or given: at most what was captured.
select 'a return was refunded beyond what the line is worth' as what,
  concat('order ', l.order_id, ' line ', l.line, ': ', r.refund, ' of ',
    l.amount_minor + l.tax_minor) as detail
from order_line l
join (
  select order_id, line, sum(refund_minor) as refund
  from return_receipt
  group by order_id, line
) r on r.order_id = l.order_id and r.line = l.line
where r.refund > l.amount_minor + l.tax_minor

-- name: undelivered_is_refunded_once
-- P5: a shipment that never arrived has at most one refund.
select 'an undelivered shipment was refunded twice' as what, i.cause as detail
from payment_intent i
where i.kind = 'refund' and i.cause ~ '^(returned|lost):' and i.state in ('due', 'sent', 'done')
group by i.part, i.order_id, split_part(i.cause, ':', 2), i.cause
having count(*) > 1

-- name: work_is_of_its_order
-- O5: work, its allocation and its order line speak of the same units at the same node.
select 'work that is not of its order' as what,
  concat('fulfillment order ', f.id, ' allocation ', l.allocation_id) as detail
from fulfillment_order f
join fulfillment_line l on l.part = f.part and l.fulfillment_id = f.id
left join stock_allocation a on a.id = l.allocation_id and a.order_id = f.order_id
where a.id is null or a.node <> f.node or a.item <> l.item or a.line <> l.line

-- name: picked_units_have_work
-- F2: nobody picks what no node was asked to.
select 'picked units without work' as what, a.id::text as detail
from stock_allocation a
where a.picked + a.packed + a.shipped > 0
  and not exists (select from fulfillment_line l where l.allocation_id = a.id)

-- name: allocated_orders_were_decided
-- F1: a node was chosen by a decision that can be read.
select 'allocated units without a decision' as what, o.order_id::text as detail
from (select distinct order_id from stock_allocation) o
where not exists (select from sourcing_decision d where d.order_id = o.order_id)

-- name: nodes_are_known
-- R6: stock, holds and work are at nodes that exist.
select 'stock at an unknown node' as what, b.item || ' at ' || b.node as detail
from stock_balance b
where not exists (select from node n where n.node = b.node)
union all
select 'work at an unknown node', f.id::text
from fulfillment_order f
where not exists (select from node n where n.node = f.node)

-- name: items_are_known
select 'stock of an unknown item' as what, b.item || ' at ' || b.node as detail
from stock_balance b
where not exists (select from item i where i.item = b.item)
union all
select 'an order line of an unknown item', concat(l.order_id, '/', l.line)
from order_line l
where not exists (select from item i where i.item = l.item)

-- name: order_holds_never_expire
-- R5: a cart's hold expires; an order's was bought.
select 'a hold of an order that expires, or of a cart that does not' as what,
  owner || '/' || line as detail
from stock_hold
where (owner like 'ord\_%' and expires_at is not null)
  or (owner like 'crt\_%' and expires_at is null)

-- name: carriers_are_paid_as_shipped
-- F3: a shipment is of the order of its work.
select 'a shipment of another order than its packages' as what, s.id::text as detail
from shipment s
join package p on p.part = s.part and p.fulfillment_id = s.fulfillment_id
where p.order_id <> s.order_id or p.node <> s.node

-- name: handed_over_has_left
-- F6: who collected has the units.
select 'a pickup was handed over and its units are still here' as what, u.id::text as detail
from pickup u
join fulfillment_line l on l.part = u.part and l.fulfillment_id = u.fulfillment_id
join stock_allocation a on a.id = l.allocation_id
where u.state = 'handed_over' and a.shipped < l.packed

-- name: cases_have_their_order
select 'a case about an order that does not exist' as what, c.id::text as detail
from exception_case c
where c.order_id is not null and not exists (select from sales_order o where o.id = c.order_id)

-- name: notes_have_their_case
select 'a note to a case that does not exist' as what, n.id::text as detail
from exception_note n
where not exists (select from exception_case c where c.id = n.case_id)
