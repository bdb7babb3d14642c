-- What the rows of pairs of a plan say now, by field of duplicates.yaml, as text; null: nothing, or no such column. A row that is gone is not among them.
-- It acts as its owner, a role that nobody logs in as (deploy/roles.sql): through it the status page reads the rows that a person compares, and no others.
-- A row is named by its primary key as targets/postgres/row-id.ts does. The key's own index finds it: times and days are found by their text.
create or replace function pair_values(p_plan integer, p_pairs integer[])
returns table (stream text, "row" text, "values" jsonb)
language plpgsql stable security definer set search_path from current as $$
declare
  source record;
  target regclass;
  wanted text[];
  columns_ text;
  texts text[];
  quick text;
  id text;
begin
  for source in
    select s.partner || '.' || s.name as name, s.target_schema, s.target_table, f.value -> 'fields' as fields
      from duplicate_plans p cross join jsonb_array_elements(p.settings -> 'from') f
      join streams s on s.partner = split_part(f.value ->> 'stream', '.', 1) and s.name = split_part(f.value ->> 'stream', '.', 2)
      where p.plan_id = p_plan
  loop
    target := to_regclass(format('%I.%I', source.target_schema, source.target_table));
    select array_agg(distinct n.row) into wanted from (
      select left_row as row from duplicate_pairs where plan_id = p_plan and pair = any (p_pairs) and left_stream = source.name
      union all
      select right_row from duplicate_pairs where plan_id = p_plan and pair = any (p_pairs) and right_stream = source.name) n;
    continue when target is null or wanted is null;

    select array_agg(case k.type
            when 'timestamp with time zone' then format($f$to_char(t.%I at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')$f$, k.name)
            when 'date' then format($f$to_char(t.%I, 'YYYY-MM-DD')$f$, k.name)
            else format('t.%I::text', k.name) end order by k.n),
        string_agg(case when k.type in ('timestamp with time zone', 'date') then ''
            when k.parts = 1 then format(' and t.%I = w.row::%s', k.name, k.type)
            else format(' and t.%I = (w.row::jsonb ->> %s)::%s', k.name, k.n - 1, k.type) end, '' order by k.n)
      into texts, quick
      from (select a.attname as name, format_type(a.atttypid, null) as type, c.n, count(*) over () as parts
        from pg_index i cross join unnest(i.indkey::smallint[]) with ordinality c(attnum, n)
        join pg_attribute a on a.attrelid = i.indrelid and a.attnum = c.attnum
        where i.indrelid = target and i.indisprimary) k;
    continue when texts is null;
    id := case when cardinality(texts) = 1 then texts[1] else format('jsonb_build_array(%s)::text', array_to_string(texts, ', ')) end;

    select string_agg(format('%L, %s', f.key, case when a.attname is null then 'null::text' else format('t.%I::text', a.attname) end), ', ' order by f.key)
      into columns_
      from jsonb_each_text(source.fields) f
      left join pg_attribute a on a.attrelid = target and a.attname = f.value and a.attnum > 0 and not a.attisdropped;
    begin
      return query execute format(
        'select %L, w.row, jsonb_object(array[%s]::text[]) from unnest($1) as w(row) cross join lateral (select t.* from %s t where %s = w.row%s offset 0) t',
        source.name, columns_, target, id, quick) using wanted;
    exception when data_exception then
      -- The key was of another type when the plan was made: no index knows those texts.
      return query execute format(
        'select %L, %s, jsonb_object(array[%s]::text[]) from %s t where %s = any ($1)', source.name, id, columns_, target, id) using wanted;
    end;
  end loop;
end $$;
revoke execute on function pair_values(integer, integer[]) from public;
