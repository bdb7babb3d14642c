-- Permits: leave to send one request now, decided on the database's clock, all or nothing, in one round trip.

create table credentials (
  credential text primary key,
  partner text not null,
  -- Nobody sends before this.
  blocked_until timestamptz,
  blocked_reason text,
  -- GCRA's theoretical arrival time.
  tat timestamptz
);

create table leases (
  credential text not null,
  lease uuid primary key,
  expires_at timestamptz not null
);
create index leases_of on leases (credential, expires_at);

-- Returns the milliseconds to wait, 0 when the permit is granted. `p_period_us` null: no rate; `p_concurrency` null: no cap.
-- GCRA: allow iff max(now, TAT) + T - now <= burst * T; a refused request leaves TAT alone, so nothing is reserved
-- for the future and a permit belongs to the moment of sending.
create function acquire_permit(
  p_credential text, p_partner text, p_period_us bigint, p_burst integer,
  p_concurrency integer, p_lease uuid, p_lease_ms integer,
  out wait_ms double precision, out cause text
) language plpgsql as $$
declare
  row_ credentials%rowtype;
  now_ timestamptz;
  period interval := p_period_us * interval '1 microsecond';
  next_tat timestamptz;
begin
  -- Without a limit of its own only a block counts: reading it takes no lock and writes nothing.
  if p_period_us is null and p_concurrency is null then
    wait_ms := 0;
    select extract(epoch from blocked_until - clock_timestamp()) * 1000, coalesce(blocked_reason, 'blocked')
      into wait_ms, cause
      from credentials where credential = p_credential and blocked_until > clock_timestamp();
    wait_ms := coalesce(wait_ms, 0);
    return;
  end if;
  -- A permit that a crash of the server forgets does no harm; waiting for the disk on each request would.
  perform set_config('synchronous_commit', 'off', true);
  select * into row_ from credentials where credential = p_credential for update;
  if not found then
    insert into credentials (credential, partner) values (p_credential, p_partner) on conflict do nothing;
    select * into row_ from credentials where credential = p_credential for update;
  end if;
  now_ := clock_timestamp();
  wait_ms := 0;
  if row_.blocked_until > now_ then
    wait_ms := extract(epoch from row_.blocked_until - now_) * 1000;
    cause := coalesce(row_.blocked_reason, 'blocked');
    return;
  end if;
  if p_concurrency is not null then
    delete from leases where credential = p_credential and expires_at < now_;
    if (select count(*) from leases where credential = p_credential) >= p_concurrency then
      wait_ms := 25;
      cause := 'concurrency';
      return;
    end if;
  end if;
  if p_period_us is not null then
    next_tat := greatest(now_, row_.tat) + period;
    if next_tat - now_ > p_burst * period then
      wait_ms := extract(epoch from next_tat - now_ - p_burst * period) * 1000;
      cause := 'rate';
      return;
    end if;
    update credentials set tat = next_tat where credential = p_credential;
  end if;
  if p_concurrency is not null then
    insert into leases (credential, lease, expires_at)
    values (p_credential, p_lease, now_ + p_lease_ms * interval '1 millisecond');
  end if;
end $$;

create function block_credential(p_credential text, p_partner text, p_wait_ms double precision, p_reason text)
returns timestamptz language sql as $$
  insert into credentials (credential, partner, blocked_until, blocked_reason)
  values (p_credential, p_partner, clock_timestamp() + p_wait_ms * interval '1 millisecond', p_reason)
  on conflict (credential) do update
    set blocked_until = greatest(credentials.blocked_until, excluded.blocked_until),
      blocked_reason = case when credentials.blocked_until > excluded.blocked_until
        then credentials.blocked_reason else excluded.blocked_reason end
  returning blocked_until
$$;
