-- cart: one cart on all devices. promise (before it) owns no table: it computes.

create table cart (
  part int not null,
  id bigint not null,
  channel text collate "C" not null,
  customer_id bigint,
  state text not null,
  ship_to jsonb,
  made_at timestamptz not null,
  expires_at timestamptz not null,
  version bigint not null default 1,
  constraint cart_pkey primary key (part, id),
  constraint cart_state_known check (state in ('open', 'checked_out', 'expired', 'merged'))
) -- hot
;

create index cart_id on cart (id);

create index cart_customer on cart (customer_id) where state = 'open';
create index cart_expiry on cart (expires_at) where state = 'open';

create table cart_line (
  part int not null,
  cart_id bigint not null,
  line int not null,
  item text collate "C" not null,
  qty bigint not null,
  unit_minor bigint not null,
  method text not null,
  pickup_node text collate "C",
  service text,
  constraint cart_line_pkey primary key (part, cart_id, line),
  constraint cart_line_qty_positive check (qty > 0)
) -- hot
;
