-- Runs that count no more, as if they had never been (docs/undo.md). Their events stay in the log, marked by operations in upper case, which no
-- reader takes.
alter table stream_runs add column undone_at timestamptz;
-- The number of the event below which events may be missing: retention has taken them.
alter table streams add column if not exists log_from bigint not null default 0;

create table undos (
  undo_id integer generated always as identity primary key,
  stream_id integer not null references streams,
  run_no integer not null,
  by text not null,
  reason text not null,
  -- Under the stream's lock.
  at timestamptz not null default clock_timestamp(),
  -- The stream's last run then: what it and those before it read moves no watermark any more.
  last_run integer not null,
  -- What it did, in numbers.
  effects jsonb not null default '{}',
  -- What the stream went on from: watermark, kept cursor, validators.
  reading jsonb not null,
  -- Targets whose tables are to be made anew from the log.
  pending text[] not null default '{}',
  back_by text,
  back_reason text,
  back_at timestamptz,
  check ((back_at is null) = (back_by is null) and (back_at is null) = (back_reason is null)),
  foreign key (stream_id, run_no) references stream_runs
);
create unique index undos_in_force on undos (stream_id, run_no) where back_at is null;

-- What was written of events of other runs: by another decision (`decided`), or since what had released them is gone (`withdrawn`).
create table undo_changes (
  undo_id integer not null references undos,
  stream_id integer not null,
  event bigint not null,
  kind text not null check (kind in ('decided', 'withdrawn')),
  operation "char" not null,
  version text collate "C",
  hash uuid not null,
  primary key (undo_id, stream_id, event)
);
create index undo_changes_of on undo_changes (stream_id, event) where kind = 'withdrawn';

-- Records that waited, or had waited, as they were.
create table undo_waiting (
  undo_id integer not null references undos,
  stream_id integer not null,
  event bigint not null,
  was jsonb not null,
  primary key (undo_id, stream_id, event)
);

alter table quarantine drop constraint quarantine_status_check;
alter table quarantine add constraint quarantine_status_check check (status in ('held', 'replayed', 'dismissed', 'undone'));
alter table waiting drop constraint waiting_status_check;
alter table waiting add constraint waiting_status_check check (status in ('waiting', 'released', 'dropped', 'refused', 'undone'));

-- What readers may rely on, as 0032 has it, with runs that were undone.
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
              left join target_states x on x.target = d.target and x.partner = s.partner and x.stream = s.name) l) t on true
    -- The next run after it reads that again.
    cross join lateral (select exists (select from undos b where b.stream_id = s.stream_id and b.back_at is null
      and not exists (select from stream_runs r where r.stream_id = s.stream_id and r.run_no > b.last_run and r.outcome in ('ok', 'partial')
        and r.kind in ('nightly', 'manual') and position('..' in r.window_label) < 2)) as undone) d
    cross join lateral (select array_remove(array[
        case when ended.outcome is null then 'no run has brought it up to date yet'
          when ended.outcome <> 'ok' then 'the last run ended as ' || ended.outcome end,
        case when stopped.failed and stopped.finished_at > coalesce(ended.finished_at, '-infinity') then 'the last run failed before it could begin' end,
        case when d.undone then 'a run was undone, and what it had read is not read again yet' end,
        case when u.running then 'a run is under way' end,
        case when n.waiting > 0 then n.waiting || ' waiting' end,
        case when n.quarantined > 0 then n.quarantined || ' in quarantine' end,
        case when n.held > 0 then n.held || ' held for approval' end], null) || coalesce(t.reasons, '{}') as reasons) w;
