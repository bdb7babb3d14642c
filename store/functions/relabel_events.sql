-- Says anew what events of a stream mean, for workers that may not change the log (deploy/roles.sql): `u`, `s`, `d`, `w` and `e`, and each of them in upper
-- case where it counts no more. What was received is never touched. `version` and `hash` are taken of deletes alone: those of a sweep
-- are what the row had that it found.
create or replace function relabel_events(p_stream integer, p_events jsonb) returns bigint
language plpgsql security definer set search_path from current as $$
declare
  changed bigint;
begin
  execute format($sql$
    update %I.%I e set operation = r.operation,
        version = case when lower(r.operation::text) = 'd' and r.hash is not null then r.version else e.version end,
        hash = case when lower(r.operation::text) = 'd' and r.hash is not null then r.hash else e.hash end
      from jsonb_to_recordset($1) as r(event bigint, operation "char", version text, hash uuid)
      where e.event = r.event and lower(e.operation::text) in ('u', 's', 'd', 'w', 'e')
        and (lower(r.operation::text) = lower(e.operation::text)
          or lower(e.operation::text) in ('u', 's') and lower(r.operation::text) in ('u', 's'))
  $sql$, current_schema(), 'events_' || p_stream) using p_events;
  get diagnostics changed = row_count;
  return changed;
end $$;
