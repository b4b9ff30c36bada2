-- What units are worth where they are, as planning reckons it, and tags by which rules name nodes.

alter table node add column tags text[] not null default '{}';

create table sourcing_worth (
  part int not null,
  item text collate "C" not null,
  node text collate "C" not null,
  scarcity_milli bigint not null default 0,
  walk_in_milli bigint not null default 0,
  markdown_milli bigint not null default 0,
  lost_bp int not null default 0,
  return_bp int not null default 0,
  run int not null,
  constraint sourcing_worth_pkey primary key (part, item, node),
  constraint sourcing_worth_chances
    check (lost_bp between 0 and 10000 and return_bp between 0 and 10000)
) -- hot
;

-- One reckoning of worths: when, from how much, by which method.
create table sourcing_worth_run (
  run int primary key,
  at timestamptz not null,
  cells bigint not null,
  scenarios int not null,
  seed bigint not null,
  horizon_days int not null,
  made_by text not null
);

update policy
set params = '{}'
where name = 'sourcing' and version = 1;
