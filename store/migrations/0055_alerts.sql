-- Alerts (docs/alerts.md): what is wrong, who was told of it, and what nobody wants to hear of for a time.

create table alerts (
  alert_id bigint generated always as identity primary key,
  -- Rule, partner, stream and subject: one open alert for each.
  key text collate "C" not null,
  rule text not null,
  severity text not null check (severity in ('page', 'ticket')),
  partner text,
  stream text,
  subject text,
  since timestamptz not null,
  first_seen_at timestamptz not null,
  -- Null: it does not hold for long enough yet, and nobody is told.
  opened_at timestamptz,
  last_seen_at timestamptz not null,
  resolved_at timestamptz,
  summary text not null,
  meaning text not null,
  what_to_do text not null,
  runbook text not null
);
create unique index alerts_open on alerts (key) where resolved_at is null;
create index alerts_recent on alerts (opened_at desc) where opened_at is not null;
create index alerts_resolved on alerts (resolved_at) where resolved_at is not null;

-- What is null fits everything. A text may have * for any characters.
create table alert_silences (
  silence_id integer generated always as identity primary key,
  alert_key text,
  rule text,
  severity text,
  partner text,
  stream text,
  subject text,
  reason text not null,
  by text not null,
  since timestamptz not null default now(),
  until timestamptz not null,
  ended_at timestamptz,
  ended_by text
);
create index alert_silences_until on alert_silences (until);

-- What a channel was last told of an alert.
create table alert_notices (
  alert_id bigint not null references alerts (alert_id) on delete cascade,
  channel text not null,
  told text not null check (told in ('open', 'resolved')),
  at timestamptz not null,
  primary key (alert_id, channel)
);

-- Messages on their way. What one says is made when it is sent, from how things stand then.
create table alert_deliveries (
  delivery_id bigint generated always as identity primary key,
  channel text not null,
  -- What its alerts have in common.
  group_key text not null,
  alert_ids bigint[] not null,
  cause text not null check (cause in ('news', 'repeat', 'escalation', 'test')),
  state text not null default 'pending' check (state in ('pending', 'sent', 'dropped')),
  attempts integer not null default 0,
  error text,
  failing_since timestamptz,
  created_at timestamptz not null default now(),
  ended_at timestamptz
);
create unique index alert_deliveries_pending on alert_deliveries (channel, group_key) where state = 'pending';
create index alert_deliveries_ended on alert_deliveries (ended_at) where state <> 'pending';

-- What was found of the last run of a stream, or of its last day, beside those before: judged once, and said until the next one.
create table alert_verdicts (
  stream_id integer primary key references streams (stream_id) on delete cascade,
  point text not null,
  judged_at timestamptz not null default now(),
  unusual jsonb not null
);

-- What Temporal was last asked for: schedules, and queues that nobody asks for work.
create table alert_observations (
  name text primary key,
  seen jsonb not null,
  at timestamptz not null
);
