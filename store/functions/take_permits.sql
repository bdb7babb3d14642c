-- Permits for several limits per request (rate, windows, quotas, concurrency): all or nothing, on the database's clock.
--
-- Leave to send the first `granted` of n requests, or the milliseconds to wait for the first one and why.
--   p_buckets  [{name, kind, cap, periodUs, burst, sliceUs, unit, resetAt, zone, guardUs}], in the order of p_charges
--   p_charges  n x buckets: units that each request takes of each bucket
--   p_shares   n: the share of a quota that the request's lane may use while critical work waits
--   p_leases   n: one for each request's slot of the concurrency limit; null without one
--   p_asker    the process, so that each gets slots of a concurrency limit in its turn; the nil UUID when it has slots already:
--              it does not claim the next one, or those without any would never get it
--   p_freed    slots that the asker gives back. It mostly takes them again with this very question, so not we but the asker tells
--              the others of those that are left (PermitCalls)
--   p_late_us  the asker's own lateness from asking to the wire; p_most_late_us what the buckets can bear
--   p_works    critical work among the requests, and p_lefts how many requests it will still make
--   p_ahead_us null: for now, to be on the wire within `valid_ms`. Else a held turn: for slots up to so far ahead.
-- `down`: the partner does not answer, so nobody sends. `probe`: the one request granted is to find out whether it does
-- again (circuit_gate); whoever does not send it says so with circuit_abandon.
create or replace function take_permits(
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
      if cred.slot_asker <> p_asker and cred.slot_asked_at > clock_timestamp() - interval '250 milliseconds' then
        room := room - 1;
      end if;
      if room < 1 then
        wait := 15000;
        update credentials set slot_asker = p_asker, slot_asked_at = clock_timestamp()
          where credential = p_credential and p_asker <> '00000000-0000-0000-0000-000000000000'
            and (slot_asker = p_asker or slot_asked_at is null or slot_asked_at < clock_timestamp() - interval '250 milliseconds');
      elsif cred.slot_asker = p_asker then
        update credentials set slot_asker = null, slot_asked_at = null where credential = p_credential;
        -- The claim is fulfilled: one of the others may have the next slot.
        perform pg_notify('syncline_slots', p_credential);
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
