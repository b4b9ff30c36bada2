-- transport: packages handed to one carrier movement.

create table shipment (
  part int not null,
  id bigint not null,
  order_id bigint not null,
  fulfillment_id bigint not null,
  node text collate "C" not null,
  carrier text not null,
  service text not null,
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
  version bigint not null default 1,
  constraint shipment_pkey primary key (part, id),
  constraint shipment_state_known check (state in
    ('shipped', 'in_transit', 'out_for_delivery', 'attempt_failed', 'delivered', 'returning',
     'returned', 'lost'))
) with (fillfactor = 80) -- hot
;

create index shipment_order on shipment (order_id);

create table label (
  part int not null,
  package_id bigint not null,
  shipment_id bigint not null,
  key text collate "C" not null,
  state text not null,
  tracking text collate "C" not null,
  cost_minor bigint not null,
  currency text not null,
  at timestamptz not null,
  constraint label_pkey primary key (part, package_id),
  constraint label_state_known check (state in ('intent', 'paid', 'void'))
) -- hot
;

create index label_tracking on label (tracking);
create index label_shipment on label (shipment_id);

create table tracking_event (
  part int not null,
  shipment_id bigint not null,
  source_id text collate "C" not null,
  code text not null,
  place text not null default '',
  at timestamptz not null,
  heard_at timestamptz not null,
  constraint tracking_event_pkey primary key (part, shipment_id, source_id)
) -- hot
;

create table manifest (
  part int not null,
  id bigint not null,
  node text collate "C" not null,
  carrier text not null,
  closed_at timestamptz not null,
  packages int not null,
  weight_g bigint not null,
  constraint manifest_pkey primary key (part, id)
) -- hot
;
