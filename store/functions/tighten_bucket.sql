-- What an answer told of one bucket; it only tightens. True when it changed something.
create or replace function tighten_bucket(p_credential text, p_bucket text, p_left double precision, p_resets_in_ms double precision)
returns boolean language plpgsql as $$
begin
  perform set_config('synchronous_commit', 'off', true);
  -- Every function locks the credential first: none can wait for another in a circle.
  perform from credentials where credential = p_credential for update;
  update limit_buckets set
    used = case when kind = 'quota' then greatest(used, cap - p_left) else used end,
    -- Nothing loosens: a reset that is told to come earlier is not believed.
    resets_us = case when kind = 'quota' and p_resets_in_ms is not null and p_left <= 0
      then greatest(resets_us, epoch_us() + p_resets_in_ms * 1000) else resets_us end,
    tat_us = case when kind = 'rate'
      then greatest(tat_us, epoch_us() + (burst - p_left) * period_us / cap) else tat_us end,
    slices = case when kind = 'window'
      then array[slices[1] + greatest(0, cap - p_left - (select sum(x) from unnest(slices) as x))] || slices[2:128]
      else slices end
    where credential = p_credential and bucket = p_bucket
      and case kind when 'quota' then cap - used > p_left
        when 'rate' then tat_us < epoch_us() + (burst - p_left) * period_us / cap
        when 'window' then cap - (select sum(x) from unnest(slices) as x) > p_left
        else false end;
  return found;
end $$;
