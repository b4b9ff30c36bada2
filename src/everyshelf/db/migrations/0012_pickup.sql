-- pickup: staged, checked in, handed over, no-show. Codes are kept as hashes only, and not longer
-- than they can be used.

create table pickup (
  part int not null,
  id bigint not null,
  order_id bigint not null,
  fulfillment_id bigint not null,
  node text collate "C" not null,
  method text not null,
  state text not null,
  place text not null default '',
  bay text not null default '',
  code_hash bytea not null default '',
  token_hash bytea not null default '',
  tries int not null default 0,
  staged_at timestamptz not null,
  expires_at timestamptz not null,
  checked_in_at timestamptz,
  handed_over_at timestamptz,
  handed_to text not null default '',
  reason text not null default '',
  version bigint not null default 1,
  constraint pickup_pkey primary key (part, id),
  constraint pickup_tries_limited check (tries between 0 and 5),
  constraint pickup_state_known
    check (state in ('staged', 'checked_in', 'handed_over', 'no_show', 'cancelled'))
) -- hot
;

create index pickup_id on pickup (id);
create index pickup_fulfillment on pickup (fulfillment_id);
create unique index pickup_one_open on pickup (part, fulfillment_id)
  where state in ('staged', 'checked_in');
create index pickup_open on pickup (expires_at) where state in ('staged', 'checked_in');
