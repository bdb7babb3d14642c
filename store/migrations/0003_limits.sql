-- Permits, several buckets per request: rate, windows, quotas, concurrency; all or nothing, on the database's clock.
-- Times inside are microseconds since the epoch: they are added and compared on every request.

drop function acquire_permit(text, text, bigint, integer, integer, uuid, integer);
drop function block_credential(text, text, double precision, text);

alter table credentials drop column tat;
alter table credentials
  -- How late requests of the fleet reached the wire, a maximum that halves every 30 s.
  add column late_us double precision not null default 0,
  add column late_at_us double precision not null default 0,
  -- Share of the declared speed: cut when the partner throttles, climbs back by itself.
  add column factor double precision not null default 1,
  add column factor_at timestamptz not null default '-infinity',
  -- Critical work waits for this credential: others keep to their share of the quotas until then.
  add column critical_until timestamptz,
  -- Shortest latency of an answer that the fleet saw; doubles every 10 min, should the way become longer.
  add column least_us double precision,
  add column least_at_us double precision,
  -- Who was refused a slot of the concurrency limit first, and when it last asked: the next slot is its.
  add column slot_asker uuid,
  add column slot_asked_at timestamptz,
  -- A turn is held until then; null: nobody sends. Left over when its holder died.
  add column turn_until timestamptz,
  -- What the partner said is left, where no declared bucket says so, until then.
  add column told_left double precision,
  add column told_until timestamptz;
alter table credentials set (fillfactor = 50);

create table limit_buckets (
  credential text not null,
  bucket text not null,
  kind text not null check (kind in ('rate', 'window', 'quota', 'concurrency')),
  -- Units per period as last used: declared, overridden or cut.
  cap double precision not null,
  period_us double precision,
  burst double precision,
  -- rate: GCRA's theoretical arrival time.
  tat_us double precision not null default 0,
  -- window: units per slice, the newest first; slice_no is the number of the newest, counted from the epoch.
  slices double precision[],
  slice_no bigint,
  slice_us bigint,
  -- quota: units used in this period, and those of its last moments, which the partner may count to the next one.
  used double precision not null default 0,
  carried double precision not null default 0,
  resets_us double precision,
  -- Units that the open turn may use.
  held double precision not null default 0,
  primary key (credential, bucket)
) with (fillfactor = 50);

-- Set by people while everything runs; the newest row that has not ended counts. Kept as history.
create table limit_overrides (
  override_id integer generated always as identity primary key,
  credential text not null,
  bucket text not null,
  cap double precision not null check (cap > 0),
  reason text not null,
  set_by text not null,
  set_at timestamptz not null default now(),
  expires_at timestamptz,
  ended_at timestamptz,
  ended_by text
);
create index limit_overrides_of on limit_overrides (credential, bucket) where ended_at is null;

-- Critical work under way and how many requests it will still make: Infinity where it cannot know. So many units of each
-- quota are kept for it. Ends by itself when nothing is heard of it any more.
create table critical_work (
  credential text not null,
  work text not null,
  left_units double precision not null,
  until timestamptz not null,
  primary key (credential, work)
);

create function epoch_us() returns double precision language sql volatile as $$
  select (extract(epoch from clock_timestamp()) * 1000000)::double precision
$$;

-- When the period that holds `p_at_us` ends. `p_unit`: hour, day, week (from Monday), month in the zone, or any other
-- text for periods of `p_period_us` counted from the epoch. `p_reset_at` shifts the beginning: 06:00 is a day from six to six.
create function quota_resets_us(p_at_us double precision, p_unit text, p_period_us double precision, p_reset_at interval, p_zone text)
returns double precision language sql stable as $$
  select case when p_unit in ('hour', 'day', 'week', 'month') then (
      select extract(epoch from (date_trunc(p_unit, local - p_reset_at) + ('1 ' || p_unit)::interval + p_reset_at) at time zone p_zone) * 1000000
        from (select to_timestamp(p_at_us / 1000000) at time zone p_zone as local) as here
    )::double precision
    else (floor((p_at_us - shift) / p_period_us) + 1) * p_period_us + shift end
    from (select extract(epoch from p_reset_at)::double precision * 1000000 as shift) as shifted
$$;

-- +5 % of the declared speed per 10 s without a throttled answer.
create function current_factor(p_factor double precision, p_factor_at timestamptz) returns double precision language sql stable as $$
  select case when p_factor >= 1 then 1
    else least(1, p_factor + greatest(0, extract(epoch from clock_timestamp() - p_factor_at))::double precision / 200) end
$$;

-- A window's slices moved on to the moment: what is older than all of them has left the window.
create function move_slices(p_slices double precision[], p_steps bigint) returns double precision[] language sql immutable as $$
  select case
    when p_slices is null or p_steps >= 128 then array_fill(0::double precision, array[128])
    when p_steps <= 0 then p_slices
    else array_fill(0::double precision, array[p_steps::integer]) || p_slices[1:(128 - p_steps)::integer] end
$$;

-- Leave to send the first `granted` of n requests, or the milliseconds to wait for the first one and why.
--   p_buckets  [{name, kind, cap, periodUs, burst, sliceUs, unit, resetAt, zone, guardUs}], in the order of p_charges
--   p_charges  n x buckets: units that each request takes of each bucket
--   p_shares   n: the share of a quota that the request's lane may use while critical work waits
--   p_leases   n: one for each request's slot of the concurrency limit; null without one
--   p_asker    the process, so that each gets slots of a concurrency limit in its turn
--   p_late_us  the asker's own lateness from asking to the wire; p_most_late_us what the buckets can bear
--   p_works    critical work among the requests, and p_lefts how many requests it will still make
--   p_ahead_us null: for now, to be on the wire within `valid_ms`. Else a held turn: for slots up to so far ahead.
-- `down`: the partner does not answer, so nobody sends. `probe`: the one request granted is to find out whether it does
-- again (0004_circuit.sql); whoever does not send it says so with circuit_abandon.
create function take_permits(
  p_credential text, p_partner text, p_buckets jsonb, p_charges double precision[], p_shares double precision[],
  p_critical boolean, p_leases uuid[], p_freed uuid[], p_lease_ms integer,
  p_asker uuid, p_late_us double precision, p_most_late_us double precision, p_ahead_us double precision,
  p_works text[] default null, p_lefts double precision[] default null,
  out granted integer, out wait_ms double precision, out cause text,
  out valid_ms double precision, out period_us double precision, out tat_in_us double precision, out least_us double precision,
  out probe integer, out down boolean
) language plpgsql as $$
declare
  cred credentials%rowtype;
  spec record;
  b limit_buckets%rowtype;
  states limit_buckets[] := '{}';
  guards double precision[] := '{}';
  n integer := cardinality(p_shares);
  j integer := 0;
  fit integer;
  now_us double precision;
  late double precision;
  speed double precision;
  most double precision;
  taken double precision;
  room double precision;
  share double precision;
  start_us double precision;
  wait double precision;
  slice bigint;
  counted integer;
  follows boolean;
  relaxed boolean;
  gate record;
  reserve double precision := 0;
begin
  -- A permit that a crash of the server forgets does no harm; waiting for the disk on each request would.
  perform set_config('synchronous_commit', 'off', true);
  granted := 0;
  wait_ms := 0;
  if p_freed is not null then
    delete from leases where lease = any (p_freed);
    perform pg_notify('syncline_slots', p_credential);
  end if;
  select * into cred from credentials where credential = p_credential for update;
  if not found then
    insert into credentials (credential, partner) values (p_credential, p_partner) on conflict do nothing;
    select * into cred from credentials where credential = p_credential for update;
  end if;
  now_us := epoch_us();
  if cred.blocked_until > clock_timestamp() then
    wait_ms := extract(epoch from cred.blocked_until - clock_timestamp()) * 1000;
    cause := coalesce(cred.blocked_reason, 'blocked');
    return;
  end if;
  if cred.turn_until is not null then
    if p_ahead_us is null then
      -- Definitions of one credential may differ in how they send; who holds the turn goes first.
      if cred.turn_until > clock_timestamp() then
        wait_ms := 20;
        cause := 'turn';
        return;
      end if;
    end if;
    -- Its holder died: all it might have sent counts as arriving now, or a little later where the partner is slow to read.
    perform abandon_turn(p_credential, now_us + 50000);
  end if;

  least_us := cred.least_us * power(2, least((now_us - cred.least_at_us) / 600e6, 60));
  late := greatest(coalesce(p_late_us, 0), cred.late_us * power(0.5, least((now_us - cred.late_at_us) / 30e6, 60)));
  valid_ms := least(p_most_late_us, greatest(20000, late * 1.5)) / 1000;
  speed := current_factor(cred.factor, cred.factor_at);
  if p_critical then
    cred.critical_until := clock_timestamp() + interval '30 seconds';
  end if;
  if p_works is not null then
    insert into critical_work select p_credential, w, l, clock_timestamp() + interval '30 seconds' from unnest(p_works, p_lefts) as t (w, l)
      on conflict (credential, work) do update set left_units = excluded.left_units, until = excluded.until;
  end if;
  relaxed := cred.critical_until is null or cred.critical_until < clock_timestamp();
  granted := n;

  if cred.told_until > clock_timestamp() and cred.told_left < n then
    granted := floor(greatest(cred.told_left, 0));
    if granted = 0 then
      wait_ms := extract(epoch from cred.told_until - clock_timestamp()) * 1000;
      cause := 'what the partner says is left';
    end if;
  end if;

  for spec in
    select s.*, o.cap as overridden
      from jsonb_to_recordset(p_buckets) as s(
        name text, kind text, cap double precision, "periodUs" double precision, burst double precision, "sliceUs" bigint,
        unit text, "resetAt" interval, zone text, "guardUs" double precision)
      left join lateral (
        select r.cap from limit_overrides as r
          where r.credential = p_credential and r.bucket = s.name and r.ended_at is null
            and (r.expires_at is null or r.expires_at > clock_timestamp())
          order by r.override_id desc limit 1
      ) as o on true
  loop
    j := j + 1;
    select * into b from limit_buckets where credential = p_credential and limit_buckets.bucket = spec.name;
    b.credential := p_credential;
    b.bucket := spec.name;
    b.kind := spec.kind;
    b.tat_us := coalesce(b.tat_us, 0);
    b.burst := spec.burst;
    b.period_us := spec."periodUs";
    most := coalesce(spec.overridden, spec.cap);
    share := null;
    wait := 0;
    if spec.kind = 'rate' then
      most := most * speed;
      -- From here on the time of one unit.
      period_us := spec."periodUs" / most;
      start_us := greatest(now_us, b.tat_us);
      if p_ahead_us is null then
        -- What is late by valid_ms must still find room: the burst pays for it.
        taken := greatest(spec.burst * period_us - valid_ms * 1000, p_charges[1][j] * period_us);
        room := (now_us + taken - start_us) / period_us;
      else
        taken := greatest(spec.burst - least(1, (spec.burst - 1) / 2), p_charges[1][j]) * period_us;
        room := (now_us + p_ahead_us + taken - start_us) / period_us;
        tat_in_us := b.tat_us - now_us;
      end if;
      wait := start_us + p_charges[1][j] * period_us - taken - now_us;
      -- Worth holding the turn for.
      if p_ahead_us is not null and wait <= 1000000 then
        room := greatest(room, p_charges[1][j]);
      end if;
    elsif spec.kind = 'window' then
      most := greatest(most * speed, 1);
      if b.slice_us is distinct from spec."sliceUs" then
        -- Another length: all that was counted counts as sent now.
        b.slices := array[coalesce((select sum(x) from unnest(b.slices) as x), 0)]
          || array_fill(0::double precision, array[127]);
        b.slice_us := spec."sliceUs";
        b.slice_no := floor(now_us / spec."sliceUs");
      end if;
      slice := floor(now_us / spec."sliceUs");
      b.slices := move_slices(b.slices, slice - b.slice_no);
      b.slice_no := greatest(slice, b.slice_no);
      start_us := now_us - spec."periodUs" - spec."guardUs"
        - case when p_ahead_us is null then valid_ms * 1000 else 0 end;
      counted := least(128, b.slice_no - floor(start_us / spec."sliceUs")::bigint + 1);
      taken := (select coalesce(sum(x), 0) from unnest(b.slices[1:counted]) as x);
      room := most - taken;
      if room < p_charges[1][j] then
        while counted > 1 and room < p_charges[1][j] loop
          room := room + b.slices[counted];
          counted := counted - 1;
        end loop;
        wait := (b.slice_no - counted + 1) * spec."sliceUs" - start_us;
        room := 0;
      end if;
    elsif spec.kind = 'quota' then
      if b.resets_us is null or now_us >= b.resets_us + spec."guardUs" then
        follows := b.resets_us is not null
          and quota_resets_us(b.resets_us + 1000, spec.unit, spec."periodUs", spec."resetAt", spec.zone) > now_us;
        b.used := case when follows then b.carried else 0 end;
        b.carried := 0;
        b.resets_us := quota_resets_us(now_us - spec."guardUs", spec.unit, spec."periodUs", spec."resetAt", spec.zone);
      end if;
      if not relaxed then
        share := p_shares[1];
        reserve := (select coalesce(sum(w.left_units), 0) from critical_work as w
          where w.credential = p_credential and w.until > clock_timestamp());
      end if;
      room := most - b.used;
      if room < p_charges[1][j] then
        wait := b.resets_us + spec."guardUs" - now_us;
      elsif share < 1 and least(most * share, most - reserve) - b.used < p_charges[1][j] then
        -- Critical work may end at any time, and says so.
        wait := least(b.resets_us + spec."guardUs" - now_us, 1000000);
        room := least(most * share, most - reserve) - b.used;
      end if;
    else
      delete from leases where credential = p_credential and expires_at < clock_timestamp();
      room := most - (select count(*) from leases where credential = p_credential);
      if cred.slot_asker <> p_asker and cred.slot_asked_at > clock_timestamp() - interval '100 milliseconds' then
        room := room - 1;
      end if;
      if room < 1 then
        wait := 15000;
        update credentials set slot_asker = p_asker, slot_asked_at = clock_timestamp()
          where credential = p_credential
            and (slot_asker = p_asker or slot_asked_at is null or slot_asked_at < clock_timestamp() - interval '100 milliseconds');
      elsif cred.slot_asker = p_asker then
        update credentials set slot_asker = null, slot_asked_at = null where credential = p_credential;
      end if;
    end if;
    b.cap := most;
    b.used := coalesce(b.used, 0);
    b.carried := coalesce(b.carried, 0);
    states := states || b;
    guards := guards || spec."guardUs";

    fit := 0;
    taken := 0;
    while fit < granted loop
      taken := taken + p_charges[fit + 1][j];
      exit when taken > room + 1e-6
        or share is not null and p_shares[fit + 1] < 1
          and taken > least(most * p_shares[fit + 1], most - reserve) - b.used + 1e-6;
      fit := fit + 1;
    end loop;
    granted := fit;
    if fit = 0 and greatest(wait, 1) / 1000 > wait_ms then
      wait_ms := greatest(wait, 1) / 1000;
      cause := case when share is not null and room < most - b.used
        then spec.name || ': what is left is kept for critical work' else spec.name end;
    end if;
  end loop;

  if granted = 0 then
    -- Who waits critically must be known to the others all the same.
    if p_critical or late > cred.late_us then
      update credentials set critical_until = cred.critical_until, late_us = late, late_at_us = now_us
        where credential = p_credential;
    end if;
    return;
  end if;
  wait_ms := 0;
  cause := null;
  -- Last, when nothing else refuses, and with nothing written yet: a probe given is a lease taken.
  select * into gate from circuit_gate(p_credential);
  if gate.wait_ms > 0 then
    granted := 0;
    wait_ms := gate.wait_ms;
    cause := gate.cause;
    down := true;
    return;
  end if;
  probe := gate.probe;
  if probe is not null then
    granted := 1;
  end if;
  for j in 1 .. cardinality(states) loop
    b := states[j];
    continue when b.kind = 'concurrency';
    taken := 0;
    for fit in 1 .. granted loop
      taken := taken + p_charges[fit][j];
    end loop;
    b.held := case when p_ahead_us is null then 0 else taken end;
    if b.kind = 'quota' then
      b.used := b.used + taken;
      -- The partner's clock may differ from ours by the guard, and a request may arrive late.
      if now_us >= b.resets_us - valid_ms * 1000 - guards[j] then
        b.carried := b.carried + taken;
      end if;
    elsif p_ahead_us is null then
      if b.kind = 'rate' then
        b.tat_us := greatest(now_us, b.tat_us) + taken * b.period_us / b.cap;
      else
        b.slices[1] := b.slices[1] + taken;
      end if;
    end if;
    insert into limit_buckets values (b.*)
      on conflict (credential, bucket) do update set
        kind = excluded.kind, cap = excluded.cap, period_us = excluded.period_us, burst = excluded.burst,
        tat_us = excluded.tat_us, slices = excluded.slices, slice_no = excluded.slice_no, slice_us = excluded.slice_us,
        used = excluded.used, carried = excluded.carried, resets_us = excluded.resets_us, held = excluded.held;
  end loop;
  if p_leases is not null then
    insert into leases (credential, lease, expires_at)
      select p_credential, unnest(p_leases[1:granted]), clock_timestamp() + p_lease_ms * interval '1 millisecond';
  end if;
  if p_ahead_us is not null or p_critical or cred.told_until > clock_timestamp() or late > cred.late_us
    or now_us - cred.late_at_us > 10e6
  then
    update credentials set
      critical_until = cred.critical_until,
      late_us = late,
      late_at_us = now_us,
      told_left = told_left - granted,
      -- Long enough for the first slot and all that may follow; a holder that hangs longer is put out.
      turn_until = case when p_ahead_us is null then null else clock_timestamp() + interval '3 seconds' end
      where credential = p_credential;
  end if;
end $$;

-- Critical work is done: what was kept for it is free at once.
create function end_critical_work(p_credential text, p_work text) returns void language sql as $$
  delete from critical_work where credential = p_credential and (work = p_work or until < clock_timestamp());
  update credentials set critical_until = null
    where credential = p_credential and not exists (select from critical_work where credential = p_credential);
$$;

create function abandon_turn(p_credential text, p_now_us double precision) returns void language sql as $$
  update limit_buckets set
    tat_us = case when kind = 'rate'
      then greatest(tat_us, least(greatest(tat_us, p_now_us) + held * period_us / cap, p_now_us + burst * period_us / cap))
      else tat_us end,
    slices = case when kind = 'window' then array[slices[1] + held] || slices[2:128] else slices end,
    held = 0
    where credential = p_credential and held > 0;
  update credentials set turn_until = null where credential = p_credential;
$$;

-- A turn: one process at a time sends with the credential. Waits for it (lock_timeout bounds that), then takes permits for
-- slots ahead; without any the turn is over at once. The lock belongs to the connection, so it ends with its owner.
create function begin_turn(
  p_credential text, p_partner text, p_buckets jsonb, p_charges double precision[], p_shares double precision[],
  p_critical boolean, p_leases uuid[], p_freed uuid[], p_lease_ms integer,
  p_asker uuid, p_late_us double precision, p_most_late_us double precision, p_ahead_us double precision,
  p_works text[] default null, p_lefts double precision[] default null,
  out granted integer, out wait_ms double precision, out cause text,
  out valid_ms double precision, out period_us double precision, out tat_in_us double precision, out least_us double precision,
  out probe integer, out down boolean
) language plpgsql as $$
begin
  perform pg_advisory_lock(7305113, hashtext(p_credential));
  select * into granted, wait_ms, cause, valid_ms, period_us, tat_in_us, least_us, probe, down
    from take_permits(p_credential, p_partner, p_buckets, p_charges, p_shares, p_critical, p_leases, p_freed,
      p_lease_ms, p_asker, p_late_us, p_most_late_us, p_ahead_us, p_works, p_lefts);
  if granted = 0 then
    perform pg_advisory_unlock(7305113, hashtext(p_credential));
  end if;
end $$;

-- What was really sent, when (microseconds ago), and how far ahead the rate is used up; the rest is given back.
create function end_turn(
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
  perform pg_advisory_unlock(7305113, hashtext(p_credential));
end $$;

-- Ends the connection of a holder that hangs beyond its time. True when there was one.
create function evict_turn(p_credential text) returns boolean language plpgsql as $$
begin
  if not exists (select from credentials where credential = p_credential and turn_until < clock_timestamp()) then
    return false;
  end if;
  perform pg_terminate_backend(pid) from pg_locks
    where locktype = 'advisory' and granted and objsubid = 2 and classid = 7305113
      and objid = (hashtext(p_credential)::bigint & 4294967295)::oid
      and database = (select oid from pg_database where datname = current_database());
  return found;
end $$;

-- Nobody sends before the end of the wait; a longer one stays. `p_cut`: also slow down, once for all that were refused together.
create function block_credential(p_credential text, p_partner text, p_wait_ms double precision, p_reason text, p_cut boolean)
returns timestamptz language sql as $$
  insert into credentials (credential, partner, blocked_until, blocked_reason, factor, factor_at)
  values (p_credential, p_partner, clock_timestamp() + p_wait_ms * interval '1 millisecond', p_reason,
    case when p_cut then 0.7 else 1 end, clock_timestamp() + p_wait_ms * interval '1 millisecond')
  on conflict (credential) do update
    set blocked_until = greatest(credentials.blocked_until, excluded.blocked_until),
      blocked_reason = case when credentials.blocked_until > excluded.blocked_until
        then credentials.blocked_reason else excluded.blocked_reason end,
      factor = case when p_cut and credentials.factor_at < clock_timestamp() - interval '1 second'
        then greatest(0.1, current_factor(credentials.factor, credentials.factor_at) * 0.7) else credentials.factor end,
      factor_at = case when p_cut and credentials.factor_at < clock_timestamp() - interval '1 second'
        then excluded.factor_at else credentials.factor_at end
  returning blocked_until
$$;

-- What an answer told of one bucket; it only tightens. True when it changed something.
create function tighten_bucket(p_credential text, p_bucket text, p_left double precision, p_resets_in_ms double precision)
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

-- What is left of a limit that no bucket declares, as the partner tells it.
create function note_told(p_credential text, p_partner text, p_left double precision, p_resets_in_ms double precision)
returns void language sql as $$
  insert into credentials (credential, partner, told_left, told_until)
  values (p_credential, p_partner, p_left, clock_timestamp() + p_resets_in_ms * interval '1 millisecond')
  on conflict (credential) do update
    set told_left = case when credentials.told_until > clock_timestamp()
        then least(credentials.told_left, excluded.told_left) else excluded.told_left end,
      told_until = case when credentials.told_until > clock_timestamp()
        then greatest(credentials.told_until, excluded.told_until) else excluded.told_until end
$$;

-- Units that a request really cost, less those it was charged with.
create function settle_cost(p_credential text, p_buckets text[], p_units double precision) returns void language plpgsql as $$
begin
  perform set_config('synchronous_commit', 'off', true);
  perform from credentials where credential = p_credential for update;
  update limit_buckets set
    used = case when kind = 'quota' then greatest(0, used + p_units) else used end,
    tat_us = case when kind = 'rate' then tat_us + p_units * period_us / cap else tat_us end,
    slices = case when kind = 'window' then array[greatest(0, slices[1] + p_units)] || slices[2:128] else slices end
    where credential = p_credential and bucket = any (p_buckets);
end $$;
