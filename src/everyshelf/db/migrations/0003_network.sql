-- network: where from. Small reference tables.

create table node (
  node text collate "C" primary key,
  name text not null,
  kind text not null,
  zone text not null default 'UTC',
  country text not null default 'US',
  region text not null default '',
  city text not null default '',
  postcode text not null default '',
  street text not null default '',
  lat double precision not null default 0,
  lon double precision not null default 0,
  capabilities text[] not null default '{ship}',
  active boolean not null default true,
  paused boolean not null default false,
  opens_on date,
  closes_on date,
  cutoff_minute int not null default 960,
  processing_minutes int not null default 120,
  daily_orders int,
  priority int not null default 100,
  labour_order_minor bigint not null default 0,
  labour_line_minor bigint not null default 0,
  labour_unit_minor bigint not null default 0,
  unknown_sales boolean not null default false,
  lead_days int not null default 0,
  version bigint not null default 1,
  updated_at timestamptz not null,
  constraint node_kind_known check (kind in
    ('dc', 'store', 'dark_store', 'mfc', 'three_pl', 'supplier', 'locker', 'popup', 'hub')),
  constraint node_name_not_reserved check (node !~ '^@')
);

create table node_hours (
  node text collate "C" not null references node (node),
  weekday int not null,
  opens_minute int not null,
  closes_minute int not null,
  constraint node_hours_pkey primary key (node, weekday, opens_minute),
  constraint node_hours_in_day
    check (weekday between 0 and 6 and 0 <= opens_minute and opens_minute < closes_minute
      and closes_minute <= 1440)
);

create table node_exception (
  node text collate "C" not null references node (node),
  on_date date not null,
  opens_minute int,
  closes_minute int,
  reason text not null default '',
  constraint node_exception_pkey primary key (node, on_date)
);

create table service (
  service text collate "C" primary key,
  carrier text not null,
  name text not null,
  kind text not null default 'ship',
  weekdays int[] not null default '{0,1,2,3,4}',
  co2e_g_per_kg_km double precision not null default 0.1,
  active boolean not null default true,
  version bigint not null default 1,
  constraint service_kind_known check (kind in ('ship', 'same_day'))
);

create table service_zone (
  service text collate "C" not null references service (service),
  zone int not null,
  max_km double precision not null,
  days_p50 int not null,
  days_p90 int not null,
  constraint service_zone_pkey primary key (service, zone)
);

create table rate (
  service text collate "C" not null references service (service),
  zone int not null,
  max_weight_g int not null,
  price_minor bigint not null,
  currency text not null,
  constraint rate_pkey primary key (service, zone, max_weight_g)
);

create table lane (
  node text collate "C" not null references node (node),
  region text collate "C" not null,
  service text collate "C" not null references service (service),
  zone int not null,
  days_p50 int not null,
  days_p90 int not null,
  version bigint not null default 1,
  constraint lane_pkey primary key (node, region, service)
);

create table supplier_item (
  node text collate "C" not null references node (node),
  item text collate "C" not null,
  cost_minor bigint not null,
  currency text not null,
  lead_days int not null default 0,
  version bigint not null default 1,
  constraint supplier_item_pkey primary key (node, item)
);

create index supplier_item_item on supplier_item (item);

-- Which nodes may serve a pool. Dates are the reader's to compare: a view knows no today.
create view network_pool as
select c.word as pool, n.node, n.priority, n.zone, n.opens_on, n.closes_on
from node n
cross join unnest(n.capabilities) as c (word)
where n.active and not n.paused and c.word in ('ship', 'same_day')
union all
select c.word || ':' || n.node, n.node, n.priority, n.zone, n.opens_on, n.closes_on
from node n
cross join unnest(n.capabilities) as c (word)
where n.active and not n.paused and c.word in ('pickup', 'curbside', 'locker');
