-- name: identities_point_at_the_living
-- An identity points at a customer who lives: not merged, not erased.
select 'identities_point_at_the_living' as what, i.kind || ' of ' || i.customer_id as detail
from customer_identity i
where not exists (
  select from customer c
  where c.id = i.customer_id and c.merged_into is null and c.erased_at is null
)

-- name: chains_are_one_step
-- A chain is one step long.
select 'chains_are_one_step' as what, c.id || ' points at ' || c.merged_into as detail
from customer c
where c.merged_into is not null
  and not exists (select from customer h where h.id = c.merged_into and h.merged_into is null)

-- name: erased_keep_no_words
select 'erased_keep_no_words' as what, c.id::text as detail
from customer c
where c.erased_at is not null
  and (
    c.name <> ''
    or exists (select from customer_address a where a.customer_id = c.id)
    or exists (select from customer_contact t where t.customer_id = c.id and t.text <> '')
  )

-- name: facts_have_a_customer
select 'facts_have_a_customer' as what, f.kind || ' of ' || f.customer_id as detail
from (
  select 'address' as kind, customer_id from customer_address
  union all
  select 'consent', customer_id from customer_consent
  union all
  select 'contact', customer_id from customer_contact
) f
where not exists (select from customer c where c.id = f.customer_id)
