-- Capacity in orders, lines and units of a day, and in orders of a channel.

alter table node add column daily_lines int;

alter table node add column daily_units int;

alter table node add column channel_orders jsonb not null default '{}';

alter table node_load drop constraint node_load_pkey;

alter table node_load add column channel text collate "C" not null default '';

alter table node_load add column lines bigint not null default 0;

alter table node_load add column units bigint not null default 0;

alter table node_load add column cap_lines bigint;

alter table node_load add column cap_units bigint;

alter table node_load add constraint node_load_pkey primary key (node, day, channel);

alter table node_load add constraint node_load_lines_within_cap
  check (cap_lines is null or lines <= cap_lines);

alter table node_load add constraint node_load_units_within_cap
  check (cap_units is null or units <= cap_units);

alter table node_load add constraint node_load_work_not_negative
  check (lines >= 0 and units >= 0);

alter table sourcing_load add column channel text collate "C" not null default '';

alter table sourcing_load add column lines bigint not null default 0;

alter table sourcing_load add column units bigint not null default 0;
