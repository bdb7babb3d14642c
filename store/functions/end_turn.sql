-- What was really sent, when (microseconds ago), and how far ahead the rate is used up; the rest is given back.
create or replace function end_turn(
  p_credential text, p_names text[], p_sent double precision[], p_ago_us double precision[], p_tat_in_us double precision,
  p_least_us double precision, p_unused uuid[]
) returns void language plpgsql as $$
declare
  b limit_buckets%rowtype;
  now_us double precision;
  j integer;
  i integer;
  sent double precision;
  steps bigint;
begin
  perform set_config('synchronous_commit', 'off', true);
  -- First: the next holder waits here until all of this is committed.
  now_us := epoch_us();
  update credentials set
    turn_until = null,
    least_us = least(p_least_us, least_us * power(2, least((now_us - least_at_us) / 600e6, 60))),
    least_at_us = case when p_least_us is null then least_at_us else now_us end
    where credential = p_credential;
  now_us := epoch_us();
  for b in select * from limit_buckets where credential = p_credential and held > 0 for update loop
    j := array_position(p_names, b.bucket);
    continue when j is null;
    sent := 0;
    steps := 0;
    if b.kind = 'window' then
      steps := floor(now_us / b.slice_us)::bigint - b.slice_no;
      b.slices := move_slices(b.slices, steps);
      b.slice_no := b.slice_no + greatest(steps, 0);
    end if;
    for i in 1 .. cardinality(p_ago_us) loop
      sent := sent + p_sent[i][j];
      if b.kind = 'window' then
        steps := least(greatest(b.slice_no - floor((now_us - p_ago_us[i]) / b.slice_us)::bigint, 0), 127);
        b.slices[steps + 1] := b.slices[steps + 1] + p_sent[i][j];
      end if;
    end loop;
    update limit_buckets set
      held = 0,
      tat_us = case when kind = 'rate' then greatest(tat_us, now_us + p_tat_in_us) else tat_us end,
      slices = b.slices,
      slice_no = b.slice_no,
      used = greatest(0, used - case when kind = 'quota' then b.held - sent else 0 end)
      where credential = p_credential and limit_buckets.bucket = b.bucket;
  end loop;
  if p_unused is not null then
    delete from leases where lease = any (p_unused);
  end if;
  perform pg_advisory_unlock(7305113, hashtext(own_key(p_credential)));
end $$;
