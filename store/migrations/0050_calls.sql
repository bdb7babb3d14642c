-- The call log (docs/calls.md): one row for each request that was sent to a partner. Only facts about the call: no header, no body, no value
-- of a query. Rows are written in groups, after the call, and lost with a worker that is killed: what must be exact is counted in stream_runs.
create table calls (
  call_no bigint generated always as identity primary key,
  -- When the request left, by the clock of the worker.
  at timestamptz not null,
  partner text not null,
  stream text not null,
  -- What it was for: see core/call.ts.
  purpose text not null,
  -- The run of the stream, as stream_runs names it, and the run of the partner that it is part of.
  sync_id text,
  run_id text,
  -- Which execution of the workflow in Temporal, and which attempt of its activity.
  workflow_run_id text,
  attempt integer not null,
  page integer,
  method text not null,
  host text not null,
  -- Behind the base URL of the definition, with the names of the query's parameters, without their values.
  path text not null,
  -- Null: no answer came.
  status integer,
  -- What kind of failure it was, null for none; `code` says more where no answer came (ECONNRESET).
  error text,
  code text,
  duration_ms integer not null,
  -- From wanting to send until the request was on the wire.
  waited_ms integer not null,
  -- Of the answer, decompressed.
  bytes bigint,
  -- By which the partner knows the request, where its answer says so.
  request_id text,
  trace_id text,
  -- What the partner said where it refused, if the definition keeps that.
  excerpt text,
  -- How many calls the row stands for: more than one where only a part of those that went well is kept.
  weight real not null default 1
);
create index calls_of_stream on calls (partner, stream, at);
create index calls_of_sync on calls (sync_id, at);
create index calls_of_run on calls (run_id, at);
create index calls_failed on calls (partner, at) where error is not null;
create index calls_by_time on calls (at);
