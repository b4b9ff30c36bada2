-- name: stock_by_node
-- As many rows as there are cells (items at nodes): it does not grow with the orders, and it is
-- asked at most once in a few seconds. `broken` counts cells below zero: what was promised twice.
select node, sum(sellable)::bigint as sellable, sum(held)::bigint as held,
  sum(allocated)::bigint as allocated, sum(picked)::bigint as picked, sum(packed)::bigint as packed,
  sum(quality_hold + damaged + display)::bigint as aside,
  count(*) filter (where least(sellable, held, allocated, picked, packed, in_transit) < 0) as broken
from stock_balance
group by node
