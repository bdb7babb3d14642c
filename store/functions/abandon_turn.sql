-- The holder of a turn died, and nobody knows what it sent: all it might have sent counts as sent at `p_now_us`.
create or replace function abandon_turn(p_credential text, p_now_us double precision) returns void language sql as $$
  update limit_buckets set
    tat_us = case when kind = 'rate'
      then greatest(tat_us, least(greatest(tat_us, p_now_us) + held * period_us / cap, p_now_us + burst * period_us / cap))
      else tat_us end,
    slices = case when kind = 'window' then array[slices[1] + held] || slices[2:128] else slices end,
    held = 0
    where credential = p_credential and held > 0;
  update credentials set turn_until = null where credential = p_credential;
$$;
