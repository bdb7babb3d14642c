-- Erasures of what was kept of somebody. The keys are not here: only digests of them, each with the salt of its erasure, so that a key that is known can
-- be looked up, and a backup that was restored can be erased again.
create table erasures (
  erasure uuid primary key,
  partner text not null,
  stream text not null,
  salt bytea not null,
  digests bytea[] not null,
  reason text not null,
  by text not null,
  at timestamptz not null default now(),
  -- What was erased, by where it was.
  erased jsonb not null,
  -- Other warehouses whose tables have not been made anew since.
  pending text[] not null
);
