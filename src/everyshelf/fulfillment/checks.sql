-- name: lines_agree_with_allocations
-- What a node's work says about an allocation is what stock says. Stock counts each unit in the
-- bucket where it stands now; work counts how far it came.
select 'fulfillment line and allocation disagree' as what,
  'allocation ' || a.id || ' of order ' || a.order_id || ': picked ' || a.picked || '/'
    || (l.picked - l.packed) || ', packed ' || a.packed || '/' || l.packed as detail
from fulfillment_line l
join fulfillment_order f on f.part = l.part and f.id = l.fulfillment_id
join stock_allocation a on a.id = l.allocation_id
where f.state not in ('completed', 'rejected', 'cancelled')
  and (a.picked <> l.picked - l.packed or a.packed <> l.packed or a.shipped <> 0
    or a.released <> l.short + l.cancelled or a.qty <> l.qty or a.node <> f.node
    or a.item <> l.item)

-- name: line_has_its_allocation
select 'fulfillment line without its allocation' as what,
  'allocation ' || l.allocation_id || ' in fulfillment order ' || l.fulfillment_id as detail
from fulfillment_line l
left join stock_allocation a on a.id = l.allocation_id
where a.id is null

-- name: ended_work_holds_nothing
-- Completed work has shipped everything; rejected and cancelled work has let everything go.
select 'units are left in ended work' as what,
  'allocation ' || a.id || ' in ' || f.state || ' fulfillment order ' || f.id as detail
from fulfillment_order f
join fulfillment_line l on l.part = f.part and l.fulfillment_id = f.id
join stock_allocation a on a.id = l.allocation_id
where f.state in ('completed', 'rejected', 'cancelled')
  and (a.picked <> 0 or a.packed <> 0 or a.shipped + a.released <> a.qty
    or l.qty <> l.short + l.cancelled + case when f.state = 'completed' then a.shipped else 0 end)

-- name: one_open_line_per_allocation
select 'an allocation is worked on twice' as what,
  'allocation ' || l.allocation_id || ' in ' || count(*) || ' fulfillment orders' as detail
from fulfillment_line l
group by l.allocation_id
having count(*) > 1

-- name: packages_sum_to_packed
select 'packages do not hold what is packed' as what,
  'allocation ' || l.allocation_id || ': packed ' || l.packed || ', in packages '
    || coalesce(p.qty, 0) as detail
from fulfillment_line l
left join (
  select x.allocation_id, sum(x.qty) as qty
  from package_line x
  group by x.allocation_id
) p on p.allocation_id = l.allocation_id
where l.packed <> coalesce(p.qty, 0)

-- name: package_has_lines
select 'a package is empty' as what, 'package ' || p.id as detail
from package p
where not exists (select from package_line l where l.part = p.part and l.package_id = p.id)

-- name: package_line_has_package
select 'a line lies in no package' as what,
  'allocation ' || l.allocation_id || ' in package ' || l.package_id as detail
from package_line l
left join package p on p.part = l.part and p.id = l.package_id
where p.id is null

-- name: state_follows_counts
select 'the state does not follow from the counts' as what,
  'fulfillment order ' || f.id || ' is ' || f.state as detail
from fulfillment_order f
join (
  select part, fulfillment_id, sum(qty - short - cancelled) as open, sum(picked) as picked,
    sum(packed) as packed
  from fulfillment_line
  group by part, fulfillment_id
) l on l.part = f.part and l.fulfillment_id = f.id
where case f.state
    when 'offered' then l.picked <> 0 or l.open = 0
    when 'accepted' then l.picked <> 0 or l.open = 0
    when 'picking' then l.picked = 0 or l.picked = l.open
    when 'picked' then l.picked <> l.open or l.packed = l.open
    when 'packed' then l.packed <> l.open or l.open = 0
    when 'completed' then l.packed <> l.open or l.open = 0
    else l.open <> 0
  end

-- name: no_work_without_lines
select 'a fulfillment order has no lines' as what, 'fulfillment order ' || f.id as detail
from fulfillment_order f
where not exists (
  select from fulfillment_line l where l.part = f.part and l.fulfillment_id = f.id
)

-- name: no_live_work_on_ended_orders
-- Units that were cancelled leave the work as soon as it hears of it; the state is what counts
-- once the events are handled.
select 'an ended order is still worked on' as what,
  'fulfillment order ' || f.id || ' (' || f.state || ') of order ' || f.order_id as detail
from fulfillment_order f
where f.state not in ('completed', 'rejected', 'cancelled')
  and not exists (
    select from order_line l
    where l.part = f.part and l.order_id = f.order_id and l.qty > l.cancelled + l.shipped
  )

-- name: rejected_node_is_not_asked_again
-- A node that said no has no later work for the same line.
select 'a node was asked again after it said no' as what,
  'node ' || f.node || ', line ' || l.line || ' of order ' || f.order_id as detail
from fulfillment_order f
join fulfillment_line l on l.part = f.part and l.fulfillment_id = f.id
join fulfillment_order g on g.part = f.part and g.order_id = f.order_id and g.node = f.node
  and g.id > f.id
join fulfillment_line m on m.part = g.part and m.fulfillment_id = g.id and m.line = l.line
where f.state = 'rejected' and g.made_at > f.closed_at

-- name: supplier_order_follows_work
select 'a supplier order does not follow its work' as what,
  'supplier order ' || s.id || ' is ' || s.state || ', the work is ' || f.state as detail
from supplier_order s
join fulfillment_order f on f.part = s.part and f.id = s.fulfillment_id
where case s.state
    when 'sent' then f.state <> 'offered'
    when 'confirmed' then f.state not in ('accepted', 'picking', 'picked', 'packed')
    when 'shipped' then f.state not in ('packed', 'completed', 'picked', 'picking', 'cancelled')
    when 'rejected' then f.state <> 'rejected'
    else f.state <> 'cancelled'
  end
