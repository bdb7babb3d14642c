-- Removes the next lines of a stream's log that `log_due` names, for workers that may not (deploy/roles.sql), and notes how many. A line stays, whatever is
-- named, where it is the last of the log, waits, tells that a record is gone, or has no later line of its key that stays. Removes nothing when the
-- stream was read by another definition since they were found: other lines may decide its rows then.
create or replace function remove_lines(
  p_stream integer, p_definition text, p_horizon bigint, p_most integer,
  out lines bigint, out bytes bigint, out remaining boolean
) language plpgsql security definer set search_path from current as $$
declare
  last bigint;
  highest bigint;
begin
  -- Those who decide rows anew take the row for update: they wait for this piece, and this piece for them.
  select s.last_event into last from streams s where s.stream_id = p_stream and s.definition_version = p_definition for share;
  if last is null then
    delete from log_due where stream_id = p_stream;
    lines := 0;
    bytes := 0;
    remaining := false;
    return;
  end if;
  execute format($piece$
    with piece as (
        select event, instead from log_due where stream_id = $1 order by event limit $3
      ), done as (
        delete from log_due d using piece p where d.stream_id = $1 and d.event = p.event
      ), gone as (
        delete from %I e using piece p where e.event = p.event and e.event < $2
          and not exists (select from waiting w where w.stream_id = $1 and w.event = e.event and w.status = 'waiting')
          and not exists (select from tombstones t where t.stream_id = $1 and t.event = e.event and e.key is not null
            and t.key_hash = substr(encode(sha256(convert_to(e.key, 'UTF8')), 'hex'), 1, 32)::uuid)
          and case when e.operation in ('w', 'x') then true
            when e.key is null then e.operation = 'u' and p.instead is null
            else e.operation in ('u', 's', 'd') and exists (select from %1$I n
              where n.event = p.instead and n.key = e.key and n.operation in ('u', 'd') and (n.event > e.event or e.operation = 's')
                and not exists (select from log_due d where d.stream_id = $1 and d.event = n.event)) end
          returning e.event, 140 + pg_column_size(e.payload) + coalesce(octet_length(e.key), 0) + coalesce(octet_length(e.version), 0) as bytes
      )
      select count(*), coalesce(sum(g.bytes), 0), max(g.event) from gone g
    $piece$, 'events_' || p_stream)
    into lines, bytes, highest using p_stream, last, p_most;
  if lines > 0 then
    insert into removals as r (stream_id, day, up_to, horizon, lines, bytes)
        values (p_stream, (now() at time zone 'UTC')::date, highest, p_horizon, lines, bytes)
      on conflict (stream_id, day) do update set up_to = greatest(r.up_to, excluded.up_to), horizon = greatest(r.horizon, excluded.horizon),
        lines = r.lines + excluded.lines, bytes = r.bytes + excluded.bytes;
  end if;
  remaining := exists (select from log_due d where d.stream_id = p_stream);
end $$;
