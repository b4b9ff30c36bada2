-- insight: the exceptions desk. KPIs are views over everything before it.

create table exception_case (
  part int not null,
  id bigint not null,
  kind text collate "C" not null,
  subject text collate "C" not null,
  order_id bigint,
  node text collate "C",
  detail text not null,
  state text not null,
  owner text not null default '',
  opened_at timestamptz not null,
  due_at timestamptz not null,
  resolved_at timestamptz,
  resolution text not null default '',
  constraint exception_case_pkey primary key (part, id),
  constraint exception_case_state_known check (state in ('open', 'assigned', 'resolved'))
) -- hot
;

create unique index exception_case_one_open on exception_case (part, kind, subject)
  where state <> 'resolved';
