-- Versions that contradict one another, as commits find them: one row for each key and version, counted. What came is in the log; nothing
-- is left out of it because of what stands here.
create table anomalies (
  stream_id integer not null references streams,
  -- Of kind, key and version: those may be longer than an index takes.
  anomaly uuid not null,
  -- `same-version`: other content with a version that was known. `same-second`: so, and the version is a time in whole seconds.
  -- `goes-back`: versions of the key that were older than the one known, whichever; a single one is only late.
  kind text not null check (kind in ('same-version', 'same-second', 'goes-back')),
  key text collate "C" not null,
  -- The one that came last.
  version text collate "C" not null,
  -- Event that was known, and event that came, the last time.
  known bigint not null,
  came bigint not null,
  times bigint not null,
  first_at timestamptz not null default now(),
  last_at timestamptz not null default now(),
  first_run integer not null,
  last_run integer not null,
  primary key (stream_id, anomaly)
);
create index anomalies_recent on anomalies (stream_id, last_at desc);
