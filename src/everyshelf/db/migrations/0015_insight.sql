-- insight: the exceptions desk. KPIs are views over everything before it.

create table exception_case (
  part int not null,
  id bigint not null,
  kind text collate "C" not null,
  subject text collate "C" not null,
  order_id bigint,
  node text collate "C",
  detail text not null,
  severity int not null,
  state text not null,
  owner text not null default '',
  opened_at timestamptz not null,
  due_at timestamptz not null,
  resolved_at timestamptz,
  resolution text not null default '',
  version bigint not null default 1,
  constraint exception_case_pkey primary key (part, id),
  constraint exception_case_state_known check (state in ('open', 'assigned', 'resolved')),
  constraint exception_case_severity_known check (severity between 1 and 4),
  constraint exception_case_resolved_when check ((state = 'resolved') = (resolved_at is not null))
) -- hot
;

create unique index exception_case_one_open on exception_case (part, kind, subject)
  where state <> 'resolved';
create index exception_case_id on exception_case (id);
create index exception_case_due on exception_case (due_at) where state <> 'resolved';
create index exception_case_order on exception_case (order_id) where order_id is not null;

create table exception_note (
  part int not null,
  id bigint not null,
  case_id bigint not null,
  at timestamptz not null,
  actor text not null,
  text text not null,
  constraint exception_note_pkey primary key (part, id)
) -- hot
;

create index exception_note_case on exception_note (case_id, id);

-- What a fulfillment order cost us: the carrier and the node's labour.
create view fulfillment_cost as
select f.part, f.id as fulfillment_id, f.order_id, f.method, f.node, l.lines, l.units, l.short,
  coalesce(s.cost_minor, 0) as carrier_minor,
  (n.labour_order_minor + n.labour_line_minor * l.lines + n.labour_unit_minor * l.units)::bigint
    as labour_minor
from fulfillment_order f
join node n on n.node = f.node
left join shipment s on s.part = f.part and s.fulfillment_id = f.id
cross join lateral (
  select count(*) filter (where qty > short + cancelled) as lines,
    coalesce(sum(qty - short - cancelled), 0)::bigint as units,
    coalesce(sum(short), 0)::bigint as short
  from fulfillment_line
  where part = f.part and fulfillment_id = f.id
) l
where f.state = 'completed';

-- One row an order: what was promised and what became of it.
create view order_fact as
select o.part, o.id as order_id, o.channel, o.placed_at, o.currency,
  l.units, l.cancelled, l.shipped, l.returned, l.lines,
  f.nodes, f.short, f.carrier_minor, f.labour_minor,
  s.shipments, s.delivered, s.late, s.failed, s.first_shipped_at, s.last_delivered_at,
  p.pickups, p.handed_over, p.staged_late, p.no_shows, p.last_handed_over_at
from sales_order o
cross join lateral (
  select count(*) as lines, coalesce(sum(qty), 0)::bigint as units,
    coalesce(sum(cancelled), 0)::bigint as cancelled,
    coalesce(sum(shipped), 0)::bigint as shipped,
    coalesce(sum(returned), 0)::bigint as returned
  from order_line
  where part = o.part and order_id = o.id and supply <> 'kit'
) l
cross join lateral (
  select count(*) as nodes, coalesce(sum(short), 0)::bigint as short,
    coalesce(sum(carrier_minor), 0)::bigint as carrier_minor,
    coalesce(sum(labour_minor), 0)::bigint as labour_minor
  from fulfillment_cost
  where part = o.part and order_id = o.id
) f
cross join lateral (
  select count(*) as shipments, count(*) filter (where state = 'delivered') as delivered,
    count(*) filter (where state = 'delivered' and delivered_at > promised_latest) as late,
    count(*) filter (where state in ('returning', 'returned', 'lost')) as failed,
    min(shipped_at) as first_shipped_at, max(delivered_at) as last_delivered_at
  from shipment
  where part = o.part and order_id = o.id
) s
cross join lateral (
  select count(*) as pickups, count(*) filter (where u.state = 'handed_over') as handed_over,
    count(*) filter (where u.staged_at > f.due_at) as staged_late,
    count(*) filter (where u.state = 'no_show') as no_shows,
    max(u.handed_over_at) as last_handed_over_at
  from fulfillment_order f
  join pickup u on u.part = f.part and u.fulfillment_id = f.id
  where f.part = o.part and f.order_id = o.id
) p;
