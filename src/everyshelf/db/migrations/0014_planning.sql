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
  cancelled bigint not null default 0,
  state text not null,
  requested_at timestamptz not null,
  started_at timestamptz,
  version bigint not null default 1,
  constraint make_order_pkey primary key (part, id),
  constraint make_order_once unique (part, order_id, line),
  constraint make_order_counts_in_qty
    check (qty > 0 and made >= 0 and cancelled >= 0 and made + cancelled <= qty),
  constraint make_order_state_known check (state in ('requested', 'started', 'made', 'cancelled'))
) -- hot
;

create index make_order_id on make_order (id);
create index make_order_open on make_order (node, requested_at)
  where state in ('requested', 'started');
