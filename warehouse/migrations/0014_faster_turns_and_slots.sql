-- As in 0012, but the rate's theoretical arrival time is told as it is when the answer leaves: what the permits took is no
-- part of the way.
create or replace function begin_turn(
  p_credential text, p_partner text, p_buckets jsonb, p_charges double precision[], p_shares double precision[],
  p_critical boolean, p_leases uuid[], p_freed uuid[], p_lease_ms integer,
  p_asker uuid, p_late_us double precision, p_most_late_us double precision, p_ahead_us double precision,
  p_works text[] default null, p_lefts double precision[] default null,
  out granted integer, out wait_ms double precision, out cause text,
  out valid_ms double precision, out period_us double precision, out tat_in_us double precision, out least_us double precision,
  out probe integer, out down boolean
) language plpgsql as $$
begin
  perform pg_advisory_lock(7305113, hashtext(own_key(p_credential)));
  select * into granted, wait_ms, cause, valid_ms, period_us, tat_in_us, least_us, probe, down
    from take_permits(p_credential, p_partner, p_buckets, p_charges, p_shares, p_critical, p_leases, p_freed,
      p_lease_ms, p_asker, p_late_us, p_most_late_us, p_ahead_us, p_works, p_lefts);
  if granted = 0 then
    perform pg_advisory_unlock(7305113, hashtext(own_key(p_credential)));
  elsif tat_in_us is not null then
    tat_in_us := (select tat_us from limit_buckets where credential = p_credential and bucket = 'rate') - epoch_us();
  end if;
end $$;

-- Who frees slots mostly takes them again with the same question: the asker tells the others of those that are left (PermitCalls).
-- Whoever has slots does not claim the next one, or those without any would never get it; it asks as nobody. Who waits asks less
-- often now: a claim lasts longer, and when it is fulfilled the others are told, for one of them may have the next one.
do $$
declare
  source text := pg_get_functiondef('take_permits'::regproc);
  change record;
begin
  for change in select * from (values
    ('perform pg_notify(''syncline_slots'', p_credential);', ''),
    ('and (slot_asker = p_asker or slot_asked_at is null',
      'and p_asker <> ''00000000-0000-0000-0000-000000000000'' and (slot_asker = p_asker or slot_asked_at is null'),
    ('interval ''100 milliseconds''', 'interval ''250 milliseconds'''),
    ('set slot_asker = null, slot_asked_at = null where credential = p_credential;',
      'set slot_asker = null, slot_asked_at = null where credential = p_credential; perform pg_notify(''syncline_slots'', p_credential);')
  ) as changes (before, after) loop
    if position(change.before in source) = 0 then
      raise exception 'take_permits is not as 0003_limits.sql made it: %', change.before;
    end if;
    source := replace(source, change.before, change.after);
  end loop;
  execute source;
end $$;
