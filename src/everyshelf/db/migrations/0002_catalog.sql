-- catalog: what is sold. Small reference tables.

create table channel (
  channel text collate "C" primary key,
  name text not null,
  kind text not null,
  currency text not null,
  active boolean not null default true,
  version bigint not null default 1,
  constraint channel_kind_known
    check (kind in ('web', 'app', 'phone', 'social', 'pos', 'marketplace', 'b2b'))
);

create table item (
  item text collate "C" primary key,
  name text not null,
  kind text not null default 'standard',
  tracking text not null default 'none',
  unit text not null default 'each',
  weight_g int not null default 500,
  length_mm int not null default 200,
  width_mm int not null default 150,
  height_mm int not null default 100,
  handling text[] not null default '{}',
  category text not null default '',
  cost_minor bigint not null default 0,
  price_minor bigint not null default 0,
  currency text not null default 'USD',
  make_to_order boolean not null default false,
  active boolean not null default true,
  version bigint not null default 1,
  updated_at timestamptz not null,
  constraint item_kind_known check (kind in ('standard', 'kit')),
  constraint item_tracking_known check (tracking in ('none', 'lot', 'serial')),
  constraint item_size_positive
    check (weight_g >= 0 and length_mm >= 0 and width_mm >= 0 and height_mm >= 0)
);

create table item_barcode (
  barcode text collate "C" primary key,
  item text collate "C" not null references item (item)
);

create table kit_component (
  kit text collate "C" not null references item (item),
  item text collate "C" not null references item (item),
  qty int not null,
  constraint kit_component_pkey primary key (kit, item),
  constraint kit_component_qty_positive check (qty > 0)
);

create table listing (
  channel text collate "C" not null references channel (channel),
  item text collate "C" not null references item (item),
  price_minor bigint not null,
  currency text not null,
  listed boolean not null default true,
  version bigint not null default 1,
  constraint listing_pkey primary key (channel, item)
);

create index listing_item on listing (item);
create index kit_component_item on kit_component (item);
create index item_barcode_item on item_barcode (item);
