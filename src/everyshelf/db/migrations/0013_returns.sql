-- returns: RMA, receipt anywhere, grade, disposition, exchange.

create table rma (
  part int not null,
  id bigint not null,
  order_id bigint not null,
  kind text not null,
  state text not null,
  channel text not null,
  expires_at timestamptz not null,
  exchange_order_id bigint,
  made_at timestamptz not null,
  closed_at timestamptz,
  version bigint not null default 1,
  constraint rma_pkey primary key (part, id),
  constraint rma_kind_known check (kind in ('return', 'exchange')),
  constraint rma_state_known check (state in ('open', 'received', 'closed', 'cancelled'))
) -- hot
;

create index rma_order on rma (order_id);

create table rma_line (
  part int not null,
  rma_id bigint not null,
  line int not null,
  item text collate "C" not null,
  qty bigint not null,
  reason text not null,
  received bigint not null default 0,
  refunded_minor bigint not null default 0,
  constraint rma_line_pkey primary key (part, rma_id, line),
  constraint rma_line_received_within_qty check (qty > 0 and received between 0 and qty)
) -- hot
;

create table return_receipt (
  part int not null,
  id bigint not null,
  rma_id bigint not null,
  order_id bigint not null,
  line int not null,
  item text collate "C" not null,
  qty bigint not null,
  node text collate "C" not null,
  grade text not null,
  disposition text not null,
  why text not null,
  refund_minor bigint not null,
  received_at timestamptz not null,
  constraint return_receipt_pkey primary key (part, id),
  constraint return_receipt_qty_positive check (qty > 0),
  constraint return_receipt_disposition_known check (disposition in
    ('restock', 'refurbish', 'outlet', 'return_to_vendor', 'recycle', 'scrap'))
) -- hot
;

create index return_receipt_order on return_receipt (order_id, line);
