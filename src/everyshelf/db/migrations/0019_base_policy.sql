-- The life of a policy: for whom and until when a version decides, who moved it and why, and what
-- an experiment may not do worse than the others.

alter table policy
  add column channels text[] not null default '{}',
  add column tiers text[] not null default '{}',
  add column regions text[] not null default '{}',
  add column share_pct int not null default 100,
  add column dated boolean not null default false,
  add column since_id bigint not null default 0;

alter table policy
  add constraint policy_share_is_one check (share_pct between 0 and 100);

-- Several versions may be live, each for its own orders; `one_policy_in_force` looks for ties.
drop index policy_one_live;

create table policy_change (
  name text collate "C" not null,
  n int not null,
  version int not null,
  at timestamptz not null,
  actor text not null,
  act text not null,
  reason text not null,
  channels text[] not null,
  tiers text[] not null,
  regions text[] not null,
  share_pct int not null,
  starts_at timestamptz,
  ends_at timestamptz,
  constraint policy_change_pkey primary key (name, n),
  constraint policy_change_act_known
    check (act in ('draft', 'shadow', 'live', 'replaced', 'reopened', 'retired', 'rolled_back'))
);

create table policy_guard (
  name text collate "C" not null,
  version int not null,
  metric text not null,
  worse_pct float8,
  bound float8,
  min_orders int not null,
  looked_at timestamptz not null default '-infinity',
  constraint policy_guard_pkey primary key (name, version, metric),
  constraint policy_guard_has_one_bound check ((worse_pct is null) <> (bound is null)),
  constraint policy_guard_bound_not_negative check (worse_pct >= 0 or bound >= 0),
  constraint policy_guard_min_orders_positive check (min_orders > 1)
);
