-- Records that others wait for and that were asked for by what names them (docs/waiting.md): what the partner said the last time. A record that came
-- and is in its table needs no row here.
create table asked_needs (
  partner text not null,
  -- The needed stream, which may never have been read; '' is its key.
  needed text not null,
  field text not null,
  value text collate "C" not null,
  asked_at timestamptz not null default now(),
  -- HTTP status of the answer.
  status integer not null,
  -- Why the answer brought nothing that could be taken; null: there is no such record, or it came.
  refused text,
  times bigint not null default 1,
  -- Workflow id of the run that asked last.
  sync_id text not null,
  primary key (partner, needed, field, value)
);

-- Those that were asked for by a run that has not ended.
create index stream_runs_fetching on stream_runs (sync_id) where kind = 'fetch' and state = 'running';
