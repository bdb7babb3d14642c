-- Units that a request really cost, less those it was charged with.
create or replace function settle_cost(p_credential text, p_buckets text[], p_units double precision) returns void language plpgsql as $$
begin
  perform set_config('synchronous_commit', 'off', true);
  perform from credentials where credential = p_credential for update;
  update limit_buckets set
    used = case when kind = 'quota' then greatest(0, used + p_units) else used end,
    tat_us = case when kind = 'rate' then tat_us + p_units * period_us / cap else tat_us end,
    slices = case when kind = 'window' then array[greatest(0, slices[1] + p_units)] || slices[2:128] else slices end
    where credential = p_credential and bucket = any (p_buckets);
end $$;
