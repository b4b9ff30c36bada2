-- Work that will be late is told once.

alter table fulfillment_order add column warned_at timestamptz;

create index fulfillment_order_due on fulfillment_order (due_at, id)
  where warned_at is null and state not in ('completed', 'rejected', 'cancelled');
