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
  -- The stream's last run when it was taken back, where the next one has to read again what runs since had found unchanged.
  back_last_run integer,
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
