-- fulfillment: work at a node. Rows live in the part of their order.

create table fulfillment_order (
  part int not null,
  id bigint not null,
  order_id bigint not null,
  node text collate "C" not null,
  method text not null,
  service text,
  state text not null,
  due_at timestamptz,
  made_at timestamptz not null,
  accepted_at timestamptz,
  picked_at timestamptz,
  packed_at timestamptz,
  closed_at timestamptz,
  wave_id bigint,
  reason text not null default '',
  version bigint not null default 1,
  constraint fulfillment_order_pkey primary key (part, id),
  constraint fulfillment_order_state_known check (state in
    ('offered', 'accepted', 'picking', 'picked', 'packed', 'completed', 'rejected', 'cancelled'))
) with (fillfactor = 80) -- hot
;

-- Commands name a fulfillment order, package, wave or supplier order by its id alone.
create index fulfillment_order_id on fulfillment_order (id);
create index fulfillment_order_order on fulfillment_order (order_id);
create index fulfillment_order_wave on fulfillment_order (wave_id) where wave_id is not null;
create index fulfillment_order_work on fulfillment_order (node, id)
  where state not in ('completed', 'rejected', 'cancelled');

create table fulfillment_line (
  part int not null,
  fulfillment_id bigint not null,
  allocation_id bigint not null,
  line int not null,
  item text collate "C" not null,
  qty bigint not null,
  picked bigint not null default 0,
  packed bigint not null default 0,
  short bigint not null default 0,
  cancelled bigint not null default 0,
  constraint fulfillment_line_pkey primary key (part, fulfillment_id, allocation_id),
  constraint fulfillment_line_counts_in_qty check (qty > 0 and picked >= 0 and packed >= 0
    and short >= 0 and cancelled >= 0 and packed <= picked and picked + short + cancelled <= qty)
) with (fillfactor = 80) -- hot
;

create table wave (
  part int not null,
  id bigint not null,
  node text collate "C" not null,
  kind text not null,
  state text not null,
  made_at timestamptz not null,
  closed_at timestamptz,
  constraint wave_pkey primary key (part, id),
  constraint wave_state_known check (state in ('open', 'picked', 'closed'))
) -- hot
;

create index wave_id on wave (id);

create table package (
  part int not null,
  id bigint not null,
  fulfillment_id bigint not null,
  order_id bigint not null,
  node text collate "C" not null,
  carton text not null,
  weight_g bigint not null,
  packed_at timestamptz not null,
  constraint package_pkey primary key (part, id)
) -- hot
;

create index package_id on package (id);
create index package_fulfillment on package (fulfillment_id);

create table package_line (
  part int not null,
  package_id bigint not null,
  allocation_id bigint not null,
  line int not null,
  item text collate "C" not null,
  qty bigint not null,
  lot text not null default '',
  serial text not null default '',
  constraint package_line_pkey primary key (part, package_id, allocation_id, lot, serial),
  constraint package_line_qty_positive check (qty > 0)
) -- hot
;

create table supplier_order (
  part int not null,
  id bigint not null,
  fulfillment_id bigint not null,
  order_id bigint not null,
  node text collate "C" not null,
  state text not null,
  cost_minor bigint not null,
  currency text not null,
  supplier_ref text not null default '',
  sent_at timestamptz not null,
  answered_at timestamptz,
  constraint supplier_order_pkey primary key (part, id),
  constraint supplier_order_state_known
    check (state in ('sent', 'confirmed', 'rejected', 'shipped', 'cancelled'))
) -- hot
;

create index supplier_order_id on supplier_order (id);
create index supplier_order_fulfillment on supplier_order (fulfillment_id);
