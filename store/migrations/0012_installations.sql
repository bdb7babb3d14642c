-- Several installations in one database, each with a schema of its own: what is shared by the whole database (advisory
-- locks) and what named the schema `syncline` follows the schema in use. The one of schema `syncline` keeps its lock keys,
-- so that workers of the version before and of this one exclude each other.

create function own_key(p_text text) returns text language sql stable as $$
  select case when current_schema() = 'syncline' then p_text else current_schema() || '/' || p_text end
$$;

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
  end if;
end $$;

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

-- Ends the connection of a holder that hangs beyond its time. True when there was one.
create or replace function evict_turn(p_credential text) returns boolean language plpgsql as $$
begin
  if not exists (select from credentials where credential = p_credential and turn_until < clock_timestamp()) then
    return false;
  end if;
  perform pg_terminate_backend(pid) from pg_locks
    where locktype = 'advisory' and granted and objsubid = 2 and classid = 7305113
      and objid = (hashtext(own_key(p_credential))::bigint & 4294967295)::oid
      and database = (select oid from pg_database where datname = current_database());
  return found;
end $$;

-- As in 0010, for the schema in use.
do $$
begin
  execute format($body$
create or replace function add_event_partition(p_stream integer) returns void
language plpgsql security definer set search_path = %1$I, pg_temp as $function$
declare
  partition text := 'events_' || p_stream;
  other regrole;
begin
  if to_regclass('%1$I.' || partition) is not null then
    return;
  end if;
  execute format('create table %%I partition of events for values in (%%s)', partition, p_stream);
  execute format('alter table %%I alter column stream_id set default %%s', partition, p_stream);
  execute format('alter table %%I add primary key (event)', partition);
  -- Default privileges give workers more on every new table; of the log nobody but its owner changes or removes a line.
  for other in select distinct a.grantee::regrole from pg_class c, aclexplode(c.relacl) a
      where c.oid = to_regclass('%1$I.' || partition) and a.grantee not in (0, c.relowner) loop
    execute format('revoke update, delete, truncate on %%I from %%s', partition, other);
  end loop;
end $function$;
$body$, current_schema());
end $$;
