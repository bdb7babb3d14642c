-- Who may push to us: callers, their keys, limits and blocks, and who changed what of them and why.

-- What a caller may send when nothing is set for it alone.
create table caller_tiers (
  tier text primary key check (tier in ('critical', 'normal', 'bulk')),
  -- Units per second, over any longer time.
  rate double precision not null check (rate > 0),
  -- Units that may come at once after a pause.
  burst integer not null check (burst > 0),
  -- Units of a day of UTC; null: as many as the rate allows.
  daily bigint check (daily > 0)
);
insert into caller_tiers (tier, rate, burst, daily) values
  ('critical', 200, 400, null), ('normal', 50, 100, 1000000), ('bulk', 50, 500, 5000000);

-- A caller that is revoked stays: its name stands beside what it sent, and nobody gets that name again.
create table callers (
  caller text primary key check (caller ~ '^[a-z][a-z0-9_-]{0,62}$'),
  tier text not null references caller_tiers,
  -- `acme/payments`, or `acme/*` for all streams of a partner.
  scopes text[] not null check (cardinality(scopes) > 0),
  -- Where it may send from; null: from anywhere.
  addresses cidr[] check (cardinality(addresses) > 0),
  -- SHA-256 of the client certificate that it has to show, in hex; null: it needs none.
  certificate text check (certificate ~ '^[0-9a-f]{64}$'),
  -- Its own instead of those of its tier.
  rate double precision check (rate > 0),
  burst integer check (burst > 0),
  daily bigint check (daily > 0),
  created_at timestamptz not null default now(),
  revoked_at timestamptz
);

-- Limits for a time, instead of all others.
create table caller_overrides (
  caller text primary key references callers,
  rate double precision check (rate > 0),
  burst integer check (burst > 0),
  daily bigint check (daily > 0),
  until timestamptz not null
);

create table caller_keys (
  -- The part of the key that is no secret.
  key_id text primary key check (key_id ~ '^[0-9a-f]{16}$'),
  caller text not null references callers,
  -- SHA-256 of the secret. It has 256 random bits, so a slow hash with a salt would add nothing.
  hash bytea not null check (octet_length(hash) = 32),
  created_at timestamptz not null default clock_timestamp(),
  -- Null: it has no end yet.
  ends_at timestamptz,
  -- Roughly, to see whether a key that ends is still in use.
  used_at timestamptz
);
create index caller_keys_of on caller_keys (caller);

-- Who is not served for a time. A new block replaces one that is there, so this holds as many rows as there are blocked ones.
create table caller_blocks (
  kind text not null check (kind in ('caller', 'address')),
  -- A caller's name; an address of IPv4, or the first 64 bits of one of IPv6.
  subject text not null,
  cause text not null,
  -- Null: by Syncline itself.
  by text,
  since timestamptz not null default clock_timestamp(),
  -- Null: until a person ends it.
  until timestamptz,
  primary key (kind, subject)
);

-- Only added to.
create table caller_audit (
  audit_id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  kind text not null check (kind in ('caller', 'tier', 'address')),
  subject text not null,
  -- `added`, `changed`, `rotated`, `revoked`, `limited`, `blocked`, `unblocked`.
  action text not null,
  -- What is different from now on. Never a secret.
  detail jsonb not null default '{}',
  -- Null: Syncline itself.
  by text,
  reason text not null
);
create index caller_audit_of on caller_audit (kind, subject, audit_id);

-- How much of its limits each caller has used. Written with every group of requests, so it keeps room for new versions of its rows.
create table caller_buckets (
  caller text primary key,
  -- When the burst is whole again (the theoretical arrival time of GCRA), in microseconds since the epoch.
  tat_us double precision not null default 0,
  -- Of UTC, since the epoch.
  day integer not null default 0,
  -- Units of that day.
  used bigint not null default 0
) with (fillfactor = 50);
