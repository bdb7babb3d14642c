-- The ledger: streams, runs, pages, the event log, quarantine and waiting. Schema syncline.
-- Numbers of events, pages and runs count up per stream inside the page's own transaction: no gaps, and the same run
-- disturbed or undisturbed gives the same numbers.

create table streams (
  stream_id integer generated always as identity primary key,
  partner text not null,
  name text not null,
  target_schema text not null,
  target_table text not null,
  disposition text not null,
  definition_version text not null,
  last_event bigint not null default 0,
  last_page bigint not null default 0,
  last_run integer not null default 0,
  -- Greatest value of the incremental field that a finished run has read to, as sortable UTC text.
  watermark text collate "C",
  -- Validators of conditional requests (RFC 9110 section 13) as the last complete run got them: urlHash, etag, lastModified.
  validators jsonb,
  created_at timestamptz not null default now(),
  unique (partner, name)
);

-- One row per started sync of a partner: the workflow's id.
create table runs (
  run_id text primary key,
  partner text not null,
  kind text not null,
  window_label text not null,
  generation integer not null,
  streams text[] not null,
  workflow_run_id text not null,
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  outcome text check (outcome in ('ok', 'partial', 'deferred', 'suspect', 'failed')),
  reason text
);
create index runs_recent on runs (started_at desc);
create index runs_of_partner on runs (partner, started_at desc);

create table stream_runs (
  stream_id integer not null references streams,
  run_no integer not null,
  -- The workflow id of the stream's run: sync/acme/payments/2026-11-24.
  sync_id text not null unique,
  run_id text references runs,
  window_label text not null,
  kind text not null,
  lane text not null,
  range_from timestamptz,
  range_to timestamptz,
  definition_version text not null,
  state text not null check (state in ('running', 'done', 'failed')),
  outcome text check (outcome in ('ok', 'partial', 'deferred', 'suspect', 'failed')),
  reason text,
  -- Where the run stands: JSON text, compared as such. The database, not the workflow, knows it.
  checkpoint text not null,
  page_no integer not null default 0,
  fetched bigint not null default 0,
  inserted bigint not null default 0,
  updated bigint not null default 0,
  unchanged bigint not null default 0,
  stale bigint not null default 0,
  deleted bigint not null default 0,
  waiting bigint not null default 0,
  quarantined bigint not null default 0,
  conflicts bigint not null default 0,
  -- Rows that a replace found gone.
  removed bigint not null default 0,
  requests bigint not null default 0,
  skipped bigint not null default 0,
  bytes bigint not null default 0,
  partner_total bigint,
  high_mark text collate "C",
  validators jsonb,
  not_modified boolean not null default false,
  deferred_until timestamptz,
  started_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  finished_at timestamptz,
  primary key (stream_id, run_no),
  constraint balance check (
    fetched = inserted + updated + unchanged + stale + deleted + waiting + quarantined
  )
);
create index stream_runs_of_run on stream_runs (run_id);
create index stream_runs_recent on stream_runs (stream_id, finished_at desc);

-- The page ledger. A page's key is a pure function of what it holds the place of: a second commit changes nothing.
create table pages (
  page_key uuid primary key,
  stream_id integer not null references streams,
  page_id bigint not null,
  run_no integer not null,
  page_no integer not null,
  slice integer not null,
  parents text[],
  cursor_in text,
  cursor_out text,
  status integer not null,
  request_id text,
  bytes integer not null,
  fetched integer not null,
  inserted integer not null,
  updated integer not null,
  unchanged integer not null,
  stale integer not null,
  deleted integer not null,
  waiting integer not null,
  quarantined integer not null,
  conflicts integer not null,
  fetched_at timestamptz not null,
  committed_at timestamptz not null default clock_timestamp(),
  -- Audit only; never part of a key.
  workflow_run_id text not null,
  attempt integer not null,
  unique (stream_id, page_id),
  unique (stream_id, run_no, page_no),
  check (fetched = inserted + updated + unchanged + stale + deleted + waiting + quarantined)
);

-- The event log: every received version of every record, as it came. One partition per stream (events_<stream_id>),
-- each with a unique index on `event`: a key of the whole would have to hold stream_id too, at some microseconds a row.
-- `json`, not `jsonb`: it keeps the text byte for byte.
create table events (
  stream_id integer not null,
  event bigint not null,
  page bigint not null,
  ordinal integer not null,
  key text collate "C",
  version text collate "C",
  operation "char" not null default 'u',
  event_time timestamptz,
  received_at timestamptz not null,
  hash uuid not null,
  payload json not null
) partition by list (stream_id);

-- Records that do not fit: kept with the reason until they are replayed or dismissed.
create table quarantine (
  stream_id integer not null references streams,
  page bigint not null,
  ordinal integer not null,
  key text collate "C",
  path text not null,
  reason text not null,
  hash uuid not null,
  -- null when the stream withholds payloads.
  payload text,
  definition_version text not null,
  status text not null default 'held' check (status in ('held', 'replayed', 'dismissed')),
  quarantined_at timestamptz not null default now(),
  settled_at timestamptz,
  primary key (stream_id, page, ordinal)
);
create index quarantine_held on quarantine (stream_id, quarantined_at) where status = 'held';

-- Events whose need has not come yet.
create table waiting (
  stream_id integer not null references streams,
  event bigint not null,
  needs_stream integer not null references streams,
  needs_key text collate "C" not null,
  since timestamptz not null default now(),
  deadline timestamptz,
  primary key (stream_id, event, needs_stream, needs_key)
);
create index waiting_for on waiting (needs_stream, needs_key);

-- OAuth tokens, sealed with a key derived from the client's secret: the database alone cannot read them.
create table tokens (
  credential text primary key,
  sealed bytea not null,
  updated_at timestamptz not null default now()
);
