-- Adds the partition of a stream to the event log, for workers that own nothing in this schema (deploy/roles.sql): only the
-- owner of `events` may. Does nothing when there is one.
create function add_event_partition(p_stream integer) returns void
language plpgsql security definer set search_path = syncline, pg_temp as $$
declare
  partition text := 'events_' || p_stream;
  other regrole;
begin
  if to_regclass('syncline.' || partition) is not null then
    return;
  end if;
  execute format('create table %I partition of events for values in (%s)', partition, p_stream);
  execute format('alter table %I alter column stream_id set default %s', partition, p_stream);
  execute format('alter table %I add primary key (event)', partition);
  -- Default privileges give workers more on every new table; of the log nobody but its owner changes or removes a line.
  for other in select distinct a.grantee::regrole from pg_class c, aclexplode(c.relacl) a
      where c.oid = to_regclass('syncline.' || partition) and a.grantee not in (0, c.relowner) loop
    execute format('revoke update, delete, truncate on %I from %s', partition, other);
  end loop;
end $$;
