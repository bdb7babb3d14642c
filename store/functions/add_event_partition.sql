-- Adds a stream's partition to the event log, for workers that own nothing in this schema (deploy/roles.sql): only the owner
-- of `events` may. Does nothing when the partition is there.
-- `from current`: the control schema, then pg_temp, as make-functions.ts sets them. With the caller's own path a
-- security definer function would run whatever the caller put there.
create or replace function add_event_partition(p_stream integer) returns void
language plpgsql security definer set search_path from current as $$
declare
  partition text := 'events_' || p_stream;
  -- Not a temporary table of the caller's with this name.
  full_name text := format('%I.%I', current_schema(), partition);
  other regrole;
  allowed text;
begin
  if to_regclass(full_name) is not null then
    return;
  end if;
  execute format('create table %I partition of events for values in (%s)', partition, p_stream);
  execute format('alter table %I alter column stream_id set default %s', partition, p_stream);
  execute format('alter table %I add primary key (event)', partition);
  -- As 0034_retention.sql sets it for those that were there before.
  execute format('alter table %I set (autovacuum_vacuum_scale_factor = 0.02, toast.autovacuum_vacuum_scale_factor = 0.02)', partition);
  -- Default privileges give workers more on every new table; of the log nobody but its owner changes or removes a line.
  for other in select distinct a.grantee::regrole from pg_class c, aclexplode(c.relacl) a
      where c.oid = to_regclass(full_name) and a.grantee not in (0, c.relowner) loop
    execute format('revoke update, delete, truncate on %I from %s', partition, other);
  end loop;
  -- Whoever may read the log or add to it may do so here: a partition that is named by itself has rights of its own.
  for other, allowed in select a.grantee::regrole, a.privilege_type from pg_class c, aclexplode(c.relacl) a
      where c.oid = to_regclass(format('%I.events', current_schema())) and a.grantee not in (0, c.relowner)
        and a.privilege_type in ('SELECT', 'INSERT') loop
    execute format('grant %s on %I to %s', allowed, partition, other);
  end loop;
end $$;
