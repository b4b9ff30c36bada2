-- name: captured_within_authorized
-- P1: no more is captured or given up than was authorized.
select 'payment.captured_within_authorized' as what,
  format('order %s: captured %s + voided %s > authorized %s', order_id, captured_minor,
    voided_minor, authorized_minor) as detail
from payment
where captured_minor + voided_minor > authorized_minor

-- name: refunded_within_captured
-- P1: no more is given back than was taken.
select 'payment.refunded_within_captured' as what,
  format('order %s: refunded %s > captured %s', order_id, refunded_minor, captured_minor)
    as detail
from payment
where refunded_minor > captured_minor

-- name: sums_are_intents
-- P1: the sums on the row are the sums of its intents.
select 'payment.sums_are_intents' as what,
  format('order %s: authorized %s/%s captured %s/%s refunded %s/%s voided %s/%s', p.order_id,
    p.authorized_minor, i.authorized, p.captured_minor, i.captured, p.refunded_minor, i.refunded,
    p.voided_minor, i.voided) as detail
from payment p
left join lateral (
  select
    coalesce(sum(amount_minor) filter (where kind = 'authorize' and state = 'done'), 0)
      as authorized,
    coalesce(sum(amount_minor) filter (where kind = 'capture'), 0) as captured,
    coalesce(sum(amount_minor) filter (where kind = 'refund'), 0) as refunded,
    coalesce(sum(amount_minor) filter (where kind = 'void'), 0) as voided
  from payment_intent
  where part = p.part and order_id = p.order_id and state in ('due', 'sent', 'done')
) i on true
where (p.authorized_minor, p.captured_minor, p.refunded_minor, p.voided_minor)
  is distinct from (i.authorized, i.captured, i.refunded, i.voided)

-- name: one_effect_a_cause
-- P2: a cause acts once at the provider.
select 'payment.one_effect_a_cause' as what,
  format('order %s: %s intents to %s for %s', order_id, count(*), kind, cause) as detail
from payment_intent
group by part, order_id, kind, cause
having count(*) > 1

-- name: one_provider_ref_an_effect
-- P2: one effect at a provider is not counted for two intents of the same kind.
select 'payment.one_provider_ref_an_effect' as what,
  format('order %s: %s intents to %s share the reference %s', order_id, count(*), kind,
    provider_ref) as detail
from payment_intent
where state = 'done' and kind in ('capture', 'refund') and provider_ref <> ''
group by part, order_id, kind, provider_ref
having count(*) > 1

-- name: payment_has_order
select 'payment.payment_has_order' as what, format('payment of %s without order', p.order_id)
  as detail
from payment p
left join sales_order o on o.part = p.part and o.id = p.order_id
where o.id is null

-- name: intent_has_payment
select 'payment.intent_has_payment' as what, format('intent %s without payment', i.id) as detail
from payment_intent i
left join payment p on p.part = i.part and p.order_id = i.order_id
where p.order_id is null

-- name: currency_of_order
select 'payment.currency_of_order' as what,
  format('order %s: paid in %s, priced in %s', p.order_id, p.currency, o.currency) as detail
from payment p
join sales_order o on o.part = p.part and o.id = p.order_id
where p.currency <> o.currency

-- name: captured_within_worth
-- P4: an order never costs more than its lines and its shipping.
select 'payment.captured_within_worth' as what,
  format('order %s: captured %s, worth %s', p.order_id, p.captured_minor, w.worth) as detail
from payment p
join lateral (
  select o.shipping_minor + sum(l.amount_minor + l.tax_minor) as worth
  from sales_order o
  join order_line l on l.part = o.part and l.order_id = o.id
  where o.part = p.part and o.id = p.order_id
  group by o.shipping_minor
) w on true
where p.captured_minor > w.worth

-- name: done_has_time
select 'payment.done_has_time' as what, format('intent %s is %s', id, state) as detail
from payment_intent
where (state = 'done') <> (done_at is not null)
