-- What readers may rely on, as 0038 has it. A stream is not final while nothing has read again what a run had read that was undone.
create or replace view freshness as
  select s.partner, s.name as stream, s.target_schema as table_schema, s.target_table as table_name,
      case when cardinality(w.reasons) = 0 then 'final' else 'reconciling' end as state, w.reasons,
      s.definition_version,
      case when pg_input_is_valid(s.watermark, 'timestamptz') then s.watermark::timestamptz end as watermark,
      good.started_at as as_of, good.run as last_ok_run, good.finished_at as last_ok_at,
      ended.run as last_run, ended.outcome as last_outcome, ended.finished_at as last_ended_at, u.running,
      n.waiting, n.quarantined, n.held, n.anomalies, coalesce(t.targets, '{}') as targets
    from streams s
    -- Ranges and windows of a backfill, and replays, do not bring a stream up to date.
    left join lateral (select r.outcome, coalesce(r.run_id, r.sync_id) as run, r.finished_at from stream_runs r
      where r.stream_id = s.stream_id and r.finished_at is not null and r.kind in ('nightly', 'manual') and position('..' in r.window_label) = 0
      order by r.run_no desc limit 1) ended on true
    left join lateral (select coalesce(r.run_id, r.sync_id) as run, r.started_at, r.finished_at from stream_runs r
      where r.stream_id = s.stream_id and r.outcome = 'ok' and r.kind in ('nightly', 'manual') and position('..' in r.window_label) = 0
      order by r.run_no desc limit 1) good on true
    -- A stream that fails before it can begin has no run of its own: that of the partner says so.
    left join lateral (select p.finished_at, p.reason ~ ('(^|; )' || s.name || ' failed: ') as failed from runs p
      where p.partner = s.partner and s.name = any (p.streams) and p.kind <> 'backfill' order by p.started_at desc limit 1) stopped on true
    cross join lateral (select exists (select from stream_runs r where r.stream_id = s.stream_id and r.state = 'running') as running) u
    cross join lateral (select
      -- What no longer waits has another status, where there is one.
      (select count(*) from waiting x where x.stream_id = s.stream_id and coalesce(to_jsonb(x) ->> 'status', 'waiting') = 'waiting') as waiting,
      (select count(*) from quarantine q where q.stream_id = s.stream_id and q.status = 'held') as quarantined,
      (select count(*) from approvals h where h.stream_id = s.stream_id and h.state = 'waiting'
        and h.until > now() and h.last_page = s.last_page and h.run_no = s.last_run) as held,
      (select count(*) from anomalies a where a.stream_id = s.stream_id and (a.kind <> 'goes-back' or a.times >= 3)) as anomalies) n
    left join lateral (
      select jsonb_object_agg(l.target, jsonb_build_object('behind', l.behind, 'since', l.since, 'lacks', l.lacks)) as targets,
          array_agg(l.target || ' is ' || l.behind || case l.behind when 1 then ' event' else ' events' end || ' behind' order by l.target) filter (where l.behind > 0)
            || array_agg(l.target || ' lacks events that fit no longer: ' || l.lacks order by l.target) filter (where l.lacks > 0) as reasons
        from (select d.target, greatest(0, coalesce(case when s.disposition = 'replace' then s.swept else s.last_event end, 0) - coalesce(x.cursor, 0)) as behind,
              x.behind_since as since, coalesce((x.unfit -> x.table_id ->> 'count')::bigint, 0) as lacks
            from (select unnest(coalesce(s.targets, array(select y.target from target_states y where y.partner = s.partner and y.stream = s.name)))) as d (target)
              left join target_states x on x.partner = s.partner and (x.target = d.target and x.stream = s.name
                or x.target || '.history' = d.target and x.stream = s.name || '.history')) l) t on true
    cross join lateral (select exists (select from undos b where b.stream_id = s.stream_id and (b.back_at is null or b.back_last_run is not null)
      and not exists (select from stream_runs r where r.stream_id = s.stream_id and r.run_no > coalesce(b.back_last_run, b.last_run) and r.outcome in ('ok', 'partial')
        and r.kind in ('nightly', 'manual') and position('..' in r.window_label) < 2)) as undone) d
    cross join lateral (select array_remove(array[
        case when ended.outcome is null then 'no run has brought it up to date yet'
          when ended.outcome <> 'ok' then 'the last run ended as ' || ended.outcome end,
        case when stopped.failed and stopped.finished_at > coalesce(ended.finished_at, '-infinity') then 'the last run failed before it could begin' end,
        case when d.undone then 'a run was undone, or that was taken back, and the next one has to read again' end,
        case when u.running then 'a run is under way' end,
        case when n.waiting > 0 then n.waiting || ' waiting' end,
        case when n.quarantined > 0 then n.quarantined || ' in quarantine' end,
        case when n.held > 0 then n.held || ' held for approval' end], null) || coalesce(t.reasons, '{}') as reasons) w;
