-- How the tables of a stream stand in targets beside this database. The cursor that counts is in the target itself, in the
-- transaction that wrote its rows; this is what was last told of it.
create table target_states (
  target text not null,
  partner text not null,
  stream text not null,
  -- The last event applied.
  cursor bigint not null default 0,
  -- Since when there are events to apply, as the worker of the target last saw it; null: it was caught up.
  behind_since timestamptz,
  applied_at timestamptz,
  -- Written by all loads together.
  rows bigint not null default 0,
  -- Why the last load failed; null once one succeeds.
  error text,
  error_at timestamptz,
  primary key (target, partner, stream)
);

-- Nothing is loaded into a target while it has a row here.
create table target_pauses (
  target text primary key,
  reason text not null,
  by text not null,
  since timestamptz not null default now()
);
