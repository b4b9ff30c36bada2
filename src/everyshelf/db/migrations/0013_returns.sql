-- returns: RMA, receipt anywhere, grade, disposition, exchange.

create table rma (
  part int not null,
  id bigint not null,
  order_id bigint not null,
  kind text not null,
  state text not null,
  channel text not null,
  expires_at timestamptz not null,
  exchange jsonb not null default '[]',
  exchange_order_id bigint,
  credit_minor bigint not null default 0,
  override text not null default '',
  made_at timestamptz not null,
  closed_at timestamptz,
  version bigint not null default 1,
  constraint rma_pkey primary key (part, id),
  constraint rma_kind_known check (kind in ('return', 'exchange')),
  constraint rma_state_known check (state in ('open', 'received', 'closed', 'cancelled')),
  constraint rma_credit_not_negative check (credit_minor >= 0)
) -- hot
;

create index rma_id on rma (id);
create index rma_order on rma (order_id);
create index rma_exchange on rma (exchange_order_id) where exchange_order_id is not null;
create index rma_expiry on rma (expires_at) where state = 'open';

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
  lot text collate "C" not null default '',
  serials text[] not null default '{}',
  grade text not null,
  disposition text not null,
  why text not null,
  worth_minor bigint not null,
  refund_minor bigint not null,
  received_at timestamptz not null,
  constraint return_receipt_pkey primary key (part, id),
  constraint return_receipt_qty_positive check (qty > 0),
  constraint return_receipt_grade_known check (grade in ('a', 'b', 'c', 'd')),
  constraint return_receipt_refund_within_worth
    check (refund_minor >= 0 and refund_minor <= worth_minor),
  constraint return_receipt_disposition_known check (disposition in
    ('restock', 'refurbish', 'outlet', 'return_to_vendor', 'recycle', 'scrap'))
) -- hot
;

create index return_receipt_order on return_receipt (order_id, line);
create index return_receipt_rma on return_receipt (rma_id);
