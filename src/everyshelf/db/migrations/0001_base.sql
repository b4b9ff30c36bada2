-- What every room stands on. No triggers, no sequences, no cross-part uniqueness.

create table id_worker (
  worker int primary key,
  holder text,
  leased_until timestamptz not null
);

insert into id_worker (worker, leased_until)
select n, '-infinity' from generate_series(0, 1023) as n;

create table claim (
  part int not null,
  scope text collate "C" not null,
  key text collate "C" not null,
  body bytea not null,
  result bytea,
  at timestamptz not null,
  constraint claim_pkey primary key (part, scope, key)
) -- hot
;

create table event (
  xid xid8 not null default pg_current_xact_id(),
  id bigint not null,
  lane int not null,
  subject text collate "C" not null,
  version bigint not null,
  type text collate "C" not null,
  at timestamptz not null,
  actor text not null,
  cause text not null,
  body text not null,
  constraint event_pkey primary key (lane, xid, id)
) partition by range (id);

create table event_rest partition of event default;

create index event_subject on event (subject, id);

create table cursor_position (
  subscriber text collate "C" not null,
  lane int not null,
  xid xid8 not null,
  id bigint not null,
  constraint cursor_position_pkey primary key (subscriber, lane)
);

create table delivery (
  subscriber text collate "C" not null,
  event_id bigint not null,
  subject text collate "C" not null,
  type text collate "C" not null,
  body text not null,
  at timestamptz not null,
  attempts int not null,
  next_try_at timestamptz not null,
  error text not null,
  state text not null,
  constraint delivery_pkey primary key (subscriber, event_id),
  constraint delivery_state_known check (state in ('waiting', 'dead'))
);

create table policy (
  name text collate "C" not null,
  version int not null,
  state text not null,
  params jsonb not null,
  starts_at timestamptz,
  ends_at timestamptz,
  made_at timestamptz not null,
  made_by text not null,
  constraint policy_pkey primary key (name, version),
  constraint policy_state_known check (state in ('draft', 'shadow', 'live', 'retired'))
);

create unique index policy_one_live on policy (name) where state = 'live';
