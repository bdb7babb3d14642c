-- What the governor remembers: use over time, alerts; and why people stepped in.

-- Use of limits with long periods, about once a minute while work runs; kept for two hours, for the pace.
create table limit_samples (
  credential text not null,
  bucket text not null,
  -- End of the quota's period; infinity for a rolling window. Samples of two periods are no pace.
  period timestamptz not null,
  at timestamptz not null,
  used double precision not null,
  primary key (credential, bucket, at)
);

create table limit_alerts (
  alert_id integer generated always as identity primary key,
  credential text not null,
  partner text not null,
  bucket text not null,
  -- Percent.
  level integer not null,
  cap double precision not null,
  used double precision not null,
  -- quota: the end of the period by the calendar. window: the slot of its own length in which it was raised.
  period timestamptz not null,
  -- The alert is of interest until then.
  current_until timestamptz not null,
  gone_at timestamptz,
  message text not null,
  raised_at timestamptz not null default now(),
  -- A limit that a person has changed is another limit.
  unique (credential, bucket, level, period, cap)
);
create index limit_alerts_recent on limit_alerts (partner, raised_at desc);

alter table limit_overrides add column ended_reason text;

-- Blocks that people lifted before their end.
create table limit_lifts (
  lift_id integer generated always as identity primary key,
  credential text not null,
  partner text not null,
  -- What was in force.
  blocked_until timestamptz,
  blocked_reason text,
  reason text not null,
  lifted_by text not null,
  lifted_at timestamptz not null default now()
);

-- Why a stream waits; true only while it waits until this very moment.
alter table stream_runs add column deferred_cause text, add column deferred_cause_until timestamptz;
