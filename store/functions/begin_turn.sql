-- A turn: one process at a time sends with the credential. Waits for it (lock_timeout bounds that), then takes permits for
-- slots ahead; without any the turn is over at once. The lock belongs to the connection, so it ends with its owner.
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
    -- As it is when the answer leaves: the time that the permits took is no part of the way.
    tat_in_us := (select tat_us from limit_buckets where credential = p_credential and bucket = 'rate') - epoch_us();
  end if;
end $$;
