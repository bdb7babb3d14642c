-- What came by webhooks (docs/webhooks.md): which deliveries, and the work that they left.

-- One row for each delivery whose signature fits. Rows go after 30 days: no sender repeats a delivery for so long.
create table webhook_deliveries (
  delivery_no bigint generated always as identity primary key,
  partner text not null,
  webhook text not null,
  -- The sender's; one of ours where it has none.
  delivery_id text collate "C" not null,
  -- SHA-256 of the body.
  body_hash bytea not null,
  event_type text,
  -- `taken`: all that its routes say was done or noted. `ignored`: no route wants it. `failed`: some of it could not be read.
  state text not null check (state in ('taken', 'ignored', 'failed')),
  -- Why it failed, without a value of it.
  reason text,
  -- Of a failed one only, to take it again.
  body bytea,
  records integer not null default 0,
  quarantined integer not null default 0,
  -- How often it came.
  times integer not null default 1,
  received_at timestamptz not null default clock_timestamp(),
  last_at timestamptz not null default clock_timestamp(),
  unique (partner, webhook, delivery_id)
);
create index webhook_deliveries_received on webhook_deliveries (partner, webhook, received_at);
create index webhook_deliveries_failed on webhook_deliveries (partner, webhook) where state = 'failed';
create index webhook_deliveries_old on webhook_deliveries (received_at);

-- What deliveries asked for that is done later: to fetch a record by its key, or to sync. What asks for the same is joined in one row.
create table webhook_work (
  partner text not null,
  kind text not null check (kind in ('hint', 'sync')),
  -- '': all streams of the partner.
  stream text not null,
  -- Of a hint: the record's key, as the log writes keys; '' otherwise.
  key text collate "C" not null,
  webhook text not null,
  -- How often it was asked for, and up to which of these it is done. Whoever does it remembers `noted` first: what comes meanwhile is done again.
  noted bigint not null default 1,
  done bigint not null default 0,
  state text not null default 'open' check (state in ('open', 'failed')),
  attempts integer not null default 0,
  -- Why the last attempt came to nothing.
  reason text,
  -- Of a sync: the workflow id of the last one.
  run_id text,
  noted_at timestamptz not null default clock_timestamp(),
  due_at timestamptz not null,
  primary key (partner, kind, stream, key)
);
create index webhook_work_due on webhook_work (partner, kind, due_at) where state = 'open' and noted > done;

-- Deliveries that were refused, by day: a sum, since whoever sends them may send many.
create table webhook_refusals (
  partner text not null,
  webhook text not null,
  reason text not null,
  day date not null,
  count bigint not null,
  last_at timestamptz not null default clock_timestamp(),
  primary key (partner, webhook, reason, day)
);
