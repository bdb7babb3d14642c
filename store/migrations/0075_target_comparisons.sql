-- Store against targets (docs/target-checks.md): a stream's table in a target is compared with the one in the store. Nothing here is part of the log.

create table target_comparisons (
  comparison integer generated always as identity primary key,
  -- Of its workflow: what was done once is found again.
  run_id text not null unique,
  target text not null,
  stream_id integer not null references streams,
  -- `payments`, or `payments.history`.
  table_name text not null,
  state text not null default 'running' check (state in ('running', 'done', 'failed')),
  verdict text check (verdict in ('clean', 'differs', 'unproven')),
  reason text,
  store_rows bigint,
  target_rows bigint,
  -- Where counts and checksums differ, until it is known which rows do; null: not summed yet.
  buckets integer[],
  buckets_differ integer,
  -- The event that the table stood at when its rows were looked at.
  target_event bigint,
  missing bigint not null default 0,
  extra bigint not null default 0,
  different bigint not null default 0,
  -- Rows that differ because one side knows more by now.
  in_flight bigint not null default 0,
  -- Rows whose events fit the definition no longer: loads leave them out.
  left_out bigint not null default 0,
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  check ((state = 'done') = (verdict is not null))
);
create index target_comparisons_of on target_comparisons (stream_id, target, table_name, comparison desc);

-- A row that differs, by its key, never by what it says.
create table target_findings (
  comparison integer not null references target_comparisons on delete cascade,
  place integer not null,
  -- As in the log; null: the stream has no key, and the events tell which row it is.
  key text collate "C",
  kind text not null check (kind in ('missing', 'extra', 'different')),
  store_event bigint,
  target_event bigint,
  primary key (comparison, place)
);
