-- payment: intents; a connector moves the money. The sums are guarded on the row: captured, voided
-- and refunded count what is due as well as what is done, so that two promises of one cent are
-- refused before any provider is asked. authorized counts only what a provider has granted.

create table payment (
  part int not null,
  order_id bigint not null,
  currency text not null,
  provider text not null,
  provider_ref text not null default '',
  total_minor bigint not null,
  authorized_minor bigint not null default 0,
  captured_minor bigint not null default 0,
  refunded_minor bigint not null default 0,
  voided_minor bigint not null default 0,
  version bigint not null default 1,
  constraint payment_pkey primary key (part, order_id),
  constraint payment_captured_within_authorized check (captured_minor >= 0 and voided_minor >= 0
    and captured_minor + voided_minor <= authorized_minor),
  constraint payment_refunded_within_captured
    check (refunded_minor >= 0 and refunded_minor <= captured_minor)
) with (fillfactor = 80) -- hot
;

create table payment_intent (
  part int not null,
  id bigint not null,
  order_id bigint not null,
  kind text not null,
  cause text collate "C" not null,
  amount_minor bigint not null,
  state text not null,
  provider_ref text not null default '',
  detail text not null default '',
  attempts int not null default 0,
  due_at timestamptz not null,
  done_at timestamptz,
  constraint payment_intent_pkey primary key (part, id),
  constraint payment_intent_once unique (part, order_id, kind, cause),
  constraint payment_intent_kind_known check (kind in ('authorize', 'capture', 'refund', 'void')),
  constraint payment_intent_state_known
    check (state in ('due', 'sent', 'done', 'failed', 'cancelled')),
  constraint payment_intent_amount_positive check (amount_minor > 0)
) -- hot
;

create index payment_intent_id on payment_intent (id);

create index payment_intent_due on payment_intent (due_at) where state in ('due', 'sent');
