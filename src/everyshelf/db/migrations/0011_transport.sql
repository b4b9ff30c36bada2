-- transport: packages handed to one carrier movement. Rows live in the part of their order.

create table shipment (
  part int not null,
  id bigint not null,
  order_id bigint not null,
  fulfillment_id bigint not null,
  node text collate "C" not null,
  carrier text collate "C" not null,
  service text collate "C" not null,
  state text not null,
  ship_to jsonb not null,
  zone int not null,
  weight_g bigint not null,
  cost_minor bigint not null,
  currency text not null,
  shipped_at timestamptz not null,
  promised_latest timestamptz,
  delivered_at timestamptz,
  attempts int not null default 0,
  manifest_id bigint,
  version bigint not null default 1,
  constraint shipment_pkey primary key (part, id),
  constraint shipment_once unique (part, fulfillment_id),
  constraint shipment_state_known check (state in
    ('shipped', 'in_transit', 'out_for_delivery', 'attempt_failed', 'delivered', 'returning',
     'returned', 'lost')),
  constraint shipment_delivered_when check ((state = 'delivered') = (delivered_at is not null)),
  constraint shipment_cost_not_negative check (cost_minor >= 0)
) with (fillfactor = 80) -- hot
;

create index shipment_id on shipment (id);
create index shipment_order on shipment (order_id);
create index shipment_unmanifested on shipment (node, carrier) where manifest_id is null;

-- One label a package: the intent is written before anybody is asked (key), the outcome after.
create table label (
  part int not null,
  package_id bigint not null,
  fulfillment_id bigint not null,
  shipment_id bigint,
  key text collate "C" not null,
  carrier text collate "C" not null,
  service text collate "C" not null,
  state text not null,
  tracking text collate "C" not null default '',
  cost_minor bigint not null default 0,
  currency text not null default '',
  attempts int not null default 0,
  error text not null default '',
  at timestamptz not null,
  constraint label_pkey primary key (part, package_id),
  constraint label_state_known check (state in ('intent', 'paid', 'void_due', 'void')),
  constraint label_paid_is_tracked check (state = 'intent' or tracking <> '' or state = 'void')
) -- hot
;

create index label_package on label (package_id);
create index label_tracking on label (tracking);
create index label_fulfillment on label (fulfillment_id);
create index label_waiting on label (at) where state in ('intent', 'void_due');

create table tracking_event (
  part int not null,
  shipment_id bigint not null,
  source_id text collate "C" not null,
  code text not null,
  place text not null default '',
  at timestamptz not null,
  heard_at timestamptz not null,
  constraint tracking_event_pkey primary key (part, shipment_id, source_id),
  constraint tracking_event_code_known check (code in
    ('in_transit', 'out_for_delivery', 'attempt_failed', 'delivered', 'returning', 'returned',
     'lost'))
) -- hot
;

create table manifest (
  part int not null,
  id bigint not null,
  node text collate "C" not null,
  carrier text collate "C" not null,
  closed_at timestamptz not null,
  packages int not null,
  weight_g bigint not null,
  constraint manifest_pkey primary key (part, id)
) -- hot
;

create index manifest_id on manifest (id);
