-- Physical removal of duplicates (docs/golden-records.md): rows that a plan has merged leave their tables as deletes, later and on request.

-- The row was a duplicate: its record may come again unchanged, and changes nothing then.
alter table tombstones add column removed boolean not null default false;

create table duplicate_removals (
  removal_id integer generated always as identity primary key,
  plan_id integer not null references duplicate_plans,
  stream_id integer not null references streams,
  run_no integer not null,
  -- The run of the stream that `undo run` takes back.
  sync_id text not null unique,
  by text not null,
  reason text not null,
  at timestamptz not null default clock_timestamp(),
  -- Null: it waits for approval, or has ended without.
  removed integer,
  ended_at timestamptz
);
create index on duplicate_removals (plan_id);

create table duplicate_removed (
  removal_id integer not null references duplicate_removals on delete cascade,
  stream text collate "C" not null,
  row text collate "C" not null,
  primary key (row, stream, removal_id)
);
