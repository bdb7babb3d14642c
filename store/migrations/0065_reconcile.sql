-- Source against warehouse (docs/reconcile.md): a partner is read anew, and what it says is compared with what is known. Nothing here is part of
-- the log, and no run of a stream is in it.

create table reconciliations (
  -- Of its workflow: `reconcile/acme/payments/2026-11-30T08-00-00Z`.
  reconciliation text primary key,
  stream_id integer not null references streams,
  level text not null check (level in ('counts', 'keys', 'versions', 'content')),
  -- Null: all there is.
  range_from timestamptz,
  range_to timestamptz,
  -- How many records were drawn; null: all were looked at.
  sample integer,
  -- Of a sample: how many of them were answered.
  asked integer,
  definition_version text not null,
  -- What is newer than this by its own word was not synced yet. Null: records do not say when they changed.
  synced_to timestamptz,
  state text not null default 'running' check (state in ('running', 'done', 'failed')),
  verdict text check (verdict in ('clean', 'differs', 'unproven')),
  reason text,
  -- Of the last look.
  seen bigint,
  unfit bigint,
  in_flight bigint,
  partner_total bigint,
  store_total bigint,
  -- The run that was started between the two looks.
  synced_by text,
  started_at timestamptz not null default now(),
  finished_at timestamptz,
  check ((state = 'done') = (verdict is not null))
);
create index reconciliations_of_stream on reconciliations (stream_id, started_at desc);

-- One reading of the partner, page by page: what `stream_runs` is for a sync.
create table reconcile_listings (
  listing_id integer generated always as identity primary key,
  reconciliation text not null references reconciliations on delete cascade,
  look integer not null,
  sync_id text not null unique,
  range_from timestamptz,
  range_to timestamptz,
  checkpoint text not null,
  page_no integer not null default 0,
  -- In a row, at the end of what was read so far.
  empty_pages integer not null default 0,
  records bigint not null default 0,
  unfit bigint not null default 0,
  skipped bigint not null default 0,
  requests bigint not null default 0,
  bytes bigint not null default 0,
  partner_total bigint,
  state text not null default 'running' check (state in ('running', 'done')),
  -- Why it does not prove that a record is not there; null: it does, once it is done.
  doubt text,
  deferred_until timestamptz,
  deferred_cause text,
  began_at timestamptz not null default now(),
  finished_at timestamptz,
  unique (reconciliation, look)
);

create table reconcile_pages (
  listing_id integer not null references reconcile_listings on delete cascade,
  page_no integer not null,
  page_key uuid not null,
  status integer not null,
  request_id text,
  fetched_at timestamptz not null,
  workflow_run_id text not null,
  attempt integer not null,
  primary key (listing_id, page_no),
  unique (listing_id, page_key)
);

-- Each key that a listing had, once. Removed when its reconciliation ends.
create table reconcile_seen (
  listing_id integer not null references reconcile_listings on delete cascade,
  key_hash uuid not null,
  key text collate "C" not null,
  version text collate "C",
  hash uuid not null,
  -- `u`: a record. `d`: it says that it is gone. `x`: it does not fit, and is only known to be there.
  operation "char" not null,
  changed_at timestamptz,
  page integer not null,
  ordinal integer not null,
  primary key (listing_id, key_hash)
);

create table reconcile_findings (
  reconciliation text not null references reconciliations on delete cascade,
  key_hash uuid not null,
  key text collate "C" not null,
  kind text not null check (kind in ('missing', 'extra', 'stale', 'different', 'newer-in-store')),
  -- `candidate`: seen once.
  state text not null default 'candidate' check (state in ('candidate', 'open', 'explained', 'unproven', 'repaired')),
  why text,
  -- What the partner has.
  their_version text collate "C",
  their_hash uuid,
  changed_at timestamptz,
  -- What the store has: the head of the key.
  our_version text collate "C",
  our_hash uuid,
  event bigint,
  gone boolean not null default false,
  -- Of the page that shows it.
  page integer,
  request_id text,
  found_at timestamptz not null default now(),
  settled_at timestamptz,
  primary key (reconciliation, key_hash)
);
create index reconcile_findings_by_state on reconcile_findings (reconciliation, state, kind);

-- What was found is mended by a run of the stream, of kind `fetch`: its records are read again, and land as all others do.
create table reconcile_repairs (
  -- Of that run.
  sync_id text primary key,
  reconciliation text not null references reconciliations on delete cascade,
  kinds text[] not null,
  by text not null,
  state text not null default 'running' check (state in ('running', 'done', 'failed')),
  reason text,
  started_at timestamptz not null default now(),
  finished_at timestamptz
);
create index reconcile_repairs_of on reconcile_repairs (reconciliation);

-- Records that are asked for one by one: a sample of the store, or what is looked at a second time.
create table reconcile_asked (
  reconciliation text not null references reconciliations on delete cascade,
  look integer not null,
  key_hash uuid not null,
  key text collate "C" not null,
  asked_at timestamptz,
  -- Why the answer tells nothing; null: it does.
  refused text,
  primary key (reconciliation, look, key_hash)
);
create index reconcile_asked_open on reconcile_asked (reconciliation, look) where asked_at is null;
