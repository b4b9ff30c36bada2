-- planning: what to make or move before anybody waits for it.

create table make_order (
  part int not null,
  id bigint not null,
  order_id bigint not null,
  line int not null,
  item text collate "C" not null,
  node text collate "C" not null,
  qty bigint not null,
  made bigint not null default 0,
  state text not null,
  requested_at timestamptz not null,
  constraint make_order_pkey primary key (part, id),
  constraint make_order_once unique (part, order_id, line),
  constraint make_order_counts_in_qty check (qty > 0 and made between 0 and qty),
  constraint make_order_state_known check (state in ('requested', 'started', 'made', 'cancelled'))
) -- hot
;
