-- name: balance_is_the_sum_of_its_moves
-- S1: a balance is a cache; the ledger is the truth.
with ledger as (
  select item, node, bucket, sum(qty) as qty
  from (
    select item, to_node as node, to_bucket as bucket, qty from stock_move
    union all
    select item, from_node, from_bucket, -qty from stock_move
  ) legs
  where node not like '@%%'
  group by item, node, bucket
), cached as (
  select b.item, b.node, v.bucket, v.qty
  from stock_balance b
  cross join lateral (values
    ('sellable', b.sellable), ('held', b.held), ('allocated', b.allocated), ('picked', b.picked),
    ('packed', b.packed), ('in_transit', b.in_transit), ('quality_hold', b.quality_hold),
    ('damaged', b.damaged), ('display', b.display)
  ) as v (bucket, qty)
  where v.qty <> 0
)
select coalesce(l.item, c.item) || ' at ' || coalesce(l.node, c.node) as what,
  coalesce(l.bucket, c.bucket) || ': ledger ' || coalesce(l.qty, 0) || ', balance '
    || coalesce(c.qty, 0) as detail
from ledger l
full join cached c on c.item = l.item and c.node = l.node and c.bucket = l.bucket
where coalesce(l.qty, 0) <> coalesce(c.qty, 0)

-- name: no_bucket_below_zero
-- S3.
select item || ' at ' || node as what, 'a bucket is below zero' as detail
from stock_balance
where least(sellable, held, allocated, picked, packed, in_transit, quality_hold, damaged, display)
  < 0

-- name: held_is_the_sum_of_live_holds
-- R2.
select coalesce(b.item, h.item) || ' at ' || coalesce(b.node, h.node) as what,
  'held ' || coalesce(b.held, 0) || ', holds ' || coalesce(h.qty, 0) as detail
from (select item, node, held from stock_balance where held <> 0) b
full join (select item, node, sum(qty) as qty from stock_hold group by item, node) h
  on h.item = b.item and h.node = b.node
where coalesce(b.held, 0) <> coalesce(h.qty, 0)

-- name: committed_is_the_sum_of_allocations
-- R2: allocated, picked and packed are what the live allocations say.
select coalesce(b.item, a.item) || ' at ' || coalesce(b.node, a.node) as what,
  'balance ' || coalesce(b.allocated, 0) || '/' || coalesce(b.picked, 0) || '/'
    || coalesce(b.packed, 0) || ', allocations ' || coalesce(a.allocated, 0) || '/'
    || coalesce(a.picked, 0) || '/' || coalesce(a.packed, 0) as detail
from (
  select item, node, allocated, picked, packed
  from stock_balance
  where allocated <> 0 or picked <> 0 or packed <> 0
) b
full join (
  select item, node, sum(qty - picked - packed - shipped - released) as allocated,
    sum(picked) as picked, sum(packed) as packed
  from stock_allocation
  where shipped + released < qty
  group by item, node
) a on a.item = b.item and a.node = b.node
where (coalesce(b.allocated, 0), coalesce(b.picked, 0), coalesce(b.packed, 0))
  <> (coalesce(a.allocated, 0), coalesce(a.picked, 0), coalesce(a.packed, 0))

-- name: allocation_counts_fit
select id::text as what, 'counts exceed the quantity' as detail
from stock_allocation
where least(picked, packed, shipped, released, qty - picked - packed - shipped - released) < 0

-- name: lots_sum_to_the_shelf
-- Lot rows of a lot item are the same units as its balance, place by place.
with shelf as (
  select b.item, b.node, v.bucket, v.qty
  from stock_balance b
  join item i on i.item = b.item and i.tracking = 'lot'
  cross join lateral (values
    ('shelf', b.sellable + b.held + b.allocated), ('picked', b.picked), ('packed', b.packed),
    ('in_transit', b.in_transit), ('quality_hold', b.quality_hold), ('damaged', b.damaged),
    ('display', b.display)
  ) as v (bucket, qty)
), lots as (
  select item, node, bucket, sum(qty) as qty from stock_lot group by item, node, bucket
)
select s.item || ' at ' || s.node as what,
  s.bucket || ': balance ' || s.qty || ', lots ' || coalesce(l.qty, 0) as detail
from shelf s
left join lots l on l.item = s.item and l.node = s.node and l.bucket = s.bucket
where s.qty <> coalesce(l.qty, 0)

-- name: serials_count_to_the_shelf
-- S2: a serial item's units are its serial numbers, place by place.
with shelf as (
  select b.item, b.node, v.bucket, v.qty
  from stock_balance b
  join item i on i.item = b.item and i.tracking = 'serial'
  cross join lateral (values
    ('shelf', b.sellable + b.held + b.allocated), ('picked', b.picked), ('packed', b.packed),
    ('in_transit', b.in_transit), ('quality_hold', b.quality_hold), ('damaged', b.damaged),
    ('display', b.display)
  ) as v (bucket, qty)
), serials as (
  select item, node, bucket, count(*) as qty from stock_serial group by item, node, bucket
)
select s.item || ' at ' || s.node as what,
  s.bucket || ': balance ' || s.qty || ', serials ' || coalesce(n.qty, 0) as detail
from shelf s
left join serials n on n.item = s.item and n.node = s.node and n.bucket = s.bucket
where s.qty <> coalesce(n.qty, 0)

-- name: carried_is_what_was_picked
-- S2: the lots and serial numbers of an allocation are the units that it has off the shelf.
select 'allocation ' || a.id || ' of ' || a.item as what,
  v.bucket || ': allocation ' || v.qty || ', lots and serials ' || coalesce(c.qty, 0) as detail
from stock_allocation a
join item i on i.item = a.item and i.tracking <> 'none'
cross join lateral (values ('picked', a.picked), ('packed', a.packed)) as v (bucket, qty)
left join (
  select part, allocation_id, bucket, sum(qty) as qty
  from stock_carried
  group by part, allocation_id, bucket
) c on c.part = a.part and c.allocation_id = a.id and c.bucket = v.bucket
where v.qty <> coalesce(c.qty, 0)

-- name: carried_serial_is_there
-- S2: a serial number that was picked for an allocation stands at its node, and is nobody else's.
select 'serial ' || c.serial || ' of ' || c.item as what,
  'allocation ' || c.allocation_id || ' has it ' || c.bucket || ', it is '
    || coalesce(s.bucket || ' at ' || s.node, 'unknown') as detail
from stock_carried c
join stock_allocation a on a.part = c.part and a.id = c.allocation_id
left join stock_serial s on s.part = c.part and s.item = c.item and s.serial = c.serial
where c.serial <> ''
  and (s.serial is null or s.bucket <> c.bucket or s.node <> a.node or c.qty <> 1
    or exists (
      select from stock_carried o
      where o.part = c.part and o.item = c.item and o.serial = c.serial
        and o.allocation_id <> c.allocation_id
    ))

-- name: every_move_says_who_and_why
-- S5.
select id::text as what, 'a move without reason or actor' as detail
from stock_move
where reason = '' or actor = ''

-- name: moves_change_something
select id::text as what, 'a move from a place to itself' as detail
from stock_move
where from_node = to_node and from_bucket = to_bucket

-- name: in_transit_is_the_sum_of_open_transfers
select coalesce(b.item, t.item) || ' at ' || coalesce(b.node, t.node) as what,
  'in transit ' || coalesce(b.in_transit, 0) || ', transfers ' || coalesce(t.qty, 0) as detail
from (select item, node, in_transit from stock_balance where in_transit <> 0) b
full join (
  select l.item, t.to_node as node, sum(l.sent - l.received - l.damaged - l.lost) as qty
  from stock_transfer t
  join stock_transfer_line l on l.part = t.part and l.transfer_id = t.id
  where t.state = 'in_transit'
  group by l.item, t.to_node
) t on t.item = b.item and t.node = b.node
where coalesce(b.in_transit, 0) <> coalesce(t.qty, 0)

-- name: inbound_promised_within_supply
-- R7.
select id::text as what, 'more was promised than will come' as detail
from stock_inbound
where promised > qty + cap or promised < 0

-- name: parts_are_right
-- A row in the wrong part is invisible to every statement.
select item || ' at ' || node as what, 'two parts for one item' as detail
from stock_balance b
where exists (
  select from stock_balance o where o.item = b.item and o.part <> b.part
)
