-- Grants of runs, for people to see how a run went on (docs/status-page.md): one row for each activity that read a stream, with each of its attempts. Written
-- beside the work and without waiting for the disk. A row without an end is a grant that goes on, or whose worker was killed. Times by the clock of the worker.
create table grants (
  stream_id integer not null,
  run_no integer not null,
  -- 1, 2, … within the run.
  number integer not null,
  asked_at timestamptz not null,
  given_at timestamptz not null,
  -- Null: nobody has told of its end.
  ended_at timestamptz,
  workflow_run_id text not null,
  attempt integer not null,
  -- Why there was a break before it, and how long that took: core/grant-waits.ts. Null: the one before had not said that the run has to wait.
  waited_for text,
  waited_ms bigint not null default 0,
  -- From then, when it could have gone on, until a worker had it.
  queued_ms bigint not null default 0,
  pages integer not null default 0,
  records bigint not null default 0,
  requests integer not null default 0,
  -- For how long at least one of its requests waited for its permit, by reason.
  rate_ms integer not null default 0,
  window_ms integer not null default 0,
  quota_ms integer not null default 0,
  concurrency_ms integer not null default 0,
  partner_ms integer not null default 0,
  lane_ms integer not null default 0,
  outage_ms integer not null default 0,
  -- more, done, deferred, failed, stopped
  ended text,
  -- Why the next one does not begin at once, until when, and what has been said of it.
  waits_for text,
  until timestamptz,
  cause text,
  primary key (stream_id, run_no, number)
) with (fillfactor = 80);
-- Old ones are removed by their age, and come in its order.
create index grants_by_time on grants using brin (given_at) with (pages_per_range = 32);
