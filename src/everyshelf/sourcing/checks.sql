-- name: demand_is_owed
-- No unit waits that nobody is owed (R6): demand and live allocations fit in what is open.
select 'sourcing_demand' as what,
  concat('order ', d.order_id, ' line ', d.line, ': ', d.qty, ' wait, ',
    coalesce(l.qty - l.cancelled - l.shipped, 0), ' are owed') as detail
from sourcing_demand d
left join order_line l on l.part = d.part and l.order_id = d.order_id and l.line = d.line
where (l.order_id is null or l.supply = 'kit' or l.item <> d.item
    or d.qty > l.qty - l.cancelled - l.shipped)
  and not exists (
    select from event e
    where e.type = 'everyshelf.orders.line.cancelled.v1'
      and (e.xid, e.id) > (
        select p.xid, p.id from cursor_position p
        where p.subscriber = 'sourcing' and p.lane = e.lane
      )
  )

-- name: units_have_one_place
-- Once nothing is in flight, each owed unit stands at one node or waits, and none does twice.
select 'order_line' as what,
  concat('order ', l.order_id, ' line ', l.line, ': ', l.qty - l.cancelled - l.shipped, ' owed, ',
    a.live, ' at nodes, ', coalesce(d.qty, 0), ' waiting') as detail
from order_line l
left join sourcing_demand d on d.part = l.part and d.order_id = l.order_id and d.line = l.line
cross join lateral (
  select coalesce(sum(qty - shipped - released), 0)::bigint as live
  from stock_allocation
  where order_id = l.order_id and line = l.line
) a
where l.supply <> 'kit'
  and a.live + coalesce(d.qty, 0) <> l.qty - l.cancelled - l.shipped
  and not exists (
    select from sourcing_unsettled s where s.part = l.part and s.order_id = l.order_id
  )
  and not exists (
    select from event e
    where e.type in (
        'everyshelf.orders.order.placed.v1', 'everyshelf.orders.line.cancelled.v1',
        'everyshelf.orders.order.amended.v1', 'everyshelf.orders.hold.released.v1',
        'everyshelf.orders.line.unshipped.v1'
      )
      and (e.xid, e.id) > (
        select p.xid, p.id from cursor_position p
        where p.subscriber = 'sourcing' and p.lane = e.lane
      )
  )
  and exists (select from cursor_position where subscriber = 'sourcing')

-- name: load_is_counted
-- A node's day counts exactly the orders that took a place of it.
select 'node_load' as what,
  concat(n.node, ' on ', n.day, ': ', n.orders, ' booked, ', count(l.order_id), ' orders') as detail
from node_load n
left join sourcing_load l on l.node = n.node and l.day = n.day
group by n.node, n.day, n.orders
having n.orders <> count(l.order_id)

-- name: load_has_its_day
select 'sourcing_load' as what, concat('order ', l.order_id, ' at ', l.node) as detail
from sourcing_load l
where not exists (select from node_load n where n.node = l.node and n.day = l.day)

-- name: capacity_is_kept
select 'node_load' as what, concat(node, ' on ', day, ': ', orders, ' of ', cap) as detail
from node_load
where orders > cap
