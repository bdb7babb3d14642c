-- The circuit of a credential: when most calls fail nobody calls, then one probe of the whole fleet, then all again.
-- Twin of core/circuit.ts. One function per step, not a transaction over several round trips: a process that is stopped
-- in the middle of one would hold the row, and with it every probe.

create table circuits (
  credential text primary key,
  partner text not null,
  state text not null check (state in ('closed', 'open', 'probing')),
  -- Not closed: when the trouble began.
  since timestamptz not null,
  -- Open: nobody calls before. Probing: the end of the probe's lease.
  until timestamptz,
  lease_ms double precision not null,
  probe integer not null,
  good_probes integer not null,
  strikes integer not null,
  streak integer not null,
  -- Number of the current period since 1970; its counts and those of the one before.
  period bigint not null,
  ok integer not null,
  failed integer not null,
  ok_before integer not null,
  failed_before integer not null,
  tokens double precision not null,
  -- Since the first failure after a quiet time.
  calls bigint not null,
  failures bigint not null,
  last_failure_at timestamptz not null,
  last_error text not null
) with (fillfactor = 50);

-- May a call go out? `wait_ms` 0: yes; `probe` not null: as a probe under this number, and as a single one. To be called by
-- what gives permits when nothing else refuses and before it writes anything: a probe given is a lease taken. A credential
-- without a row, or closed, costs one look into the index, no lock and no write.
create function circuit_gate(
  p_credential text, p_now timestamptz default clock_timestamp(),
  out wait_ms double precision, out cause text, out probe integer
) language plpgsql as $$
declare
  c circuits%rowtype;
  left_ms double precision;
begin
  wait_ms := 0;
  select * into c from circuits where credential = p_credential and state <> 'closed';
  if not found then return; end if;
  if c.until <= p_now then
    -- Again under the lock: of all who find it due, one gets the probe.
    select * into c from circuits where credential = p_credential and state <> 'closed' for update;
    if not found then return; end if;
    if c.until <= p_now then
      perform set_config('synchronous_commit', 'off', true);
      probe := c.probe + 1;
      update circuits set state = 'probing', probe = c.probe + 1, until = p_now + c.lease_ms * interval '1 millisecond'
        where credential = p_credential;
      return;
    end if;
  end if;
  left_ms := extract(epoch from c.until - p_now) * 1000;
  wait_ms := case c.state when 'open' then left_ms else least(left_ms, greatest(250, c.lease_ms - left_ms)) end;
  cause := c.last_error;
end $$;

create function circuit_jitter(p_longest_ms double precision, p_random double precision)
returns double precision language sql immutable as $$
  select ceil(p_longest_ms / 2 + (p_random * p_longest_ms) / 2)
$$;

-- What became of some calls: `p_ok` went well, the last of them `p_ok_ago_ms` ago; `p_error` is one that failed, null: none. Returns how long
-- who failed stays away at least (0: its own backoff decides), and since when there is trouble. Success of a credential
-- without trouble writes nothing.
create function circuit_report(
  p_credential text, p_partner text, p_settings jsonb,
  p_ok integer, p_ok_ago_ms double precision, p_error text, p_after_ms double precision default 0, p_probe integer default null,
  p_now timestamptz default clock_timestamp(), p_random double precision default random(),
  out state text, out wait_ms double precision, out since timestamptz
) language plpgsql as $$
#variable_conflict use_column
declare
  c circuits%rowtype;
  window_ms double precision := p_settings ->> 'windowMs';
  cap_ms double precision := p_settings ->> 'capMs';
  quiet_before timestamptz := p_now - window_ms * interval '1 millisecond';
  now_ms double precision := extract(epoch from p_now) * 1000;
  current bigint := floor(now_ms / window_ms);
  bad boolean := false;
  covered double precision;
  failed_lately double precision;
  calls_lately double precision;
  failed_at timestamptz;
begin
  wait_ms := 0;
  if p_error is null then
    select * into c from circuits where credential = p_credential
      and (state <> 'closed' or greatest(last_failure_at, since) > quiet_before);
    if not found then
      state := 'closed';
      return;
    end if;
  end if;
  perform set_config('synchronous_commit', 'off', true);
  if p_error is not null then
    insert into circuits values (p_credential, p_partner, 'closed', '-infinity', null,
      0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '-infinity', '') on conflict do nothing;
  end if;
  select * into c from circuits where credential = p_credential for update;
  if c.state = 'closed' and greatest(c.last_failure_at, c.since) <= quiet_before then
    if p_error is null then
      state := 'closed';
      return;
    end if;
    c := (p_credential, p_partner, 'closed', p_now, null, 0, c.probe, 0, 0, 0, current, 0, 0, 0, 0,
      (p_settings ->> 'retries')::double precision, 0, 0, p_now, '')::circuits;
  end if;

  failed_at := c.last_failure_at;
  c.partner := p_partner;
  c.lease_ms := p_settings ->> 'leaseMs';
  c.calls := c.calls + p_ok + (p_error is not null)::integer;
  if p_error is not null then
    c.failures := c.failures + 1;
    c.last_failure_at := p_now;
    c.last_error := left(p_error, 500);
  end if;

  if c.state = 'closed' then
    if c.period <> current then
      c.ok_before := case when c.period = current - 1 then c.ok else 0 end;
      c.failed_before := case when c.period = current - 1 then c.failed else 0 end;
      c.ok := 0;
      c.failed := 0;
      c.period := current;
    end if;
    c.ok := c.ok + p_ok;
    c.failed := c.failed + (p_error is not null)::integer;
    -- Successes are told together and late: only one that came after the last failure ends the streak.
    c.streak := (p_error is not null)::integer
      + case when p_ok > 0 and p_now - p_ok_ago_ms * interval '1 millisecond' > failed_at then 0 else c.streak end;
    c.tokens := least((p_settings ->> 'retries')::double precision,
      c.tokens + p_ok * (p_settings ->> 'refund')::double precision);
    if p_error is not null then
      covered := 1 - (now_ms - current * window_ms) / window_ms;
      failed_lately := c.failed + c.failed_before * covered;
      calls_lately := failed_lately + c.ok + c.ok_before * covered;
      bad := c.streak >= (p_settings ->> 'streak')::integer
        or (calls_lately >= (p_settings ->> 'minCalls')::double precision
          and failed_lately >= (p_settings ->> 'share')::double precision * calls_lately);
      if bad then
        c.since := p_now;
      elsif c.tokens >= 1 then
        c.tokens := c.tokens - 1;
      else
        wait_ms := circuit_jitter(cap_ms, p_random);
      end if;
    end if;
  elsif c.state = 'probing' and p_probe = c.probe then
    -- Of the calls that end while it is not closed only the probe says something about now.
    if p_error is not null then
      bad := true;
    else
      c.good_probes := c.good_probes + 1;
      if c.good_probes < (p_settings ->> 'probes')::integer then
        c.state := 'open';
        c.until := p_now;
      else
        -- The strikes stay: who fails again right after closing is left alone for longer.
        c := (p_credential, p_partner, 'closed', p_now, null, c.lease_ms, c.probe, 0, c.strikes, 0, current, 0, 0, 0, 0,
          c.tokens, c.calls, c.failures, c.last_failure_at, c.last_error)::circuits;
      end if;
    end if;
  end if;

  if bad then
    c.state := 'open';
    c.strikes := c.strikes + 1;
    c.good_probes := 0;
    c.until := p_now + interval '1 millisecond' * greatest(ceil(p_after_ms), circuit_jitter(
      least(cap_ms, (p_settings ->> 'baseMs')::double precision * 2 ^ least(c.strikes - 1, 30)), p_random));
  end if;
  update circuits set partner = c.partner, state = c.state, since = c.since, until = c.until, lease_ms = c.lease_ms,
      good_probes = c.good_probes, strikes = c.strikes, streak = c.streak, period = c.period, ok = c.ok,
      failed = c.failed, ok_before = c.ok_before, failed_before = c.failed_before, tokens = c.tokens, calls = c.calls,
      failures = c.failures, last_failure_at = c.last_failure_at, last_error = c.last_error
    where credential = p_credential;
  state := c.state;
  since := c.since;
  if p_error is not null and c.state <> 'closed' then
    wait_ms := greatest(0, extract(epoch from c.until - p_now) * 1000);
  end if;
end $$;

-- A probe that was given and not sent: the next one may have it at once.
create function circuit_abandon(p_credential text, p_probe integer, p_now timestamptz default clock_timestamp())
returns void language sql as $$
  update circuits set state = 'open', until = p_now
    where credential = p_credential and state = 'probing' and probe = p_probe
$$;
