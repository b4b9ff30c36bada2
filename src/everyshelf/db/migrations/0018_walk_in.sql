-- Units kept for walk-ins by the time to the next delivery: the rule as data.

alter table stock_rule add column walk_in jsonb;

alter table stock_rule add constraint stock_rule_walk_in_is_object
  check (jsonb_typeof(walk_in) = 'object');
