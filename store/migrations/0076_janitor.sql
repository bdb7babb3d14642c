-- What has stayed behind (docs/janitor.md): each look, and what it found by kind and place. No value of a record is kept here.

create table janitor_reports (
  report_id integer generated always as identity primary key,
  -- The run of the workflow, or one look by a person: tried again, it is the same report.
  run text not null unique,
  by text not null,
  mode text not null check (mode in ('report', 'apply')),
  at timestamptz not null default clock_timestamp(),
  -- Null: it did not come to its end.
  ended_at timestamptz,
  -- What could not be looked at or removed, in words.
  troubles text[] not null default '{}'
);

create table janitor_findings (
  report_id integer not null references janitor_reports on delete cascade,
  kind text not null,
  place text collate "C" not null,
  count bigint not null,
  -- Of the oldest; null: nobody knows.
  since timestamptz,
  -- When a report named it first, and all after it did.
  first_at timestamptz not null,
  -- Written with the removal, in one transaction.
  removed bigint not null default 0,
  primary key (report_id, kind, place)
);

-- When the attempt began that finds now: a search that was begun anew is no dead one.
alter table duplicate_plans add column begun_at timestamptz not null default clock_timestamp();
