-- edge: who may call, who wants to be told, what was imported.

create table api_key (
  id bigint primary key,
  name text not null,
  hash bytea not null,
  role text not null,
  nodes text[],
  channels text[],
  made_at timestamptz not null,
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz
);

create unique index api_key_hash on api_key (hash);

create table webhook (
  id bigint primary key,
  url text not null,
  secret text not null,
  types text[] not null,
  state text not null,
  made_at timestamptz not null,
  failures int not null default 0,
  constraint webhook_state_known check (state in ('active', 'paused', 'disabled'))
);

create table webhook_attempt (
  webhook_id bigint not null,
  event_id bigint not null,
  attempt int not null,
  at timestamptz not null,
  status int,
  error text not null default '',
  constraint webhook_attempt_pkey primary key (webhook_id, event_id, attempt)
);

create table import_run (
  id bigint primary key,
  kind text not null,
  file text not null,
  digest bytea not null,
  mapping jsonb not null,
  state text not null,
  position bigint not null,
  rows_taken bigint not null,
  rows_quarantined bigint not null,
  started_at timestamptz not null,
  ended_at timestamptz,
  constraint import_run_state_known check (state in ('running', 'done', 'dry_run'))
);

create table import_quarantine (
  run_id bigint not null references import_run (id),
  row_number bigint not null,
  reason text not null,
  field text not null default '',
  raw jsonb not null,
  constraint import_quarantine_pkey primary key (run_id, row_number)
);

create table access_log (
  id bigint primary key,
  at timestamptz not null,
  actor text not null,
  action text not null,
  subject text not null,
  detail jsonb not null
);
