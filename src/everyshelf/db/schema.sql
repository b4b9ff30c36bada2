-- The result of all migrations, written by `python -m everyshelf.db`; not by hand.

create table id_worker (
  worker integer not null,
  holder text,
  leased_until timestamp with time zone not null,
  constraint id_worker_pkey PRIMARY KEY (worker)
);

create table claim (
  part integer not null,
  scope text collate "C" not null,
  key text collate "C" not null,
  body bytea not null,
  result bytea,
  at timestamp with time zone not null,
  constraint claim_pkey PRIMARY KEY (part, scope, key)
);

create table event (
  xid xid8 default pg_current_xact_id() not null,
  id bigint not null,
  lane integer not null,
  subject text collate "C" not null,
  version bigint not null,
  type text collate "C" not null,
  at timestamp with time zone not null,
  actor text not null,
  cause text not null,
  body text not null,
  constraint event_pkey PRIMARY KEY (lane, xid, id)
) partition by range (id);

create table event_rest partition of event default;

create table cursor_position (
  subscriber text collate "C" not null,
  lane integer not null,
  xid xid8 not null,
  id bigint not null,
  constraint cursor_position_pkey PRIMARY KEY (subscriber, lane)
);

create table delivery (
  subscriber text collate "C" not null,
  event_id bigint not null,
  subject text collate "C" not null,
  type text collate "C" not null,
  body text not null,
  at timestamp with time zone not null,
  attempts integer not null,
  next_try_at timestamp with time zone not null,
  error text not null,
  state text not null,
  constraint delivery_pkey PRIMARY KEY (subscriber, event_id),
  constraint delivery_state_known CHECK (state = ANY (ARRAY['waiting'::text, 'dead'::text]))
);

create table policy (
  name text collate "C" not null,
  version integer not null,
  state text not null,
  params jsonb not null,
  starts_at timestamp with time zone,
  ends_at timestamp with time zone,
  made_at timestamp with time zone not null,
  made_by text not null,
  channels text[] default '{}'::text[] not null,
  tiers text[] default '{}'::text[] not null,
  regions text[] default '{}'::text[] not null,
  share_pct integer default 100 not null,
  dated boolean default false not null,
  since_id bigint default 0 not null,
  constraint policy_pkey PRIMARY KEY (name, version),
  constraint policy_share_is_one CHECK (share_pct >= 0 AND share_pct <= 100),
  constraint policy_state_known CHECK (state = ANY (ARRAY['draft'::text, 'shadow'::text, 'live'::text, 'retired'::text]))
);

create table channel (
  channel text collate "C" not null,
  name text not null,
  kind text not null,
  currency text not null,
  active boolean default true not null,
  version bigint default 1 not null,
  constraint channel_kind_known CHECK (kind = ANY (ARRAY['web'::text, 'app'::text, 'phone'::text, 'social'::text, 'pos'::text, 'marketplace'::text, 'b2b'::text])),
  constraint channel_pkey PRIMARY KEY (channel)
);

create table item (
  item text collate "C" not null,
  name text not null,
  kind text default 'standard'::text not null,
  tracking text default 'none'::text not null,
  unit text default 'each'::text not null,
  weight_g integer default 500 not null,
  length_mm integer default 200 not null,
  width_mm integer default 150 not null,
  height_mm integer default 100 not null,
  handling text[] default '{}'::text[] not null,
  category text default ''::text not null,
  cost_minor bigint default 0 not null,
  price_minor bigint default 0 not null,
  currency text default 'USD'::text not null,
  make_to_order boolean default false not null,
  active boolean default true not null,
  version bigint default 1 not null,
  updated_at timestamp with time zone not null,
  constraint item_kind_known CHECK (kind = ANY (ARRAY['standard'::text, 'kit'::text])),
  constraint item_pkey PRIMARY KEY (item),
  constraint item_size_positive CHECK (weight_g >= 0 AND length_mm >= 0 AND width_mm >= 0 AND height_mm >= 0),
  constraint item_tracking_known CHECK (tracking = ANY (ARRAY['none'::text, 'lot'::text, 'serial'::text]))
);

create table item_barcode (
  barcode text collate "C" not null,
  item text collate "C" not null,
  constraint item_barcode_item_fkey FOREIGN KEY (item) REFERENCES item(item),
  constraint item_barcode_pkey PRIMARY KEY (barcode)
);

create table kit_component (
  kit text collate "C" not null,
  item text collate "C" not null,
  qty integer not null,
  constraint kit_component_item_fkey FOREIGN KEY (item) REFERENCES item(item),
  constraint kit_component_kit_fkey FOREIGN KEY (kit) REFERENCES item(item),
  constraint kit_component_pkey PRIMARY KEY (kit, item),
  constraint kit_component_qty_positive CHECK (qty > 0)
);

create table listing (
  channel text collate "C" not null,
  item text collate "C" not null,
  price_minor bigint not null,
  currency text not null,
  listed boolean default true not null,
  version bigint default 1 not null,
  constraint listing_channel_fkey FOREIGN KEY (channel) REFERENCES channel(channel),
  constraint listing_item_fkey FOREIGN KEY (item) REFERENCES item(item),
  constraint listing_pkey PRIMARY KEY (channel, item)
);

create table node (
  node text collate "C" not null,
  name text not null,
  kind text not null,
  zone text default 'UTC'::text not null,
  country text default 'US'::text not null,
  region text default ''::text not null,
  city text default ''::text not null,
  postcode text default ''::text not null,
  street text default ''::text not null,
  lat double precision default 0 not null,
  lon double precision default 0 not null,
  capabilities text[] default '{ship}'::text[] not null,
  active boolean default true not null,
  paused boolean default false not null,
  opens_on date,
  closes_on date,
  cutoff_minute integer default 960 not null,
  processing_minutes integer default 120 not null,
  daily_orders integer,
  priority integer default 100 not null,
  labour_order_minor bigint default 0 not null,
  labour_line_minor bigint default 0 not null,
  labour_unit_minor bigint default 0 not null,
  unknown_sales boolean default false not null,
  lead_days integer default 0 not null,
  version bigint default 1 not null,
  updated_at timestamp with time zone not null,
  daily_lines integer,
  daily_units integer,
  channel_orders jsonb default '{}'::jsonb not null,
  tags text[] default '{}'::text[] not null,
  constraint node_kind_known CHECK (kind = ANY (ARRAY['dc'::text, 'store'::text, 'dark_store'::text, 'mfc'::text, 'three_pl'::text, 'supplier'::text, 'locker'::text, 'popup'::text, 'hub'::text])),
  constraint node_name_not_reserved CHECK (node !~ '^@'::text),
  constraint node_pkey PRIMARY KEY (node)
);

create table node_hours (
  node text collate "C" not null,
  weekday integer not null,
  opens_minute integer not null,
  closes_minute integer not null,
  constraint node_hours_in_day CHECK (weekday >= 0 AND weekday <= 6 AND 0 <= opens_minute AND opens_minute < closes_minute AND closes_minute <= 1440),
  constraint node_hours_node_fkey FOREIGN KEY (node) REFERENCES node(node),
  constraint node_hours_pkey PRIMARY KEY (node, weekday, opens_minute)
);

create table node_exception (
  node text collate "C" not null,
  on_date date not null,
  opens_minute integer,
  closes_minute integer,
  reason text default ''::text not null,
  constraint node_exception_node_fkey FOREIGN KEY (node) REFERENCES node(node),
  constraint node_exception_pkey PRIMARY KEY (node, on_date)
);

create table service (
  service text collate "C" not null,
  carrier text not null,
  name text not null,
  kind text default 'ship'::text not null,
  weekdays integer[] default '{0,1,2,3,4}'::integer[] not null,
  co2e_g_per_kg_km double precision default 0.1 not null,
  active boolean default true not null,
  version bigint default 1 not null,
  constraint service_kind_known CHECK (kind = ANY (ARRAY['ship'::text, 'same_day'::text])),
  constraint service_pkey PRIMARY KEY (service)
);

create table service_zone (
  service text collate "C" not null,
  zone integer not null,
  max_km double precision not null,
  days_p50 integer not null,
  days_p90 integer not null,
  constraint service_zone_pkey PRIMARY KEY (service, zone),
  constraint service_zone_service_fkey FOREIGN KEY (service) REFERENCES service(service)
);

create table rate (
  service text collate "C" not null,
  zone integer not null,
  max_weight_g integer not null,
  price_minor bigint not null,
  currency text not null,
  constraint rate_pkey PRIMARY KEY (service, zone, max_weight_g),
  constraint rate_service_fkey FOREIGN KEY (service) REFERENCES service(service)
);

create table lane (
  node text collate "C" not null,
  region text collate "C" not null,
  service text collate "C" not null,
  zone integer not null,
  days_p50 integer not null,
  days_p90 integer not null,
  version bigint default 1 not null,
  constraint lane_node_fkey FOREIGN KEY (node) REFERENCES node(node),
  constraint lane_pkey PRIMARY KEY (node, region, service),
  constraint lane_service_fkey FOREIGN KEY (service) REFERENCES service(service)
);

create table supplier_item (
  node text collate "C" not null,
  item text collate "C" not null,
  cost_minor bigint not null,
  currency text not null,
  lead_days integer default 0 not null,
  version bigint default 1 not null,
  constraint supplier_item_node_fkey FOREIGN KEY (node) REFERENCES node(node),
  constraint supplier_item_pkey PRIMARY KEY (node, item)
);

create table customer (
  part integer not null,
  id bigint not null,
  name text default ''::text not null,
  tier text default ''::text not null,
  value_minor bigint default 0 not null,
  merged_into bigint,
  erased_at timestamp with time zone,
  made_at timestamp with time zone not null,
  version bigint default 1 not null,
  constraint customer_pkey PRIMARY KEY (part, id)
);

create table customer_identity (
  part integer not null,
  kind text collate "C" not null,
  value text collate "C" not null,
  customer_id bigint not null,
  constraint customer_identity_kind_known CHECK (kind = ANY (ARRAY['email'::text, 'phone'::text, 'loyalty'::text, 'external'::text])),
  constraint customer_identity_pkey PRIMARY KEY (part, kind, value)
);

create table customer_address (
  part integer not null,
  id bigint not null,
  customer_id bigint not null,
  label text default ''::text not null,
  address jsonb not null,
  constraint customer_address_pkey PRIMARY KEY (part, id)
);

create table customer_consent (
  part integer not null,
  customer_id bigint not null,
  purpose text collate "C" not null,
  granted boolean not null,
  at timestamp with time zone not null,
  constraint customer_consent_pkey PRIMARY KEY (part, customer_id, purpose)
);

create table customer_contact (
  part integer not null,
  id bigint not null,
  customer_id bigint not null,
  at timestamp with time zone not null,
  channel text not null,
  kind text not null,
  text text not null,
  constraint customer_contact_pkey PRIMARY KEY (part, id)
);

create table stock_balance (
  part integer not null,
  item text collate "C" not null,
  node text collate "C" not null,
  sellable bigint default 0 not null,
  held bigint default 0 not null,
  allocated bigint default 0 not null,
  picked bigint default 0 not null,
  packed bigint default 0 not null,
  in_transit bigint default 0 not null,
  quality_hold bigint default 0 not null,
  damaged bigint default 0 not null,
  display bigint default 0 not null,
  constraint stock_balance_allocated_not_negative CHECK (allocated >= 0),
  constraint stock_balance_damaged_not_negative CHECK (damaged >= 0),
  constraint stock_balance_display_not_negative CHECK (display >= 0),
  constraint stock_balance_held_not_negative CHECK (held >= 0),
  constraint stock_balance_in_transit_not_negative CHECK (in_transit >= 0),
  constraint stock_balance_packed_not_negative CHECK (packed >= 0),
  constraint stock_balance_picked_not_negative CHECK (picked >= 0),
  constraint stock_balance_pkey PRIMARY KEY (part, item, node),
  constraint stock_balance_quality_hold_not_negative CHECK (quality_hold >= 0),
  constraint stock_balance_sellable_not_negative CHECK (sellable >= 0)
) with (fillfactor=70);

create table stock_move (
  part integer not null,
  id bigint not null,
  item text collate "C" not null,
  from_node text collate "C" not null,
  from_bucket text collate "C" not null,
  to_node text collate "C" not null,
  to_bucket text collate "C" not null,
  qty bigint not null,
  lot text collate "C" default ''::text not null,
  serial text collate "C" default ''::text not null,
  reason text not null,
  cause text not null,
  actor text not null,
  at timestamp with time zone not null,
  constraint stock_move_pkey PRIMARY KEY (part, id),
  constraint stock_move_qty_positive CHECK (qty > 0)
);

create table stock_hold (
  part integer not null,
  id bigint not null,
  item text collate "C" not null,
  node text collate "C" not null,
  pool text collate "C" not null,
  channel text collate "C" not null,
  owner text collate "C" not null,
  line integer not null,
  qty bigint not null,
  expires_at timestamp with time zone,
  at timestamp with time zone not null,
  constraint stock_hold_pkey PRIMARY KEY (part, id, node),
  constraint stock_hold_qty_positive CHECK (qty > 0)
);

create table stock_allocation (
  part integer not null,
  id bigint not null,
  order_id bigint not null,
  line integer not null,
  item text collate "C" not null,
  node text collate "C" not null,
  qty bigint not null,
  picked bigint default 0 not null,
  packed bigint default 0 not null,
  shipped bigint default 0 not null,
  released bigint default 0 not null,
  at timestamp with time zone not null,
  constraint stock_allocation_counts_in_qty CHECK (qty > 0 AND picked >= 0 AND packed >= 0 AND shipped >= 0 AND released >= 0 AND (picked + packed + shipped + released) <= qty),
  constraint stock_allocation_pkey PRIMARY KEY (part, id)
) with (fillfactor=70);

create table stock_lot (
  part integer not null,
  item text collate "C" not null,
  node text collate "C" not null,
  lot text collate "C" not null,
  bucket text collate "C" not null,
  expires_on date,
  qty bigint not null,
  constraint stock_lot_pkey PRIMARY KEY (part, item, node, lot, bucket),
  constraint stock_lot_qty_not_negative CHECK (qty >= 0)
) with (fillfactor=70);

create table stock_serial (
  part integer not null,
  item text collate "C" not null,
  serial text collate "C" not null,
  node text collate "C" not null,
  bucket text collate "C" not null,
  at timestamp with time zone not null,
  constraint stock_serial_pkey PRIMARY KEY (part, item, serial)
);

create table stock_carried (
  part integer not null,
  allocation_id bigint not null,
  item text collate "C" not null,
  bucket text collate "C" not null,
  lot text collate "C" not null,
  serial text collate "C" not null,
  qty bigint not null,
  constraint stock_carried_bucket_known CHECK (bucket = ANY (ARRAY['picked'::text, 'packed'::text])),
  constraint stock_carried_pkey PRIMARY KEY (part, allocation_id, bucket, lot, serial),
  constraint stock_carried_qty_positive CHECK (qty > 0)
);

create table stock_rule (
  id bigint not null,
  item text collate "C",
  node text collate "C",
  channel text collate "C",
  starts_on date,
  ends_on date,
  safety_qty bigint,
  walk_in_qty bigint,
  ring_fence_qty bigint,
  walk_in jsonb,
  constraint stock_rule_pkey PRIMARY KEY (id),
  constraint stock_rule_qty_not_negative CHECK (safety_qty >= 0 AND walk_in_qty >= 0 AND ring_fence_qty >= 0),
  constraint stock_rule_walk_in_is_object CHECK (jsonb_typeof(walk_in) = 'object'::text)
);

create table stock_inbound (
  part integer not null,
  id bigint not null,
  item text collate "C" not null,
  node text collate "C" not null,
  kind text not null,
  ref text not null,
  due_on date not null,
  qty bigint not null,
  received bigint default 0 not null,
  promised bigint default 0 not null,
  released bigint default 0 not null,
  cap bigint default 0 not null,
  constraint stock_inbound_counts_not_negative CHECK (qty >= 0 AND received >= 0 AND promised >= 0 AND released >= 0 AND cap >= 0),
  constraint stock_inbound_pkey PRIMARY KEY (part, id),
  constraint stock_inbound_promised_within_supply CHECK (promised <= (qty + cap))
);

create table stock_feed (
  source text collate "C" not null,
  node text collate "C" not null,
  sequence bigint not null,
  at timestamp with time zone not null,
  constraint stock_feed_pkey PRIMARY KEY (source, node)
);

create table stock_count (
  part integer not null,
  id bigint not null,
  item text collate "C" not null,
  node text collate "C" not null,
  counted bigint not null,
  expected bigint not null,
  variance bigint not null,
  reason text not null,
  actor text not null,
  at timestamp with time zone not null,
  constraint stock_count_pkey PRIMARY KEY (part, id)
);

create table stock_transfer (
  part integer not null,
  id bigint not null,
  from_node text collate "C" not null,
  to_node text collate "C" not null,
  state text not null,
  reason text not null,
  made_at timestamp with time zone not null,
  closed_at timestamp with time zone,
  version bigint default 1 not null,
  constraint stock_transfer_pkey PRIMARY KEY (part, id),
  constraint stock_transfer_state_known CHECK (state = ANY (ARRAY['in_transit'::text, 'received'::text, 'closed'::text]))
);

create table stock_transfer_line (
  part integer not null,
  transfer_id bigint not null,
  item text collate "C" not null,
  sent bigint not null,
  received bigint default 0 not null,
  damaged bigint default 0 not null,
  lost bigint default 0 not null,
  constraint stock_transfer_line_counts_in_sent CHECK (sent > 0 AND received >= 0 AND damaged >= 0 AND lost >= 0 AND (received + damaged + lost) <= sent),
  constraint stock_transfer_line_pkey PRIMARY KEY (part, transfer_id, item)
);

create table cart (
  part integer not null,
  id bigint not null,
  channel text collate "C" not null,
  customer_id bigint,
  state text not null,
  ship_to jsonb,
  made_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  version bigint default 1 not null,
  constraint cart_pkey PRIMARY KEY (part, id),
  constraint cart_state_known CHECK (state = ANY (ARRAY['open'::text, 'checked_out'::text, 'expired'::text, 'merged'::text]))
);

create table cart_line (
  part integer not null,
  cart_id bigint not null,
  line integer not null,
  item text collate "C" not null,
  qty bigint not null,
  unit_minor bigint not null,
  method text not null,
  pickup_node text collate "C",
  service text,
  constraint cart_line_pkey PRIMARY KEY (part, cart_id, line),
  constraint cart_line_qty_positive CHECK (qty > 0)
);

create table sales_order (
  part integer not null,
  id bigint not null,
  channel text collate "C" not null,
  channel_ref text collate "C" not null,
  customer_id bigint,
  currency text not null,
  buyer jsonb not null,
  ship_to jsonb,
  priority integer default 0 not null,
  short_policy text default 'partial'::text not null,
  shipping_minor bigint default 0 not null,
  cart_id bigint,
  exchange_of bigint,
  placed_at timestamp with time zone not null,
  version bigint default 1 not null,
  constraint sales_order_pkey PRIMARY KEY (part, id),
  constraint sales_order_shipping_not_negative CHECK (shipping_minor >= 0),
  constraint sales_order_short_policy_known CHECK (short_policy = ANY (ARRAY['partial'::text, 'ship_complete'::text, 'cancel_short'::text]))
);

create table order_line (
  part integer not null,
  order_id bigint not null,
  line integer not null,
  kit_line integer,
  item text collate "C" not null,
  qty bigint not null,
  amount_minor bigint not null,
  tax_minor bigint default 0 not null,
  method text not null,
  pickup_node text collate "C",
  service text,
  supply text not null,
  inbound_id bigint,
  promised_earliest timestamp with time zone,
  promised_latest timestamp with time zone,
  cancelled bigint default 0 not null,
  shipped bigint default 0 not null,
  returned bigint default 0 not null,
  constraint order_line_counts_in_qty CHECK (cancelled >= 0 AND shipped >= 0 AND returned >= 0 AND (cancelled + shipped) <= qty),
  constraint order_line_method_known CHECK (method = ANY (ARRAY['ship'::text, 'same_day'::text, 'pickup'::text, 'curbside'::text, 'locker'::text])),
  constraint order_line_money_not_negative CHECK (amount_minor >= 0 AND tax_minor >= 0),
  constraint order_line_pkey PRIMARY KEY (part, order_id, line),
  constraint order_line_qty_positive CHECK (qty > 0),
  constraint order_line_returned_within_shipped CHECK (returned <= shipped),
  constraint order_line_supply_known CHECK (supply = ANY (ARRAY['stock'::text, 'inbound'::text, 'make'::text, 'kit'::text]))
) with (fillfactor=80);

create table order_hold (
  part integer not null,
  id bigint not null,
  order_id bigint not null,
  kind text collate "C" not null,
  reason text not null,
  owner text not null,
  placed_at timestamp with time zone not null,
  released_at timestamp with time zone,
  released_by text,
  constraint order_hold_kind_known CHECK (kind = ANY (ARRAY['fraud'::text, 'payment'::text, 'address'::text, 'date'::text, 'stock'::text, 'review'::text])),
  constraint order_hold_pkey PRIMARY KEY (part, id)
);

create table order_change (
  part integer not null,
  id bigint not null,
  order_id bigint not null,
  at timestamp with time zone not null,
  actor text not null,
  kind text not null,
  body jsonb not null,
  constraint order_change_pkey PRIMARY KEY (part, id)
);

create table payment (
  part integer not null,
  order_id bigint not null,
  currency text not null,
  provider text not null,
  provider_ref text default ''::text not null,
  total_minor bigint not null,
  authorized_minor bigint default 0 not null,
  captured_minor bigint default 0 not null,
  refunded_minor bigint default 0 not null,
  voided_minor bigint default 0 not null,
  version bigint default 1 not null,
  constraint payment_captured_within_authorized CHECK (captured_minor >= 0 AND voided_minor >= 0 AND (captured_minor + voided_minor) <= authorized_minor),
  constraint payment_pkey PRIMARY KEY (part, order_id),
  constraint payment_refunded_within_captured CHECK (refunded_minor >= 0 AND refunded_minor <= captured_minor)
) with (fillfactor=80);

create table payment_intent (
  part integer not null,
  id bigint not null,
  order_id bigint not null,
  kind text not null,
  cause text collate "C" not null,
  amount_minor bigint not null,
  state text not null,
  provider_ref text default ''::text not null,
  detail text default ''::text not null,
  attempts integer default 0 not null,
  due_at timestamp with time zone not null,
  done_at timestamp with time zone,
  constraint payment_intent_amount_positive CHECK (amount_minor > 0),
  constraint payment_intent_kind_known CHECK (kind = ANY (ARRAY['authorize'::text, 'capture'::text, 'refund'::text, 'void'::text])),
  constraint payment_intent_once UNIQUE (part, order_id, kind, cause),
  constraint payment_intent_pkey PRIMARY KEY (part, id),
  constraint payment_intent_state_known CHECK (state = ANY (ARRAY['due'::text, 'sent'::text, 'done'::text, 'failed'::text, 'cancelled'::text]))
);

create table sourcing_demand (
  part integer not null,
  order_id bigint not null,
  line integer not null,
  item text collate "C" not null,
  qty bigint not null,
  reason text not null,
  inbound_id bigint,
  due_at timestamp with time zone not null,
  since timestamp with time zone not null,
  constraint sourcing_demand_pkey PRIMARY KEY (part, order_id, line),
  constraint sourcing_demand_qty_positive CHECK (qty > 0),
  constraint sourcing_demand_reason_known CHECK (reason = ANY (ARRAY['order_hold'::text, 'inbound'::text, 'make'::text, 'no_node'::text, 'resource'::text]))
);

create table sourcing_decision (
  part integer not null,
  id bigint not null,
  order_id bigint not null,
  at timestamp with time zone not null,
  trigger text not null,
  policy text not null,
  policy_version integer not null,
  digest bytea not null,
  problem bytea not null,
  why bytea not null,
  cost_minor bigint not null,
  nodes text[] not null,
  unfilled bigint not null,
  constraint sourcing_decision_pkey PRIMARY KEY (part, id)
);

create table sourcing_exclusion (
  part integer not null,
  order_id bigint not null,
  line integer not null,
  node text collate "C" not null,
  reason text not null,
  at timestamp with time zone not null,
  constraint sourcing_exclusion_pkey PRIMARY KEY (part, order_id, line, node)
);

create table node_load (
  node text collate "C" not null,
  day date not null,
  orders bigint not null,
  cap bigint,
  channel text collate "C" default ''::text not null,
  lines bigint default 0 not null,
  units bigint default 0 not null,
  cap_lines bigint,
  cap_units bigint,
  constraint node_load_lines_within_cap CHECK (cap_lines IS NULL OR lines <= cap_lines),
  constraint node_load_not_negative CHECK (orders >= 0),
  constraint node_load_pkey PRIMARY KEY (node, day, channel),
  constraint node_load_units_within_cap CHECK (cap_units IS NULL OR units <= cap_units),
  constraint node_load_within_cap CHECK (cap IS NULL OR orders <= cap),
  constraint node_load_work_not_negative CHECK (lines >= 0 AND units >= 0)
);

create table sourcing_load (
  part integer not null,
  order_id bigint not null,
  node text collate "C" not null,
  method text not null,
  day date not null,
  channel text collate "C" default ''::text not null,
  lines bigint default 0 not null,
  units bigint default 0 not null,
  constraint sourcing_load_pkey PRIMARY KEY (part, order_id, node, method)
);

create table sourcing_unsettled (
  part integer not null,
  order_id bigint not null,
  due_at timestamp with time zone not null,
  constraint sourcing_unsettled_pkey PRIMARY KEY (part, order_id)
);

create table fulfillment_order (
  part integer not null,
  id bigint not null,
  order_id bigint not null,
  node text collate "C" not null,
  method text not null,
  service text,
  state text not null,
  due_at timestamp with time zone,
  made_at timestamp with time zone not null,
  accepted_at timestamp with time zone,
  picked_at timestamp with time zone,
  packed_at timestamp with time zone,
  closed_at timestamp with time zone,
  wave_id bigint,
  reason text default ''::text not null,
  version bigint default 1 not null,
  warned_at timestamp with time zone,
  constraint fulfillment_order_pkey PRIMARY KEY (part, id),
  constraint fulfillment_order_state_known CHECK (state = ANY (ARRAY['offered'::text, 'accepted'::text, 'picking'::text, 'picked'::text, 'packed'::text, 'completed'::text, 'rejected'::text, 'cancelled'::text]))
) with (fillfactor=80);

create table fulfillment_line (
  part integer not null,
  fulfillment_id bigint not null,
  allocation_id bigint not null,
  line integer not null,
  item text collate "C" not null,
  qty bigint not null,
  picked bigint default 0 not null,
  packed bigint default 0 not null,
  short bigint default 0 not null,
  cancelled bigint default 0 not null,
  constraint fulfillment_line_counts_in_qty CHECK (qty > 0 AND picked >= 0 AND packed >= 0 AND short >= 0 AND cancelled >= 0 AND packed <= picked AND (picked + short + cancelled) <= qty),
  constraint fulfillment_line_pkey PRIMARY KEY (part, fulfillment_id, allocation_id)
) with (fillfactor=80);

create table wave (
  part integer not null,
  id bigint not null,
  node text collate "C" not null,
  kind text not null,
  state text not null,
  made_at timestamp with time zone not null,
  closed_at timestamp with time zone,
  constraint wave_pkey PRIMARY KEY (part, id),
  constraint wave_state_known CHECK (state = ANY (ARRAY['open'::text, 'picked'::text, 'closed'::text]))
);

create table package (
  part integer not null,
  id bigint not null,
  fulfillment_id bigint not null,
  order_id bigint not null,
  node text collate "C" not null,
  carton text not null,
  weight_g bigint not null,
  packed_at timestamp with time zone not null,
  constraint package_pkey PRIMARY KEY (part, id)
);

create table package_line (
  part integer not null,
  package_id bigint not null,
  allocation_id bigint not null,
  line integer not null,
  item text collate "C" not null,
  qty bigint not null,
  lot text default ''::text not null,
  serial text default ''::text not null,
  constraint package_line_pkey PRIMARY KEY (part, package_id, allocation_id, lot, serial),
  constraint package_line_qty_positive CHECK (qty > 0)
);

create table supplier_order (
  part integer not null,
  id bigint not null,
  fulfillment_id bigint not null,
  order_id bigint not null,
  node text collate "C" not null,
  state text not null,
  cost_minor bigint not null,
  currency text not null,
  supplier_ref text default ''::text not null,
  sent_at timestamp with time zone not null,
  answered_at timestamp with time zone,
  constraint supplier_order_pkey PRIMARY KEY (part, id),
  constraint supplier_order_state_known CHECK (state = ANY (ARRAY['sent'::text, 'confirmed'::text, 'rejected'::text, 'shipped'::text, 'cancelled'::text]))
);

create table shipment (
  part integer not null,
  id bigint not null,
  order_id bigint not null,
  fulfillment_id bigint not null,
  node text collate "C" not null,
  carrier text collate "C" not null,
  service text collate "C" not null,
  state text not null,
  ship_to jsonb not null,
  zone integer not null,
  weight_g bigint not null,
  cost_minor bigint not null,
  currency text not null,
  shipped_at timestamp with time zone not null,
  promised_latest timestamp with time zone,
  delivered_at timestamp with time zone,
  attempts integer default 0 not null,
  manifest_id bigint,
  version bigint default 1 not null,
  constraint shipment_cost_not_negative CHECK (cost_minor >= 0),
  constraint shipment_delivered_when CHECK ((state = 'delivered'::text) = (delivered_at IS NOT NULL)),
  constraint shipment_once UNIQUE (part, fulfillment_id),
  constraint shipment_pkey PRIMARY KEY (part, id),
  constraint shipment_state_known CHECK (state = ANY (ARRAY['shipped'::text, 'in_transit'::text, 'out_for_delivery'::text, 'attempt_failed'::text, 'delivered'::text, 'returning'::text, 'returned'::text, 'lost'::text]))
) with (fillfactor=80);

create table label (
  part integer not null,
  package_id bigint not null,
  fulfillment_id bigint not null,
  shipment_id bigint,
  key text collate "C" not null,
  carrier text collate "C" not null,
  service text collate "C" not null,
  state text not null,
  tracking text collate "C" default ''::text not null,
  cost_minor bigint default 0 not null,
  currency text default ''::text not null,
  attempts integer default 0 not null,
  error text default ''::text not null,
  at timestamp with time zone not null,
  constraint label_paid_is_tracked CHECK (state = 'intent'::text OR tracking <> ''::text OR state = 'void'::text),
  constraint label_pkey PRIMARY KEY (part, package_id),
  constraint label_state_known CHECK (state = ANY (ARRAY['intent'::text, 'paid'::text, 'void_due'::text, 'void'::text]))
);

create table tracking_event (
  part integer not null,
  shipment_id bigint not null,
  source_id text collate "C" not null,
  code text not null,
  place text default ''::text not null,
  at timestamp with time zone not null,
  heard_at timestamp with time zone not null,
  constraint tracking_event_code_known CHECK (code = ANY (ARRAY['in_transit'::text, 'out_for_delivery'::text, 'attempt_failed'::text, 'delivered'::text, 'returning'::text, 'returned'::text, 'lost'::text])),
  constraint tracking_event_pkey PRIMARY KEY (part, shipment_id, source_id)
);

create table manifest (
  part integer not null,
  id bigint not null,
  node text collate "C" not null,
  carrier text collate "C" not null,
  closed_at timestamp with time zone not null,
  packages integer not null,
  weight_g bigint not null,
  constraint manifest_pkey PRIMARY KEY (part, id)
);

create table pickup (
  part integer not null,
  id bigint not null,
  order_id bigint not null,
  fulfillment_id bigint not null,
  node text collate "C" not null,
  method text not null,
  state text not null,
  place text default ''::text not null,
  bay text default ''::text not null,
  code_hash bytea default '\x'::bytea not null,
  token_hash bytea default '\x'::bytea not null,
  tries integer default 0 not null,
  staged_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  checked_in_at timestamp with time zone,
  handed_over_at timestamp with time zone,
  handed_to text default ''::text not null,
  reason text default ''::text not null,
  version bigint default 1 not null,
  constraint pickup_pkey PRIMARY KEY (part, id),
  constraint pickup_state_known CHECK (state = ANY (ARRAY['staged'::text, 'checked_in'::text, 'handed_over'::text, 'no_show'::text, 'cancelled'::text])),
  constraint pickup_tries_limited CHECK (tries >= 0 AND tries <= 5)
);

create table rma (
  part integer not null,
  id bigint not null,
  order_id bigint not null,
  kind text not null,
  state text not null,
  channel text not null,
  expires_at timestamp with time zone not null,
  exchange jsonb default '[]'::jsonb not null,
  exchange_order_id bigint,
  credit_minor bigint default 0 not null,
  override text default ''::text not null,
  made_at timestamp with time zone not null,
  closed_at timestamp with time zone,
  version bigint default 1 not null,
  constraint rma_credit_not_negative CHECK (credit_minor >= 0),
  constraint rma_kind_known CHECK (kind = ANY (ARRAY['return'::text, 'exchange'::text])),
  constraint rma_pkey PRIMARY KEY (part, id),
  constraint rma_state_known CHECK (state = ANY (ARRAY['open'::text, 'received'::text, 'closed'::text, 'cancelled'::text]))
);

create table rma_line (
  part integer not null,
  rma_id bigint not null,
  line integer not null,
  item text collate "C" not null,
  qty bigint not null,
  reason text not null,
  received bigint default 0 not null,
  refunded_minor bigint default 0 not null,
  constraint rma_line_pkey PRIMARY KEY (part, rma_id, line),
  constraint rma_line_received_within_qty CHECK (qty > 0 AND received >= 0 AND received <= qty)
);

create table return_receipt (
  part integer not null,
  id bigint not null,
  rma_id bigint not null,
  order_id bigint not null,
  line integer not null,
  item text collate "C" not null,
  qty bigint not null,
  node text collate "C" not null,
  lot text collate "C" default ''::text not null,
  serials text[] default '{}'::text[] not null,
  grade text not null,
  disposition text not null,
  why text not null,
  worth_minor bigint not null,
  refund_minor bigint not null,
  received_at timestamp with time zone not null,
  constraint return_receipt_disposition_known CHECK (disposition = ANY (ARRAY['restock'::text, 'refurbish'::text, 'outlet'::text, 'return_to_vendor'::text, 'recycle'::text, 'scrap'::text])),
  constraint return_receipt_grade_known CHECK (grade = ANY (ARRAY['a'::text, 'b'::text, 'c'::text, 'd'::text])),
  constraint return_receipt_pkey PRIMARY KEY (part, id),
  constraint return_receipt_qty_positive CHECK (qty > 0),
  constraint return_receipt_refund_within_worth CHECK (refund_minor >= 0 AND refund_minor <= worth_minor)
);

create table make_order (
  part integer not null,
  id bigint not null,
  order_id bigint not null,
  line integer not null,
  item text collate "C" not null,
  node text collate "C" not null,
  qty bigint not null,
  made bigint default 0 not null,
  cancelled bigint default 0 not null,
  state text not null,
  requested_at timestamp with time zone not null,
  started_at timestamp with time zone,
  version bigint default 1 not null,
  constraint make_order_counts_in_qty CHECK (qty > 0 AND made >= 0 AND cancelled >= 0 AND (made + cancelled) <= qty),
  constraint make_order_once UNIQUE (part, order_id, line),
  constraint make_order_pkey PRIMARY KEY (part, id),
  constraint make_order_state_known CHECK (state = ANY (ARRAY['requested'::text, 'started'::text, 'made'::text, 'cancelled'::text]))
);

create table exception_case (
  part integer not null,
  id bigint not null,
  kind text collate "C" not null,
  subject text collate "C" not null,
  order_id bigint,
  node text collate "C",
  detail text not null,
  severity integer not null,
  state text not null,
  owner text default ''::text not null,
  opened_at timestamp with time zone not null,
  due_at timestamp with time zone not null,
  resolved_at timestamp with time zone,
  resolution text default ''::text not null,
  version bigint default 1 not null,
  constraint exception_case_pkey PRIMARY KEY (part, id),
  constraint exception_case_resolved_when CHECK ((state = 'resolved'::text) = (resolved_at IS NOT NULL)),
  constraint exception_case_severity_known CHECK (severity >= 1 AND severity <= 4),
  constraint exception_case_state_known CHECK (state = ANY (ARRAY['open'::text, 'assigned'::text, 'resolved'::text]))
);

create table exception_note (
  part integer not null,
  id bigint not null,
  case_id bigint not null,
  at timestamp with time zone not null,
  actor text not null,
  text text not null,
  constraint exception_note_pkey PRIMARY KEY (part, id)
);

create table api_key (
  id bigint not null,
  name text not null,
  hash bytea not null,
  role text not null,
  nodes text[],
  channels text[],
  made_at timestamp with time zone not null,
  expires_at timestamp with time zone,
  last_used_at timestamp with time zone,
  revoked_at timestamp with time zone,
  constraint api_key_pkey PRIMARY KEY (id)
);

create table webhook (
  id bigint not null,
  url text not null,
  secret text not null,
  types text[] not null,
  state text not null,
  made_at timestamp with time zone not null,
  failures integer default 0 not null,
  constraint webhook_pkey PRIMARY KEY (id),
  constraint webhook_state_known CHECK (state = ANY (ARRAY['active'::text, 'paused'::text, 'disabled'::text]))
);

create table webhook_attempt (
  webhook_id bigint not null,
  event_id bigint not null,
  attempt integer not null,
  at timestamp with time zone not null,
  status integer,
  error text default ''::text not null,
  constraint webhook_attempt_pkey PRIMARY KEY (webhook_id, event_id, attempt)
);

create table import_run (
  id bigint not null,
  kind text not null,
  file text not null,
  digest bytea not null,
  mapping jsonb not null,
  state text not null,
  position bigint not null,
  rows_taken bigint not null,
  rows_quarantined bigint not null,
  started_at timestamp with time zone not null,
  ended_at timestamp with time zone,
  constraint import_run_pkey PRIMARY KEY (id),
  constraint import_run_state_known CHECK (state = ANY (ARRAY['running'::text, 'done'::text, 'dry_run'::text]))
);

create table import_quarantine (
  run_id bigint not null,
  row_number bigint not null,
  reason text not null,
  field text default ''::text not null,
  raw jsonb not null,
  constraint import_quarantine_pkey PRIMARY KEY (run_id, row_number),
  constraint import_quarantine_run_id_fkey FOREIGN KEY (run_id) REFERENCES import_run(id)
);

create table access_log (
  id bigint not null,
  at timestamp with time zone not null,
  actor text not null,
  action text not null,
  subject text not null,
  detail jsonb not null,
  constraint access_log_pkey PRIMARY KEY (id)
);

create table policy_change (
  name text collate "C" not null,
  n integer not null,
  version integer not null,
  at timestamp with time zone not null,
  actor text not null,
  act text not null,
  reason text not null,
  channels text[] not null,
  tiers text[] not null,
  regions text[] not null,
  share_pct integer not null,
  starts_at timestamp with time zone,
  ends_at timestamp with time zone,
  constraint policy_change_act_known CHECK (act = ANY (ARRAY['draft'::text, 'shadow'::text, 'live'::text, 'replaced'::text, 'reopened'::text, 'retired'::text, 'rolled_back'::text])),
  constraint policy_change_pkey PRIMARY KEY (name, n)
);

create table policy_guard (
  name text collate "C" not null,
  version integer not null,
  metric text not null,
  worse_pct double precision,
  bound double precision,
  min_orders integer not null,
  looked_at timestamp with time zone default '-infinity'::timestamp with time zone not null,
  constraint policy_guard_bound_not_negative CHECK (worse_pct >= 0::double precision OR bound >= 0::double precision),
  constraint policy_guard_has_one_bound CHECK ((worse_pct IS NULL) <> (bound IS NULL)),
  constraint policy_guard_min_orders_positive CHECK (min_orders > 1),
  constraint policy_guard_pkey PRIMARY KEY (name, version, metric)
);

create table sourcing_worth (
  part integer not null,
  item text collate "C" not null,
  node text collate "C" not null,
  scarcity_milli bigint default 0 not null,
  walk_in_milli bigint default 0 not null,
  markdown_milli bigint default 0 not null,
  lost_bp integer default 0 not null,
  return_bp integer default 0 not null,
  run integer not null,
  constraint sourcing_worth_chances CHECK (lost_bp >= 0 AND lost_bp <= 10000 AND return_bp >= 0 AND return_bp <= 10000),
  constraint sourcing_worth_pkey PRIMARY KEY (part, item, node)
);

create table sourcing_worth_run (
  run integer not null,
  at timestamp with time zone not null,
  cells bigint not null,
  scenarios integer not null,
  seed bigint not null,
  horizon_days integer not null,
  made_by text not null,
  constraint sourcing_worth_run_pkey PRIMARY KEY (run)
);

create table sourcing_shadow (
  part integer not null,
  decision_id bigint not null,
  version integer not null,
  at timestamp with time zone not null,
  differs boolean not null,
  cost_minor bigint not null,
  before_minor bigint not null,
  nodes text[] not null,
  unfilled bigint not null,
  constraint sourcing_shadow_pkey PRIMARY KEY (part, decision_id, version)
);

CREATE UNIQUE INDEX api_key_hash ON api_key USING btree (hash);

CREATE INDEX cart_customer ON cart USING btree (customer_id) WHERE state = 'open'::text;

CREATE INDEX cart_expiry ON cart USING btree (expires_at) WHERE state = 'open'::text;

CREATE INDEX cart_id ON cart USING btree (id);

CREATE INDEX customer_address_customer ON customer_address USING btree (customer_id);

CREATE INDEX customer_contact_customer ON customer_contact USING btree (customer_id, id);

CREATE INDEX customer_id ON customer USING btree (id);

CREATE INDEX customer_identity_customer ON customer_identity USING btree (customer_id);

CREATE INDEX customer_merged ON customer USING btree (merged_into) WHERE merged_into IS NOT NULL;

CREATE INDEX event_subject ON ONLY event USING btree (subject, id);

CREATE INDEX exception_case_due ON exception_case USING btree (due_at) WHERE state <> 'resolved'::text;

CREATE INDEX exception_case_id ON exception_case USING btree (id);

CREATE UNIQUE INDEX exception_case_one_open ON exception_case USING btree (part, kind, subject) WHERE state <> 'resolved'::text;

CREATE INDEX exception_case_order ON exception_case USING btree (order_id) WHERE order_id IS NOT NULL;

CREATE INDEX exception_note_case ON exception_note USING btree (case_id, id);

CREATE INDEX fulfillment_order_due ON fulfillment_order USING btree (due_at, id) WHERE warned_at IS NULL AND (state <> ALL (ARRAY['completed'::text, 'rejected'::text, 'cancelled'::text]));

CREATE INDEX fulfillment_order_id ON fulfillment_order USING btree (id);

CREATE INDEX fulfillment_order_order ON fulfillment_order USING btree (order_id);

CREATE INDEX fulfillment_order_wave ON fulfillment_order USING btree (wave_id) WHERE wave_id IS NOT NULL;

CREATE INDEX fulfillment_order_work ON fulfillment_order USING btree (node, id) WHERE state <> ALL (ARRAY['completed'::text, 'rejected'::text, 'cancelled'::text]);

CREATE INDEX item_barcode_item ON item_barcode USING btree (item);

CREATE INDEX kit_component_item ON kit_component USING btree (item);

CREATE INDEX label_fulfillment ON label USING btree (fulfillment_id);

CREATE INDEX label_package ON label USING btree (package_id);

CREATE INDEX label_tracking ON label USING btree (tracking);

CREATE INDEX label_waiting ON label USING btree (at) WHERE state = ANY (ARRAY['intent'::text, 'void_due'::text]);

CREATE INDEX listing_item ON listing USING btree (item);

CREATE INDEX make_order_id ON make_order USING btree (id);

CREATE INDEX make_order_open ON make_order USING btree (node, requested_at) WHERE state = ANY (ARRAY['requested'::text, 'started'::text]);

CREATE INDEX manifest_id ON manifest USING btree (id);

CREATE INDEX order_change_order ON order_change USING btree (order_id, id);

CREATE UNIQUE INDEX order_hold_one_open ON order_hold USING btree (part, order_id, kind) WHERE released_at IS NULL;

CREATE INDEX package_fulfillment ON package USING btree (fulfillment_id);

CREATE INDEX package_id ON package USING btree (id);

CREATE INDEX payment_intent_due ON payment_intent USING btree (due_at) WHERE state = ANY (ARRAY['due'::text, 'sent'::text]);

CREATE INDEX payment_intent_id ON payment_intent USING btree (id);

CREATE INDEX pickup_fulfillment ON pickup USING btree (fulfillment_id);

CREATE INDEX pickup_id ON pickup USING btree (id);

CREATE UNIQUE INDEX pickup_one_open ON pickup USING btree (part, fulfillment_id) WHERE state = ANY (ARRAY['staged'::text, 'checked_in'::text]);

CREATE INDEX pickup_open ON pickup USING btree (expires_at) WHERE state = ANY (ARRAY['staged'::text, 'checked_in'::text]);

CREATE INDEX return_receipt_order ON return_receipt USING btree (order_id, line);

CREATE INDEX return_receipt_rma ON return_receipt USING btree (rma_id);

CREATE INDEX rma_exchange ON rma USING btree (exchange_order_id) WHERE exchange_order_id IS NOT NULL;

CREATE INDEX rma_expiry ON rma USING btree (expires_at) WHERE state = 'open'::text;

CREATE INDEX rma_id ON rma USING btree (id);

CREATE INDEX rma_order ON rma USING btree (order_id);

CREATE INDEX sales_order_customer ON sales_order USING btree (customer_id) WHERE customer_id IS NOT NULL;

CREATE INDEX sales_order_recent ON sales_order USING btree (id);

CREATE INDEX sales_order_ref ON sales_order USING btree (channel_ref);

CREATE INDEX shipment_id ON shipment USING btree (id);

CREATE INDEX shipment_order ON shipment USING btree (order_id);

CREATE INDEX shipment_unmanifested ON shipment USING btree (node, carrier) WHERE manifest_id IS NULL;

CREATE INDEX sourcing_decision_id ON sourcing_decision USING btree (id);

CREATE INDEX sourcing_decision_order ON sourcing_decision USING btree (order_id, id);

CREATE INDEX sourcing_demand_due ON sourcing_demand USING btree (due_at);

CREATE INDEX sourcing_demand_item ON sourcing_demand USING btree (item, since);

CREATE INDEX sourcing_exclusion_at ON sourcing_exclusion USING btree (at);

CREATE INDEX sourcing_load_day ON sourcing_load USING btree (node, day);

CREATE INDEX sourcing_shadow_version ON sourcing_shadow USING btree (version, at);

CREATE INDEX sourcing_unsettled_due ON sourcing_unsettled USING btree (due_at);

CREATE INDEX stock_allocation_order ON stock_allocation USING btree (order_id, line);

CREATE INDEX stock_count_id ON stock_count USING btree (id);

CREATE INDEX stock_hold_cell ON stock_hold USING btree (item, node);

CREATE INDEX stock_hold_expiry ON stock_hold USING btree (expires_at) WHERE expires_at IS NOT NULL;

CREATE INDEX stock_hold_owner ON stock_hold USING btree (owner, line);

CREATE INDEX stock_inbound_id ON stock_inbound USING btree (id);

CREATE INDEX stock_inbound_item ON stock_inbound USING btree (item, due_on);

CREATE INDEX stock_serial_place ON stock_serial USING btree (item, node, bucket);

CREATE INDEX stock_transfer_id ON stock_transfer USING btree (id);

CREATE INDEX supplier_item_item ON supplier_item USING btree (item);

CREATE INDEX supplier_order_fulfillment ON supplier_order USING btree (fulfillment_id);

CREATE INDEX supplier_order_id ON supplier_order USING btree (id);

CREATE INDEX wave_id ON wave USING btree (id);

create view network_pool as
 SELECT c.word AS pool,
    n.node,
    n.priority,
    n.zone,
    n.opens_on,
    n.closes_on
   FROM node n
     CROSS JOIN LATERAL unnest(n.capabilities) c(word)
  WHERE n.active AND NOT n.paused AND (c.word = ANY (ARRAY['ship'::text, 'same_day'::text]))
UNION ALL
 SELECT (c.word || ':'::text) || n.node AS pool,
    n.node,
    n.priority,
    n.zone,
    n.opens_on,
    n.closes_on
   FROM node n
     CROSS JOIN LATERAL unnest(n.capabilities) c(word)
  WHERE n.active AND NOT n.paused AND (c.word = ANY (ARRAY['pickup'::text, 'curbside'::text, 'locker'::text]));

create view order_state as
 SELECT o.part,
    o.id AS order_id,
    o.channel,
    o.customer_id,
    o.placed_at,
    o.version,
    l.units,
    l.open,
    l.cancelled,
    l.shipped,
    l.returned,
    h.kinds AS holds,
        CASE
            WHEN l.open > 0 AND h.kinds IS NOT NULL THEN 'held'::text
            WHEN l.open > 0 THEN 'open'::text
            WHEN l.shipped > 0 THEN 'completed'::text
            ELSE 'cancelled'::text
        END AS state
   FROM sales_order o
     CROSS JOIN LATERAL ( SELECT COALESCE(sum(order_line.qty), 0::numeric)::bigint AS units,
            COALESCE(sum(order_line.qty - order_line.cancelled - order_line.shipped), 0::numeric)::bigint AS open,
            COALESCE(sum(order_line.cancelled), 0::numeric)::bigint AS cancelled,
            COALESCE(sum(order_line.shipped), 0::numeric)::bigint AS shipped,
            COALESCE(sum(order_line.returned), 0::numeric)::bigint AS returned
           FROM order_line
          WHERE order_line.part = o.part AND order_line.order_id = o.id AND order_line.supply <> 'kit'::text) l
     CROSS JOIN LATERAL ( SELECT array_agg(order_hold.kind ORDER BY order_hold.kind) AS kinds
           FROM order_hold
          WHERE order_hold.part = o.part AND order_hold.order_id = o.id AND order_hold.released_at IS NULL) h;

create view fulfillment_cost as
 SELECT f.part,
    f.id AS fulfillment_id,
    f.order_id,
    f.method,
    f.node,
    l.lines,
    l.units,
    l.short,
    COALESCE(s.cost_minor, 0::bigint) AS carrier_minor,
    n.labour_order_minor + n.labour_line_minor * l.lines + n.labour_unit_minor * l.units AS labour_minor
   FROM fulfillment_order f
     JOIN node n ON n.node = f.node
     LEFT JOIN shipment s ON s.part = f.part AND s.fulfillment_id = f.id
     CROSS JOIN LATERAL ( SELECT count(*) FILTER (WHERE fulfillment_line.qty > (fulfillment_line.short + fulfillment_line.cancelled)) AS lines,
            COALESCE(sum(fulfillment_line.qty - fulfillment_line.short - fulfillment_line.cancelled), 0::numeric)::bigint AS units,
            COALESCE(sum(fulfillment_line.short), 0::numeric)::bigint AS short
           FROM fulfillment_line
          WHERE fulfillment_line.part = f.part AND fulfillment_line.fulfillment_id = f.id) l
  WHERE f.state = 'completed'::text;

create view order_fact as
 SELECT o.part,
    o.id AS order_id,
    o.channel,
    o.placed_at,
    o.currency,
    l.units,
    l.cancelled,
    l.shipped,
    l.returned,
    l.lines,
    f.nodes,
    f.short,
    f.carrier_minor,
    f.labour_minor,
    s.shipments,
    s.delivered,
    s.late,
    s.failed,
    s.first_shipped_at,
    s.last_delivered_at,
    p.pickups,
    p.handed_over,
    p.staged_late,
    p.no_shows,
    p.last_handed_over_at
   FROM sales_order o
     CROSS JOIN LATERAL ( SELECT count(*) AS lines,
            COALESCE(sum(order_line.qty), 0::numeric)::bigint AS units,
            COALESCE(sum(order_line.cancelled), 0::numeric)::bigint AS cancelled,
            COALESCE(sum(order_line.shipped), 0::numeric)::bigint AS shipped,
            COALESCE(sum(order_line.returned), 0::numeric)::bigint AS returned
           FROM order_line
          WHERE order_line.part = o.part AND order_line.order_id = o.id AND order_line.supply <> 'kit'::text) l
     CROSS JOIN LATERAL ( SELECT count(*) AS nodes,
            COALESCE(sum(fulfillment_cost.short), 0::numeric)::bigint AS short,
            COALESCE(sum(fulfillment_cost.carrier_minor), 0::numeric)::bigint AS carrier_minor,
            COALESCE(sum(fulfillment_cost.labour_minor), 0::numeric)::bigint AS labour_minor
           FROM fulfillment_cost
          WHERE fulfillment_cost.part = o.part AND fulfillment_cost.order_id = o.id) f
     CROSS JOIN LATERAL ( SELECT count(*) AS shipments,
            count(*) FILTER (WHERE shipment.state = 'delivered'::text) AS delivered,
            count(*) FILTER (WHERE shipment.state = 'delivered'::text AND shipment.delivered_at > shipment.promised_latest) AS late,
            count(*) FILTER (WHERE shipment.state = ANY (ARRAY['returning'::text, 'returned'::text, 'lost'::text])) AS failed,
            min(shipment.shipped_at) AS first_shipped_at,
            max(shipment.delivered_at) AS last_delivered_at
           FROM shipment
          WHERE shipment.part = o.part AND shipment.order_id = o.id) s
     CROSS JOIN LATERAL ( SELECT count(*) AS pickups,
            count(*) FILTER (WHERE u.state = 'handed_over'::text) AS handed_over,
            count(*) FILTER (WHERE u.staged_at > f_1.due_at) AS staged_late,
            count(*) FILTER (WHERE u.state = 'no_show'::text) AS no_shows,
            max(u.handed_over_at) AS last_handed_over_at
           FROM fulfillment_order f_1
             JOIN pickup u ON u.part = f_1.part AND u.fulfillment_id = f_1.id
          WHERE f_1.part = o.part AND f_1.order_id = o.id) p;
