-- Backfills: a run whose windows are runs of one stream (stream_runs.run_id).
create table backfills (
  run_id text primary key references runs,
  stream text not null,
  -- Range, chunk, zone and order: core/backfill-plan.ts.
  plan jsonb not null,
  concurrency integer not null,
  windows integer not null,
  -- As it stood when it last looked for windows, and at its end: core/backfill-tally.ts.
  tally jsonb,
  noted_at timestamptz not null default now()
);

-- Which windows of a stream were read, by their labels.
create index stream_runs_of_window on stream_runs (stream_id, window_label);
-- How a stream stands, beside thousands of windows.
create index stream_runs_of_nights on stream_runs (stream_id, run_no) where kind <> 'backfill';
create index stream_runs_ended on stream_runs (stream_id, finished_at) where kind <> 'backfill' and finished_at is not null;
