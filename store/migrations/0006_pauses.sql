-- Pauses that people order, of a partner, a run or one stream of a run. Whoever asks for a permit looks here first, so a
-- pause holds for runs that go on, for those that begin later and for workers that start later. Kept as history.
create table pauses (
  pause_id integer generated always as identity primary key,
  scope text not null check (scope in ('partner', 'run', 'stream')),
  -- The partner's name, or the workflow id of the run or of the stream's run.
  target text not null,
  partner text not null,
  reason text not null,
  -- Break off the request under way; else the page it is at is still read and written.
  at_once boolean not null default false,
  paused_by text not null,
  paused_at timestamptz not null default now(),
  ended_by text,
  ended_at timestamptz,
  ended_reason text,
  check ((ended_at is null) = (ended_by is null))
);
create unique index pauses_in_force on pauses (scope, target) where ended_at is null;
create index pauses_of_partner on pauses (partner, paused_at desc);

-- What kind of wait deferred_cause tells of: limit, failure, outage, paused.
alter table stream_runs add column deferred_kind text;

-- The last run of a stream that brought it up to date (not a range of the past; `..TIME` is up to a time): with many past runs
-- status must not read them all.
create index stream_runs_good on stream_runs (stream_id, finished_at desc)
  where outcome in ('ok', 'partial') and kind in ('nightly', 'manual') and position('..' in window_label) < 2;
create index runs_of_window on runs (partner, window_label, generation desc);
-- What goes on now, whatever the number of runs that are over.
create index runs_open on runs (partner, started_at desc) where finished_at is null;
create index stream_runs_open on stream_runs (stream_id) where state = 'running';
