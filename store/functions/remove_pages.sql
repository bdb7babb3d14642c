-- Removes pages of runs that ended well before `p_before`, and pushes from before it, which brought nothing but what was known: no line of the log, of the quarantine or of what waits
-- came with them. For workers, who may not (deploy/roles.sql). Looks at `p_most` pages behind page `p_after`, and says which was the last of them;
-- null: there are no more.
create or replace function remove_pages(
  p_stream integer, p_before timestamptz, p_after bigint, p_most integer, p_dry boolean,
  out pages bigint, out bytes bigint, out last bigint
) language plpgsql security definer set search_path from current as $$
begin
  select max(l.page_id) into last from (
    select p.page_id from pages p where p.stream_id = p_stream and p.page_id > p_after order by p.page_id limit p_most) l;
  with idle as (
      select p.page_key, 200 + pg_column_size(p) as size from pages p left join stream_runs r using (stream_id, run_no)
        where p.stream_id = p_stream and p.page_id > p_after and p.page_id <= last and p.unchanged = p.fetched and p.committed_at < p_before
          -- What was pushed is of no run.
          and (p.kind = 'push' or (p.kind = 'page' and r.state = 'done' and r.finished_at < p_before))
          and not exists (select from quarantine q where q.stream_id = p_stream and (q.page = p.page_id or q.last_page = p.page_id))
          and not exists (select from waiting w where w.stream_id = p_stream and w.page = p.page_id)
    ), gone as (
      delete from pages p using idle i where p.page_key = i.page_key and not p_dry
    )
    select count(*), coalesce(sum(i.size), 0) into pages, bytes from idle i;
  if pages > 0 and not p_dry then
    insert into removals as r (stream_id, day, pages) values (p_stream, (now() at time zone 'UTC')::date, remove_pages.pages)
      on conflict (stream_id, day) do update set pages = r.pages + excluded.pages;
  end if;
end $$;
