-- sourcing: which node. Demand that waits for a node, the decisions with their why, the nodes that
-- said no.

create table sourcing_demand (
  part int not null,
  order_id bigint not null,
  line int not null,
  item text collate "C" not null,
  qty bigint not null,
  reason text not null,
  inbound_id bigint,
  due_at timestamptz not null,
  since timestamptz not null,
  constraint sourcing_demand_pkey primary key (part, order_id, line),
  constraint sourcing_demand_qty_positive check (qty > 0),
  constraint sourcing_demand_reason_known
    check (reason in ('order_hold', 'inbound', 'make', 'no_node', 'resource'))
) -- hot
;

create index sourcing_demand_item on sourcing_demand (item, since);

create table sourcing_decision (
  part int not null,
  id bigint not null,
  order_id bigint not null,
  at timestamptz not null,
  trigger text not null,
  policy text not null,
  policy_version int not null,
  digest bytea not null,
  problem bytea not null,
  why bytea not null,
  cost_minor bigint not null,
  nodes text[] not null,
  unfilled bigint not null,
  constraint sourcing_decision_pkey primary key (part, id)
) -- hot
;

create index sourcing_decision_id on sourcing_decision (id);

create index sourcing_decision_order on sourcing_decision (order_id, id);

create table sourcing_exclusion (
  part int not null,
  order_id bigint not null,
  line int not null,
  node text collate "C" not null,
  reason text not null,
  at timestamptz not null,
  constraint sourcing_exclusion_pkey primary key (part, order_id, line, node)
) -- hot
;

create table node_load (
  node text collate "C" not null,
  day date not null,
  orders bigint not null,
  cap bigint,
  constraint node_load_pkey primary key (node, day),
  constraint node_load_not_negative check (orders >= 0),
  constraint node_load_within_cap check (cap is null or orders <= cap)
);

-- Which day's capacity of a node an order takes; only nodes with a daily limit have rows.
create table sourcing_load (
  part int not null,
  order_id bigint not null,
  node text collate "C" not null,
  method text not null,
  day date not null,
  constraint sourcing_load_pkey primary key (part, order_id, node, method)
) -- hot
;

create index sourcing_load_day on sourcing_load (node, day);

-- Orders of which units were called back and may still stand at a node; looked at again.
create table sourcing_unsettled (
  part int not null,
  order_id bigint not null,
  due_at timestamptz not null,
  constraint sourcing_unsettled_pkey primary key (part, order_id)
) -- hot
;

create index sourcing_demand_due on sourcing_demand (due_at);
create index sourcing_unsettled_due on sourcing_unsettled (due_at);

insert into policy (name, version, state, params, starts_at, made_at, made_by)
values ('sourcing', 1, 'live',
  '{"max_nodes": 4, "split_lines": true, "min_value_to_split_minor": 0, "dim_g_per_cm3": 0.0,
    "max_expansions": 20000, "late_minor": 500, "late_day_minor": 300,
    "unrated_100km_minor": 100}',
  '2000-01-01T00:00:00Z', '2000-01-01T00:00:00Z', 'everyshelf');
