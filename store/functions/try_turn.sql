-- A turn on a connection that holds other credentials' turns as well: nobody waits on it, for all of them would wait. As begin_turn;
-- where another connection has the turn it says so at once. The lock is taken twice meanwhile: begin_turn takes its own.
create or replace function try_turn(
  p_credential text, p_partner text, p_buckets jsonb, p_charges double precision[], p_shares double precision[],
  p_critical boolean, p_leases uuid[], p_freed uuid[], p_lease_ms integer,
  p_asker uuid, p_late_us double precision, p_most_late_us double precision, p_ahead_us double precision,
  p_works text[] default null, p_lefts double precision[] default null,
  out granted integer, out wait_ms double precision, out cause text,
  out valid_ms double precision, out period_us double precision, out tat_in_us double precision, out least_us double precision,
  out probe integer, out down boolean
) language plpgsql as $$
declare
  key integer := hashtext(own_key(p_credential));
begin
  if not pg_try_advisory_lock(7305113, key) then
    granted := 0;
    wait_ms := 0;
    cause := 'turn taken';
    return;
  end if;
  begin
    select * into granted, wait_ms, cause, valid_ms, period_us, tat_in_us, least_us, probe, down
      from begin_turn(p_credential, p_partner, p_buckets, p_charges, p_shares, p_critical, p_leases, p_freed,
        p_lease_ms, p_asker, p_late_us, p_most_late_us, p_ahead_us, p_works, p_lefts);
  exception when others then
    -- Locks of a session outlive what is rolled back.
    perform pg_advisory_unlock(7305113, key), pg_advisory_unlock(7305113, key);
    raise;
  end;
  perform pg_advisory_unlock(7305113, key);
end $$;
