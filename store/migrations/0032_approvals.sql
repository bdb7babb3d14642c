-- Waves of deletes that are held until a person has looked at them: what is asked, and who answered what, and why.
create table approvals (
  approval_id integer generated always as identity primary key,
  stream_id integer not null references streams,
  run_no integer not null,
  -- Workflow id of the stream's run, which waits.
  sync_id text not null,
  -- `sweep`: rows that a complete listing did not have. `events`: records that say that they are gone.
  kind text not null check (kind in ('sweep', 'events')),
  -- So many of so many rows would go.
  gone bigint not null,
  of bigint not null,
  -- Some of their keys.
  examples text[] not null,
  -- The stream's last page when it was asked: once there are later ones, the question is another.
  last_page bigint not null,
  state text not null default 'waiting' check (state in ('waiting', 'approved', 'rejected', 'outdated', 'lapsed')),
  asked_at timestamptz not null default now(),
  -- The run waits until then.
  until timestamptz not null,
  decided_by text,
  decided_at timestamptz,
  reason text,
  check ((decided_by is null) = (reason is null))
);
create unique index approvals_waiting on approvals (stream_id, run_no, kind) where state = 'waiting';
create index approvals_of on approvals (stream_id, run_no);
