-- customer: who. One row per person; identities point at it; a merged customer points at its heir.

create table customer (
  part int not null,
  id bigint not null,
  name text not null default '',
  tier text not null default '',
  value_minor bigint not null default 0,
  merged_into bigint,
  erased_at timestamptz,
  made_at timestamptz not null,
  version bigint not null default 1,
  constraint customer_pkey primary key (part, id)
) -- hot
;

create index customer_id on customer (id);

create index customer_merged on customer (merged_into) where merged_into is not null;

create table customer_identity (
  part int not null,
  kind text collate "C" not null,
  value text collate "C" not null,
  customer_id bigint not null,
  constraint customer_identity_pkey primary key (part, kind, value),
  constraint customer_identity_kind_known check (kind in ('email', 'phone', 'loyalty', 'external'))
) -- hot
;

create index customer_identity_customer on customer_identity (customer_id);

create table customer_address (
  part int not null,
  id bigint not null,
  customer_id bigint not null,
  label text not null default '',
  address jsonb not null,
  constraint customer_address_pkey primary key (part, id)
) -- hot
;

create index customer_address_customer on customer_address (customer_id);

create table customer_consent (
  part int not null,
  customer_id bigint not null,
  purpose text collate "C" not null,
  granted boolean not null,
  at timestamptz not null,
  constraint customer_consent_pkey primary key (part, customer_id, purpose)
) -- hot
;

create table customer_contact (
  part int not null,
  id bigint not null,
  customer_id bigint not null,
  at timestamptz not null,
  channel text not null,
  kind text not null,
  text text not null,
  constraint customer_contact_pkey primary key (part, id)
) -- hot
;

create index customer_contact_customer on customer_contact (customer_id, id);
