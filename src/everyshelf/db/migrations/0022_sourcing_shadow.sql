-- What versions in shadow would have decided.

create table sourcing_shadow (
  part int not null,
  decision_id bigint not null,
  version int not null,
  at timestamptz not null,
  differs boolean not null,
  cost_minor bigint not null,
  before_minor bigint not null,
  nodes text[] not null,
  unfilled bigint not null,
  constraint sourcing_shadow_pkey primary key (part, decision_id, version)
) -- hot
;

create index sourcing_shadow_version on sourcing_shadow (version, at);

create index sourcing_exclusion_at on sourcing_exclusion (at);
