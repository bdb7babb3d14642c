-- Temporary files that processes left where they were killed, as workers see them on their own machines: a janitor sees no other machine than its own (docs/janitor.md).
create table staging_files (
  host text not null,
  path text not null,
  -- When it was written last.
  since timestamptz not null,
  seen_at timestamptz not null default now(),
  -- A worker of that machine has removed it.
  removed_at timestamptz,
  primary key (host, path)
);
