-- stock: the double-entry ledger. A row's guard is its CHECK; nothing indexes a changing column.

create table stock_balance (
  part int not null,
  item text collate "C" not null,
  node text collate "C" not null,
  sellable bigint not null default 0,
  held bigint not null default 0,
  allocated bigint not null default 0,
  picked bigint not null default 0,
  packed bigint not null default 0,
  in_transit bigint not null default 0,
  quality_hold bigint not null default 0,
  damaged bigint not null default 0,
  display bigint not null default 0,
  constraint stock_balance_pkey primary key (part, item, node),
  constraint stock_balance_sellable_not_negative check (sellable >= 0),
  constraint stock_balance_held_not_negative check (held >= 0),
  constraint stock_balance_allocated_not_negative check (allocated >= 0),
  constraint stock_balance_picked_not_negative check (picked >= 0),
  constraint stock_balance_packed_not_negative check (packed >= 0),
  constraint stock_balance_in_transit_not_negative check (in_transit >= 0),
  constraint stock_balance_quality_hold_not_negative check (quality_hold >= 0),
  constraint stock_balance_damaged_not_negative check (damaged >= 0),
  constraint stock_balance_display_not_negative check (display >= 0)
) with (fillfactor = 70) -- hot
;

create table stock_move (
  part int not null,
  id bigint not null,
  item text collate "C" not null,
  from_node text collate "C" not null,
  from_bucket text collate "C" not null,
  to_node text collate "C" not null,
  to_bucket text collate "C" not null,
  qty bigint not null,
  lot text collate "C" not null default '',
  serial text collate "C" not null default '',
  reason text not null,
  cause text not null,
  actor text not null,
  at timestamptz not null,
  constraint stock_move_pkey primary key (part, id),
  constraint stock_move_qty_positive check (qty > 0)
) -- hot
;

create table stock_hold (
  part int not null,
  id bigint not null,
  item text collate "C" not null,
  node text collate "C" not null,
  pool text collate "C" not null,
  channel text collate "C" not null,
  owner text collate "C" not null,
  line int not null,
  qty bigint not null,
  expires_at timestamptz,
  at timestamptz not null,
  constraint stock_hold_pkey primary key (part, id, node),
  constraint stock_hold_qty_positive check (qty > 0)
) -- hot
;

create index stock_hold_owner on stock_hold (owner, line);
create index stock_hold_expiry on stock_hold (expires_at) where expires_at is not null;
create index stock_hold_cell on stock_hold (item, node);

create table stock_allocation (
  part int not null,
  id bigint not null,
  order_id bigint not null,
  line int not null,
  item text collate "C" not null,
  node text collate "C" not null,
  qty bigint not null,
  picked bigint not null default 0,
  packed bigint not null default 0,
  shipped bigint not null default 0,
  released bigint not null default 0,
  at timestamptz not null,
  constraint stock_allocation_pkey primary key (part, id),
  constraint stock_allocation_counts_in_qty check (qty > 0 and picked >= 0 and packed >= 0
    and shipped >= 0 and released >= 0 and picked + packed + shipped + released <= qty)
) with (fillfactor = 70) -- hot
;

create index stock_allocation_order on stock_allocation (order_id, line);

create table stock_lot (
  part int not null,
  item text collate "C" not null,
  node text collate "C" not null,
  lot text collate "C" not null,
  bucket text collate "C" not null,
  expires_on date,
  qty bigint not null,
  constraint stock_lot_pkey primary key (part, item, node, lot, bucket),
  constraint stock_lot_qty_not_negative check (qty >= 0)
) with (fillfactor = 70) -- hot
;

create table stock_serial (
  part int not null,
  item text collate "C" not null,
  serial text collate "C" not null,
  node text collate "C" not null,
  bucket text collate "C" not null,
  at timestamptz not null,
  constraint stock_serial_pkey primary key (part, item, serial)
) -- hot
;

create index stock_serial_place on stock_serial (item, node, bucket);

-- Which lots and serial numbers were picked for an allocation and have not left yet.
create table stock_carried (
  part int not null,
  allocation_id bigint not null,
  item text collate "C" not null,
  bucket text collate "C" not null,
  lot text collate "C" not null,
  serial text collate "C" not null,
  qty bigint not null,
  constraint stock_carried_pkey primary key (part, allocation_id, bucket, lot, serial),
  constraint stock_carried_bucket_known check (bucket in ('picked', 'packed')),
  constraint stock_carried_qty_positive check (qty > 0)
) -- hot
;

create table stock_rule (
  id bigint primary key,
  item text collate "C",
  node text collate "C",
  channel text collate "C",
  starts_on date,
  ends_on date,
  safety_qty bigint,
  walk_in_qty bigint,
  ring_fence_qty bigint,
  constraint stock_rule_qty_not_negative
    check (safety_qty >= 0 and walk_in_qty >= 0 and ring_fence_qty >= 0)
);

create table stock_inbound (
  part int not null,
  id bigint not null,
  item text collate "C" not null,
  node text collate "C" not null,
  kind text not null,
  ref text not null,
  due_on date not null,
  qty bigint not null,
  received bigint not null default 0,
  promised bigint not null default 0,
  released bigint not null default 0,
  cap bigint not null default 0,
  constraint stock_inbound_pkey primary key (part, id),
  constraint stock_inbound_counts_not_negative
    check (qty >= 0 and received >= 0 and promised >= 0 and released >= 0 and cap >= 0),
  constraint stock_inbound_promised_within_supply check (promised <= qty + cap)
) -- hot
;

create index stock_inbound_id on stock_inbound (id);

create index stock_inbound_item on stock_inbound (item, due_on);

create table stock_feed (
  source text collate "C" not null,
  node text collate "C" not null,
  sequence bigint not null,
  at timestamptz not null,
  constraint stock_feed_pkey primary key (source, node)
);

create table stock_count (
  part int not null,
  id bigint not null,
  item text collate "C" not null,
  node text collate "C" not null,
  counted bigint not null,
  expected bigint not null,
  variance bigint not null,
  reason text not null,
  actor text not null,
  at timestamptz not null,
  constraint stock_count_pkey primary key (part, id)
) -- hot
;

create index stock_count_id on stock_count (id);

create table stock_transfer (
  part int not null,
  id bigint not null,
  from_node text collate "C" not null,
  to_node text collate "C" not null,
  state text not null,
  reason text not null,
  made_at timestamptz not null,
  closed_at timestamptz,
  version bigint not null default 1,
  constraint stock_transfer_pkey primary key (part, id),
  constraint stock_transfer_state_known check (state in ('in_transit', 'received', 'closed'))
) -- hot
;

create index stock_transfer_id on stock_transfer (id);

create table stock_transfer_line (
  part int not null,
  transfer_id bigint not null,
  item text collate "C" not null,
  sent bigint not null,
  received bigint not null default 0,
  damaged bigint not null default 0,
  lost bigint not null default 0,
  constraint stock_transfer_line_pkey primary key (part, transfer_id, item),
  constraint stock_transfer_line_counts_in_sent check (sent > 0 and received >= 0 and damaged >= 0
    and lost >= 0 and received + damaged + lost <= sent)
) -- hot
;
