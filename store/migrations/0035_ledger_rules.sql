-- Rows of a stream's table that break one of its rules (docs/ledgers.md), as commits find them: one line for each rule and what the rows share.
create table broken_rules (
  stream_id integer not null references streams,
  rule text not null,
  -- Of what the rows share, which may be longer than an index takes.
  place uuid not null,
  of text collate "C" not null,
  -- The sum, or how many rows there are.
  found text not null,
  allowed text not null,
  -- Some of their keys.
  keys text[] not null,
  since timestamptz not null default now(),
  last_at timestamptz not null default now(),
  -- null: it is broken still.
  mended_at timestamptz,
  first_run integer not null,
  last_run integer not null,
  primary key (stream_id, rule, place)
);
create index broken_rules_open on broken_rules (stream_id) where mended_at is null;

-- Stamp of the rules by which all of the table was looked at; null: it has to be.
alter table streams add column rules_checked text;
