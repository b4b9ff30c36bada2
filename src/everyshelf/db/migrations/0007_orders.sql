-- orders: what was promised. A line keeps only irreversible counts; where its open units stand is
-- in stock_allocation, stock_hold and sourcing_demand.

create table sales_order (
  part int not null,
  id bigint not null,
  channel text collate "C" not null,
  channel_ref text collate "C" not null,
  customer_id bigint,
  currency text not null,
  buyer jsonb not null,
  ship_to jsonb,
  priority int not null default 0,
  short_policy text not null default 'partial',
  shipping_minor bigint not null default 0,
  cart_id bigint,
  exchange_of bigint,
  placed_at timestamptz not null,
  version bigint not null default 1,
  constraint sales_order_pkey primary key (part, id),
  constraint sales_order_short_policy_known
    check (short_policy in ('partial', 'ship_complete', 'cancel_short')),
  constraint sales_order_shipping_not_negative check (shipping_minor >= 0)
) -- hot
;

create index sales_order_customer on sales_order (customer_id) where customer_id is not null;
create index sales_order_ref on sales_order (channel_ref);
create index sales_order_recent on sales_order (id);

create table order_line (
  part int not null,
  order_id bigint not null,
  line int not null,
  kit_line int,
  item text collate "C" not null,
  qty bigint not null,
  amount_minor bigint not null,
  tax_minor bigint not null default 0,
  method text not null,
  pickup_node text collate "C",
  service text,
  supply text not null,
  inbound_id bigint,
  promised_earliest timestamptz,
  promised_latest timestamptz,
  cancelled bigint not null default 0,
  shipped bigint not null default 0,
  returned bigint not null default 0,
  constraint order_line_pkey primary key (part, order_id, line),
  constraint order_line_qty_positive check (qty > 0),
  constraint order_line_counts_in_qty check (cancelled >= 0 and shipped >= 0 and returned >= 0
    and cancelled + shipped <= qty),
  constraint order_line_returned_within_shipped check (returned <= shipped),
  constraint order_line_money_not_negative check (amount_minor >= 0 and tax_minor >= 0),
  constraint order_line_method_known
    check (method in ('ship', 'same_day', 'pickup', 'curbside', 'locker')),
  constraint order_line_supply_known check (supply in ('stock', 'inbound', 'make', 'kit'))
) with (fillfactor = 80) -- hot
;

create table order_hold (
  part int not null,
  id bigint not null,
  order_id bigint not null,
  kind text collate "C" not null,
  reason text not null,
  owner text not null,
  placed_at timestamptz not null,
  released_at timestamptz,
  released_by text,
  constraint order_hold_pkey primary key (part, id),
  constraint order_hold_kind_known
    check (kind in ('fraud', 'payment', 'address', 'date', 'stock', 'review'))
) -- hot
;

create unique index order_hold_one_open on order_hold (part, order_id, kind)
  where released_at is null;

create table order_change (
  part int not null,
  id bigint not null,
  order_id bigint not null,
  at timestamptz not null,
  actor text not null,
  kind text not null,
  body jsonb not null,
  constraint order_change_pkey primary key (part, id)
) -- hot
;

create index order_change_order on order_change (order_id, id);

-- The state of an order, by its counts and its open holds; kit lines carry no units.
create view order_state as
select o.part, o.id as order_id, o.channel, o.customer_id, o.placed_at, o.version,
  l.units, l.open, l.cancelled, l.shipped, l.returned, h.kinds as holds,
  case
    when l.open > 0 and h.kinds is not null then 'held'
    when l.open > 0 then 'open'
    when l.shipped > 0 then 'completed'
    else 'cancelled'
  end as state
from sales_order o
cross join lateral (
  select coalesce(sum(qty), 0)::bigint as units,
    coalesce(sum(qty - cancelled - shipped), 0)::bigint as open,
    coalesce(sum(cancelled), 0)::bigint as cancelled,
    coalesce(sum(shipped), 0)::bigint as shipped,
    coalesce(sum(returned), 0)::bigint as returned
  from order_line
  where part = o.part and order_id = o.id and supply <> 'kit'
) l
cross join lateral (
  select array_agg(kind order by kind) as kinds
  from order_hold
  where part = o.part and order_id = o.id and released_at is null
) h;
